// SPDX-License-Identifier: Apache-2.0
// xenstore/connection.c against a peer that runs at the same time and notifies as seldom as Linux does: neither side may end up
// waiting for an event that the other one didn't think necessary. Two threads on one page; who waits while the other waits too,
// with no event under way, has lost one.
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/compiler.h"
#include "xen/types.h"
#include "xenstore/connection.h"

#define RING_SIZE 1024u
#define MESSAGES 40000u
#define AHEAD 5u // requests that the peer sends before it has their replies

// The layout of docs/misc/xenstore-ring.txt.
static struct {
	char requests[RING_SIZE], replies[RING_SIZE];
	uint32_t request_consumer, request_producer, reply_consumer, reply_producer;
	uint32_t features, state, error, port;
} page;

static struct connection connection;

// ---- Events ----

enum side { SERVER, PEER, SIDES };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool pending[SIDES];
	unsigned int waiting;
	bool finished, stalled;
} events = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void notify(enum side side)
{
	pthread_mutex_lock(&events.lock);
	events.pending[side] = true;
	pthread_cond_broadcast(&events.changed);
	pthread_mutex_unlock(&events.lock);
}

static void finish(void)
{
	pthread_mutex_lock(&events.lock);
	events.finished = true;
	pthread_cond_broadcast(&events.changed);
	pthread_mutex_unlock(&events.lock);
}

// Waits for an event and takes it. False: it is all over.
static bool wait_for_event(enum side side)
{
	pthread_mutex_lock(&events.lock);
	events.waiting++;
	while (!events.pending[side] && !events.finished && !events.stalled) {
		if (events.waiting == SIDES && !events.pending[!side]) {
			events.stalled = true;
			pthread_cond_broadcast(&events.changed);
			break;
		}
		pthread_cond_wait(&events.changed, &events.lock);
	}
	events.waiting--;
	events.pending[side] = false;
	bool goes_on = !events.finished && !events.stalled;
	pthread_mutex_unlock(&events.lock);
	return goes_on;
}

// ---- The server: sends back what it gets ----

static void *serve(void *unused)
{
	static char reply[sizeof(struct wire_header) + WIRE_PAYLOAD_MAX];

	while (wait_for_event(SERVER)) {
		for (bool busy = true; busy;) {
			busy = connection_receive(&connection) && connection_flush(&connection);
			if (busy) {
				memcpy(reply, &connection.header, sizeof(connection.header));
				memcpy(reply + sizeof(connection.header), connection.payload, connection.header.size);
				connection_send(&connection, reply, sizeof(connection.header) + connection.header.size);
				connection_receive_next(&connection);
			}
			connection_flush(&connection);
			if (connection.notify)
				notify(PEER);
			connection.notify = false;
		}
	}
	return unused;
}

// ---- The peer: xb_write() and xb_read() of Linux's xenbus_comms.c ----

static size_t put(const char *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		uint32_t consumer = READ_ONCE(page.request_consumer), producer = page.request_producer;
		uint32_t offset = producer % RING_SIZE;
		size_t count = MIN(size - done, (size_t)MIN(RING_SIZE - (producer - consumer), RING_SIZE - offset));

		if (!count)
			break;
		smp_mb();
		memcpy(page.requests + offset, bytes + done, count);
		done += count;
		smp_wmb();
		WRITE_ONCE(page.request_producer, producer + (uint32_t)count);
		smp_mb();
		if ((int32_t)(producer - READ_ONCE(page.request_consumer)) <= 0)
			notify(SERVER);
	}
	return done;
}

static size_t get(char *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		uint32_t consumer = page.reply_consumer, producer = READ_ONCE(page.reply_producer);
		uint32_t offset = consumer % RING_SIZE;
		size_t count = MIN(size - done, (size_t)MIN(producer - consumer, RING_SIZE - offset));

		if (!count)
			break;
		smp_rmb();
		memcpy(bytes + done, page.replies + offset, count);
		done += count;
		smp_mb();
		WRITE_ONCE(page.reply_consumer, consumer + (uint32_t)count);
		smp_mb();
		if (READ_ONCE(page.reply_producer) - consumer >= RING_SIZE)
			notify(SERVER);
	}
	return done;
}

struct flow {
	char message[sizeof(struct wire_header) + WIRE_PAYLOAD_MAX];
	size_t done, size; // of the message
	unsigned int count; // of messages that are through
	unsigned int seed; // of their sizes
};

// Both ways have the same sizes: mostly a few bytes, sometimes more than the ring holds.
static size_t next_size(struct flow *flow)
{
	unsigned int number = (unsigned int)rand_r(&flow->seed);

	return number % 8 ? number / 8 % 60 : number / 8 % 1500;
}

static void make_message(struct flow *flow)
{
	size_t size = next_size(flow);
	struct wire_header header = { WIRE_WRITE, flow->count, 0, (uint32_t)size };

	memcpy(flow->message, &header, sizeof(header));
	memset(flow->message + sizeof(header), (int)flow->count, size);
	flow->size = sizeof(header) + size;
	flow->done = 0;
}

// True when something was moved.
static bool send_requests(struct flow *requests, unsigned int answered)
{
	bool moved = false;

	while (requests->count < MIN(answered + AHEAD, MESSAGES)) {
		// Linux writes header and payload in pieces of their own.
		size_t end = requests->done < sizeof(struct wire_header) ? sizeof(struct wire_header) : requests->size;
		size_t count = put(requests->message + requests->done, end - requests->done);

		requests->done += count;
		moved |= count > 0;
		if (requests->done < end)
			break;
		if (requests->done < requests->size)
			continue;
		requests->count++;
		make_message(requests);
	}
	return moved;
}

static bool take_replies(struct flow *replies, bool *wrong)
{
	char bytes[sizeof(replies->message)];
	bool moved = false;

	while (replies->count < MESSAGES) {
		size_t count = get(bytes, replies->size - replies->done);

		*wrong |= memcmp(bytes, replies->message + replies->done, count) != 0;
		replies->done += count;
		moved |= count > 0;
		if (replies->done < replies->size)
			break;
		replies->count++;
		make_message(replies);
	}
	return moved;
}

static void no_event_is_lost(void **state)
{
	static struct flow requests = { .seed = 1 }, replies = { .seed = 1 };
	bool wrong = false;
	pthread_t server;

	(void)state;
	connection = (struct connection){
		.input = { page.requests, RING_SIZE, &page.request_consumer, &page.request_producer },
		.output = { page.replies, RING_SIZE, &page.reply_consumer, &page.reply_producer },
		.channel = { .port = INVALID_EVTCHN },
	};
	make_message(&requests);
	make_message(&replies);
	assert_int_equal(pthread_create(&server, NULL, serve, NULL), 0);
	while (replies.count < MESSAGES && !wrong) {
		bool moved = send_requests(&requests, replies.count);

		moved |= take_replies(&replies, &wrong);
		if (!moved && !wait_for_event(PEER))
			break;
	}
	finish();
	assert_int_equal(pthread_join(server, NULL), 0);
	assert_false(wrong);
	assert_false(events.stalled);
	assert_int_equal(replies.count, MESSAGES);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(no_event_is_lost) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
