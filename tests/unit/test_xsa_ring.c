// SPDX-License-Identifier: Apache-2.0
// Advisories about the shared page, its events, and the ends of connections and domains.
#include "xsa_guests.h"

static void xsa_38_ring_states(void **state)
{
	static const uint32_t producers[] = { UINT32_MAX, RING_SIZE + 1, 1u << 31, UINT32_MAX - 1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(producers); i++) {
		struct wire_header half = { WIRE_READ, 1, 0, 5 };

		peer_put_all(&guest, &half, 9);
		model_run(MILLISECONDS(1));
		guest.ring->req_prod = guest.ring->req_cons + producers[i];
		peer_notify(&guest);
		model_run(MILLISECONDS(1));
		assert_int_equal(guest.ring->error, 2);
		assert_other_is_served();
		guest.ring->connection = 1;
		peer_notify(&guest);
		model_run(MILLISECONDS(20));
	}
}

static unsigned int lines_about_the_guest(void)
{
	unsigned int count = 0;

	for (const char *text = model_output(); (text = strstr(text, "xenstore: domain")); text++)
		count++;
	return count;
}

// Whatever a guest does wrong, and however often, it gets one line of the log.
static void xsa_43_118_146_log_lines(void **state)
{
	(void)state;
	model_output_clear();
	for (unsigned int i = 0; i < 200; i++) {
		guest.ring->req_prod = guest.ring->req_cons + 4711;
		peer_notify(&guest);
		model_run(MILLISECONDS(1));
		guest.ring->connection = 1;
		peer_notify(&guest);
		model_run(MILLISECONDS(1));
	}
	for (unsigned int i = 0; i < 2000; i++)
		peer_call(&guest, i % 40, i % 3, "\xff/", NULL);
	assert_int_equal(lines_about_the_guest(), 1);
}

// A violation is found by the guest's own task, which then waits for its end as well.
static void xsa_90_end_in_its_own_context(void **state)
{
	unsigned int tasks = model_task_count();

	(void)state;
	for (unsigned int i = 0; i < 20; i++) {
		struct peer third;

		peer_start(&third);
		third.ring->rsp_prod = 4711 + i;
		third.ring->req_prod = third.ring->req_cons + 1025;
		peer_notify(&third);
		model_run(MICROSECONDS(i));
		peer_end(&third);
		assert_int_equal(model_task_count(), tasks);
	}
}

// Bytes that were taken out of the ring count as they were, whatever the guest writes over them.
static void xsa_155_478_double_fetch(void **state)
{
	static const char path[] = "data/a";
	struct wire_header header = { WIRE_READ, 77, 0, sizeof(path) };
	struct message message;

	(void)state;
	assert_int_equal(peer_write(&guest, 0, path, "right"), 3);
	for (size_t cut = 1; cut < sizeof(header) + sizeof(path); cut++) {
		char bytes[sizeof(header) + sizeof(path)];

		memcpy(bytes, &header, sizeof(header));
		memcpy(bytes + sizeof(header), path, sizeof(path));
		assert_true(peer_put_all(&guest, bytes, cut));
		model_run(MILLISECONDS(1));
		memset((char *)(uintptr_t)guest.ring->req, 0xff, RING_SIZE);
		assert_true(peer_put_all(&guest, bytes + cut, sizeof(bytes) - cut));
		assert_true(peer_receive_reply(&guest, &message));
		assert_int_equal(message.header.type, WIRE_READ);
		assert_int_equal(message.header.request_id, 77);
		assert_string_equal(message.payload, "right");
	}
}

static bool hammering;

static void hammer(void *unused)
{
	static const char request[] = "data/a\0value";
	struct wire_header header = { WIRE_WRITE, 1, 0, sizeof(request) - 1 };
	char reply[64];

	(void)unused;
	if (!hammering)
		return;
	while (peer_get(&guest, reply, sizeof(reply)))
		;
	if (RING_SIZE - (guest.ring->req_prod - guest.ring->req_cons) >= sizeof(header) + sizeof(request)) {
		peer_put(&guest, &header, sizeof(header));
		peer_put(&guest, request, sizeof(request) - 1);
	}
	peer_notify(&guest);
	model_after(MICROSECONDS(3), hammer, NULL);
}

// Domain 0 in a transaction of some milliseconds, while a guest writes without a pause what it reads.
static void xsa_206_repeated_update(void **state)
{
	unsigned int attempts = 0;
	char path[96], value[64];
	int error;

	(void)state;
	snprintf(path, sizeof(path), "%s/a", data);
	peer_write(&guest, 0, "data/a", "0");
	hammering = true;
	hammer(NULL);
	do {
		xs_transaction_t t;

		assert_int_equal(xs_transaction_start(&t), 0);
		for (unsigned int i = 0; i < 20; i++) {
			assert_true(xs_read(t, path, value, sizeof(value)) >= 0);
			model_run(MICROSECONDS(200));
		}
		assert_int_equal(xs_write(t, "/local/domain/0/result", value, strlen(value)), 0);
		error = xs_transaction_end(t, true);
		attempts++;
	} while (error == -EAGAIN && attempts < 10);
	assert_int_equal(error, 0);
	assert_int_equal(attempts, 2); // the first repetition is guarded
	hammering = false;
}

// A reply's header is all of the request's own, and no byte of the page beyond the reply is written.
static void xsa_216_leaked_bytes(void **state)
{
	(void)state;
	for (uint32_t type = 0; type < 30; type++) {
		struct wire_header header = { type, 0xabcdef00 + type, 0, 7 }, reply;
		uint32_t start;

		model_run(MILLISECONDS(1));
		start = guest.ring->rsp_prod;
		guest.ring->rsp_cons = start; // events, if any
		memset((char *)(uintptr_t)guest.ring->rsp, 0x5a, RING_SIZE);
		assert_true(peer_put_all(&guest, &header, sizeof(header)));
		assert_true(peer_put_all(&guest, "data/a", 7));
		model_run(MILLISECONDS(1));
		for (uint32_t i = guest.ring->rsp_prod; i != start + RING_SIZE; i++)
			assert_int_equal((unsigned char)guest.ring->rsp[i % RING_SIZE], 0x5a);
		assert_true(peer_get_all(&guest, &reply, sizeof(reply)));
		assert_true(reply.type == type || reply.type == WIRE_ERROR);
		assert_int_equal(reply.request_id, header.request_id);
		assert_int_equal(reply.transaction_id, 0);
	}
	guest.ring->rsp_cons = guest.ring->rsp_prod;
}

static void xsa_233_domain_cleanup(void **state)
{
	struct peer pair[2];

	(void)state;
	for (unsigned int first = 0; first < 2; first++) {
		peer_start(&pair[0]);
		peer_start(&pair[1]);
		assert_int_equal(xenstore_set_target(pair[1].id, pair[0].id), 0);
		peer_end(&pair[first]);
		peer_end(&pair[!first]);
	}
	assert_other_is_served();
}

// Each guest has one page mapped and one port bound here, whatever it does.
static void xsa_300_mappings(void **state)
{
	size_t frames = foreign_mapped_frames();
	unsigned int ports = event_channels_bound();

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		guest.ring->port = i;
		guest.ring->connection = 1;
		peer_notify(&guest);
		model_run(MILLISECONDS(1));
		guest.ring->port = 0;
		assert_int_equal(peer_introduce(&guest), 0);
		model_run(MILLISECONDS(1));
	}
	assert_int_equal(foreign_mapped_frames(), frames);
	assert_int_equal(event_channels_bound(), ports);
}

static void xsa_325_broken_rings_and_cleanup(void **state)
{
	struct wait_queue queue;
	struct xs_watch *seen;
	char path[64], expected[64];
	size_t mapped = foreign_mapped_frames();

	(void)state;
	wait_queue_init(&queue);
	snprintf(expected, sizeof(expected), "@releaseDomain/%u", guest.id);
	assert_int_equal(xs_watch_open("@releaseDomain", 1, &queue, &seen), 0);
	assert_true(xs_watch_take(seen, path, sizeof(path)));
	guest.ring->req_prod = guest.ring->req_cons + 4711;
	peer_notify(&guest);
	model_run(MILLISECONDS(20));
	assert_int_equal(guest.ring->error, 2);
	assert_false(xs_watch_take(seen, path, sizeof(path)));
	peer_end(&guest);
	assert_true(xs_watch_take(seen, path, sizeof(path)));
	assert_string_equal(path, expected);
	assert_int_equal(foreign_mapped_frames(), mapped - 1);
	xs_watch_close(seen);
	peer_start(&guest);
	make_data(&guest, data);
}

static bool storming;

static void storm(void *context)
{
	struct peer *peer = context;

	if (!storming)
		return;
	peer_notify(peer);
	model_after(MICROSECONDS(1), storm, peer);
}

// A domain sends events while its ports are closed.
static void xsa_331_441_end_in_a_storm(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 20; i++) {
		struct peer third;

		peer_start(&third);
		storming = true;
		storm(&third);
		model_run(MICROSECONDS(20 + i));
		assert_int_equal(xenstore_release(third.id), 0);
		model_run(MICROSECONDS(20));
		storming = false;
		model_run(MICROSECONDS(20));
		peer_end(&third);
	}
	assert_other_is_served();
}

static void xsa_350_connection_toggled(void **state)
{
	size_t before = 0;

	(void)state;
	for (unsigned int i = 0; i < 10000; i++) {
		guest.ring->req_prod += i % 40;
		guest.ring->connection = i % 3;
		peer_notify(&guest);
		model_run(MICROSECONDS(i % 5));
		if (i == 100)
			before = heap_bytes();
	}
	guest.ring->connection = 1;
	peer_notify(&guest);
	model_run(MILLISECONDS(20));
	assert_true(heap_bytes() <= before);
	assert_int_equal(peer_write(&guest, 0, "data/a", "1"), 3);
}

static void xsa_420_length_truncation(void **state)
{
	static const uint32_t sizes[] = { 0x40000000, 0x7fffffff, 0x80000000, 0xc0000000, 0xffffffff };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct wire_header header = { WIRE_READ, 1, 0, sizes[i] };

		assert_true(peer_put_all(&guest, &header, sizeof(header)));
		model_run(MILLISECONDS(1));
		assert_int_equal(guest.ring->error, 3);
		assert_other_is_served();
		guest.ring->connection = 1;
		peer_notify(&guest);
		model_run(MILLISECONDS(20));
	}
}

static void xsa_425_soft_reset(void **state)
{
	struct wire_header header = { WIRE_READ, 1, 0, 5 };

	(void)state;
	for (unsigned int i = 0; i < 20; i++) {
		struct peer third;

		peer_start(&third);
		for (unsigned int n = 0; n < 10; n++) {
			peer_put(&third, &header, sizeof(header));
			peer_put(&third, "data", 5);
		}
		peer_notify(&third);
		if (i % 2)
			model_run(MICROSECONDS(i));
		assert_int_equal(xenstore_release(third.id), 0); // the domain itself goes on
		peer_notify(&third);
		assert_int_equal(event_alloc_unbound(third.id, 0, &third.port), 0);
		assert_int_equal(peer_introduce(&third), 0);
		assert_int_equal(peer_request(&third, WIRE_GET_DOMAIN_PATH, 0, "1", 2, NULL), 16);
		peer_end(&third);
	}
}

static void xsa_440_conflicting_deletions(void **state)
{
	char path[64];
	uint32_t t[2];

	(void)state;
	for (unsigned int i = 0; i < 50; i++) {
		snprintf(path, sizeof(path), "data/%u", i);
		peer_write(&guest, 0, path, "1");
	}
	t[0] = peer_begin(&guest);
	t[1] = peer_begin(&guest);
	for (unsigned int i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "data/%u", i / 2);
		assert_int_equal(peer_call(&guest, WIRE_RM, t[i % 2], path, NULL), 3);
	}
	assert_int_equal(peer_commit(&guest, t[0]), 3);
	assert_int_equal(peer_commit(&guest, t[1]), -EAGAIN);
	assert_int_equal(used(&guest, XS_QUOTA_NODES), 1);
}

static void xsa_484_reset_watches_in_a_transaction(void **state)
{
	uint32_t t = peer_begin(&guest);

	(void)state;
	peer_write(&guest, t, "data/a", "1");
	assert_int_equal(peer_request(&guest, WIRE_RESET_WATCHES, t, "", 1, NULL), 3);
	assert_int_equal(peer_commit(&guest, t), -ENOENT);
	assert_int_equal(peer_request(&guest, WIRE_RESET_WATCHES, 4711, "", 1, NULL), -ENOENT);

	t = peer_begin(&guest); // and a violation while a transaction is open
	peer_write(&guest, t, "data/a", "1");
	guest.ring->req_prod = guest.ring->req_cons + 4711;
	peer_notify(&guest);
	model_run(MILLISECONDS(20));
	assert_int_equal(guest.ring->error, 2);
	assert_int_equal(used(&guest, XS_QUOTA_TRANSACTIONS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(xsa_38_ring_states),
		TEST(xsa_43_118_146_log_lines),
		TEST(xsa_90_end_in_its_own_context),
		TEST(xsa_155_478_double_fetch),
		TEST(xsa_206_repeated_update),
		TEST(xsa_216_leaked_bytes),
		TEST(xsa_233_domain_cleanup),
		TEST(xsa_300_mappings),
		TEST(xsa_325_broken_rings_and_cleanup),
		TEST(xsa_331_441_end_in_a_storm),
		TEST(xsa_350_connection_toggled),
		TEST(xsa_420_length_truncation),
		TEST(xsa_425_soft_reset),
		TEST(xsa_440_conflicting_deletions),
		TEST(xsa_484_reset_watches_in_a_transaction),
	};

	return cmocka_run_group_tests(tests, xenstore_test_start, NULL);
}
