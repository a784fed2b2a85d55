// SPDX-License-Identifier: Apache-2.0
// What may happen while a request waits: for the guard of another guest's transaction, or for anything else. Guests and
// domains come and go meanwhile, and nothing that was looked at before the wait may be trusted behind it.
#include "xsa_guests.h"

#define SHARED "/local/domain/0/shared"

// A node that all guests may read and write.
static void make_shared(void)
{
	assert_int_equal(dom0_write(SHARED, "0"), 0);
	assert_int_equal(dom0_chmod(SHARED, "b0", NULL), 0);
}

// The next transaction of a guest that lost one is guarded.
static void lose(struct peer *peer)
{
	uint32_t t = peer_begin(peer);

	assert_value(peer, t, SHARED, "0");
	assert_int_equal(dom0_write(SHARED, "1"), 0);
	assert_int_equal(dom0_write(SHARED, "0"), 0);
	assert_int_equal(peer_commit(peer, t), -EAGAIN);
}

static uint32_t begin_guarded(struct peer *peer)
{
	lose(peer);
	uint32_t t = peer_begin(peer);
	assert_value(peer, t, SHARED, "0");
	return t;
}

// Puts the request into the ring; whose event comes first gets its turn first.
static void send(struct peer *peer, unsigned int type, uint32_t transaction, const char *payload, size_t size)
{
	assert_true(peer_send(peer, type, transaction, payload, size));
}

static void expect_error(struct peer *peer, const char *name)
{
	struct message message;

	assert_true(peer_receive_reply(peer, &message));
	assert_int_equal(message.header.type, WIRE_ERROR);
	assert_string_equal(message.payload, name);
}

static void expect_done(struct peer *peer, unsigned int type)
{
	struct message message;

	assert_true(peer_receive_reply(peer, &message));
	assert_int_equal(message.header.type, type);
}

// A transaction that is to be committed waits for a guard, and has to be given up for want of memory meanwhile; the next
// guard begins before it looks again.
static void a_commit_that_waits_may_fail_meanwhile(void **state)
{
	struct peer third;

	(void)state;
	make_shared();
	peer_start(&third);
	lose(&third);
	uint32_t guarded = begin_guarded(&other), doomed = peer_begin(&guest);
	assert_int_equal(peer_write(&guest, doomed, SHARED, "2"), 3);
	send(&guest, WIRE_TRANSACTION_END, doomed, "T", 2);
	model_run(MICROSECONDS(100));

	assert_int_equal(xs_quota_set(guest.id, XS_QUOTA_MEMORY, 1), 0);
	assert_int_equal(dom0_write("/local/domain/0/another", "long enough to be another node"), 0);
	send(&other, WIRE_TRANSACTION_END, guarded, "F", 2);
	send(&third, WIRE_TRANSACTION_START, 0, "", 1);
	expect_done(&other, WIRE_TRANSACTION_END);
	expect_done(&third, WIRE_TRANSACTION_START);
	expect_error(&guest, "EAGAIN");
	peer_end(&third);
}

// Rights that a guest gives to a domain end with that domain, also when it ends while the request waits.
static void rights_for_a_domain_that_ends_meanwhile(void **state)
{
	char permissions[32], path[64];
	struct peer third;

	(void)state;
	make_shared();
	peer_start(&third);
	snprintf(path, sizeof(path), "/local/domain/%u/data", guest.id);
	uint32_t guarded = begin_guarded(&other);
	assert_int_equal(peer_read(&other, guarded, path, NULL), -EACCES);
	size_t size = (size_t)sprintf(permissions, "data%cn%u%cr%u%c", 0, guest.id, 0, third.id, 0);
	send(&guest, WIRE_SET_PERMS, 0, permissions, size);
	model_run(MICROSECONDS(100));
	peer_end(&third);
	assert_int_equal(peer_commit(&other, guarded), 3);
	expect_done(&guest, WIRE_SET_PERMS);

	struct xs_permission list[2];
	size_t count;
	assert_int_equal(xs_get_permissions(XS_NO_TRANSACTION, path, list, 2, &count), 0);
	assert_true(count == 1 || list[1].ignored);
}

#define BIG_TREE 100u

static void make_big_tree(char path[64])
{
	char node[96];

	snprintf(path, 64, "/local/domain/%u/data/big", other.id);
	for (unsigned int i = 0; i < BIG_TREE; i++) {
		snprintf(node, sizeof(node), "%s/%u", path, i);
		assert_int_equal(dom0_write(node, "something"), 0);
	}
}

// A commit looks at what it read piece by piece, while others change the store, and then lets go of what they have removed.
// Whatever they change until the end of that counts.
static void a_change_during_a_commit_is_seen(void **state)
{
	static const char write[] = SHARED "\0" "1";
	char path[64], node[32];

	(void)state;
	make_shared();
	assert_int_equal(xs_quota_set(guest.id, XS_QUOTA_MEMORY, 0), 0);
	for (unsigned int reads = BIG_TREE - 20; reads < BIG_TREE + 20; reads++) {
		struct message message;

		make_big_tree(path);
		assert_int_equal(dom0_write(SHARED, "0"), 0);
		assert_int_equal(dom0_write("/local/domain/0/result", "none"), 0);
		assert_int_equal(dom0_chmod("/local/domain/0/result", "b0", NULL), 0);
		uint32_t t = peer_begin(&guest);
		assert_value(&guest, t, SHARED, "0");
		assert_int_equal(dom0_write("/local/domain/0/unrelated", "0"), 0); // its version isn't the store's any more
		for (unsigned int i = 0; i < reads; i++) {
			snprintf(node, sizeof(node), "data/%u", i);
			assert_int_equal(peer_read(&guest, t, node, NULL), -ENOENT);
		}
		assert_int_equal(peer_write(&guest, t, "/local/domain/0/result", "0"), 3);
		assert_int_equal(peer_call(&other, WIRE_WATCH, 0, SHARED, "shared"), 3);
		assert_int_equal(peer_call(&other, WIRE_WATCH, 0, "/local/domain/0/result", "result"), 3);
		peer_take_events(&other);
		peer_forget_events(&other);

		send(&guest, WIRE_TRANSACTION_END, t, "T", 2);
		send(&other, WIRE_RM, 0, "data/big", 9);
		send(&other, WIRE_WRITE, 0, write, sizeof(write) - 1);
		expect_done(&other, WIRE_RM);
		expect_done(&other, WIRE_WRITE);
		assert_true(peer_receive_reply(&guest, &message));
		peer_take_events(&other);
		if (message.header.type != WIRE_ERROR)
			assert_non_null(strstr(other.events[0], "result")); // before the change of what it read
		assert_int_equal(peer_call(&other, WIRE_RESET_WATCHES, 0, "", NULL), 3);
		peer_forget_events(&other);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_commit_that_waits_may_fail_meanwhile),
		TEST(a_change_during_a_commit_is_seen),
		TEST(rights_for_a_domain_that_ends_meanwhile),
	};

	return cmocka_run_group_tests(tests, xenstore_test_start, NULL);
}
