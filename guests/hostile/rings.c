// SPDX-License-Identifier: Apache-2.0
// Attacks on the store's page: its indices, its messages' lengths, its fields.
#include <string.h>

#include "common/store.h"
#include "common/store_requests.h"
#include "hostile/hostile.h"
#include "kernel/compiler.h"
#include "kernel/task.h"

static uint32_t *index_of(unsigned int number)
{
	uint32_t *const indices[] = { &store_page->req_cons, &store_page->req_prod,
				      &store_page->rsp_cons, &store_page->rsp_prod };

	return indices[number % ARRAY_SIZE(indices)];
}

static void notify(void)
{
	event_channel_notify(&store_channel);
	hostile_deed();
}

static void send_header(uint32_t type, uint32_t size)
{
	const struct wire_header header = { .type = type, .request_id = random_number(), .size = size };

	store_put(&header, sizeof(header));
}

// Out of range and in the past, each after half a message.
void attack_indices(void)
{
	static const uint32_t distances[] = { 1025, 1026, 2048, 1u << 31, (1u << 31) + 1, UINT32_MAX, UINT32_MAX - 1,
					      UINT32_MAX - 1023, 0x0fffffff };

	for (unsigned int number = 0; number < 4; number++) {
		for (size_t i = 0; i < ARRAY_SIZE(distances); i++) {
			send_header(WIRE_READ, 5);
			WRITE_ONCE(*index_of(number), READ_ONCE(*index_of(number)) + distances[i]);
			notify();
			WRITE_ONCE(*index_of(number), distances[i]);
			notify();
			task_sleep(MICROSECONDS(100));
			store_reconnect();
		}
	}
}

// They change while they are read: the control domain runs on another CPU.
void attack_racing(void)
{
	uint32_t start = READ_ONCE(store_page->req_prod);

	memset(store_page->req, 0, sizeof(store_page->req)); // CONTROL, no payload
	for (unsigned int i = 0; i < 2000; i++) {
		notify();
		for (unsigned int n = 0; n < 50; n++) {
			WRITE_ONCE(store_page->req_prod, start + 1024 + n % 3 - 1);
			WRITE_ONCE(*index_of(n), random_number());
			WRITE_ONCE(*(uint32_t *)(void *)(store_page->req + 12), n % 2 ? 4096 : UINT32_MAX);
		}
		WRITE_ONCE(store_page->req_prod, READ_ONCE(store_page->req_cons) + 16);
		WRITE_ONCE(store_page->rsp_cons, READ_ONCE(store_page->rsp_prod));
		if (READ_ONCE(store_page->error))
			WRITE_ONCE(store_page->connection, 1);
	}
}

// The rest never comes.
void attack_half(void)
{
	send_header(WIRE_WRITE, 4096);
	store_put("data/half", 10);
	notify();
	for (;;) {
		task_sleep(SECONDS(1));
		notify();
	}
}

void attack_long(void)
{
	static const uint32_t sizes[] = { 4097, 8192, 0x40000000, 0x7fffffff, 0x80000000, UINT32_MAX - 15, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		send_header(random_below(WIRE_TYPES), sizes[i]);
		notify();
		while (READ_ONCE(store_page->error) == 0) // it must come
			task_yield();
		store_reconnect();
	}
}

static void put_if_room(const void *bytes, uint32_t size)
{
	uint32_t producer = READ_ONCE(store_page->req_prod);

	if (XENSTORE_RING_SIZE - (producer - READ_ONCE(store_page->req_cons)) < size)
		return;
	for (uint32_t i = 0; i < size; i++)
		store_page->req[(producer + i) % XENSTORE_RING_SIZE] = ((const char *)bytes)[i];
	smp_wmb();
	WRITE_ONCE(store_page->req_prod, producer + size);
}

// Requests without end, and not one reply is taken.
void attack_unread(void)
{
	struct {
		struct wire_header header;
		char payload[8];
	} requests[] = {
		{ { .type = WIRE_WATCH, .size = 8 }, "data\0t\0" },
		{ { .type = WIRE_TRANSACTION_START, .size = 1 }, "" },
		{ { .type = WIRE_WRITE, .size = 8 }, "data/a\0x" },
		{ { .type = WIRE_DIRECTORY, .size = 5 }, "data" },
	};

	for (;;) {
		unsigned int which = random_below(ARRAY_SIZE(requests));

		requests[which].header.request_id = random_number();
		put_if_room(&requests[which].header, (uint32_t)sizeof(struct wire_header));
		put_if_room(requests[which].payload, requests[which].header.size);
		notify();
	}
}

void attack_reconnect(void)
{
	for (unsigned int i = 0; i < 500; i++) {
		put_if_room(store_page, random_below(100)); // something, perhaps a part of a message
		WRITE_ONCE(store_page->connection, random_below(3));
		notify();
	}
}

// Any byte of it may have any value at any time.
void attack_page(void)
{
	for (unsigned int i = 0; i < 500; i++) {
		random_fill((char *)store_page + random_below(2048), 32);
		if (i % 8 == 0)
			random_fill(&store_page->req_cons, 8 * sizeof(uint32_t));
		notify();
	}
}
