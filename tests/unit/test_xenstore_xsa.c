// SPDX-License-Identifier: Apache-2.0
// Xen's published advisories on xenstored and oxenstored, each played against this server by the guest that it describes. A test's
// name is its advisory's.
#include "xenstore_guest.h"

static struct peer guest, other;
static char data[64];

static int setup(void **state)
{
	char path[64];

	(void)state;
	peer_start(&guest);
	peer_start(&other);
	make_data(&guest, data);
	make_data(&other, path);
	return 0;
}

static int teardown(void **state)
{
	struct xs_statistics statistics;

	(void)state;
	assert_consistent();
	peer_end(&guest);
	peer_end(&other);
	xs_rm(XS_NO_TRANSACTION, "/local");
	assert_consistent();
	xs_statistics(&statistics);
	assert_int_equal(statistics.nodes, 5); // /, /tool, /tool/xenstored and the two special ones
	assert_int_equal(statistics.watches, 0);
	assert_int_equal(statistics.transactions, 0);
	assert_int_equal(statistics.retained_bytes, 0);
	return 0;
}

static size_t heap_bytes(void)
{
	return model_snapshot().heap_bytes;
}

static uint32_t used(const struct peer *peer, enum xs_quota quota);
static void find_used(const struct xs_domain_statistics *statistics, void *context)
{
	struct xs_domain_statistics *wanted = context;

	if (statistics->domid == wanted->domid)
		*wanted = *statistics;
}

static uint32_t used(const struct peer *peer, enum xs_quota quota)
{
	struct xs_domain_statistics statistics = { .domid = peer->id };

	xs_for_each_domain(find_used, &statistics);
	return statistics.used[quota];
}

static void assert_other_is_served(void)
{
	assert_int_equal(peer_write(&other, 0, "data/alive", "yes"), 3);
	assert_value(&other, 0, "data/alive", "yes");
}

static long watch(struct peer *peer, const char *path, const char *token)
{
	long result = peer_call(peer, WIRE_WATCH, 0, path, token);

	peer_take_events(peer);
	peer_forget_events(peer);
	return result;
}

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

static void xsa_115_watch_notifications(void **state)
{
	struct peer third;

	(void)state;
	assert_int_equal(watch(&guest, "/", "t"), 3);
	assert_int_equal(watch(&guest, "/local", "t"), 3);
	assert_int_equal(watch(&guest, "@releaseDomain", "t"), 3);
	assert_int_equal(watch(&guest, "@introduceDomain", "t"), 3);
	dom0_write("/local/secret", "1");
	peer_write(&other, 0, "data/secret", "1");
	xs_rm(0, "/local/secret");
	peer_start(&third);
	xenstore_domain_stopped(third.id);
	peer_end(&third);
	NO_EVENTS(&guest);
	assert_int_equal(peer_call(&guest, WIRE_IS_DOMAIN_INTRODUCED, 0, "0", NULL), -EACCES);
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

static void xsa_322_inherited_permissions(void **state)
{
	char entry[16];
	domid_t old = other.id;

	(void)state;
	snprintf(entry, sizeof(entry), "r%u", other.id);
	dom0_write("/local/shared", "secret");
	assert_int_equal(dom0_chmod("/local/shared", "n0", entry), 0);
	assert_int_equal(dom0_chmod("/", "n0", entry), 0);
	assert_int_equal(dom0_chmod("@releaseDomain", "n0", entry), 0);
	assert_value(&other, 0, "/local/shared", "secret");
	peer_end(&other);
	peer_start(&other);
	assert_int_equal(other.id, old);
	assert_int_equal(peer_read(&other, 0, "/local/shared", NULL), -EACCES);
	assert_int_equal(peer_call(&other, WIRE_DIRECTORY, 0, "/", NULL), -EACCES);
	assert_int_equal(peer_call(&other, WIRE_GET_PERMS, 0, "@releaseDomain", NULL), -EACCES);
	make_data(&other, data);
	make_data(&guest, data);
}

static void xsa_323_path_length(void **state)
{
	char path[2100], absolute[2200], value[8];

	(void)state;
	memset(path, 'x', sizeof(path));
	memcpy(path, "data/", 5);
	path[2049] = '\0';
	assert_int_equal(peer_write(&guest, 0, path, "1"), -EINVAL);
	path[2048] = '\0';
	assert_int_equal(peer_write(&guest, 0, path, "1"), 3);
	snprintf(absolute, sizeof(absolute), "/local/domain/%u/%s", guest.id, path);
	assert_int_equal(xs_read(0, absolute, value, sizeof(value)), 1);
	assert_int_equal(xs_directory(0, absolute, 0, value, sizeof(value), NULL), 0);
	assert_int_equal(xs_rm(0, absolute), 0);
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

static void xsa_352_node_ownership(void **state)
{
	char owner[16];

	(void)state;
	snprintf(owner, sizeof(owner), "n%u", other.id);
	assert_int_equal(peer_call(&guest, WIRE_SET_PERMS, 0, "data", owner), -EPERM);
	assert_int_equal(peer_call(&guest, WIRE_SET_PERMS, 0, "data", "n0"), -EPERM);
}

static void xsa_353_root_node(void **state)
{
	char owner[16];

	(void)state;
	snprintf(owner, sizeof(owner), "n%u", guest.id);
	assert_int_equal(peer_call(&guest, WIRE_SET_PERMS, 0, "/", owner), -EACCES);
	assert_int_equal(peer_call(&guest, WIRE_RM, 0, "/", NULL), -EACCES);
	assert_int_equal(peer_write(&guest, 0, "/", "x"), -EACCES);
	assert_int_equal(peer_write(&guest, 0, "/x", "x"), -EACCES);
	assert_int_equal(peer_call(&guest, WIRE_MKDIR, 0, "/x", NULL), -EACCES);
	assert_int_equal(peer_call(&guest, WIRE_GET_PERMS, 0, "/", NULL), -EACCES);
	assert_int_equal(peer_call(&guest, WIRE_DIRECTORY, 0, "/", NULL), -EACCES);
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

static void xsa_417_nodes_of_later_domains(void **state)
{
	char entry[16];
	struct peer third;

	(void)state;
	peer_make(&third); // to know which id comes next
	peer_end(&third);
	snprintf(entry, sizeof(entry), "b%u", third.id);
	dom0_write("/local/early", "secret");
	assert_int_equal(dom0_chmod("/local/early", "n0", entry), 0);
	assert_int_equal(dom0_chmod("/local/early", entry, NULL), -ENOENT);
	domid_t id = third.id;
	peer_start(&third);
	assert_int_equal(third.id, id);
	assert_int_equal(peer_read(&third, 0, "/local/early", NULL), -EACCES);
	peer_end(&third);
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

static void xsa_481_paths(void **state)
{
	static const char *const paths[] = {
		"", "/", "//", "/local/domain/", "/local/domain/x", "/a//b", "/a/", "@", "@/", "\x80", "/local/domain/\x80",
		"/local/domain/99999999999/x", "/local/domain//x", "@releaseDomain/", "@introduceDomain/x",
	};
	static const unsigned int types[] = { WIRE_READ, WIRE_DIRECTORY, WIRE_GET_PERMS, WIRE_WRITE, WIRE_MKDIR, WIRE_RM };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		for (size_t n = 0; n < ARRAY_SIZE(types); n++) {
			long result = peer_call(&guest, types[n], 0, paths[i], NULL);

			assert_true(result == -EINVAL || result == -EACCES);
		}
		peer_call(&guest, WIRE_WATCH, 0, paths[i], "t");
		peer_call(&guest, WIRE_UNWATCH, 0, paths[i], "t");
		peer_call(&guest, WIRE_SET_PERMS, 0, paths[i], "n1");
	}
	assert_other_is_served();
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(xsa_38_ring_states),
		TEST(xsa_72_oversized_replies),
		TEST(xsa_115_watch_notifications),
		TEST(xsa_206_repeated_update),
		TEST(xsa_233_domain_cleanup),
		TEST(xsa_272_quota_is_applied),
		TEST(xsa_322_inherited_permissions),
		TEST(xsa_323_path_length),
		TEST(xsa_324_events_beyond_the_payload),
		TEST(xsa_325_broken_rings_and_cleanup),
		TEST(xsa_326_memory),
		TEST(xsa_330_reset_watches),
		TEST(xsa_349_backends_and_watched_paths),
		TEST(xsa_352_node_ownership),
		TEST(xsa_353_root_node),
		TEST(xsa_414_failed_creation),
		TEST(xsa_415_orphaned_nodes),
		TEST(xsa_416_temporary_memory),
		TEST(xsa_417_nodes_of_later_domains),
		TEST(xsa_418_depth),
		TEST(xsa_419_cooperating_guests),
		TEST(xsa_420_length_truncation),
		TEST(xsa_421_nodes_by_transactions),
		TEST(xsa_425_soft_reset),
		TEST(xsa_440_conflicting_deletions),
		TEST(xsa_481_paths),
		TEST(xsa_483_counts_across_destruction),
		TEST(xsa_484_reset_watches_in_a_transaction),
	};

	return cmocka_run_group_tests(tests, xenstore_test_start, NULL);
}
