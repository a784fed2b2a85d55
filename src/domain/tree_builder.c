// SPDX-License-Identifier: Apache-2.0
// Wraps libfdt's fdt_sw.c: one error, one buffer that is moved to a larger one where it gets too small.
#include "domain/tree_builder.h"

#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"

#define NODE_NAME_MAX 64u // with the unit address; names here are ours

static int error_of(int fdt_error)
{
	return fdt_error == -FDT_ERR_NOSPACE ? -ENOMEM : -EINVAL;
}

void tree_fail(struct tree_builder *builder, int error)
{
	if (!builder->error)
		builder->error = error;
}

// Twice the space, as far as there may be as much. False: there is an error now.
static bool grow(struct tree_builder *builder)
{
	size_t size = MIN(2 * builder->size, TREE_SIZE_MAX);
	void *larger = size > builder->size ? malloc(size) : NULL;

	if (!larger) {
		tree_fail(builder, size > builder->size ? -ENOMEM : -E2BIG);
		return false;
	}
	int result = fdt_resize(builder->tree, larger, (int)size);
	if (result) {
		free(larger);
		tree_fail(builder, error_of(result));
		return false;
	}
	free(builder->tree);
	builder->tree = larger;
	builder->size = size;
	return true;
}

// Repeats a call of libfdt's, which leaves the tree as it was when it lacks space, until it fits.
#define WRITE(builder, call)                                                                                 \
	do {                                                                                                 \
		int result_ = -FDT_ERR_NOSPACE;                                                              \
		while (!(builder)->error && result_ == -FDT_ERR_NOSPACE) {                                   \
			result_ = (call);                                                                    \
			if (result_ == -FDT_ERR_NOSPACE)                                                     \
				grow(builder);                                                               \
			else if (result_)                                                                    \
				tree_fail(builder, error_of(result_));                                       \
		}                                                                                            \
	} while (0)

void tree_start(struct tree_builder *builder, size_t size)
{
	builder->size = MIN(size, TREE_SIZE_MAX);
	builder->error = 0;
	builder->tree = malloc(builder->size);
	if (!builder->tree)
		tree_fail(builder, -ENOMEM);
	WRITE(builder, fdt_create(builder->tree, (int)builder->size));
	WRITE(builder, fdt_finish_reservemap(builder->tree));
	tree_begin(builder, "");
}

void *tree_finish(struct tree_builder *builder, int *error)
{
	tree_end(builder);
	WRITE(builder, fdt_finish(builder->tree));
	*error = builder->error;
	if (!builder->error)
		return builder->tree;
	free(builder->tree);
	return NULL;
}

void tree_begin(struct tree_builder *builder, const char *name)
{
	WRITE(builder, fdt_begin_node(builder->tree, name));
}

void tree_begin_at(struct tree_builder *builder, const char *name, uint64_t unit_address)
{
	char full_name[NODE_NAME_MAX];

	snprintf(full_name, sizeof(full_name), "%s@%" PRIx64, name, unit_address);
	tree_begin(builder, full_name);
}

void tree_end(struct tree_builder *builder)
{
	WRITE(builder, fdt_end_node(builder->tree));
}

void tree_bytes(struct tree_builder *builder, const char *name, const void *value, size_t size)
{
	if (size > TREE_SIZE_MAX)
		tree_fail(builder, -E2BIG);
	WRITE(builder, fdt_property(builder->tree, name, value, (int)size));
}

void tree_flag(struct tree_builder *builder, const char *name)
{
	tree_bytes(builder, name, NULL, 0);
}

void tree_string(struct tree_builder *builder, const char *name, const char *value)
{
	tree_bytes(builder, name, value, strlen(value) + 1);
}

void tree_strings(struct tree_builder *builder, const char *name, const char *const *strings, size_t count)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += strlen(strings[i]) + 1;
	char *value = malloc(size + 1), *end = value; // never of size 0
	if (!value) {
		tree_fail(builder, -ENOMEM);
		return;
	}
	for (size_t i = 0; i < count; i++)
		end = stpcpy(end, strings[i]) + 1;
	tree_bytes(builder, name, value, size);
	free(value);
}

void tree_u32(struct tree_builder *builder, const char *name, uint32_t value)
{
	WRITE(builder, fdt_property_u32(builder->tree, name, value));
}

void tree_u64(struct tree_builder *builder, const char *name, uint64_t value)
{
	WRITE(builder, fdt_property_u64(builder->tree, name, value));
}

void tree_cells(struct tree_builder *builder, const char *name, const uint32_t *cells, size_t count)
{
	void *value = NULL;

	WRITE(builder, fdt_property_placeholder(builder->tree, name, (int)(count * sizeof(*cells)), &value));
	for (size_t i = 0; i < count && !builder->error; i++)
		fdt32_st((char *)value + i * sizeof(*cells), cells[i]);
}
