// SPDX-License-Identifier: Apache-2.0
// The connection to the store (store.h). It notifies when Linux would (xb_write() and xb_read() in xenbus_comms.c): of bytes that
// the other side may be waiting for, and of room in a ring that was full; so it costs both sides what Linux costs them.
#include "common/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/memory.h"
#include "kernel/panic.h"
#include "kernel/task.h"
#include "xen/hvm.h"
#include "xen/ring.h"

struct xenstore_domain_interface *store_page;
struct event_channel store_channel = { .port = INVALID_EVTCHN };

static struct wait_queue queue = WAIT_QUEUE_INITIAL(queue);
static struct byte_ring requests, replies;
static uint32_t last_request;

int store_open(void)
{
	uint64_t pfn = 0, port = 0;
	int error = hvm_param_get(DOMID_SELF, HVM_PARAM_STORE_PFN, &pfn);

	if (!error)
		error = hvm_param_get(DOMID_SELF, HVM_PARAM_STORE_EVTCHN, &port);
	if (error)
		return error;
	if (!pfn || !port)
		return -ENOENT;

	struct xenstore_domain_interface *page = memory_map(gfn_address(gfn_make(pfn)), PAGE_SIZE, MEMORY_NORMAL);
	if (!page)
		return -ENOMEM;
	error = event_channel_adopt(&store_channel, (evtchn_port_t)port, &queue);
	if (error)
		return error;
	store_page = page;
	requests = (struct byte_ring){ page->req, sizeof(page->req), &page->req_cons, &page->req_prod };
	replies = (struct byte_ring){ page->rsp, sizeof(page->rsp), &page->rsp_cons, &page->rsp_prod };
	return 0;
}

static void wait_for_event(void)
{
	WAIT_UNTIL(&queue, READ_ONCE(store_channel.pending));
	event_channel_take(&store_channel);
}

void store_put(const void *data, size_t size)
{
	const char *bytes = data;

	while (size) {
		uint32_t producer = *requests.producer;
		long count = byte_ring_write(&requests, bytes, size);

		ASSERT(count >= 0);
		if (!count) {
			wait_for_event();
			continue;
		}
		if (READ_ONCE(*requests.consumer) == producer) // all before this was taken
			event_channel_notify(&store_channel);
		bytes += count;
		size -= (size_t)count;
	}
}

static void get(char *bytes, size_t size)
{
	while (size) {
		uint32_t consumer = *replies.consumer;
		long count = byte_ring_read(&replies, bytes, size);

		ASSERT(count >= 0);
		if (!count) {
			wait_for_event();
			continue;
		}
		if (READ_ONCE(*replies.producer) - consumer >= replies.size) // it was full
			event_channel_notify(&store_channel);
		bytes += count;
		size -= (size_t)count;
	}
}

void store_send(uint32_t type, uint32_t transaction, const void *payload, size_t size)
{
	static char message[sizeof(struct xsd_sockmsg) + STORE_PAYLOAD_MAX];
	struct xsd_sockmsg header = { type, ++last_request, transaction, (uint32_t)size };

	ASSERT(size <= STORE_PAYLOAD_MAX);
	memcpy(message, &header, sizeof(header));
	memcpy(message + sizeof(header), payload, size);
	store_put(message, sizeof(header) + size);
}

void store_receive(struct store_message *message)
{
	get((char *)&message->header, sizeof(message->header));
	ASSERT(message->header.len <= STORE_PAYLOAD_MAX);
	get(message->payload, message->header.len);
	message->payload[message->header.len] = '\0';
}

bool store_call(uint32_t type, uint32_t transaction, const void *payload, size_t size, struct store_message *reply)
{
	store_send(type, transaction, payload, size);
	do
		store_receive(reply);
	while (reply->header.type == XS_WATCH_EVENT);
	ASSERT(reply->header.req_id == last_request);
	return reply->header.type == type;
}
