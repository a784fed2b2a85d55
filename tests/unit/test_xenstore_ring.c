// SPDX-License-Identifier: Apache-2.0
// The xenstore server's transport (docs/misc/xenstore-ring.txt): messages in pieces, rings that are full, wrong or never read,
// connections that begin again or end while something is under way.
#include "xenstore_guest.h"

static struct peer guest, other;

static int setup(void **state)
{
	char path[64];

	(void)state;
	peer_start(&guest);
	peer_start(&other);
	make_data(&guest, path);
	make_data(&other, path);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_consistent();
	peer_end(&guest);
	peer_end(&other);
	xs_rm(XS_NO_TRANSACTION, "/local");
	assert_consistent();
	assert_int_equal(event_channels_bound(), 0);
	assert_int_equal(foreign_mapped_frames(), 0);
	return 0;
}

// The other guest is served as if nothing had happened.
static void assert_other_is_served(void)
{
	assert_int_equal(peer_write(&other, 0, "data/alive", "yes"), 3);
	assert_value(&other, 0, "data/alive", "yes");
}

// Gives the server time, and takes nothing.
static void wait_a_little(void)
{
	peer_notify(&guest);
	model_run(MILLISECONDS(20));
}

static void messages_may_come_byte_by_byte(void **state)
{
	static const char path[] = "data";
	struct wire_header header = { WIRE_READ, 77, 0, sizeof(path) };
	char bytes[sizeof(header) + sizeof(path)];
	struct message message;

	(void)state;
	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), path, sizeof(path));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		assert_int_equal(guest.ring->rsp_prod, 0);
		assert_int_equal(peer_put(&guest, bytes + i, 1), 1);
		peer_notify(&guest);
		model_run(MICROSECONDS(50));
		assert_int_equal(guest.ring->req_cons, guest.ring->req_prod);
	}
	assert_true(peer_receive(&guest, &message));
	assert_int_equal(message.header.type, WIRE_READ);
	assert_int_equal(message.header.request_id, 77);
}

static void requests_may_be_sent_ahead(void **state)
{
	struct message message;

	(void)state;
	for (uint32_t i = 0; i < 30; i++) {
		struct wire_header header = { i % 2 ? WIRE_READ : WIRE_DIRECTORY, 1000 + i, 0, 5 };

		assert_int_equal(peer_put(&guest, &header, sizeof(header)), sizeof(header));
		assert_int_equal(peer_put(&guest, "data", 5), 5);
	}
	peer_notify(&guest);
	for (uint32_t i = 0; i < 30; i++) {
		assert_true(peer_receive(&guest, &message));
		assert_int_equal(message.header.request_id, 1000 + i);
	}
}

static void indices_may_run_over(void **state)
{
	(void)state;
	for (uint32_t start = UINT32_MAX - 40; start != 8; start++) {
		guest.ring->req_cons = guest.ring->req_prod = start;
		guest.ring->rsp_cons = guest.ring->rsp_prod = start + 5;
		assert_int_equal(peer_write(&guest, 0, "data/a", "hello"), 3);
		assert_value(&guest, 0, "data/a", "hello");
	}
}

static void largest_messages_pass(void **state)
{
	char payload[WIRE_PAYLOAD_MAX], reply[WIRE_PAYLOAD_MAX + 1];

	(void)state;
	xs_quota_set(guest.id, XS_QUOTA_NODE_SIZE, 0);
	memset(payload, 'x', sizeof(payload));
	memcpy(payload, "data/a", 7);
	assert_int_equal(peer_request(&guest, WIRE_WRITE, 0, payload, sizeof(payload), NULL), 3);
	assert_int_equal(peer_read(&guest, 0, "data/a", reply), WIRE_PAYLOAD_MAX - 7);
	assert_memory_equal(reply, payload + 7, WIRE_PAYLOAD_MAX - 7);
}

static void impossible_indices_end_the_connection(void **state)
{
	static const uint32_t distances[] = { RING_SIZE + 1, 2 * RING_SIZE, 1u << 31, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(distances); i++) {
		peer_call(&guest, WIRE_WATCH, 0, "data", "t");
		peer_begin(&guest);
		if (i % 2)
			guest.ring->req_prod = guest.ring->req_cons + distances[i / 2];
		else
			guest.ring->rsp_cons = guest.ring->rsp_prod - distances[i / 2];
		peer_notify(&guest);
		dom0_write("/local/domain/0/x", ""); // and events for it, if it had any
		wait_a_little();
		if (i % 2 == 0) { // only noticed when there is something to send
			static const struct wire_header header = { WIRE_READ, 1, 0, 0 };

			peer_put(&guest, &header, sizeof(header));
			wait_a_little();
		}
		assert_int_equal(guest.ring->error, 2);
		assert_true(xenstore_is_introduced(guest.id));
		assert_other_is_served();

		// It is dead until it asks for a new start; and then nothing of the old one is left.
		guest.ring->connection = 1;
		wait_a_little();
		assert_int_equal(guest.ring->connection, 0);
		assert_int_equal(guest.ring->error, 0);
		peer_forget_events(&guest);
		peer_write(&guest, 0, "data/a", "1");
		NO_EVENTS(&guest);
	}
}

static void longer_messages_end_the_connection(void **state)
{
	static const uint32_t sizes[] = { WIRE_PAYLOAD_MAX + 1, 0x40000000, 0x7fffffff, 0x80000000, 0xffffffff };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct wire_header header = { WIRE_WRITE, 1, 0, sizes[i] };
		uint32_t consumed;

		assert_true(peer_put_all(&guest, &header, sizeof(header)));
		peer_put(&guest, "data/a", 7);
		wait_a_little();
		assert_int_equal(guest.ring->error, 3);
		consumed = guest.ring->req_cons;
		wait_a_little();
		assert_int_equal(guest.ring->req_cons, consumed); // what follows isn't taken for a message
		assert_other_is_served();
		guest.ring->connection = 1;
		wait_a_little();
		assert_int_equal(peer_write(&guest, 0, "data/a", "1"), 3);
	}
}

// What a guest changes while the server reads: any time, any field.
static void change_indices(void *unused)
{
	static uint32_t seed;

	(void)unused;
	seed = seed * 1103515245 + 12345;
	switch (seed >> 16 & 3) {
	case 0:
		guest.ring->req_prod = seed;
		break;
	case 1:
		guest.ring->req_cons = seed;
		break;
	case 2:
		guest.ring->rsp_cons = seed;
		break;
	default:
		guest.ring->rsp_prod = seed;
	}
}

static void indices_may_change_at_any_time(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2000; i++) {
		struct wire_header header = { i % 30, i, 0, i % 64 };

		peer_put(&guest, &header, sizeof(header));
		peer_put(&guest, "data/x\0y\0z\0", 12);
		model_after(MICROSECONDS(i % 7), change_indices, NULL);
		peer_notify(&guest);
		model_run(MICROSECONDS(20));
		if (guest.ring->error)
			guest.ring->connection = 1;
	}
	assert_other_is_served();
	model_run(MILLISECONDS(1));
	guest.ring->connection = 1;
	wait_a_little();
	assert_int_equal(guest.ring->connection, 0);
	assert_int_equal(peer_write(&guest, 0, "data/a", "1"), 3);
}

static void reconnection_drops_all(void **state)
{
	struct wire_header half = { WIRE_WRITE, 1, 0, 100 };

	(void)state;
	peer_call(&guest, WIRE_WATCH, 0, "data", "t");
	uint32_t t = peer_begin(&guest);
	assert_true(peer_put_all(&guest, &half, sizeof(half)));
	dom0_write("/local/domain/0/x", "");
	guest.ring->connection = 1;
	wait_a_little();
	assert_int_equal(guest.ring->connection, 0);
	assert_int_equal(guest.ring->req_prod, 0);
	assert_int_equal(guest.ring->rsp_prod, 0);
	assert_true(model_guest_take_event(guest.id, guest.port));
	peer_forget_events(&guest);
	assert_int_equal(peer_commit(&guest, t), -ENOENT);
	assert_int_equal(peer_call(&guest, WIRE_UNWATCH, 0, "data", "t"), -ENOENT);
}

static void introduction_ends_a_reconnection(void **state)
{
	struct peer third;

	(void)state;
	peer_make(&third);
	third.ring->connection = 1; // as Xen leaves it for a domain that it started itself
	third.ring->req_prod = third.ring->req_cons = 4711;
	assert_int_equal(peer_introduce(&third), 0);
	model_run(MILLISECONDS(1));
	assert_int_equal(third.ring->connection, 0);
	assert_int_equal(third.ring->req_prod, 0);
	assert_true(model_guest_take_event(third.id, third.port));
	assert_int_equal(peer_request(&third, WIRE_GET_DOMAIN_PATH, 0, "1", 2, NULL), 16);
	peer_end(&third);
}

static void the_page_may_name_the_port(void **state)
{
	struct peer third;

	(void)state;
	peer_make(&third);
	third.ring->port = third.port;
	third.port = 1023; // what the toolstack says doesn't count then
	assert_int_equal(peer_introduce(&third), 0);
	third.port = third.ring->port;
	assert_int_equal(peer_request(&third, WIRE_GET_DOMAIN_PATH, 0, "1", 2, NULL), 16);
	peer_end(&third);
}

static void a_second_introduction_begins_anew(void **state)
{
	evtchn_port_t port;

	(void)state;
	peer_call(&guest, WIRE_WATCH, 0, "data", "t");
	peer_begin(&guest);
	assert_int_equal(event_alloc_unbound(guest.id, 0, &port), 0);
	guest.port = port;
	assert_int_equal(peer_introduce(&guest), 0);
	peer_forget_events(&guest);
	assert_int_equal(peer_write(&guest, 0, "data/a", "1"), 3);
	NO_EVENTS(&guest);

	// A port that doesn't exist: it stays introduced, and the next introduction helps.
	guest.port = 1000;
	assert_true(peer_introduce(&guest) < 0);
	assert_true(xenstore_is_introduced(guest.id));
	assert_int_equal(guest.ring->error, 1);
	assert_other_is_served();
	assert_int_equal(event_alloc_unbound(guest.id, 0, &guest.port), 0);
	assert_int_equal(peer_introduce(&guest), 0);
	assert_int_equal(guest.ring->error, 0);
	assert_int_equal(peer_write(&guest, 0, "data/a", "1"), 3);
}

static void failed_introductions_leave_nothing(void **state)
{
	struct model_snapshot before;
	struct peer third;

	(void)state;
	peer_make(&third);
	before = model_snapshot();
	assert_true(xenstore_introduce(third.id, gfn_make(0x99999), third.port) < 0);
	assert_true(xenstore_introduce(third.id, gfn_make(RING_GFN), 1000) < 0);
	assert_true(xenstore_introduce(4711, gfn_make(RING_GFN), 1) < 0);
	assert_int_equal(xenstore_introduce(0, gfn_make(RING_GFN), 1), -EINVAL);
	assert_int_equal(xenstore_introduce(DOMID_SELF, gfn_make(RING_GFN), 1), -EINVAL);
	model_assert_equal(&before, "failed introductions");
	assert_int_equal(xenstore_release(third.id), -ENOENT);
	peer_end(&third);
}

static void a_guest_that_does_not_read_is_not_read(void **state)
{
	struct model_snapshot before;
	unsigned int taken = 0, answered = 0;

	(void)state;
	for (unsigned int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < 1000; i++) {
			struct wire_header header = { WIRE_READ, i, 0, 5 };

			if (RING_SIZE - (guest.ring->req_prod - guest.ring->req_cons) >= sizeof(header) + 5) {
				peer_put(&guest, &header, sizeof(header));
				peer_put(&guest, "data", 5);
				taken++;
			}
			peer_notify(&guest);
			model_run(MICROSECONDS(10));
		}
		if (!round)
			before = model_snapshot();
	}
	assert_true(taken < 3 * RING_SIZE / sizeof(struct wire_header));
	model_assert_equal(&before, "requests of a guest that doesn't read");
	assert_other_is_served();
	for (struct message message; peer_receive(&guest, &message); answered++)
		;
	assert_int_equal(answered, taken);
}

static void release_may_come_at_any_moment(void **state)
{
	struct model_snapshot before = model_snapshot();

	(void)state;
	for (unsigned int i = 0; i < 60; i++) {
		struct peer third;
		struct wire_header header = { WIRE_WRITE, 1, 0, 12 };
		char path[64];

		peer_make(&third);
		assert_int_equal(peer_introduce(&third), 0);
		make_data(&third, path);
		if (i % 2)
			peer_call(&third, WIRE_WATCH, 0, "data", "t");
		if (i % 3)
			peer_write(&third, peer_begin(&third), "data/in/it", "1");
		peer_put(&third, &header, sizeof(header)); // half a message
		if (i % 4)
			peer_put(&third, "data/a\0value", i % 13);
		peer_notify(&third);
		model_run(i * 200);
		peer_end(&third);
		snprintf(path, sizeof(path), "/local/domain/%u", third.id);
		xs_rm(0, path);
	}
	model_assert_equal(&before, "release");
}

static uint64_t latency_of_other(void)
{
	uint64_t start = time_now();

	assert_value(&other, 0, "data", "");
	return time_now() - start;
}

static bool storming;

static void storm(void *unused)
{
	(void)unused;
	if (!storming)
		return;
	peer_notify(&guest);
	model_after(MICROSECONDS(1), storm, NULL);
}

static void xsa_332_empty_events_do_not_keep_the_others_waiting(void **state)
{
	uint64_t quiet = latency_of_other(), longest = 0;

	(void)state;
	storming = true;
	storm(NULL);
	for (unsigned int i = 0; i < 200; i++) {
		uint64_t latency = latency_of_other();

		longest = MAX(longest, latency);
	}
	assert_true(longest < 10 * quiet + MICROSECONDS(500));
	assert_int_equal(peer_write(&guest, 0, "data/a", "1"), 3); // and it is still served itself
	storming = false;
	model_run(MICROSECONDS(10));
}

// Its channel would be masked the next time, but the last event comes with the order to take another one, which doesn't exist.
static void a_guest_that_storms_loses_its_channel(void **state)
{
	(void)state;
	for (unsigned int events = 250; events < 265; events++) {
		assert_int_equal(event_alloc_unbound(guest.id, 0, &guest.port), 0);
		assert_int_equal(peer_introduce(&guest), 0);
		model_run(MILLISECONDS(20));
		for (unsigned int i = 0; i < events; i++) {
			peer_notify(&guest);
			model_run(MICROSECONDS(10));
		}
		peer_notify(&guest);
		guest.port = 1000;
		assert_true(peer_introduce(&guest) < 0);
		model_run(MILLISECONDS(20));
		assert_other_is_served();
	}
	assert_int_equal(event_alloc_unbound(guest.id, 0, &guest.port), 0);
	assert_int_equal(peer_introduce(&guest), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(messages_may_come_byte_by_byte),
		TEST(requests_may_be_sent_ahead),
		TEST(indices_may_run_over),
		TEST(largest_messages_pass),
		TEST(impossible_indices_end_the_connection),
		TEST(longer_messages_end_the_connection),
		TEST(indices_may_change_at_any_time),
		TEST(reconnection_drops_all),
		TEST(introduction_ends_a_reconnection),
		TEST(the_page_may_name_the_port),
		TEST(a_second_introduction_begins_anew),
		TEST(failed_introductions_leave_nothing),
		TEST(a_guest_that_does_not_read_is_not_read),
		TEST(release_may_come_at_any_moment),
		TEST(xsa_332_empty_events_do_not_keep_the_others_waiting),
		TEST(a_guest_that_storms_loses_its_channel),
	};

	return cmocka_run_group_tests(tests, xenstore_test_start, NULL);
}
