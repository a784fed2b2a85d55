// SPDX-License-Identifier: Apache-2.0
// Two-level event channels (public/event_channel.h, public/xen.h). Xen sets a port's bit in evtchn_pending of
// the shared info page, the bit of that word in evtchn_pending_sel, and raises the interrupt; the handler
// here takes the bits back and wakes whom they concern.
//
// A port that no channel stands for is masked: from the start, and after it was closed. So an event that
// arrives between a port's binding in Xen and its registration here waits in evtchn_pending and is delivered
// when the port is unmasked.
//
// Place of the shared info page: a page of our own RAM is given up, whose frame Xen then covers with its
// page, as Linux does on Arm. That needs no extended region, so it works in every domain, at the cost of that
// one page.
#include "xen/event.h"

#include <errno.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "kernel/irq.h"
#include "kernel/log.h"
#include "kernel/memory.h"
#include "xen/hypercall.h"

#define BITS_PER_WORD 64u
#define WORDS ARRAY_SIZE(((shared_info_t *)0)->evtchn_pending)
#define PORTS_MAX (WORDS * BITS_PER_WORD)
#define BUCKETS 64u

// xen_ulong_t is 64 bits wide on Arm64.
_Static_assert(sizeof(xen_ulong_t) * 8 == BITS_PER_WORD, "event words");

static shared_info_t *shared;

// The bound channels, by port modulo BUCKETS: Xen gives the lowest port that is free, so the chains are
// short.
static struct event_channel *channels[BUCKETS];
static unsigned int channels_bound;

static struct event_channel *find_channel(evtchn_port_t port)
{
	struct event_channel *channel = channels[port % BUCKETS];

	while (channel && channel->port != port)
		channel = channel->next;
	return channel;
}

static xen_ulong_t port_bit(evtchn_port_t port)
{
	return (xen_ulong_t)1 << port % BITS_PER_WORD;
}

static void set_mask(evtchn_port_t port)
{
	__atomic_fetch_or(&shared->evtchn_mask[port / BITS_PER_WORD], port_bit(port), __ATOMIC_SEQ_CST);
}

static void clear_mask(evtchn_port_t port)
{
	__atomic_fetch_and(&shared->evtchn_mask[port / BITS_PER_WORD], ~port_bit(port), __ATOMIC_SEQ_CST);
}

// True when an event was pending.
static bool take_pending(evtchn_port_t port)
{
	xen_ulong_t old = __atomic_fetch_and(&shared->evtchn_pending[port / BITS_PER_WORD], ~port_bit(port),
					     __ATOMIC_SEQ_CST);

	return old & port_bit(port);
}

// While an event hasn't been taken, another one tells nothing new: it masks the port until event_channel_take(). So a
// guest that sends without end costs two interrupts each time that somebody looks, and can't keep this domain in
// the handler (XSA-332 is about that).
static void deliver(struct event_channel *channel)
{
	if (READ_ONCE(channel->pending)) {
		set_mask(channel->port);
		WRITE_ONCE(channel->held, true);
	}
	WRITE_ONCE(channel->pending, true);
	wait_queue_wake(channel->queue);
}

static void deliver_word(unsigned int word)
{
	xen_ulong_t ready = READ_ONCE(shared->evtchn_pending[word]) & ~READ_ONCE(shared->evtchn_mask[word]);

	for (; ready; ready &= ready - 1) {
		evtchn_port_t port = word * BITS_PER_WORD + (unsigned int)__builtin_ctzl(ready);
		struct event_channel *channel = find_channel(port);

		if (!channel)
			set_mask(port);
		else if (take_pending(port))
			deliver(channel);
	}
}

static void handle_upcall(void *unused)
{
	struct vcpu_info *vcpu = &shared->vcpu_info[0];

	(void)unused;
	// Cleared before the words are looked at: what comes later raises it, and the interrupt, again.
	while (__atomic_exchange_n(&vcpu->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST)) {
		xen_ulong_t words = __atomic_exchange_n(&vcpu->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);

		for (; words; words &= words - 1)
			deliver_word((unsigned int)__builtin_ctzl(words));
	}
}

static int map_shared_info(void)
{
	void *page = page_alloc(0);

	if (!page)
		return -ENOMEM;
	struct xen_add_to_physmap add = {
		.domid = DOMID_SELF,
		.space = XENMAPSPACE_shared_info,
		.gpfn = virt_to_phys(page) >> PAGE_SHIFT,
	};
	int error = xen_error(xen_operation(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &add));
	if (error) {
		page_free(page, 0);
		return error;
	}
	shared = page;
	memset(shared->evtchn_mask, 0xff, sizeof(shared->evtchn_mask));
	memset(channels, 0, sizeof(channels));
	channels_bound = 0;
	return 0;
}

int event_init(void)
{
	unsigned int irq;
	bool edge;
	int node = devicetree_find(-1, "xen,xen");
	int error = node < 0 ? node : devicetree_irq(node, 0, &irq, &edge);

	if (!error)
		error = map_shared_info();
	if (!error)
		error = irq_register(irq, handle_upcall, NULL);
	if (error)
		return error;
	irq_enable(irq);
	handle_upcall(NULL); // what came before
	return 0;
}

static int event_op(unsigned int command, void *argument)
{
	return xen_error(xen_operation(__HYPERVISOR_event_channel_op, command, argument));
}

static void close_port(evtchn_port_t port)
{
	struct evtchn_close close = { .port = port };

	event_op(EVTCHNOP_close, &close);
}

static int attach(struct event_channel *channel, evtchn_port_t port, struct wait_queue *queue)
{
	*channel = (struct event_channel){ .port = INVALID_EVTCHN, .queue = queue };
	if (port >= PORTS_MAX)
		return -ENOSPC;
	if (find_channel(port))
		return -EBUSY;
	channel->port = port;

	unsigned long state = irq_save();
	channel->next = channels[port % BUCKETS];
	channels[port % BUCKETS] = channel;
	irq_restore(state);
	channels_bound++;
	event_channel_mask(channel, false);
	return 0;
}

// Interrupts are masked.
static void detach(const struct event_channel *channel)
{
	struct event_channel **link = &channels[channel->port % BUCKETS];

	while (*link != channel)
		link = &(*link)->next;
	*link = channel->next;
	channels_bound--;
}

// For a port that this program made: it goes when it can't be attached.
static int attach_new(struct event_channel *channel, evtchn_port_t port, struct wait_queue *queue)
{
	int error = attach(channel, port, queue);

	if (error)
		close_port(port);
	return error;
}

int event_channel_bind_interdomain(struct event_channel *channel, domid_t remote, evtchn_port_t remote_port,
				   struct wait_queue *queue)
{
	struct evtchn_bind_interdomain bind = { .remote_dom = remote, .remote_port = remote_port };
	int error = event_op(EVTCHNOP_bind_interdomain, &bind);

	channel->port = INVALID_EVTCHN;
	return error ? error : attach_new(channel, bind.local_port, queue);
}

int event_channel_bind_virq(struct event_channel *channel, unsigned int virq, struct wait_queue *queue)
{
	struct evtchn_bind_virq bind = { .virq = virq, .vcpu = 0 };
	int error = event_op(EVTCHNOP_bind_virq, &bind);

	channel->port = INVALID_EVTCHN;
	return error ? error : attach_new(channel, bind.port, queue);
}

int event_channel_listen(struct event_channel *channel, domid_t remote, struct wait_queue *queue)
{
	evtchn_port_t port;
	int error = event_alloc_unbound(DOMID_SELF, remote, &port);

	channel->port = INVALID_EVTCHN;
	return error ? error : attach_new(channel, port, queue);
}

int event_channel_adopt(struct event_channel *channel, evtchn_port_t port, struct wait_queue *queue)
{
	return attach(channel, port, queue);
}

void event_channel_close(struct event_channel *channel)
{
	evtchn_port_t port = channel->port;

	if (port == INVALID_EVTCHN)
		return;
	unsigned long state = irq_save();
	set_mask(port);
	detach(channel);
	close_port(port);
	take_pending(port); // it would be taken for an event of the port's next life
	irq_restore(state);
	channel->port = INVALID_EVTCHN;
	channel->pending = false;
	channel->held = false;
}

void event_channel_notify(const struct event_channel *channel)
{
	struct evtchn_send send = { .port = channel->port };

	event_op(EVTCHNOP_send, &send); // the peer may be gone: then nobody waits for it
}

// An event that finds the port unmasked comes by interrupt; one that found it masked has left its bit.
static void unmask(struct event_channel *channel)
{
	unsigned long state = irq_save();

	channel->held = false;
	clear_mask(channel->port);
	if (take_pending(channel->port))
		deliver(channel);
	irq_restore(state);
}

bool event_channel_take(struct event_channel *channel)
{
	bool pending = __atomic_exchange_n(&channel->pending, false, __ATOMIC_ACQ_REL);

	if (READ_ONCE(channel->held) && !channel->masked)
		unmask(channel);
	return pending;
}

void event_channel_mask(struct event_channel *channel, bool masked)
{
	if (channel->port == INVALID_EVTCHN)
		return;
	channel->masked = masked;
	if (masked)
		set_mask(channel->port);
	else
		unmask(channel);
}

int event_alloc_unbound(domid_t domid, domid_t remote, evtchn_port_t *port)
{
	struct evtchn_alloc_unbound alloc = { .dom = domid, .remote_dom = remote };
	int error = event_op(EVTCHNOP_alloc_unbound, &alloc);

	if (!error)
		*port = alloc.port;
	return error;
}

unsigned int event_channels_bound(void)
{
	return channels_bound;
}
