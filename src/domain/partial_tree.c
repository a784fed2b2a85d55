// SPDX-License-Identifier: Apache-2.0
// Reading, checking and copying a partial device tree. It comes from a file: libfdt is let at it only after
// fdt_check_full(), and nodes are walked without recursion, whatever their depth.
#include "domain/partial_tree.h"

#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "xen/hypercall.h"
#include "xen/public.h"

#define DEVICES_PATH "/passthrough"
#define ALIASES_PATH "/aliases"

static int refuse(const struct image_source *source, struct failure *failure, const char *reason)
{
	return failure_set(failure, -EINVAL, "partial device tree %s: %s", source->name, reason);
}

static int cannot_read(const struct image_source *source, int error, struct failure *failure)
{
	return failure_set(failure, error, "partial device tree %s: can't be read: %s", source->name,
			   error_text(error));
}

// The node at exactly this path: libfdt by itself takes "/a" for "/a@0" as well. A negative number: there is
// none.
static int find_node(const void *tree, const char *path)
{
	int node = fdt_path_offset(tree, path);
	const char *name = node < 0 ? NULL : fdt_get_name(tree, node, NULL);

	return name && !strcmp(name, strrchr(path, '/') + 1) ? node : -FDT_ERR_NOTFOUND;
}

// Walks a node and all below it, parents first; `depth` is 0 for the node itself.
#define FOR_EACH_NODE_FROM(tree, first, node, depth)                                                         \
	for ((node) = (first), (depth) = 0; (node) >= 0 && (depth) >= 0;                                     \
	     (node) = fdt_next_node(tree, node, &(depth)))

static int check_node(const void *tree, const struct image_source *source, const char *path,
		      struct failure *failure)
{
	int node, depth, first = find_node(tree, path);

	if (first < 0)
		return failure_set(failure, -EINVAL, "partial device tree %s: it has no node %s",
				   source->name, path);
	FOR_EACH_NODE_FROM(tree, first, node, depth)
	if (fdt_get_phandle(tree, node) == GUEST_PHANDLE_GIC)
		return failure_set(
			failure, -EINVAL,
			"partial device tree %s: phandle 0x%x in %s belongs to the guest's interrupt "
			"controller",
			source->name, GUEST_PHANDLE_GIC, path);
	return 0;
}

static int check_tree(const void *tree, size_t size, const struct domain_config *config,
		      struct failure *failure)
{
	const struct image_source *source = &config->partial_tree;
	int fdt_error = fdt_check_full(tree, size);

	if (fdt_error)
		return failure_set(failure, -EINVAL, "partial device tree %s: malformed (%s)", source->name,
				   fdt_strerror(fdt_error));

	int error = check_node(tree, source, DEVICES_PATH, failure);
	if (!error && find_node(tree, ALIASES_PATH) >= 0)
		error = check_node(tree, source, ALIASES_PATH, failure);
	for (uint32_t i = 0; i < config->dt_passthrough_count && !error; i++)
		error = check_node(tree, source, config->dt_passthrough[i], failure);
	return error;
}

int partial_tree_read(const struct domain_config *config, void **tree, struct failure *failure)
{
	const struct image_source *source = &config->partial_tree;
	uint64_t size;

	*tree = NULL;
	if (!image_source_is_given(source))
		return 0;
	int error = source->size(source->context, &size);
	if (error)
		return cannot_read(source, error, failure);
	if (!size)
		return refuse(source, failure, "empty");
	if (size > TREE_SIZE_MAX)
		return failure_set(failure, -E2BIG,
				   "partial device tree %s: %" PRIu64 " bytes are too many: at most %zu",
				   source->name, size, TREE_SIZE_MAX);

	void *buffer = malloc((size_t)size);
	if (!buffer)
		return cannot_read(source, -ENOMEM, failure);
	error = source->read(source->context, buffer, (size_t)size, 0);
	if (error)
		cannot_read(source, error, failure);
	else
		error = check_tree(buffer, (size_t)size, config, failure);
	if (error)
		free(buffer);
	else
		*tree = buffer;
	return error;
}

static void copy_properties(const void *tree, int node, struct tree_builder *builder)
{
	int property;

	fdt_for_each_property_offset(property, tree, node)
	{
		const char *name;
		int length;
		const void *value = fdt_getprop_by_offset(tree, property, &name, &length);

		if (value)
			tree_bytes(builder, name, value, (size_t)length);
	}
}

static void copy_node(const void *tree, const char *path, struct tree_builder *builder)
{
	int node, depth, open = 0;

	FOR_EACH_NODE_FROM(tree, find_node(tree, path), node, depth)
	{
		for (; open > depth; open--)
			tree_end(builder);
		tree_begin(builder, fdt_get_name(tree, node, NULL));
		open++;
		copy_properties(tree, node, builder);
	}
	for (; open > 0; open--)
		tree_end(builder);
}

void partial_tree_copy(const void *tree, const struct domain_config *config, struct tree_builder *builder)
{
	copy_node(tree, DEVICES_PATH, builder);
	copy_node(tree, ALIASES_PATH, builder);
	for (uint32_t i = 0; i < config->dt_passthrough_count; i++)
		copy_node(tree, config->dt_passthrough[i], builder);
}
