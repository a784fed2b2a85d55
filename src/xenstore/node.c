// SPDX-License-Identifier: Apache-2.0
// Nodes: allocation, references, copying (node.h).
#include "xenstore/node.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/task.h"

static size_t memory;
static uint64_t last_generation;

size_t node_memory(void)
{
	return memory;
}

uint64_t node_next_generation(void)
{
	return ++last_generation;
}

// The bytes begin in what would be padding at the structure's end.
static struct node *allocate(size_t bytes)
{
	return malloc(MAX(offsetof(struct node, bytes) + bytes, sizeof(struct node)));
}

struct node *node_create(const char *name, size_t name_size, const void *value, size_t value_size, struct acl *acl)
{
	struct node *node = allocate(name_size + value_size);

	if (!node)
		return NULL;
	*node = (struct node){
		.references = 1,
		.list_size = (uint32_t)name_size + 1,
		.acl = acl,
		.generation = node_next_generation(),
		.list_generation = last_generation,
		.name_size = (uint16_t)name_size,
		.value_size = (uint16_t)value_size,
		.height = 1,
	};
	memcpy(node->bytes, name, name_size);
	if (value_size)
		memcpy(node->bytes + name_size, value, value_size);
	memory += node_size(node);
	return node;
}

static void drop(struct node *node, struct node **dead)
{
	if (!node || --node->references)
		return;
	node->next_dead = *dead;
	*dead = node;
}

// The dead are linked to each other, so that neither a deep nor a wide tree needs any stack.
static void put(struct node *node, bool slowly)
{
	struct node *dead = NULL;

	drop(node, &dead);
	while ((node = dead)) {
		dead = node->next_dead;
		drop(node->left, &dead);
		drop(node->right, &dead);
		drop(node->children, &dead);
		acl_put(node->acl);
		memory -= node_size(node);
		free(node);
		if (slowly && task_should_yield())
			task_yield();
	}
}

void node_put(struct node *node)
{
	put(node, false);
}

void node_put_slowly(struct node *node)
{
	put(node, true);
}

int node_own(struct node **slot)
{
	struct node *node = *slot;

	if (node->references == 1)
		return 0;

	size_t bytes = (size_t)node->name_size + node->value_size;
	struct node *copy = allocate(bytes);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, node, offsetof(struct node, bytes) + bytes);
	copy->references = 1;
	node_get(copy->left);
	node_get(copy->right);
	node_get(copy->children);
	acl_get(copy->acl);
	memory += node_size(copy);
	node->references--;
	*slot = copy;
	return 0;
}

void node_set_acl(struct node *node, struct acl *acl)
{
	acl_get(acl);
	acl_put(node->acl);
	node->acl = acl;
	node->generation = node_next_generation();
}

int node_set_value(struct node **slot, const void *value, size_t size)
{
	struct node *node = *slot;

	if (size != node->value_size) {
		struct node *resized = allocate(node->name_size + size);

		if (!resized)
			return -ENOMEM;
		memcpy(resized, node, offsetof(struct node, bytes) + node->name_size);
		resized->value_size = (uint16_t)size;
		memory += size;
		memory -= node->value_size;
		free(node);
		*slot = node = resized;
	}
	if (size)
		memcpy(node->bytes + node->name_size, value, size);
	node->generation = node_next_generation();
	return 0;
}
