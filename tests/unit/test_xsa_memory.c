// SPDX-License-Identifier: Apache-2.0
// Advisories about quotas and memory: what a guest can make this program keep.
#include "xsa_guests.h"

static void xsa_72_oversized_replies(void **state)
{
	char path[600];

	(void)state;
	for (unsigned int i = 0; i < 9; i++) {
		memset(path, 'a' + (int)i, sizeof(path));
		memcpy(path, "data/", 5);
		path[500] = '\0';
		assert_int_equal(peer_write(&guest, 0, path, "1"), 3);
	}
	assert_int_equal(peer_call(&guest, WIRE_DIRECTORY, 0, "data", NULL), -E2BIG);
	assert_int_equal(peer_write(&guest, 0, "data/x", "1"), 3);
}

static void xsa_272_quota_is_applied(void **state)
{
	char path[64];
	unsigned int made = 0;
	uint32_t t;

	(void)state;
	xs_quota_set(guest.id, XS_QUOTA_NODES, 20);
	made = used(&guest, XS_QUOTA_NODES);
	for (; made < 20; made++) {
		snprintf(path, sizeof(path), "data/%u", made);
		assert_int_equal(peer_call(&guest, WIRE_MKDIR, 0, path, NULL), 3);
	}
	assert_int_equal(peer_call(&guest, WIRE_MKDIR, 0, "data/more", NULL), -ENOSPC);
	assert_int_equal(peer_write(&guest, 0, "data/more", "1"), -ENOSPC);
	t = peer_begin(&guest);
	assert_int_equal(peer_write(&guest, t, "data/more", "1"), -ENOSPC);
	assert_int_equal(peer_call(&guest, WIRE_RM, t, path, NULL), 3);
	assert_int_equal(peer_write(&guest, t, "data/more", "1"), 3);
	assert_int_equal(peer_write(&guest, t, "data/evenmore", "1"), -ENOSPC);
	assert_int_equal(peer_commit(&guest, t), 3);
	assert_int_equal(used(&guest, XS_QUOTA_NODES), 20);
	assert_int_equal(peer_call(&guest, WIRE_RM, 0, "data/more", NULL), 3);
	assert_int_equal(peer_write(&guest, 0, "data/a/b", "1"), -ENOSPC); // two would be needed
	assert_int_equal(peer_read(&guest, 0, "data/a", NULL), -ENOENT);
	assert_int_equal(peer_write(&guest, 0, "data/a", "1"), 3);

	// Each of two transactions alone would do, both together not.
	peer_call(&guest, WIRE_RM, 0, "data/a", NULL);
	t = peer_begin(&guest);
	uint32_t second = peer_begin(&guest);
	assert_int_equal(peer_write(&guest, t, "data/a", "1"), 3);
	assert_int_equal(peer_write(&guest, second, "data/b", "1"), 3);
	assert_int_equal(peer_commit(&guest, t), 3);
	assert_int_equal(peer_commit(&guest, second), -ENOSPC);
	assert_int_equal(used(&guest, XS_QUOTA_NODES), 20);
}

static void xsa_324_events_beyond_the_payload(void **state)
{
	struct payload payload = { .size = 0 };
	char text[3100];

	(void)state;
	xs_quota_set(guest.id, XS_QUOTA_PATH_MAX, 3072);
	memset(text, 'x', sizeof(text));
	memcpy(text, data, strlen(data));
	text[strlen(data)] = '/';
	text[2990] = '\0';
	payload_add(&payload, text);
	memset(text, 't', sizeof(text));
	text[1090] = '\0';
	payload_add(&payload, text);
	assert_int_equal(peer_request(&guest, WIRE_WATCH, 0, payload.bytes, payload.size, NULL), 3);
	peer_take_events(&guest);
	assert_int_equal(guest.event_count, 1);
	peer_forget_events(&guest);
	strcpy(payload.bytes + 2990, "/longer-than-it-may"); // the event's path is
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(dom0_write(payload.bytes, "1"), 0);
	NO_EVENTS(&guest);
	assert_int_equal(peer_write(&guest, 0, "data/a", "1"), 3);
}

// Everything that costs memory, by one guest, as much as it is given: what this program uses for it stays within the quota.
static void xsa_326_memory(void **state)
{
	size_t before = heap_bytes(), limit = CONFIG_XENSTORE_QUOTA_MEMORY, most = 0;
	char path[96], value[2049];

	(void)state;
	memset(value, 'v', sizeof(value));
	value[2048] = '\0';
	guest.ignores_events = true;
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < 300; i++) {
			snprintf(path, sizeof(path), "data/%u", i);
			peer_write(&guest, 0, path, i % 8 ? "small" : value);
			most = MAX(most, heap_bytes());
		}
		for (unsigned int i = 0; i < 128; i++) {
			snprintf(path, sizeof(path), "%u", i);
			peer_call(&guest, WIRE_WATCH, 0, "data", path);
		}
		// Each transaction holds a version of its own, and has one more.
		for (unsigned int i = 0; i < 10; i++) {
			uint32_t t;
			char reply[32];

			if (peer_request(&guest, WIRE_TRANSACTION_START, 0, "", 1, reply) < 0)
				break;
			t = (uint32_t)strtoul(reply, NULL, 10);
			for (unsigned int n = 0; n < 100; n++) {
				snprintf(path, sizeof(path), "data/%u", n * 3 + i);
				peer_write(&guest, t, path, value);
				peer_write(&guest, 0, path, value);
			}
			most = MAX(most, heap_bytes());
		}
		// 128 watches get an event for each node that goes, and it reads none of them.
		peer_call(&guest, WIRE_RM, 0, "data", NULL);
		most = MAX(most, heap_bytes());
		make_data(&guest, data);
		for (unsigned int i = 0; i < 300; i++) {
			snprintf(path, sizeof(path), "%s/%u", data, i);
			dom0_write(path, "");
		}
		most = MAX(most, heap_bytes());
		assert_true(used(&guest, XS_QUOTA_MEMORY) <= limit + 64 * 1024);
	}
	if (most > before + limit + 128 * 1024)
		fail_msg("%zu bytes for one guest", most - before);
	assert_other_is_served();
}

static void xsa_330_reset_watches(void **state)
{
	size_t before = 0;
	char token[16];

	(void)state;
	for (unsigned int round = 0; round < 100; round++) {
		for (unsigned int i = 0; i < 128; i++) {
			snprintf(token, sizeof(token), "%u", i);
			assert_int_equal(peer_call(&guest, WIRE_WATCH, 0, "data", token), 3);
		}
		assert_int_equal(peer_call(&guest, WIRE_WATCH, 0, "data", "more"), -ENOSPC);
		assert_int_equal(peer_request(&guest, WIRE_RESET_WATCHES, 0, "", 1, NULL), 3);
		peer_take_events(&guest);
		peer_forget_events(&guest);
		if (round < 2)
			before = heap_bytes();
		assert_int_equal(heap_bytes(), before);
	}
}

static void xsa_349_backends_and_watched_paths(void **state)
{
	struct wait_queue queue;
	struct xs_watch *seen;
	unsigned int events = 0;
	size_t before;
	char path[96];

	(void)state;
	wait_queue_init(&queue);
	assert_int_equal(xs_watch_open(data, XS_DEPTH_ALL, &queue, &seen), 0);
	assert_true(xs_watch_take(seen, path, sizeof(path)));
	for (unsigned int i = 0; i < 20000; i++)
		peer_write(&guest, 0, "data/a", i % 2 ? "1" : "2");
	before = heap_bytes();
	for (unsigned int i = 0; i < 3000; i++) { // different ones
		snprintf(path, sizeof(path), "data/%u", i);
		peer_write(&guest, 0, path, "");
		peer_call(&guest, WIRE_RM, 0, path, NULL);
	}
	assert_true(heap_bytes() < before + 64 * 1024);
	while (xs_watch_take(seen, path, sizeof(path)))
		events++;
	assert_true(events <= 257);
	assert_string_equal(path, data); // there were more
	xs_watch_close(seen);
}

// What a guest writes below its home, this program keeps once, in the store, and within the guest's quota.
static void xsa_354_toolstack_caches(void **state)
{
	size_t before = heap_bytes();
	char path[64];

	(void)state;
	for (unsigned int i = 0; i < 2000; i++) {
		snprintf(path, sizeof(path), "data/%u", i);
		if (peer_write(&guest, 0, path, "a value of some length that somebody could want to keep") == -ENOSPC)
			break;
		assert_true(i < 1999);
	}
	model_run(SECONDS(1));
	assert_true(heap_bytes() < before + CONFIG_XENSTORE_QUOTA_MEMORY);
}

static void xsa_414_failed_creation(void **state)
{
	char path[96], reply[64];
	struct xs_statistics before, after;

	(void)state;
	xs_statistics(&before);
	snprintf(path, sizeof(path), "%s/a/b/c/d", data);
	for (unsigned int nth = 1;; nth++) {
		int error;

		model_fail_allocation(nth);
		error = dom0_write(path, "1");
		if (!model_fault_struck())
			break;
		if (!error) // the allocation was for something that can be done without
			break;
		assert_int_equal(error, -ENOMEM);
		assert_consistent();
		xs_statistics(&after);
		assert_int_equal(after.nodes, before.nodes);
		assert_int_equal(after.node_bytes, before.node_bytes);
		assert_int_equal(xs_directory(0, data, 0, reply, sizeof(reply), NULL), 0);
	}
	model_fail_allocation(0);

	xs_rm(0, path);
	snprintf(path, sizeof(path), "%s/a", data);
	xs_rm(0, path);
	for (uint32_t room = 0; room < 4; room++) { // the quota ends at each of the nodes
		xs_quota_set(guest.id, XS_QUOTA_NODES, used(&guest, XS_QUOTA_NODES) + room);
		assert_int_equal(peer_write(&guest, 0, "data/a/b/c/d", "1"), -ENOSPC);
		assert_int_equal(peer_call(&guest, WIRE_DIRECTORY, 0, "data", NULL), 0);
	}
	xs_quota_set(guest.id, XS_QUOTA_NODES, 1000);
}

static void xsa_415_orphaned_nodes(void **state)
{
	uint32_t t;

	(void)state;
	xs_quota_set(guest.id, XS_QUOTA_NODES, used(&guest, XS_QUOTA_NODES) + 2);
	t = peer_begin(&guest);
	assert_int_equal(peer_write(&guest, t, "data/a/b/c/d", "1"), -ENOSPC);
	assert_int_equal(peer_commit(&guest, t), 3); // the request did nothing at all
	assert_int_equal(peer_call(&guest, WIRE_DIRECTORY, 0, "data", NULL), 0);
	assert_consistent();
}

static void xsa_416_temporary_memory(void **state)
{
	size_t before = 0;

	(void)state;
	for (unsigned int i = 0; i < 500; i++) {
		struct wire_header header = { i % 28, i, 0, 7 };

		peer_put(&guest, &header, sizeof(header));
		peer_put(&guest, "data/a", 7);
		peer_notify(&guest);
		model_run(MICROSECONDS(50));
		if (i == 100)
			before = heap_bytes();
	}
	assert_true(heap_bytes() <= before); // though it has read no reply
}

static void xsa_418_depth(void **state)
{
	char path[3073] = "data", value[4];

	(void)state;
	xs_quota_set(guest.id, XS_QUOTA_NODES, 0);
	xs_quota_set(guest.id, XS_QUOTA_PATH_MAX, 0);
	for (size_t i = 4; i + 2 <= 2048; i += 2)
		memcpy(path + i, "/a", 3);
	assert_int_equal(peer_write(&guest, 0, path, "x"), 3);
	assert_value(&guest, 0, path, "x");
	assert_int_equal(watch(&guest, path, "deep"), 3);
	uint32_t t = peer_begin(&guest);
	assert_int_equal(peer_write(&guest, t, path, "y"), 3);
	assert_int_equal(peer_commit(&guest, t), 3);
	t = peer_begin(&guest); // a version that keeps all of it
	assert_int_equal(peer_call(&guest, WIRE_RM, 0, "data/a", NULL), 3);
	peer_take_events(&guest);
	assert_int_equal(guest.event_count, 2);
	peer_forget_events(&guest);
	assert_value(&guest, t, path, "y");
	assert_int_equal(peer_commit(&guest, t), -EAGAIN);

	assert_int_equal(peer_write(&guest, 0, path, "x"), 3);
	for (size_t i = 0; i + 2 <= sizeof(path) - 1; i += 2)
		memcpy(path + i, "/b", 3);
	assert_int_equal(dom0_write(path, "y"), 0);
	assert_int_equal(xs_read(0, path, value, sizeof(value)), 1);
	assert_int_equal(xs_rm(0, "/b"), 0);
	peer_end(&guest); // with its 1000 levels
	peer_start(&guest);
}

static void xsa_419_cooperating_guests(void **state)
{
	struct xs_statistics before, after;
	char entry[16], owner[16], path[96];
	struct peer third;

	(void)state;
	xs_statistics(&before);
	for (unsigned int round = 0; round < 5; round++) {
		peer_start(&third);
		snprintf(owner, sizeof(owner), "n%u", guest.id);
		snprintf(entry, sizeof(entry), "b%u", third.id);
		assert_int_equal(dom0_chmod(data, owner, entry), 0);
		for (unsigned int i = 0; i < 50; i++) {
			snprintf(path, sizeof(path), "%s/%u/below", data, i);
			assert_int_equal(peer_write(&third, 0, path, "1"), 3);
		}
		assert_int_equal(used(&third, XS_QUOTA_NODES), 100);
		peer_end(&third);
		xs_statistics(&after);
		assert_int_equal(after.nodes, before.nodes);
	}
}

static void xsa_421_nodes_by_transactions(void **state)
{
	char path[64];
	uint32_t t = peer_begin(&guest);

	(void)state;
	peer_write(&guest, t, "data/x", "1");
	peer_call(&guest, WIRE_RM, t, "data/x", NULL);
	for (unsigned int i = 0; i < 30; i++) {
		snprintf(path, sizeof(path), "data/y%u", i);
		assert_int_equal(peer_write(&guest, t, path, "1"), 3);
	}
	peer_write(&other, 0, "data/b", "1"); // so that the changes are repeated
	assert_int_equal(peer_commit(&guest, t), 3);
	assert_consistent();
	assert_int_equal(used(&guest, XS_QUOTA_NODES), 31);
}

static void xsa_483_counts_across_destruction(void **state)
{
	char path[64];

	(void)state;
	for (unsigned int round = 0; round < 60; round++) {
		domid_t id = guest.id;

		xs_quota_set(guest.id, XS_QUOTA_NODES, 30);
		for (unsigned int i = 1; i < 30; i++) {
			snprintf(path, sizeof(path), "data/%u", i);
			assert_int_equal(peer_write(&guest, 0, path, "1"), 3);
		}
		assert_int_equal(peer_write(&guest, 0, "data/more", "1"), -ENOSPC);
		peer_end(&guest);
		peer_start(&guest);
		assert_int_equal(guest.id, id);
		assert_int_equal(used(&guest, XS_QUOTA_NODES), 0);
		make_data(&guest, data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(xsa_72_oversized_replies),
		TEST(xsa_272_quota_is_applied),
		TEST(xsa_324_events_beyond_the_payload),
		TEST(xsa_326_memory),
		TEST(xsa_330_reset_watches),
		TEST(xsa_349_backends_and_watched_paths),
		TEST(xsa_354_toolstack_caches),
		TEST(xsa_414_failed_creation),
		TEST(xsa_415_orphaned_nodes),
		TEST(xsa_416_temporary_memory),
		TEST(xsa_418_depth),
		TEST(xsa_419_cooperating_guests),
		TEST(xsa_421_nodes_by_transactions),
		TEST(xsa_483_counts_across_destruction),
	};

	return cmocka_run_group_tests(tests, xenstore_test_start, NULL);
}
