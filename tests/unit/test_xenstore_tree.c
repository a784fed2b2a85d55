// SPDX-License-Identifier: Apache-2.0
// The persistent tree under the store: directories stay balanced and sorted, versions that somebody keeps stay as they were,
// a change that runs out of memory changes nothing, and nothing is left over.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/compiler.h"
#include "model/model.h"
#include "xenstore/directory.h"
#include "xenstore/path.h"
#include "xenstore/tree.h"

#define NAMES 300u

static struct acl *acl;
static uint32_t seed;

static uint32_t next_random(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

static int start(void **state)
{
	static const struct xs_permission nobody = { .domid = 0 };

	(void)state;
	model_start(NULL);
	return acl_intern(&nobody, 1, &acl);
}

static int end(void **state)
{
	(void)state;
	acl_put(acl);
	assert_int_equal(node_memory(), 0);
	assert_int_equal(acl_count(), 0);
	return 0;
}

static struct node *make(const char *name, const char *value)
{
	return node_create(name, strlen(name), value, strlen(value), acl_get(acl));
}

static void name_of(unsigned int number, char name[16])
{
	snprintf(name, 16, "%x", number * 2654435761u); // of different lengths, in no order
}

// ---- Directories ----

// What a directory should hold.
struct expected {
	bool there[NAMES];
};

static unsigned int check_balance(const struct node *node)
{
	unsigned int left, right;

	if (!node)
		return 0;
	left = check_balance(node->left);
	right = check_balance(node->right);
	assert_true(left <= right + 1 && right <= left + 1);
	assert_int_equal(node->height, 1 + MAX(left, right));
	assert_int_equal(node->list_size, node->name_size + 1u + directory_list_size(node->left) +
						  directory_list_size(node->right));
	return node->height;
}

static void check_directory(const struct node *root, const struct expected *expected)
{
	static char list[NAMES * 16];
	const struct node *node;
	const char *previous = NULL;
	unsigned int count = 0, listed = 0;
	size_t size = directory_list(root, 0, list, sizeof(list)), at = 0;
	char name[16];

	check_balance(root);
	for (unsigned int i = 0; i < NAMES; i++) {
		name_of(i, name);
		node = directory_find(root, name, strlen(name));
		assert_int_equal(!!node, expected->there[i]);
		count += expected->there[i];
	}
	assert_int_equal(size, directory_list_size(root));
	for (node = directory_after(root, NULL, 0); node; node = directory_after(root, node->bytes, node->name_size)) {
		assert_int_equal(strlen(list + at), node->name_size);
		assert_memory_equal(list + at, node->bytes, node->name_size);
		assert_true(!previous || strcmp(previous, list + at) < 0);
		previous = list + at;
		at += node->name_size + 1u;
		listed++;
	}
	assert_int_equal(listed, count);
}

static void directories_keep_their_versions(void **state)
{
	enum { VERSIONS = 8 };
	struct node *kept[VERSIONS] = { NULL }, *root = NULL, *removed;
	struct expected expected[VERSIONS], now = { { false } };

	(void)state;
	seed = 1;
	memset(expected, 0, sizeof(expected));
	for (unsigned int step = 0; step < 20000; step++) {
		// Phases in which it rather grows, and in which it rather shrinks.
		unsigned int i = next_random() % NAMES, grow = step / 2000 % 2;
		char name[16];

		name_of(i, name);
		if (!now.there[i] && (grow || next_random() % 3 == 0)) {
			assert_int_equal(directory_insert(&root, make(name, "")), 0);
			now.there[i] = true;
		} else if (now.there[i] && (!grow || next_random() % 3 == 0)) {
			assert_int_equal(directory_remove(&root, name, strlen(name), &removed), 0);
			assert_int_equal(removed->references, 1);
			assert_null(removed->left);
			assert_null(removed->right);
			node_put(removed);
			now.there[i] = false;
		}
		if (step % 37 == 0) {
			unsigned int v = next_random() % VERSIONS;

			check_directory(kept[v], &expected[v]);
			node_put(kept[v]);
			kept[v] = node_get(root);
			expected[v] = now;
		}
		if (step % 101 == 0)
			check_directory(root, &now);
	}
	for (unsigned int v = 0; v < VERSIONS; v++)
		node_put(kept[v]);
	node_put(root);
}

static void lists_begin_anywhere(void **state)
{
	struct node *root = NULL;
	char whole[NAMES * 16], part[NAMES * 16], name[16];
	size_t size;

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		name_of(i, name);
		assert_int_equal(directory_insert(&root, make(name, "")), 0);
	}
	size = directory_list(root, 0, whole, sizeof(whole));
	for (size_t offset = 0; offset < size + 3; offset++) {
		size_t left = offset < size ? size - offset : 0;

		assert_int_equal(directory_list(root, offset, part, sizeof(part)), left);
		assert_memory_equal(part, whole + offset, left);
		for (size_t room = 0; room < 40; room += 7) { // whole names only
			size_t used = directory_list(root, offset, part, room);

			assert_true(used <= room);
			assert_memory_equal(part, whole + offset, used);
			assert_true(!used || !part[used - 1]);
			assert_true(used + strlen(whole + offset + used) + 1 > room || used == left);
		}
	}
	node_put(root);
}

// Every allocation of every change fails once, while other versions are kept.
static void a_failed_change_changes_nothing(void **state)
{
	struct expected now = { { false } };
	struct node *root = NULL, *kept = NULL, *removed;

	(void)state;
	seed = 7;
	for (unsigned int step = 0; step < 300; step++) {
		unsigned int i = next_random() % 40;
		char name[16];

		node_put(kept);
		kept = node_get(root);
		name_of(i, name);
		for (unsigned int nth = 1;; nth++) {
			struct node *node = now.there[i] ? NULL : make(name, "");
			int error;

			model_fail_allocation(nth);
			error = node ? directory_insert(&root, node) :
				       directory_remove(&root, name, strlen(name), &removed);
			model_fail_allocation(0);
			if (!error) {
				now.there[i] = node;
				node_put(node ? NULL : removed);
				break;
			}
			assert_int_equal(error, -ENOMEM);
			node_put(node);
			check_directory(root, &now);
		}
		check_directory(root, &now);
	}
	node_put(kept);
	node_put(root);
}

// ---- The tree ----

static int add(struct node **top, const char *path, const char *value)
{
	size_t size = strlen(path), name = path_name(path, size);

	return tree_insert(top, path, path_parent(path, size), make(path + name, value));
}

static struct node *make_tree(void)
{
	static const char *const paths[] = { "/", "/a", "/a/b", "/a/b/c", "/a/bb", "/d", "@special" };
	struct node *top = make("", "");

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		assert_int_equal(add(&top, paths[i], paths[i]), 0);
	return top;
}

static const struct node *find(const struct node *top, const char *path)
{
	return tree_find(top, path, strlen(path));
}

static void paths_lead_to_nodes(void **state)
{
	struct node *top = make_tree();
	size_t nearest;

	(void)state;
	assert_memory_equal(node_value(find(top, "/a/b/c")), "/a/b/c", 6);
	assert_memory_equal(node_value(find(top, "/")), "/", 1);
	assert_memory_equal(node_value(find(top, "@special")), "@special", 8);
	assert_null(find(top, "/a/c"));
	assert_null(find(top, "@other"));
	assert_null(find(top, "@special/1"));
	assert_memory_equal(node_value(tree_nearest(top, "/a/b/x/y", 8, &nearest)), "/a/b", 4);
	assert_int_equal(nearest, 4);
	tree_nearest(top, "/x", 2, &nearest);
	assert_int_equal(nearest, 1);
	assert_ptr_equal(tree_nearest(top, "@other", 6, &nearest), top);
	assert_int_equal(nearest, 0);
	node_put(top);
}

static void versions_share_what_is_unchanged(void **state)
{
	struct node *top = make_tree(), *kept = node_get(top), **slot, *removed;

	(void)state;
	assert_int_equal(tree_own(&top, "/a/b", 4, &slot), 0);
	assert_int_equal(node_set_value(slot, "new", 3), 0);
	assert_memory_equal(node_value(find(kept, "/a/b")), "/a/b", 4);
	assert_memory_equal(node_value(find(top, "/a/b")), "new", 3);
	assert_ptr_equal(find(top, "/a/b/c"), find(kept, "/a/b/c"));
	assert_ptr_equal(find(top, "/d"), find(kept, "/d"));
	assert_ptr_not_equal(find(top, "/a"), find(kept, "/a"));

	const struct node *b = find(top, "/a/b");
	assert_int_equal(tree_own(&top, "/a/b", 4, &slot), 0);
	assert_ptr_equal(*slot, b); // it is this version's own by now
	assert_int_equal(tree_remove(&top, "/a", 2, &removed), 0);
	assert_null(find(top, "/a/b/c"));
	assert_non_null(find(kept, "/a/b/c"));
	node_put(removed);
	node_put(kept);
	node_put(top);
}

static void walks_see_all_nodes_once(void **state)
{
	static const char *const order[] = { "/", "/a", "/a/b", "/a/b/c", "/a/bb", "/d", "@special" };
	struct node *top = make_tree();
	char path[PATH_MAX_BYTES + 1];
	struct tree_walk walk;
	unsigned int count = 0;
	int error = 0;

	(void)state;
	tree_walk_start(&walk, top);
	assert_ptr_equal(tree_walk_next(&walk, &error), top);
	for (; tree_walk_next(&walk, &error); count++) {
		tree_walk_path(&walk, path);
		assert_string_equal(path, order[count]);
	}
	tree_walk_end(&walk);
	assert_int_equal(count, ARRAY_SIZE(order));

	// From each node on, and from places where there is none.
	for (unsigned int i = 0; i + 1 < ARRAY_SIZE(order); i++) {
		tree_walk_start_after(&walk, top, order[i], strlen(order[i]), &error);
		tree_walk_path(&walk, path);
		assert_string_equal(path, order[i + 1]);
		tree_walk_end(&walk);
	}
	tree_walk_start_after(&walk, top, "/a/b/a/x", 8, &error);
	tree_walk_path(&walk, path);
	assert_string_equal(path, "/a/b/c");
	tree_walk_end(&walk);
	tree_walk_start_after(&walk, top, "/a/c/x", 6, &error);
	tree_walk_path(&walk, path);
	assert_string_equal(path, "/d");
	tree_walk_end(&walk);
	assert_null(tree_walk_start_after(&walk, top, "@special", 8, &error));
	tree_walk_end(&walk);
	node_put(top);
}

static void depth_needs_no_stack(void **state)
{
	struct node *top = make_tree(), *kept, **slot;
	char path[PATH_MAX_BYTES + 1];
	struct tree_walk walk;
	unsigned int count = 0;
	size_t size = 2;
	int error = 0;

	(void)state;
	for (memcpy(path, "/d", 3); size + 2 <= PATH_MAX_BYTES; size += 2) {
		memcpy(path + size, "/x", 3);
		assert_int_equal(add(&top, path, ""), 0);
	}
	kept = node_get(top);
	assert_int_equal(tree_own(&top, path, size, &slot), 0);
	tree_walk_start(&walk, top);
	while (tree_walk_next(&walk, &error))
		count++;
	tree_walk_end(&walk);
	assert_int_equal(count, 8 + (PATH_MAX_BYTES - 2) / 2);
	tree_walk_start(&walk, top); // without memory for so many levels
	model_fail_allocation(1);
	while (tree_walk_next(&walk, &error))
		;
	model_fail_allocation(0);
	tree_walk_end(&walk);
	assert_int_equal(error, -ENOMEM);
	node_put(kept);
	node_put(top);
}

static void paths_have_an_order(void **state)
{
	static const char *const sorted[] = { "/", "/a", "/a/b", "/a/b/c", "/a/b-", "/a-", "/a-/b", "/b", "@x", "@x/1" };
	static const struct {
		const char *path, *parent, *name;
	} parts[] = { { "/a", "/", "a" }, { "/a/bc", "/a", "bc" }, { "/", "", "/" }, { "@x", "", "@x" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++)
		for (size_t j = 0; j < ARRAY_SIZE(sorted); j++) {
			int order = path_compare(sorted[i], strlen(sorted[i]), sorted[j]);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		size_t size = strlen(parts[i].path);

		assert_int_equal(path_parent(parts[i].path, size), strlen(parts[i].parent));
		assert_string_equal(parts[i].path + path_name(parts[i].path, size), parts[i].name);
	}
	assert_true(path_is_below("/a/b", "/a", 2));
	assert_true(path_is_below("/a", "/a", 2));
	assert_true(path_is_below("/a", "/", 1));
	assert_false(path_is_below("/ab", "/a", 2));
	assert_false(path_is_below("@x", "/", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directories_keep_their_versions),
		cmocka_unit_test(lists_begin_anywhere),
		cmocka_unit_test(a_failed_change_changes_nothing),
		cmocka_unit_test(paths_lead_to_nodes),
		cmocka_unit_test(versions_share_what_is_unchanged),
		cmocka_unit_test(walks_see_all_nodes_once),
		cmocka_unit_test(depth_needs_no_stack),
		cmocka_unit_test(paths_have_an_order),
	};

	return cmocka_run_group_tests(tests, start, end);
}
