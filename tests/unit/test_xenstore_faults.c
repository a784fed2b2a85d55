// SPDX-License-Identifier: Apache-2.0
// A xenstore server that runs out of memory: every allocation of every operation fails once. What fails has changed nothing, what is
// to be given back is given back all the same, and the next attempt succeeds.
#include "xenstore_guest.h"

#include "xenstore/path.h"
#include "xenstore/store.h"

static struct peer guest;
static xs_transaction_t holder; // keeps a version, so that all changes have to copy

// All paths, values and permissions, as one text.
static char *describe(void)
{
	char path[PATH_MAX_BYTES + 1], *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	struct tree_walk walk;
	const struct node *node;
	int error = 0;

	tree_walk_start(&walk, store_top());
	tree_walk_next(&walk, &error);
	while ((node = tree_walk_next(&walk, &error))) {
		tree_walk_path(&walk, path);
		fprintf(stream, "%s=%.*s(", path, node->value_size, node_value(node));
		for (unsigned int i = 0; i < node->acl->count; i++)
			fprintf(stream, "%u:%u ", node->acl->entries[i].domid, node->acl->entries[i].access);
		fprintf(stream, ")\n");
	}
	tree_walk_end(&walk);
	fclose(stream);
	return text;
}

static void prepare(void)
{
	char path[64];

	peer_start(&guest);
	make_data(&guest, path);
	assert_int_equal(dom0_write("/a/b/c", "old"), 0);
	assert_int_equal(dom0_write("/a/d", "1"), 0);
	assert_int_equal(dom0_write("/a/e", "2"), 0);
	assert_int_equal(xs_transaction_start(&holder), 0);
}

static void clean_up(void)
{
	xs_transaction_end(holder, false);
	peer_end(&guest);
	xs_rm(0, "/a");
	xs_rm(0, "/local");
	assert_consistent();
}

// Runs the operation with the Nth allocation failing, for N from 1 on until it succeeds.
static void try_all(int (*operation)(void), const char *what)
{
	unsigned int nth;
	int error = -ENOMEM;

	prepare();
	for (nth = 1; error; nth++) {
		char *before = describe(), *after;
		size_t blocks = model_snapshot().heap_blocks;

		model_fail_allocation(nth);
		error = operation();
		model_fail_allocation(0);
		if (error) {
			after = describe();
			if (strcmp(before, after))
				fail_msg("%s, allocation %u: the store has changed\n%s---\n%s", what, nth, before, after);
			free(after);
			// Copies of nodes may have been made that are needed anyway; nothing else.
			assert_true(model_snapshot().heap_blocks <= blocks + 16);
			assert_true(error == -ENOMEM || error == -EAGAIN);
		}
		free(before);
		assert_consistent();
	}
	print_message("%s: %u allocations\n", what, nth - 2);
	clean_up();
}

static int write_new(void)
{
	return dom0_write("/a/x/y/z", "value");
}

static int write_longer(void)
{
	return dom0_write("/a/b/c", "a longer value than before");
}

static int write_equal(void)
{
	return dom0_write("/a/b/c", "new");
}

static int make_directory(void)
{
	return xs_mkdir(0, "/a/m");
}

static int remove_tree(void)
{
	return xs_rm(0, "/a");
}

static int remove_one(void)
{
	return xs_rm(0, "/a/d");
}

static int change_permissions(void)
{
	char entry[16];

	snprintf(entry, sizeof(entry), "r%u", guest.id);
	return dom0_chmod("/a/b", "b0", entry);
}

static int give_away(void)
{
	char entry[16];

	snprintf(entry, sizeof(entry), "w%u", guest.id);
	return dom0_chmod("/a/b", entry, NULL);
}

static int change_much(xs_transaction_t t)
{
	int error = xs_write(t, "/a/b/c", "changed", 7);

	if (!error)
		error = xs_write(t, "/a/new/node", "1", 1);
	if (!error)
		error = xs_rm(t, "/a/d");
	if (!error)
		error = xs_set_permissions(t, "/a/e", &(struct xs_permission){ .domid = guest.id }, 1);
	return error;
}

static int transaction(void)
{
	xs_transaction_t t;
	int error = xs_transaction_start(&t);

	if (error)
		return error;
	error = change_much(t);
	if (error) {
		xs_transaction_end(t, false);
		return error;
	}
	return xs_transaction_end(t, true);
}

static int transaction_that_repeats(void)
{
	xs_transaction_t t;
	int error = xs_transaction_start(&t);

	if (error)
		return error;
	error = change_much(t);
	if (!error) {
		model_fail_allocation(0); // somebody else comes in between
		dom0_write("/a/e-", "");
		xs_rm(0, "/a/e-");
		static unsigned int nth;
		model_fail_allocation(++nth); // and only the commit fails
		return xs_transaction_end(t, true);
	}
	xs_transaction_end(t, false);
	return error;
}

static int watch(void)
{
	static struct wait_queue queue;
	struct xs_watch *opened;
	int error;

	wait_queue_init(&queue);
	error = xs_watch_open("/a", XS_DEPTH_ALL, &queue, &opened);
	if (!error)
		xs_watch_close(opened);
	return error;
}

static int request(void)
{
	long result = xs_request(WIRE_GET_QUOTA, 0, "nodes", 6, (char[8]){ 0 }, 8);

	return result < 0 ? (int)result : 0;
}

static void changes_are_made_or_not(void **state)
{
	(void)state;
	try_all(write_new, "a new node with parents");
	try_all(write_longer, "a longer value");
	try_all(write_equal, "a value of the same length");
	try_all(make_directory, "a directory");
	try_all(remove_tree, "removal of a tree");
	try_all(remove_one, "removal of a node");
	try_all(change_permissions, "permissions");
	try_all(give_away, "another owner");
	try_all(transaction, "a transaction");
	try_all(transaction_that_repeats, "a transaction whose changes are repeated");
	try_all(watch, "a watch");
	try_all(request, "a request");
}

static void introductions_are_made_or_not(void **state)
{
	struct model_snapshot before = model_snapshot();
	int error = -ENOMEM;
	struct peer peer;

	(void)state;
	for (unsigned int nth = 1; error; nth++) {
		peer_make(&peer);
		model_fail_allocation(nth);
		error = peer_introduce(&peer);
		model_fail_allocation(0);
		assert_int_equal(xenstore_is_introduced(peer.id), !error);
		peer_end(&peer);
		model_assert_equal(&before, "an introduction");
	}
}

// A guest's request fails with ENOMEM, and its connection goes on.
static void requests_are_answered_without_memory(void **state)
{
	static const struct {
		unsigned int type;
		const char *first, *second;
	} requests[] = {
		{ WIRE_WRITE, "data/a/b", "1" }, { WIRE_MKDIR, "data/c", NULL }, { WIRE_WATCH, "data", "t" },
		{ WIRE_TRANSACTION_START, "", NULL }, { WIRE_SET_PERMS, "data", "b1" }, { WIRE_RM, "data/a", NULL },
		{ WIRE_UNWATCH, "data", "t" }, { WIRE_RESET_WATCHES, "", NULL },
	};

	(void)state;
	prepare();
	guest.ignores_events = true; // to keep them would need memory here
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		long result = -ENOMEM;

		for (unsigned int nth = 1; result < 0; nth++) {
			model_fail_allocation(nth);
			result = peer_call(&guest, requests[i].type, 0, requests[i].first, requests[i].second);
			model_fail_allocation(0);
			assert_true(result > 0 || result == -ENOMEM);
		}
	}
	clean_up();
}

// Whatever fails at the end of a domain, the next one with its id gets nothing of it.
static void a_dead_domain_leaves_no_rights(void **state)
{
	char entry[16], path[64];

	(void)state;
	for (unsigned int nth = 0; nth < 30; nth++) {
		domid_t id;

		prepare();
		id = guest.id;
		snprintf(entry, sizeof(entry), "r%u", id);
		assert_int_equal(dom0_chmod("/a", "n0", entry), 0);
		snprintf(entry, sizeof(entry), "n%u", id);
		assert_int_equal(dom0_chmod("/a/d", entry, NULL), 0);
		assert_int_equal(dom0_write("/a/d/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19", ""), 0);
		model_fail_allocation(nth);
		assert_int_equal(xenstore_release(id), 0);
		model_fail_allocation(0);
		peer_end(&guest);
		peer_start(&guest);
		assert_int_equal(guest.id, id);
		assert_int_equal(peer_call(&guest, WIRE_DIRECTORY, 0, "/a", NULL), -EACCES);
		assert_int_equal(peer_read(&guest, 0, "/a/d", NULL), -EACCES);
		snprintf(path, sizeof(path), "/local/domain/%u/data", id);
		assert_int_equal(peer_read(&guest, 0, path, NULL), -EACCES);
		clean_up();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_are_made_or_not),
		cmocka_unit_test(introductions_are_made_or_not),
		cmocka_unit_test(requests_are_answered_without_memory),
		cmocka_unit_test(a_dead_domain_leaves_no_rights),
	};

	return cmocka_run_group_tests(tests, xenstore_test_start, NULL);
}
