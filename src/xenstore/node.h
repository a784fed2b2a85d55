// SPDX-License-Identifier: Apache-2.0
// A node of the store, and the rules by which several versions of the tree share it.
//
// A node is referenced by its parent (through the search tree of its siblings, directory.h) in each version of the store that
// it belongs to. A node with one reference, reached through nodes with one reference each, belongs to one version only
// and is changed in place; any other is copied before it is changed (node_own()). So keeping a version costs one
// reference to its root, and a change copies only the nodes between the root and what it changes, and only the first time.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "xenstore/permission.h"

struct node {
	uint32_t references;
	uint32_t list_size; // bytes of the names in this subtree of the directory, each with its NUL
	struct node *left, *right; // siblings
	struct node *children; // root of the directory's search tree, or NULL
	struct acl *acl;
	union {
		uint64_t generation; // of the last change of value or permissions
		struct node *next_dead; // while it is being freed
	};
	uint64_t list_generation; // of the last change of the set of children
	uint16_t name_size, value_size; // bytes
	uint8_t height; // of this subtree of the directory
	char bytes[]; // the name, then the value
};

static inline const char *node_value(const struct node *node)
{
	return node->bytes + node->name_size;
}

// What a node costs, its share of permissions and of the heap's own needs included.
#define NODE_OVERHEAD 32u
static inline size_t node_size(const struct node *node)
{
	return sizeof(*node) + NODE_OVERHEAD + node->name_size + node->value_size;
}

// Bytes of all nodes that exist in any version.
size_t node_memory(void);

// A number that no node has yet.
uint64_t node_next_generation(void);

// A single node with one reference, which owns one to `acl` (taken in case of success only). NULL: no memory.
struct node *node_create(const char *name, size_t name_size, const void *value, size_t value_size, struct acl *acl);

static inline struct node *node_get(struct node *node)
{
	if (node)
		node->references++;
	return node;
}

// Drops a reference, and frees what nobody references any more, all below included. The second lets other tasks run meanwhile:
// for what may be large.
void node_put(struct node *node);
void node_put_slowly(struct node *node);

// Makes *slot, which lies in a node of this version only, a node of this version only. On -ENOMEM nothing has changed.
int node_own(struct node **slot);

// Of an own node. The second changes nothing on -ENOMEM.
void node_set_acl(struct node *node, struct acl *acl); // takes its own reference
int node_set_value(struct node **slot, const void *value, size_t size);
