// SPDX-License-Identifier: Apache-2.0
// An open channel: reading, writing, its state, its end. Both roles are alike here but for which fields are
// whose.
//
// Notification: who waits sets a bit of what the other side shall tell (VCHAN_NOTIFY_WRITE: that bytes were
// written, VCHAN_NOTIFY_READ: that bytes were read), then looks at the ring once more; who has written an
// index takes the bit, and sends an event where it was set. Barriers in between see to it that one of the two
// sees what the other did.
#include "vchan/vchan.h"

#include <errno.h>
#include <stdlib.h>

#include "kernel/compiler.h"
#include "vchan/internal.h"

struct vchan *vchan_new(enum vchan_role role, domid_t peer)
{
	struct vchan *vchan = calloc(1, sizeof(*vchan));

	if (vchan) {
		vchan->role = role;
		vchan->peer = peer;
		vchan->channel.port = INVALID_EVTCHN;
	}
	return vchan;
}

struct byte_ring vchan_ring(struct vchan_interface *page, struct ring_shared *indices, unsigned int order,
			    void *pages)
{
	uint32_t size = (uint32_t)1 << order;

	return (struct byte_ring){
		.data = pages ? pages : (char *)page + size,
		.size = size,
		.consumer = &indices->cons,
		.producer = &indices->prod,
	};
}

static uint8_t *own_live(const struct vchan *vchan)
{
	return vchan->role == VCHAN_SERVER ? &vchan->page->srv_live : &vchan->page->cli_live;
}

static uint8_t peer_live(const struct vchan *vchan)
{
	return READ_ONCE(*(vchan->role == VCHAN_SERVER ? &vchan->page->cli_live : &vchan->page->srv_live));
}

// Asks the peer for events, before a last look at the ring.
static void request_events(struct vchan *vchan, uint8_t bit)
{
	uint8_t *bits = vchan->role == VCHAN_SERVER ? &vchan->page->cli_notify : &vchan->page->srv_notify;

	__atomic_fetch_or(bits, bit, __ATOMIC_SEQ_CST);
	smp_mb();
}

// Sends an event if the peer asked for it, after an index was written.
static void notify(struct vchan *vchan, uint8_t bit)
{
	uint8_t *bits = vchan->role == VCHAN_SERVER ? &vchan->page->srv_notify : &vchan->page->cli_notify;

	smp_mb();
	if (__atomic_fetch_and(bits, (uint8_t)~bit, __ATOMIC_SEQ_CST) & bit)
		event_channel_notify(&vchan->channel);
}

enum vchan_state vchan_state(const struct vchan *vchan)
{
	if (vchan->broken)
		return VCHAN_BROKEN;
	if (!vchan->page)
		return VCHAN_ENDED;
	switch (peer_live(vchan)) {
	case 0:
		return VCHAN_CLOSED;
	case 1:
		return VCHAN_OPEN;
	case 2:
		return vchan->role == VCHAN_SERVER ? VCHAN_WAITING : VCHAN_BROKEN;
	default:
		return VCHAN_BROKEN;
	}
}

bool vchan_take_event(struct vchan *vchan)
{
	return vchan->page && event_channel_take(&vchan->channel);
}

bool vchan_has_event(const struct vchan *vchan)
{
	return vchan->page && READ_ONCE(vchan->channel.pending);
}

// What holds for both directions: 0, -ENOTCONN (*closed says that it is the peer's doing) or -EPROTO.
static int check(struct vchan *vchan, bool *closed)
{
	enum vchan_state state = vchan_state(vchan);

	*closed = state == VCHAN_CLOSED;
	if (state == VCHAN_BROKEN)
		vchan->broken = true;
	return state == VCHAN_BROKEN ? -EPROTO : state == VCHAN_ENDED ? -ENOTCONN : 0;
}

long vchan_read(struct vchan *vchan, void *buffer, size_t size)
{
	bool closed;
	int error = check(vchan, &closed);

	if (error)
		return error;
	smp_rmb(); // what a peer that is closed has written is there
	long count = byte_ring_read(&vchan->in, buffer, size);
	if (!count && size) {
		request_events(vchan, VCHAN_NOTIFY_WRITE);
		count = byte_ring_read(&vchan->in, buffer, size);
	}
	if (count < 0)
		vchan->broken = true;
	else if (count > 0)
		notify(vchan, VCHAN_NOTIFY_READ);
	else if (closed)
		return -ENOTCONN;
	return count;
}

long vchan_write(struct vchan *vchan, const void *buffer, size_t size)
{
	bool closed;
	int error = check(vchan, &closed);

	if (error || closed)
		return error ? error : -ENOTCONN;
	long count = byte_ring_write(&vchan->out, buffer, size);
	if (count >= 0 && (size_t)count < size) {
		request_events(vchan, VCHAN_NOTIFY_READ);
		long more = byte_ring_write(&vchan->out, (const char *)buffer + count, size - (size_t)count);
		count = more < 0 ? more : count + more;
	}
	if (count < 0)
		vchan->broken = true;
	else if (count > 0)
		notify(vchan, VCHAN_NOTIFY_WRITE);
	return count;
}

void vchan_end(struct vchan *vchan)
{
	vchan->broken = vchan_state(vchan) == VCHAN_BROKEN; // can't be seen any more afterwards
	if (vchan->page) {
		WRITE_ONCE(*own_live(vchan), 0);
		if (vchan->channel.port != INVALID_EVTCHN)
			event_channel_notify(&vchan->channel);
	}
	vchan->page = NULL;
	event_channel_close(&vchan->channel);
	grant_unmap(&vchan->in_map);
	grant_unmap(&vchan->out_map);
	grant_unmap(&vchan->page_map);
	grant_share_close(vchan->in_share);
	grant_share_close(vchan->out_share);
	grant_share_close(vchan->page_share);
	vchan->in_share = vchan->out_share = vchan->page_share = NULL;
	vchan_remove_nodes(vchan);
}

void vchan_close(struct vchan *vchan)
{
	if (!vchan)
		return;
	vchan_end(vchan);
	free(vchan->path);
	free(vchan);
}
