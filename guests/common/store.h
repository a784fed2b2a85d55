// SPDX-License-Identifier: Apache-2.0
// A guest's end of the store's connection: the ring page and the event channel of HVM_PARAM_STORE_*, as any control domain
// gives them. Messages in and out as they are; what they mean is in docs/misc/xenstore.txt of Xen. One task uses it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xen/event.h"
#include "xen/public.h"

#define STORE_PAYLOAD_MAX 4096u

struct store_message {
	struct xsd_sockmsg header;
	char payload[STORE_PAYLOAD_MAX + 1]; // a NUL follows the message's `header.len` bytes
};

// After guest_start(). -ENOENT: the domain has no store; or what asking and mapping say.
int store_open(void);

// The page and the channel, for guests that do with them what they like. No page: there is no connection yet.
extern struct xenstore_domain_interface *store_page;
extern struct event_channel store_channel;

// Bytes of a request; waits while the ring is full.
void store_put(const void *bytes, size_t size);

// Sends a request; waits while the ring is full. The replies to requests that were sent ahead must fit into 1024 bytes, or both
// sides wait for each other.
void store_send(uint32_t type, uint32_t transaction, const void *payload, size_t size);

// Waits for the next message: the reply to the oldest request that has none, or an event (XS_WATCH_EVENT).
void store_receive(struct store_message *message);

// Sends a request and waits for its reply; events that come first are dropped. False: the reply is an error, whose name is the payload.
bool store_call(uint32_t type, uint32_t transaction, const void *payload, size_t size, struct store_message *reply);
