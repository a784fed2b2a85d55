// SPDX-License-Identifier: Apache-2.0
// A guest's side of the xenstore ring, over the model: sends requests, takes replies, keeps the watch events that come in
// between. For tests; each includes it once.
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/compiler.h"
#include "kernel/task.h"
#include "model/model.h"
#include "xen/domctl.h"
#include "xen/event.h"
#include "xen/foreign.h"
#include "xen/version.h"
#include "xenstore/wire.h"
#include "xenstore/xenstore.h"

#define UNUSED __attribute__((unused))

#define RING_GFN 0x40000u // the first page of the model's guests
#define RING_SIZE 1024u
#define EVENTS_MAX 4096u

// The layout of docs/misc/xenstore-ring.txt, as a guest knows it.
struct guest_ring {
	char req[RING_SIZE], rsp[RING_SIZE];
	uint32_t req_cons, req_prod, rsp_cons, rsp_prod;
	uint32_t features, connection, error, port;
};

struct peer {
	domid_t id;
	evtchn_port_t port;
	volatile struct guest_ring *ring;
	uint32_t next_request;
	char *events[EVENTS_MAX]; // "path token"
	unsigned int event_count;
	bool ignores_events; // they aren't kept
};

// ---- Start and end ----

static UNUSED int xenstore_test_start(void **state)
{
	(void)state;
	model_start(NULL);
	return event_init() || xen_version_init() || foreign_init() || xenstore_init();
}

// A domain that isn't introduced yet.
static UNUSED void peer_make(struct peer *peer)
{
	*peer = (struct peer){ .id = model_make_domain(4), .next_request = 1 };
	assert_int_equal(event_alloc_unbound(peer->id, 0, &peer->port), 0);
	peer->ring = model_guest_page(peer->id, RING_GFN);
	assert_non_null((void *)(uintptr_t)peer->ring);
	memset((void *)(uintptr_t)peer->ring, 0, sizeof(*peer->ring)); // as the domain's builder does
}

static UNUSED int peer_introduce(struct peer *peer)
{
	return xenstore_introduce(peer->id, gfn_make(RING_GFN), peer->port);
}

static UNUSED void peer_start(struct peer *peer)
{
	peer_make(peer);
	assert_int_equal(peer_introduce(peer), 0);
	model_run(MICROSECONDS(100));
}

static UNUSED void peer_forget_events(struct peer *peer)
{
	while (peer->event_count)
		free(peer->events[--peer->event_count]);
}

// The domain dies; the toolstack says so.
static UNUSED void peer_end(struct peer *peer)
{
	int error = xenstore_release(peer->id);

	assert_true(!error || error == -ENOENT);
	assert_int_equal(domctl_destroy(peer->id), 0);
	model_run(MILLISECONDS(10));
	peer_forget_events(peer);
}

// ---- Bytes ----

static UNUSED void peer_notify(struct peer *peer)
{
	model_guest_notify(peer->id, peer->port);
}

// Puts bytes into the request ring, so many as it takes.
static UNUSED size_t peer_put(struct peer *peer, const void *bytes, size_t size)
{
	uint32_t producer = peer->ring->req_prod;
	size_t count = 0;

	while (count < size && producer - peer->ring->req_cons < RING_SIZE)
		peer->ring->req[producer++ % RING_SIZE] = ((const char *)bytes)[count++];
	peer->ring->req_prod = producer;
	return count;
}

static UNUSED size_t peer_get(struct peer *peer, void *bytes, size_t size)
{
	uint32_t consumer = peer->ring->rsp_cons;
	size_t count = 0;

	while (count < size && consumer != peer->ring->rsp_prod)
		((char *)bytes)[count++] = peer->ring->rsp[consumer++ % RING_SIZE];
	peer->ring->rsp_cons = consumer;
	return count;
}

// All of them; waits at most 100 ms of virtual time. False: the server doesn't take or send any more.
static UNUSED bool peer_put_all(struct peer *peer, const void *bytes, size_t size)
{
	size_t done = 0;

	for (unsigned int i = 0; i < 10000 && done < size; i++) {
		size_t count = peer_put(peer, (const char *)bytes + done, size - done);

		done += count;
		if (count)
			peer_notify(peer);
		if (done < size)
			model_run(MICROSECONDS(10));
	}
	return done == size;
}

static UNUSED bool peer_get_all(struct peer *peer, void *bytes, size_t size)
{
	size_t done = 0;

	for (unsigned int i = 0; i < 10000 && done < size; i++) {
		size_t count = peer_get(peer, (char *)bytes + done, size - done);

		done += count;
		if (count)
			peer_notify(peer);
		if (done < size)
			model_run(MICROSECONDS(10));
	}
	return done == size;
}

// ---- Messages ----

struct message {
	struct wire_header header;
	char payload[WIRE_PAYLOAD_MAX + 1]; // with a NUL after it
};

static UNUSED bool peer_send(struct peer *peer, unsigned int type, uint32_t transaction, const void *payload, size_t size)
{
	struct wire_header header = { type, peer->next_request++, transaction, (uint32_t)size };

	return peer_put_all(peer, &header, sizeof(header)) && peer_put_all(peer, payload, size);
}

static UNUSED void peer_keep_event(struct peer *peer, const struct message *message)
{
	size_t path_size = strlen(message->payload) + 1;
	char *text;

	assert_int_equal(message->header.request_id, 0);
	assert_int_equal(message->header.transaction_id, 0);
	assert_int_equal(wire_count_strings(message->payload, message->header.size), 2);
	assert_int_equal(message->payload[message->header.size - 1], 0);
	if (peer->ignores_events)
		return;
	assert_true(peer->event_count < EVENTS_MAX);
	assert_true(asprintf(&text, "%s %s", message->payload, message->payload + path_size) > 0);
	peer->events[peer->event_count++] = text;
}

static UNUSED bool peer_receive(struct peer *peer, struct message *message)
{
	if (!peer_get_all(peer, &message->header, sizeof(message->header)))
		return false;
	assert_true(message->header.size <= WIRE_PAYLOAD_MAX);
	if (!peer_get_all(peer, message->payload, message->header.size))
		return false;
	message->payload[message->header.size] = '\0';
	return true;
}

// The next message that isn't an event.
static UNUSED bool peer_receive_reply(struct peer *peer, struct message *message)
{
	while (peer_receive(peer, message)) {
		if (message->header.type != WIRE_WATCH_EVENT)
			return true;
		peer_keep_event(peer, message);
	}
	return false;
}

// Takes the events that come within a millisecond of silence.
static UNUSED void peer_take_events(struct peer *peer)
{
	struct message message;

	for (unsigned int quiet = 0; quiet < 10; quiet++) {
		if (peer->ring->rsp_prod != peer->ring->rsp_cons) {
			assert_true(peer_receive(peer, &message));
			assert_int_equal(message.header.type, WIRE_WATCH_EVENT);
			peer_keep_event(peer, &message);
			quiet = 0;
		}
		model_run(MICROSECONDS(100));
	}
}

static UNUSED int error_number(const char *name)
{
	static const int numbers[] = { EINVAL, EACCES, EEXIST, ENOENT, ENOMEM, ENOSPC, EIO, ENOSYS, EBUSY, EAGAIN, E2BIG, EPERM };

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!strcmp(name, wire_error_name(-numbers[i])))
			return -numbers[i];
	fail_msg("unknown error name %s", name);
	return 0;
}

// One request and its reply: the payload's size, or the error; `reply` (NULL: not wanted) has WIRE_PAYLOAD_MAX + 1 bytes.
static UNUSED long peer_request(struct peer *peer, unsigned int type, uint32_t transaction, const void *payload, size_t size,
				char *reply)
{
	static struct message message;

	assert_true(peer_send(peer, type, transaction, payload, size));
	assert_true(peer_receive_reply(peer, &message));
	assert_int_equal(message.header.request_id, peer->next_request - 1);
	assert_int_equal(message.header.transaction_id, transaction);
	if (message.header.type == WIRE_ERROR) {
		assert_int_equal(strlen(message.payload) + 1, message.header.size);
		return error_number(message.payload);
	}
	assert_int_equal(message.header.type, type);
	if (reply)
		memcpy(reply, message.payload, message.header.size + 1);
	return message.header.size;
}

// ---- Requests by name ----

// A payload of the texts, each with its NUL.
struct payload {
	char bytes[2 * WIRE_PAYLOAD_MAX];
	size_t size;
};

static UNUSED void payload_add(struct payload *payload, const char *text)
{
	memcpy(payload->bytes + payload->size, text, strlen(text) + 1);
	payload->size += strlen(text) + 1;
}

static UNUSED long peer_call(struct peer *peer, unsigned int type, uint32_t transaction, const char *first, const char *second)
{
	struct payload payload = { .size = 0 };

	payload_add(&payload, first);
	if (second)
		payload_add(&payload, second);
	return peer_request(peer, type, transaction, payload.bytes, payload.size, NULL);
}

static UNUSED long peer_write(struct peer *peer, uint32_t transaction, const char *path, const char *value)
{
	struct payload payload = { .size = 0 };

	payload_add(&payload, path);
	payload_add(&payload, value);
	return peer_request(peer, WIRE_WRITE, transaction, payload.bytes, payload.size - 1, NULL);
}

static UNUSED long peer_read(struct peer *peer, uint32_t transaction, const char *path, char *value)
{
	return peer_request(peer, WIRE_READ, transaction, path, strlen(path) + 1, value);
}

static UNUSED uint32_t peer_begin(struct peer *peer)
{
	char reply[WIRE_PAYLOAD_MAX + 1];

	assert_true(peer_request(peer, WIRE_TRANSACTION_START, 0, "", 1, reply) > 1);
	return (uint32_t)strtoul(reply, NULL, 10);
}

static UNUSED long peer_commit(struct peer *peer, uint32_t transaction)
{
	return peer_call(peer, WIRE_TRANSACTION_END, transaction, "T", NULL);
}

static UNUSED void assert_value(struct peer *peer, uint32_t transaction, const char *path, const char *expected)
{
	char value[WIRE_PAYLOAD_MAX + 1];

	assert_int_equal(peer_read(peer, transaction, path, value), strlen(expected));
	assert_string_equal(value, expected);
}

// Exactly these events have come, in this order; NULL ends the list. They are forgotten.
static UNUSED void assert_events(struct peer *peer, ...)
{
	const char *expected;
	va_list list;
	unsigned int i = 0;

	peer_take_events(peer);
	va_start(list, peer);
	for (; (expected = va_arg(list, const char *)); i++) {
		assert_true(i < peer->event_count);
		assert_string_equal(peer->events[i], expected);
	}
	va_end(list);
	if (i < peer->event_count)
		fail_msg("unexpected event %s", peer->events[i]);
	peer_forget_events(peer);
}

#define NO_EVENTS(peer) assert_events(peer, NULL)

// ---- Domain 0 ----

// The permissions "n0", "r5" and so on.
static UNUSED int dom0_chmod(const char *path, const char *first, const char *second)
{
	struct xs_permission list[2];

	assert_true(wire_parse_permission(first, &list[0]));
	assert_true(!second || wire_parse_permission(second, &list[1]));
	return xs_set_permissions(XS_NO_TRANSACTION, path, list, second ? 2 : 1);
}

static UNUSED int dom0_write(const char *path, const char *value)
{
	return xs_write(XS_NO_TRANSACTION, path, value, strlen(value));
}

// A directory that the guest owns, and its path: /local/domain/N/data.
static UNUSED const char *make_data(struct peer *peer, char path[64])
{
	char owner[16];

	snprintf(path, 64, "/local/domain/%u/data", peer->id);
	snprintf(owner, sizeof(owner), "n%u", peer->id);
	assert_int_equal(xs_mkdir(XS_NO_TRANSACTION, path), 0);
	assert_int_equal(dom0_chmod(path, owner, NULL), 0);
	return path;
}

// CONTROL check: the figures of the store agree with what is in it.
static UNUSED void assert_consistent(void)
{
	char reply[16];

	assert_int_equal(xs_request(WIRE_CONTROL, 0, "check", 6, reply, sizeof(reply)), 3);
}
