// SPDX-License-Identifier: Apache-2.0
// AVL trees of siblings that share their nodes with former versions (node.h): every change first makes the nodes that it will
// touch this version's own, which may fail and changes no contents; the change itself can't fail.
#include "xenstore/directory.h"

#include <errno.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/panic.h"

// An AVL tree of 2^32 nodes is at most 46 high.
#define HEIGHT_MAX 48u

static int compare(const char *name, size_t size, const struct node *node)
{
	int order = memcmp(name, node->bytes, MIN(size, node->name_size));

	return order ? order : (size > node->name_size) - (size < node->name_size);
}

static int height(const struct node *node)
{
	return node ? node->height : 0;
}

static int excess_left(const struct node *node)
{
	return height(node->left) - height(node->right);
}

const struct node *directory_find(const struct node *root, const char *name, size_t size)
{
	int order;

	while (root && (order = compare(name, size, root)))
		root = order < 0 ? root->left : root->right;
	return root;
}

const struct node *directory_after(const struct node *root, const char *name, size_t size)
{
	const struct node *after = NULL;

	while (root) {
		if (!name || compare(name, size, root) < 0) {
			after = root;
			root = root->left;
		} else {
			root = root->right;
		}
	}
	return after;
}

int directory_own(struct node **root, const char *name, size_t size, struct node ***found)
{
	for (struct node **slot = root;;) {
		int order, error = node_own(slot);

		if (error)
			return error;
		order = compare(name, size, *slot);
		if (!order) {
			*found = slot;
			return 0;
		}
		slot = order < 0 ? &(*slot)->left : &(*slot)->right;
	}
}

// ---- Balance ----

static void update(struct node *node)
{
	node->height = (uint8_t)(1 + MAX(height(node->left), height(node->right)));
	node->list_size = node->name_size + 1u + (uint32_t)directory_list_size(node->left) +
			  (uint32_t)directory_list_size(node->right);
}

static void rotate_right(struct node **slot)
{
	struct node *node = *slot, *left = node->left;

	node->left = left->right;
	left->right = node;
	update(node);
	update(left);
	*slot = left;
}

static void rotate_left(struct node **slot)
{
	struct node *node = *slot, *right = node->right;

	node->right = right->left;
	right->left = node;
	update(node);
	update(right);
	*slot = right;
}

// The nodes that it turns are own ones.
static void rebalance(struct node **slot)
{
	struct node *node = *slot;

	update(node);
	if (excess_left(node) > 1) {
		if (excess_left(node->left) < 0)
			rotate_left(&node->left);
		rotate_right(slot);
	} else if (excess_left(node) < -1) {
		if (excess_left(node->right) > 0)
			rotate_right(&node->right);
		rotate_left(slot);
	}
}

int directory_insert(struct node **root, struct node *node)
{
	struct node **path[HEIGHT_MAX], **slot = root;
	unsigned int depth = 0;

	while (*slot) {
		int error = node_own(slot);

		if (error)
			return error;
		ASSERT(depth < HEIGHT_MAX);
		path[depth++] = slot;
		slot = compare(node->bytes, node->name_size, *slot) < 0 ? &(*slot)->left : &(*slot)->right;
	}
	*slot = node;
	while (depth)
		rebalance(path[--depth]);
	return 0;
}

// One of the subtrees will lose a level: makes the nodes own that rebalance() may then turn on the other side.
static int prepare_loss(struct node *node, bool on_left)
{
	int error = 0;

	if (on_left && excess_left(node) < 0) {
		error = node_own(&node->right);
		if (!error && excess_left(node->right) > 0)
			error = node_own(&node->right->left);
	} else if (!on_left && excess_left(node) > 0) {
		error = node_own(&node->left);
		if (!error && excess_left(node->left) < 0)
			error = node_own(&node->left->right);
	}
	return error;
}

int directory_remove(struct node **root, const char *name, size_t size, struct node **removed)
{
	struct node **path[HEIGHT_MAX], **slot = root, *victim = NULL;
	unsigned int depth = 0, place = 0;

	// Down to the victim, and on to its successor when it has two children.
	for (;;) {
		int error = node_own(slot);

		if (error)
			return error;
		struct node *node = *slot;
		int order = victim ? -1 : compare(name, size, node);

		if (!order) {
			victim = node;
			place = depth;
			if (!node->left || !node->right)
				break;
		} else if (victim && !node->left) {
			break;
		}
		error = prepare_loss(node, order < 0);
		if (error)
			return error;
		ASSERT(depth < HEIGHT_MAX);
		path[depth++] = slot;
		slot = order < 0 ? &node->left : &node->right;
	}

	struct node *last = *slot; // the victim or its successor: it has at most one child, which takes its place
	*slot = last->left ? last->left : last->right;
	if (last != victim) {
		last->left = victim->left;
		last->right = victim->right;
		*path[place] = last;
		if (place + 1 < depth)
			path[place + 1] = &last->right;
	}
	while (depth)
		rebalance(path[--depth]);

	victim->left = victim->right = NULL;
	update(victim);
	*removed = victim;
	return 0;
}

size_t directory_list(const struct node *root, size_t offset, char *buffer, size_t size)
{
	const struct node *path[HEIGHT_MAX], *node = root;
	unsigned int depth = 0;
	size_t used = 0;

	// Down to the name in which the offset lies; `path` keeps the nodes whose names come after it.
	while (node) {
		size_t before = directory_list_size(node->left), self = node->name_size + 1u;

		if (offset < before + self)
			path[depth++] = node;
		if (offset < before) {
			node = node->left;
		} else if (offset < before + self) {
			offset -= before;
			break;
		} else {
			offset -= before + self;
			node = node->right;
		}
	}

	while (depth) {
		node = path[--depth];
		size_t rest = node->name_size - offset;

		if (size - used < rest + 1)
			break;
		memcpy(buffer + used, node->bytes + offset, rest);
		used += rest;
		buffer[used++] = '\0';
		offset = 0;
		for (node = node->right; node; node = node->left)
			path[depth++] = node;
	}
	return used;
}
