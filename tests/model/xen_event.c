// SPDX-License-Identifier: Apache-2.0
// Event channels, two-level (xen/common/event_channel.c, event_2l.c): ports, who may bind them, and the bits
// in a real shared info page. Dom0's upcall is an interrupt; a guest's is what the test looks at.
#include <errno.h>
#include <string.h>

#include "kernel/compiler.h"
#include "model/internal.h"

#define BITS 64u

static struct port *port_of(struct domain_model *d, evtchn_port_t port)
{
	return port < PORTS ? &d->ports[port] : NULL;
}

int port_allocate(struct domain_model *d, evtchn_port_t *port)
{
	if (d->dying)
		return -EINVAL;
	for (evtchn_port_t p = 0; p < PORTS && p <= d->max_port; p++) {
		if (d->ports[p].state == PORT_FREE) {
			*port = p;
			return 0;
		}
	}
	return -ENOSPC;
}

// ---- Pending bits ----

static void mark_events_pending(struct domain_model *d, struct vcpu_model *v)
{
	if (__atomic_exchange_n(&v->info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST))
		return;
	if (d != dom0 && v->down) // the interrupt is dropped, and while the flag is set there is no other
		model_violation("domain %u gets an event before its CPU is on", d->domid);
	v->blocked = false;
	if (d == dom0)
		model_raise_irq(TREE_EVENT_IRQ);
}

static void select_word(struct domain_model *d, struct vcpu_model *v, evtchn_port_t port)
{
	xen_ulong_t bit = (xen_ulong_t)1 << port / BITS;

	if (v->info && !(__atomic_fetch_or(&v->info->evtchn_pending_sel, bit, __ATOMIC_SEQ_CST) & bit))
		mark_events_pending(d, v);
}

static bool test_and_set(xen_ulong_t *words, evtchn_port_t port)
{
	xen_ulong_t bit = (xen_ulong_t)1 << port % BITS;

	return __atomic_fetch_or(&words[port / BITS], bit, __ATOMIC_SEQ_CST) & bit;
}

static bool test_and_clear(xen_ulong_t *words, evtchn_port_t port)
{
	xen_ulong_t bit = (xen_ulong_t)1 << port % BITS;

	return __atomic_fetch_and(&words[port / BITS], ~bit, __ATOMIC_SEQ_CST) & bit;
}

static bool test(const xen_ulong_t *words, evtchn_port_t port)
{
	return words[port / BITS] >> port % BITS & 1;
}

void port_set_pending(struct domain_model *d, evtchn_port_t port)
{
	if (test_and_set(d->shared_info->evtchn_pending, port))
		return;
	if (!test(d->shared_info->evtchn_mask, port))
		select_word(d, &d->vcpus[d->ports[port].vcpu], port);
}

// ---- Ports ----

static void port_free(struct domain_model *d, evtchn_port_t port)
{
	test_and_clear(d->shared_info->evtchn_pending, port);
	d->ports[port] = (struct port){ .state = PORT_FREE };
}

static int port_close(struct domain_model *d, evtchn_port_t port)
{
	struct port *p = port_of(d, port);

	if (!p || p->state == PORT_FREE || p->state == PORT_RESERVED)
		return -EINVAL;
	if (p->state == PORT_VIRQ)
		d->vcpus[p->vcpu].virq_port[p->virq] = 0;
	if (p->state == PORT_INTERDOMAIN)
		p->remote->ports[p->remote_port] =
			(struct port){ .state = PORT_UNBOUND, .remote_domid = d->domid };
	port_free(d, port);
	return 0;
}

void ports_destroy(struct domain_model *d)
{
	for (evtchn_port_t port = 1; port < PORTS; port++)
		port_close(d, port);
}

int port_send(struct domain_model *d, evtchn_port_t port)
{
	struct port *p = port_of(d, port);

	if (!p)
		return -EINVAL;
	switch (p->state) {
	case PORT_INTERDOMAIN:
		port_set_pending(p->remote, p->remote_port);
		return 0;
	case PORT_IPI:
		port_set_pending(d, port);
		return 0;
	case PORT_UNBOUND:
		return 0;
	default:
		return -EINVAL;
	}
}

// Who has each global VIRQ: Dom0, unless it was given to another domain (the store's).
static domid_t virq_handlers[NR_VIRQS];

void virq_send(unsigned int virq)
{
	evtchn_port_t port = dom0->vcpus[0].virq_port[virq];

	if (port && virq_handlers[virq] == dom0->domid)
		port_set_pending(dom0, port);
}

unsigned int ports_bound(const struct domain_model *d)
{
	unsigned int bound = 0;

	for (evtchn_port_t port = 1; port < PORTS; port++)
		bound += d->ports[port].state != PORT_FREE;
	return bound;
}

// ---- Operations ----

static long alloc_unbound(void *argument)
{
	struct evtchn_alloc_unbound *op = argument;
	struct domain_model *d = domain_by_id(op->dom);
	evtchn_port_t port;
	int error;

	if (!d)
		return -ESRCH;
	error = port_allocate(d, &port);
	if (error)
		return error;
	d->ports[port] = (struct port){
		.state = PORT_UNBOUND,
		.remote_domid = op->remote_dom == DOMID_SELF ? dom0->domid : op->remote_dom,
	};
	op->port = port;
	return 0;
}

static long bind_interdomain(void *argument)
{
	struct evtchn_bind_interdomain *op = argument;
	struct domain_model *remote = domain_by_id(op->remote_dom);
	struct port *remote_port;
	evtchn_port_t port;
	int error;

	if (!remote)
		return -ESRCH;
	error = port_allocate(dom0, &port);
	if (error)
		return error;
	remote_port = port_of(remote, op->remote_port);
	if (!remote_port || remote_port->state != PORT_UNBOUND || remote_port->remote_domid != dom0->domid)
		return -EINVAL;
	dom0->ports[port] =
		(struct port){ .state = PORT_INTERDOMAIN, .remote = remote, .remote_port = op->remote_port };
	*remote_port = (struct port){ .state = PORT_INTERDOMAIN, .remote = dom0, .remote_port = port };
	port_set_pending(dom0, port); // what was sent before is not lost
	op->local_port = port;
	return 0;
}

static const unsigned int global_virqs[] = { VIRQ_CONSOLE,  VIRQ_DOM_EXC,    VIRQ_TBUF,      VIRQ_DEBUGGER,
					     VIRQ_CON_RING, VIRQ_PCPU_STATE, VIRQ_MEM_EVENT, VIRQ_ENOMEM };

static bool virq_is_global(unsigned int virq)
{
	for (size_t i = 0; i < ARRAY_SIZE(global_virqs); i++)
		if (global_virqs[i] == virq)
			return true;
	return virq >= VIRQ_ARCH_0 && virq <= VIRQ_ARCH_7;
}

int virq_set_handler(unsigned int virq, domid_t domid)
{
	if (virq >= NR_VIRQS || !virq_is_global(virq))
		return -EINVAL;
	virq_handlers[virq] = domid;
	return 0;
}

void virqs_reset(void)
{
	memset(virq_handlers, 0, sizeof(virq_handlers));
}

static long bind_virq(void *argument)
{
	struct evtchn_bind_virq *op = argument;
	evtchn_port_t port;
	int error;

	if (op->virq >= NR_VIRQS || (virq_is_global(op->virq) && op->vcpu != 0))
		return -EINVAL;
	if (op->vcpu >= dom0->max_vcpus)
		return -ENOENT;
	if (xen_has(VIRQ_HAS_ONE_HANDLER) && virq_is_global(op->virq) &&
	    virq_handlers[op->virq] != dom0->domid)
		return -EBUSY;
	if (dom0->vcpus[op->vcpu].virq_port[op->virq])
		return -EEXIST;
	error = port_allocate(dom0, &port);
	if (error)
		return error;
	dom0->ports[port] = (struct port){ .state = PORT_VIRQ, .virq = op->virq, .vcpu = op->vcpu };
	dom0->vcpus[op->vcpu].virq_port[op->virq] = port;
	op->port = port;
	return 0;
}

static long bind_ipi(void *argument)
{
	struct evtchn_bind_ipi *op = argument;
	evtchn_port_t port;
	int error;

	if (op->vcpu >= dom0->max_vcpus)
		return -ENOENT;
	error = port_allocate(dom0, &port);
	if (error)
		return error;
	dom0->ports[port] = (struct port){ .state = PORT_IPI, .vcpu = op->vcpu };
	op->port = port;
	return 0;
}

static long close(void *argument)
{
	const struct evtchn_close *op = argument;

	return port_close(dom0, op->port);
}

static long send(void *argument)
{
	const struct evtchn_send *op = argument;

	return port_send(dom0, op->port);
}

static long status(void *argument)
{
	static const uint32_t states[] = {
		[PORT_FREE] = EVTCHNSTAT_closed,     [PORT_RESERVED] = EVTCHNSTAT_closed,
		[PORT_UNBOUND] = EVTCHNSTAT_unbound, [PORT_INTERDOMAIN] = EVTCHNSTAT_interdomain,
		[PORT_VIRQ] = EVTCHNSTAT_virq,       [PORT_IPI] = EVTCHNSTAT_ipi,
	};
	struct evtchn_status *op = argument;
	struct domain_model *d = domain_by_id(op->dom);
	const struct port *p;

	if (!d)
		return -ESRCH;
	p = port_of(d, op->port);
	if (!p)
		return -EINVAL;
	op->status = states[p->state];
	op->vcpu = p->vcpu;
	if (p->state == PORT_UNBOUND)
		op->u.unbound.dom = p->remote_domid;
	if (p->state == PORT_INTERDOMAIN) {
		op->u.interdomain.dom = p->remote->domid;
		op->u.interdomain.port = p->remote_port;
	}
	if (p->state == PORT_VIRQ)
		op->u.virq = p->virq;
	return 0;
}

static long unmask(void *argument)
{
	const struct evtchn_unmask *op = argument;

	if (op->port >= PORTS)
		return -EINVAL;
	if (test_and_clear(dom0->shared_info->evtchn_mask, op->port) &&
	    test(dom0->shared_info->evtchn_pending, op->port))
		select_word(dom0, &dom0->vcpus[dom0->ports[op->port].vcpu], op->port);
	return 0;
}

#define OPERATION(name, ...) OPERATION_OF(EVTCHNOP_##name, name, evtchn_##name, __VA_ARGS__)

// Closing, sending and unmasking one's own ports can't fail.
static const struct operation operations[] = {
	OPERATION(alloc_unbound, -ENOSPC, -EACCES, -ENOMEM),
	OPERATION(bind_interdomain, -ENOSPC, -EACCES, -ENOMEM),
	OPERATION(bind_virq, -ENOSPC, -ENOMEM),
	OPERATION(bind_ipi, -ENOSPC, -ENOMEM),
	OPERATION(close),
	OPERATION(send),
	OPERATION(status, -EACCES),
	OPERATION(unmask),
};

long do_event_channel_op(const uint64_t *a)
{
	return operation_run("event_channel_op", operations, ARRAY_SIZE(operations), (unsigned int)a[0],
			     a[1]);
}

// ---- A test acting as the guest ----

void model_guest_notify(domid_t domid, evtchn_port_t port)
{
	int error = port_send(domain_must_exist(domid), port);

	if (error)
		model_violation("the guest can't send on port %u: %s", port, strerror(-error));
}

bool model_guest_take_event(domid_t domid, evtchn_port_t port)
{
	return test_and_clear(domain_must_exist(domid)->shared_info->evtchn_pending, port);
}

evtchn_port_t model_guest_bind(domid_t domid, evtchn_port_t remote_port)
{
	struct domain_model *d = domain_must_exist(domid);
	struct port *remote = port_of(dom0, remote_port);
	evtchn_port_t port;

	if (!remote || remote->state != PORT_UNBOUND || remote->remote_domid != domid || port_allocate(d, &port))
		model_violation("the guest can't bind port %u of Dom0", remote_port);
	d->ports[port] = (struct port){ .state = PORT_INTERDOMAIN, .remote = dom0, .remote_port = remote_port };
	*remote = (struct port){ .state = PORT_INTERDOMAIN, .remote = d, .remote_port = port };
	return port;
}
