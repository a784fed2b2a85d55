// SPDX-License-Identifier: Apache-2.0
// Event channels: two-level ABI, delivered by the interrupt that the /hypervisor node names. Each bound port
// has a wait queue and a pending flag; the interrupt handler sets the one and wakes the other.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/task.h"
#include "xen/types.h"

// Maps the shared info page, registers the interrupt. Before anything else of this header.
int event_init(void);

struct event_channel {
	evtchn_port_t port; // INVALID_EVTCHN: not bound
	bool pending; // an event has come since event_channel_take()
	bool masked; // by event_channel_mask()
	bool held; // masked because a second event came while the first was pending
	struct wait_queue *queue; // woken at each event
	struct event_channel *next; // event.c's
};

// All of them fill `channel`, which must stay in place until event_channel_close(). Several channels may
// share a queue. The port is unmasked at once.
int event_channel_bind_interdomain(struct event_channel *channel, domid_t remote, evtchn_port_t remote_port,
				   struct wait_queue *queue);
int event_channel_bind_virq(struct event_channel *channel, unsigned int virq, struct wait_queue *queue);
// A port of this domain that `remote` may bind.
int event_channel_listen(struct event_channel *channel, domid_t remote, struct wait_queue *queue);
// A port that exists already in this domain (a guest's console port given by its builder).
int event_channel_adopt(struct event_channel *channel, evtchn_port_t port, struct wait_queue *queue);

// Closing a channel that isn't bound does nothing.
void event_channel_close(struct event_channel *channel);

void event_channel_notify(const struct event_channel *channel);

// True when an event has come since the last call; clears it.
bool event_channel_take(struct event_channel *channel);

// Masks or unmasks delivery; an event that came while masked is delivered at unmask. To slow a stormy guest
// down. A channel that isn't bound stays as it is.
void event_channel_mask(struct event_channel *channel, bool masked);

// On behalf of a domain that is being built: a port in `domid` that `remote` may bind. *port is written on
// success.
int event_alloc_unbound(domid_t domid, domid_t remote, evtchn_port_t *port);

// Ports bound by this domain now, for leak checks.
unsigned int event_channels_bound(void);
