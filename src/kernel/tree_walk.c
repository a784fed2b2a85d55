// SPDX-License-Identifier: Apache-2.0
// The structure block token by token (Devicetree Specification v0.4, 5.4).
#include "kernel/tree_walk.h"

#include <errno.h>
#include <libfdt.h>
#include <string.h>

#include "kernel/compiler.h"

#define CELL	    sizeof(fdt32_t)
#define DEPTH_USUAL 16u // of nodes in nodes

static const char *structure(const void *tree)
{
	return (const char *)tree + fdt_off_dt_struct(tree);
}

// The token at an offset; *next is where the one behind it is.
static uint32_t token_at(const void *tree, int offset, int *next)
{
	const char *at = structure(tree) + offset;
	uint32_t token = fdt32_ld((const fdt32_t *)(const void *)at);
	size_t size = CELL;

	if (token == FDT_BEGIN_NODE)
		size += strlen(at + CELL) + 1;
	else if (token == FDT_PROP)
		size = sizeof(struct fdt_property) + fdt32_ld((const fdt32_t *)(const void *)(at + CELL));
	*next = offset + (int)ROUND_UP(size, CELL);
	return token;
}

int walk_find(const void *tree, int start, const char *name,
	      bool (*is_wanted)(const void *value, int size, const void *context), const void *context)
{
	const char *strings = (const char *)tree + fdt_off_dt_strings(tree);
	int node = -1, next;
	uint32_t token;

	for (int offset = MAX(start, 0); (token = token_at(tree, offset, &next)) != FDT_END; offset = next) {
		const struct fdt_property *property = (const void *)(structure(tree) + offset);

		if (token == FDT_BEGIN_NODE)
			node = offset;
		else if (token == FDT_PROP && node != start && !strcmp(strings + fdt32_ld(&property->nameoff), name) &&
			 is_wanted(property->data, (int)fdt32_ld(&property->len), context))
			return node;
	}
	return -ENOENT;
}

struct wanted_value {
	const void *value;
	int size;
};

static bool is_value(const void *value, int size, const void *context)
{
	const struct wanted_value *wanted = context;

	return size == wanted->size && !memcmp(value, wanted->value, (size_t)size);
}

int walk_find_value(const void *tree, int start, const char *name, const void *value, int size)
{
	return walk_find(tree, start, name, is_value, &(struct wanted_value){ value, size });
}

int walk_child(const void *tree, const char *name)
{
	unsigned int depth = 0;
	uint32_t token;
	int next;

	for (int offset = 0; (token = token_at(tree, offset, &next)) != FDT_END; offset = next) {
		if (token == FDT_END_NODE)
			depth--;
		if (token == FDT_BEGIN_NODE && depth++ == 1 && !strcmp(structure(tree) + offset + CELL, name))
			return offset;
	}
	return -ENOENT;
}

int walk_parent(const void *tree, int node)
{
	int parents[DEPTH_USUAL], next;
	unsigned int depth = 0;
	uint32_t token;

	for (int offset = 0; offset <= node && (token = token_at(tree, offset, &next)) != FDT_END; offset = next) {
		if (token == FDT_END_NODE)
			depth--;
		if (token != FDT_BEGIN_NODE)
			continue;
		if (offset == node)
			return depth ? parents[depth - 1] : -ENOENT;
		if (depth == DEPTH_USUAL) // as deep as no machine's
			return fdt_parent_offset(tree, node);
		parents[depth++] = offset;
	}
	return -ENOENT;
}
