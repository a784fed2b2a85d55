// SPDX-License-Identifier: Apache-2.0
// The store for this program's own users (xenstore.h): nodes, transactions, watches, quotas, and requests as domain 0; and that large
// operations of theirs let the guests in.
#include "xenstore_guest.h"

static struct wait_queue queue;

static int setup(void **state)
{
	(void)state;
	wait_queue_init(&queue);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	xs_rm(0, "/a");
	xs_rm(0, "/local");
	assert_consistent();
	return 0;
}

static void nodes(void **state)
{
	struct xs_permission list[4];
	char buffer[64];
	size_t count;

	(void)state;
	assert_int_equal(xs_read(0, "/a", buffer, sizeof(buffer)), -ENOENT);
	assert_int_equal(xs_printf(0, "/a/b", "%d of %s", 5, "six"), 0);
	assert_int_equal(xs_read(0, "/a/b", buffer, sizeof(buffer)), 8);
	assert_string_equal(buffer, "5 of six");
	assert_int_equal(xs_read(0, "/a/b", buffer, 8), -ERANGE);
	assert_int_equal(xs_read(0, "/a/b", buffer, 9), 8);
	assert_int_equal(xs_printf(0, "/a/b", "%300d", 5), -E2BIG);
	assert_int_equal(xs_write(0, "/a/b", buffer, XS_VALUE_MAX + 1), -E2BIG);
	assert_int_equal(xs_write(0, "a/b", buffer, 1), -EINVAL);
	assert_int_equal(xs_write(0, "@releaseDomain", buffer, 1), -EINVAL);
	assert_int_equal(xs_write(4711, "/a/b", buffer, 1), -ENOENT);
	assert_int_equal(xs_mkdir(0, "/a/c"), 0);
	assert_int_equal(xs_rm(0, "/a/x"), 0);
	assert_int_equal(xs_rm(0, "/x/y"), -ENOENT);
	assert_int_equal(xs_get_permissions(0, "/a/b", NULL, 0, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(xs_get_permissions(0, "/a/b", list, 4, &count), 0);
	assert_int_equal(list[0].domid, 0);
	assert_int_equal(xs_set_permissions(0, "/a/b", list, 0), -EINVAL);
	list[1] = (struct xs_permission){ .domid = 4711, .access = XS_ACCESS_READ };
	assert_int_equal(xs_set_permissions(0, "/a/b", list, 2), 0);
	assert_int_equal(xs_get_permissions(0, "/a/b", list, 1, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(xs_get_permissions(0, "/a/b", list, 4, &count), 0);
	assert_true(list[1].ignored);
	assert_int_equal(xs_get_permissions(0, "@releaseDomain", list, 4, &count), 0);
}

static void lists_in_parts(void **state)
{
	uint64_t generation, same;
	char buffer[64];

	(void)state;
	xs_write(0, "/a/first", "", 0);
	xs_write(0, "/a/second", "", 0);
	assert_int_equal(xs_directory(0, "/a", 0, buffer, sizeof(buffer), &generation), 13);
	assert_memory_equal(buffer, "first\0second\0", 13);
	assert_int_equal(xs_directory(0, "/a", 0, buffer, 12, &same), 6);
	assert_int_equal(same, generation);
	assert_int_equal(xs_directory(0, "/a", 6, buffer, 12, NULL), 7);
	assert_int_equal(xs_directory(0, "/a", 13, buffer, 12, NULL), 0);
	assert_int_equal(xs_directory(0, "/a", 0, buffer, 5, NULL), -ERANGE);
	xs_rm(0, "/a/first");
	xs_directory(0, "/a", 0, buffer, sizeof(buffer), &same);
	assert_true(same != generation);
}

static void transactions(void **state)
{
	xs_transaction_t one, two;
	char buffer[8];

	(void)state;
	xs_write(0, "/a/b", "1", 1);
	assert_int_equal(xs_transaction_start(&one), 0);
	assert_int_equal(xs_transaction_start(&two), 0);
	assert_int_equal(xs_read(one, "/a/b", buffer, sizeof(buffer)), 1);
	assert_int_equal(xs_read(two, "/a/b", buffer, sizeof(buffer)), 1);
	assert_int_equal(xs_write(one, "/a/b", "2", 1), 0);
	assert_int_equal(xs_write(two, "/a/b", "3", 1), 0);
	assert_int_equal(xs_transaction_end(one, true), 0);
	assert_int_equal(xs_transaction_end(two, true), -EAGAIN);
	assert_int_equal(xs_transaction_end(two, true), -ENOENT);
	xs_read(0, "/a/b", buffer, sizeof(buffer));
	assert_string_equal(buffer, "2");
}

// A transaction for work that doesn't wait.
static void alone(void **state)
{
	xs_transaction_t t;
	struct xs_watch *watch;
	char text[64];

	(void)state;
	xs_write(0, "/a/old", "1", 1);
	assert_int_equal(xs_watch_open("/a", XS_DEPTH_ALL, &queue, &watch), 0);
	xs_watch_take(watch, text, sizeof(text));
	assert_int_equal(xs_transaction_start_alone(&t), 0);
	assert_int_equal(xs_rm(t, "/a/old"), 0);
	assert_int_equal(xs_write(t, "/a/b/c", "1", 1), 0);
	assert_int_equal(xs_write(t, "/a/b/c", "2", 1), 0);
	assert_int_equal(xs_read(t, "/a/b/c", text, sizeof(text)), 1);
	assert_int_equal(xs_read(0, "/a/b/c", text, sizeof(text)), -ENOENT);
	assert_int_equal(xs_transaction_end(t, true), 0);
	assert_int_equal(xs_read(0, "/a/b/c", text, sizeof(text)), 1);
	assert_string_equal(text, "2");
	assert_int_equal(xs_read(0, "/a/old", text, sizeof(text)), -ENOENT);
	assert_true(xs_watch_take(watch, text, sizeof(text)));
	assert_string_equal(text, "/a/old");
	assert_true(xs_watch_take(watch, text, sizeof(text)));
	assert_string_equal(text, "/a/b/c");
	assert_false(xs_watch_take(watch, text, sizeof(text)));
	xs_watch_close(watch);

	// Others ran in between, wherever they wrote.
	assert_int_equal(xs_transaction_start_alone(&t), 0);
	assert_int_equal(xs_write(t, "/a/d", "", 0), 0);
	xs_write(0, "/elsewhere", "", 0);
	assert_int_equal(xs_transaction_end(t, true), -EAGAIN);
	assert_int_equal(xs_read(0, "/a/d", text, sizeof(text)), -ENOENT);
	assert_int_equal(xs_transaction_start_alone(&t), 0);
	assert_int_equal(xs_write(t, "/a/d", "", 0), 0);
	assert_int_equal(xs_transaction_end(t, false), 0);
	assert_int_equal(xs_read(0, "/a/d", text, sizeof(text)), -ENOENT);
	assert_int_equal(xs_rm(0, "/elsewhere"), 0);
}

static void watches(void **state)
{
	struct xs_watch *deep, *flat;
	char path[64];

	(void)state;
	assert_int_equal(xs_watch_open("a", -1, &queue, &deep), -EINVAL);
	assert_int_equal(xs_watch_open("/a", XS_DEPTH_ALL, &queue, &deep), 0);
	assert_int_equal(xs_watch_open("/a", 1, &queue, &flat), 0);
	assert_true(xs_watch_take(deep, path, sizeof(path)));
	assert_string_equal(path, "/a");
	assert_false(xs_watch_take(deep, path, sizeof(path)));
	assert_true(xs_watch_take(flat, path, sizeof(path)));
	xs_write(0, "/a/b/c", "", 0);
	assert_true(xs_watch_take(deep, path, sizeof(path)));
	assert_string_equal(path, "/a/b/c");
	assert_false(xs_watch_take(flat, path, sizeof(path)));
	xs_write(0, "/a/b", "1", 1);
	xs_write(0, "/a/b", "2", 1);
	assert_true(xs_watch_take(flat, path, sizeof(path)));
	assert_false(xs_watch_take(flat, path, sizeof(path)));
	xs_watch_close(deep);
	xs_write(0, "/a/b", "3", 1);
	xs_watch_close(flat);
}

static void write_soon(void *unused)
{
	(void)unused;
	task_sleep(MILLISECONDS(5));
	dom0_write("/a/b", "1");
}

static void watches_wake_their_queue(void **state)
{
	struct xs_watch *opened;
	uint64_t start = time_now();
	char path[64];

	(void)state;
	assert_int_equal(xs_watch_open("/a/b", XS_DEPTH_ALL, &queue, &opened), 0);
	assert_true(xs_watch_take(opened, path, sizeof(path)));
	task_create("writer", write_soon, NULL);
	WAIT_UNTIL(&queue, xs_watch_take(opened, path, sizeof(path)));
	assert_true(time_now() - start < MILLISECONDS(6));
	xs_watch_close(opened);
}

static void quotas(void **state)
{
	struct peer peer;
	uint32_t limit;

	(void)state;
	assert_int_equal(xs_quota_get(DOMID_INVALID, XS_QUOTA_NODES, &limit), 0);
	assert_int_equal(limit, CONFIG_XENSTORE_QUOTA_NODES);
	assert_int_equal(xs_quota_set(DOMID_INVALID, XS_QUOTA_NODES, 7), 0);
	assert_int_equal(xs_quota_get(4711, XS_QUOTA_NODES, &limit), -ENOENT);
	peer_make(&peer);
	assert_int_equal(xs_quota_get(peer.id, XS_QUOTA_NODES, &limit), 0); // Xen knows it
	assert_int_equal(limit, 7);
	assert_int_equal(xs_quota_set(peer.id, XS_QUOTA_NODES, 9), 0);
	assert_int_equal(peer_introduce(&peer), 0);
	assert_int_equal(xs_quota_get(peer.id, XS_QUOTA_NODES, &limit), 0);
	assert_int_equal(limit, 9);
	peer_end(&peer);
	xs_quota_set(DOMID_INVALID, XS_QUOTA_NODES, CONFIG_XENSTORE_QUOTA_NODES);
	assert_string_equal(xs_quota_name(XS_QUOTA_NODES), "nodes");
}

static long call(unsigned int type, const char *payload, size_t size, char *reply)
{
	long result = xs_request(type, 0, payload, size, reply, WIRE_PAYLOAD_MAX);

	if (result >= 0)
		reply[result] = '\0';
	return result;
}

static void privileged_requests(void **state)
{
	static const struct {
		unsigned int type;
		const char *payload; // '|' for NUL, N for the domain's id
		long result;
		const char *reply;
	} requests[] = {
		{ WIRE_IS_DOMAIN_INTRODUCED, "N|", 2, "T" },
		{ WIRE_IS_DOMAIN_INTRODUCED, "4711|", 2, "F" },
		{ WIRE_IS_DOMAIN_INTRODUCED, "0|", 2, "T" },
		{ WIRE_IS_DOMAIN_INTRODUCED, "32752|", 2, "T" },
		{ WIRE_IS_DOMAIN_INTRODUCED, "x|", -EINVAL, NULL },
		{ WIRE_GET_FEATURE, "", 3, "15" },
		{ WIRE_GET_FEATURE, "N|", 3, "15" },
		{ WIRE_GET_FEATURE, "4711|", -ENOENT, NULL },
		{ WIRE_SET_FEATURE, "N|7|", -EBUSY, NULL },
		{ WIRE_SET_FEATURE, "4711|7|", -ENOENT, NULL },
		{ WIRE_SET_FEATURE, "N|", -EINVAL, NULL },
		{ WIRE_GET_QUOTA, "nodes|", 5, "1000" },
		{ WIRE_GET_QUOTA, "N|watches|", 4, "128" },
		{ WIRE_GET_QUOTA, "N|soft-memory|", -EINVAL, NULL },
		{ WIRE_GET_QUOTA, "1|2|3|", -EINVAL, NULL },
		{ WIRE_SET_QUOTA, "N|watches|5|", 3, "OK" },
		{ WIRE_GET_QUOTA, "N|watches|", 2, "5" },
		{ WIRE_SET_QUOTA, "watches|", -EINVAL, NULL },
		{ WIRE_SET_QUOTA, "watches|128|", 3, "OK" },
		{ WIRE_SET_TARGET, "N|N|", 3, "OK" },
		{ WIRE_SET_TARGET, "N|4711|", -ENOENT, NULL },
		{ WIRE_SET_TARGET, "N|", -EINVAL, NULL },
		{ WIRE_RESUME, "N|", 3, "OK" },
		{ WIRE_RESUME, "4711|", -ENOENT, NULL },
		{ WIRE_RESUME, "0|", -EINVAL, NULL },
		{ WIRE_INTRODUCE, "N|", -EINVAL, NULL },
		{ WIRE_INTRODUCE, "N|1|0|", -EINVAL, NULL },
		{ WIRE_INTRODUCE, "0|1|1|", -EINVAL, NULL },
		{ WIRE_RELEASE, "0|", -EINVAL, NULL },
		{ WIRE_RELEASE, "4711|", -ENOENT, NULL },
		{ WIRE_CONTROL, "check|", 3, "OK" },
		{ WIRE_CONTROL, "print|hello|", 3, "OK" },
		{ WIRE_CONTROL, "print|", -EINVAL, NULL },
		{ WIRE_CONTROL, "quota|set|nodes|1000|", 3, "OK" },
		{ WIRE_CONTROL, "quota|set|nothing|1000|", -EINVAL, NULL },
		{ WIRE_CONTROL, "quota|4711|", -ENOENT, NULL },
		{ WIRE_CONTROL, "live-update|", -EINVAL, NULL },
		{ WIRE_CONTROL, "", -EINVAL, NULL },
		{ WIRE_WATCH, "/a|t|", -ENOSYS, NULL },
		{ WIRE_RELEASE, "N|", 3, "OK" },
		{ WIRE_RELEASE, "N|", -ENOENT, NULL },
	};
	char reply[WIRE_PAYLOAD_MAX + 1], payload[64];
	struct peer peer;

	(void)state;
	peer_start(&peer);
	assert_true(peer.id < 10);
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		size_t size = strlen(requests[i].payload);

		for (size_t n = 0; n <= size; n++)
			payload[n] = requests[i].payload[n] == '|' ? '\0' :
				     requests[i].payload[n] == 'N' ? (char)('0' + peer.id) :
								     requests[i].payload[n];
		if (call(requests[i].type, payload, size, reply) != requests[i].result)
			fail_msg("request %u, %s", requests[i].type, requests[i].payload);
		if (requests[i].reply)
			assert_string_equal(reply, requests[i].reply);
	}
	assert_true(call(WIRE_GET_QUOTA, "", 0, reply) > 0);
	assert_string_equal(reply, "nodes watches outstanding memory transactions transaction-nodes node-permissions path-max "
				   "node-size");
	assert_true(call(WIRE_CONTROL, "quota", 6, reply) > 0);
	assert_non_null(strstr(reply, "nodes            :     1000"));
	assert_true(call(WIRE_CONTROL, "quota\0000", 8, reply) > 0);
	assert_non_null(strstr(reply, "Domain 0:"));
	assert_true(call(WIRE_CONTROL, "help", 5, reply) > 0);
	assert_non_null(strstr(reply, "check"));
	assert_int_equal(xs_request(WIRE_CONTROL, 0, "help", 5, reply, 5), -ERANGE);
	peer_end(&peer);
}

static void introduction_by_request(void **state)
{
	char payload[64], reply[WIRE_PAYLOAD_MAX + 1];
	struct peer peer;
	int size;

	(void)state;
	peer_make(&peer);
	size = snprintf(payload, sizeof(payload), "%u%c7%c", peer.id, 0, 0);
	assert_int_equal(call(WIRE_SET_FEATURE, payload, (size_t)size, reply), 3);
	size = snprintf(payload, sizeof(payload), "%u%c%u%c%u%c", peer.id, 0, RING_GFN, 0, peer.port, 0);
	assert_int_equal(call(WIRE_INTRODUCE, payload, (size_t)size, reply), 3);
	model_run(MILLISECONDS(1));
	assert_int_equal(peer.ring->features, 7);
	assert_int_equal(peer_request(&peer, WIRE_GET_FEATURE, 0, "", 0, NULL), 2);
	peer_end(&peer);
}

// ---- Large operations ----

static struct peer guest;
static bool stop;
static uint64_t longest;

// Asks all the time, and notes how long it waits.
static void ask(void *unused)
{
	(void)unused;
	while (!stop) {
		uint64_t start = time_now();

		peer_read(&guest, 0, "data", NULL);
		longest = MAX(longest, time_now() - start);
	}
	stop = false;
}

static void make_many(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/a/%u/%u", i % 100, i);
		assert_int_equal(dom0_write(path, "some value"), 0);
	}
}

static void measure(void (*operation)(void))
{
	uint64_t idle;
	char path[64];

	peer_start(&guest);
	make_data(&guest, path);
	make_many(20000);
	assert_non_null(task_create("ask", ask, NULL));
	model_run(MILLISECONDS(20));
	idle = longest;
	operation();
	stop = true;
	while (stop)
		model_run(MILLISECONDS(1));
	assert_true(longest < idle + MILLISECONDS(3));
	peer_end(&guest);
	longest = 0;
}

static void remove_many(void)
{
	assert_int_equal(xs_rm(0, "/a"), 0);
}

static void commit_many(void)
{
	xs_transaction_t t;

	assert_int_equal(xs_transaction_start(&t), 0);
	for (unsigned int i = 0; i < 3000; i++) {
		char path[64], value[16];

		snprintf(path, sizeof(path), "/a/%u/%u", i % 100, i);
		assert_true(xs_read(t, path, value, sizeof(value)) > 0);
		assert_int_equal(xs_write(t, path, "other", 5), 0);
		if (i % 50 == 0)
			task_yield();
	}
	dom0_write("/a/between", "");
	assert_int_equal(xs_transaction_end(t, true), 0);
}

static void release_owner(void)
{
	struct peer owner;
	char entry[16];

	peer_make(&owner);
	snprintf(entry, sizeof(entry), "n%u", owner.id);
	for (unsigned int i = 0; i < 100; i += 3) {
		char path[64];

		snprintf(path, sizeof(path), "/a/%u", i);
		assert_int_equal(dom0_chmod(path, entry, NULL), 0);
	}
	assert_int_equal(xenstore_release(owner.id), 0);
	peer_end(&owner);
	assert_int_equal(xs_read(0, "/a/0/0", entry, sizeof(entry)), -ENOENT);
	assert_int_equal(xs_read(0, "/a/1/1", entry, sizeof(entry)), 10);
}

static void large_operations_let_the_guests_in(void **state)
{
	(void)state;
	measure(remove_many);
	measure(commit_many);
	measure(release_owner);
}

static void find_statistics(const struct xs_domain_statistics *statistics, void *context)
{
	struct xs_domain_statistics *wanted = context;

	if (statistics->domid == wanted->domid)
		*wanted = *statistics;
}

static void figures(void **state)
{
	struct xs_statistics before, after;
	struct xs_domain_statistics domain;
	char path[64];

	(void)state;
	xs_statistics(&before);
	peer_start(&guest);
	make_data(&guest, path);
	peer_call(&guest, WIRE_WATCH, 0, "data", "t");
	peer_begin(&guest);
	xs_statistics(&after);
	assert_int_equal(after.nodes, before.nodes + 4);
	assert_int_equal(after.watches, before.watches + 1);
	assert_int_equal(after.transactions, before.transactions + 1);
	assert_true(after.requests >= before.requests + 2);
	domain.domid = guest.id;
	xs_for_each_domain(find_statistics, &domain);
	assert_true(domain.introduced);
	assert_false(domain.broken);
	assert_int_equal(domain.used[XS_QUOTA_NODES], 1);
	assert_int_equal(domain.used[XS_QUOTA_WATCHES], 1);
	assert_int_equal(domain.used[XS_QUOTA_TRANSACTIONS], 1);
	assert_int_equal(domain.requests, 2);
	guest.ring->req_prod = 99999;
	peer_notify(&guest);
	model_run(MILLISECONDS(1));
	xs_for_each_domain(find_statistics, &domain);
	assert_true(domain.broken);
	assert_int_equal(domain.used[XS_QUOTA_TRANSACTIONS], 0);
	peer_end(&guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(nodes),
		TEST(lists_in_parts),
		TEST(transactions),
		TEST(alone),
		TEST(watches),
		TEST(watches_wake_their_queue),
		TEST(quotas),
		TEST(privileged_requests),
		TEST(introduction_by_request),
		TEST(large_operations_let_the_guests_in),
		TEST(figures),
	};

	return cmocka_run_group_tests(tests, xenstore_test_start, NULL);
}
