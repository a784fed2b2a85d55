// SPDX-License-Identifier: Apache-2.0
// Changes with their costs (edit.h): first everything that can fail, then the rest.
#include "xenstore/edit.h"

#include <errno.h>
#include <string.h>

#include "kernel/task.h"
#include "xenstore/path.h"

int edit_value(struct node **top, const char *path, size_t size, const void *value, size_t value_size,
	       struct charges *charges)
{
	struct node **slot;
	int error = tree_own(top, path, size, &slot);

	if (error)
		return error;
	domid_t owner = acl_owner((*slot)->acl);
	int64_t growth = (int64_t)value_size - (*slot)->value_size;
	error = charges_add(charges, owner, 0, growth);
	if (error)
		return error;
	error = node_set_value(slot, value, value_size);
	if (error)
		charges_add(charges, owner, 0, -growth);
	return error;
}

int edit_acl(struct node **top, const char *path, size_t size, struct acl *acl, struct charges *charges)
{
	struct node **slot;
	int error = tree_own(top, path, size, &slot);

	if (error)
		return error;
	domid_t from = acl_owner((*slot)->acl), to = acl_owner(acl);
	int64_t bytes = (int64_t)node_size(*slot);
	error = charges_add(charges, from, -1, -bytes);
	if (error)
		return error;
	error = charges_add(charges, to, 1, bytes);
	if (error) {
		charges_add(charges, from, 1, bytes);
		return error;
	}
	node_set_acl(*slot, acl);
	return 0;
}

// The nodes of [path + nearest_size, path + size), one below the other, hanging from the first. Made from the last to the first.
static struct node *make_chain(const char *path, size_t size, size_t nearest_size, struct acl *acl, const void *value,
			       size_t value_size)
{
	struct node *chain = NULL;

	while (size > nearest_size) {
		size_t name = path_name(path, size);
		struct node *node = node_create(path + name, size - name, value, value_size, acl);

		if (!node) {
			node_put(chain);
			return NULL;
		}
		acl_get(acl);
		node->children = chain;
		chain = node;
		value_size = 0;
		size = path_parent(path, size);
	}
	return chain;
}

struct charge edit_create_cost(const char *path, size_t size, size_t nearest_size, size_t value_size)
{
	size_t part_size, position = nearest_size;
	struct charge cost = { .bytes = (int64_t)value_size };
	const char *part;

	while (path_next_part(path, size, &position, &part, &part_size)) {
		cost.nodes++;
		cost.bytes += (int64_t)(sizeof(struct node) + NODE_OVERHEAD + part_size);
	}
	return cost;
}

int edit_create(struct node **top, const char *path, size_t size, size_t nearest_size, struct acl *acl,
		const void *value, size_t value_size, struct charges *charges)
{
	struct charge cost = edit_create_cost(path, size, nearest_size, value_size);
	domid_t owner = acl_owner(acl);
	struct node *chain = make_chain(path, size, nearest_size, acl, value, value_size);

	if (!chain)
		return -ENOMEM;
	int error = charges_add(charges, owner, cost.nodes, cost.bytes);
	if (!error) {
		error = tree_insert(top, path, nearest_size, chain);
		if (error)
			charges_add(charges, owner, -cost.nodes, -cost.bytes);
	}
	if (error)
		node_put(chain);
	return error;
}

static int count_below(const struct node *start, bool may_yield, struct charges *refund)
{
	struct tree_walk walk;
	const struct node *node;
	int error = 0;

	tree_walk_start(&walk, start);
	while (!error && (node = tree_walk_next(&walk, &error))) {
		error = charges_add(refund, acl_owner(node->acl), -1, -(int64_t)node_size(node));
		if (may_yield && task_should_yield())
			task_yield();
	}
	tree_walk_end(&walk);
	return error;
}

int edit_count(struct node *const *top, const char *path, size_t size, bool may_yield, struct charges *refund)
{
	struct node *node = (struct node *)tree_find(*top, path, size);

	if (!node)
		return -ENOENT;
	node_get(node); // whoever changes it or what is below meanwhile makes another node
	int error = count_below(node, may_yield, refund);
	bool changed = tree_find(*top, path, size) != node;
	node_put_slowly(node);
	if (error || !changed)
		return error;
	refund->count = 0;
	return edit_count(top, path, size, false, refund);
}

int edit_remove(struct node **top, const char *path, size_t size, const struct charges *refund,
		struct charges *charges, struct node **removed)
{
	int error = charges_reserve(charges, refund);

	if (!error)
		error = tree_remove(top, path, size, removed);
	if (!error)
		charges_merge(charges, refund);
	return error;
}
