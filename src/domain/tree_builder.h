// SPDX-License-Identifier: Apache-2.0
// A device tree written from front to back (libfdt's sequential write), by calls that needn't be checked one
// by one: the builder keeps its first error and does nothing from then on. It grows by itself.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tree_builder {
	void *tree;
	size_t size; // bytes of the buffer
	int error;   // negative errno, 0: none
};

// Begins the root node. `size` is a guess of what is needed.
void tree_start(struct tree_builder *builder, size_t size);

// Ends the root node. The finished tree, which the caller frees, or NULL with the first error in *error:
// -ENOMEM, -E2BIG (larger than TREE_SIZE_MAX).
void *tree_finish(struct tree_builder *builder, int *error);

// What arm64 Linux maps of a device tree (Documentation/arch/arm64/booting.rst, section 2).
#define TREE_SIZE_MAX ((size_t)2 << 20)

// Gives up for a reason of the caller's.
void tree_fail(struct tree_builder *builder, int error);

void tree_begin(struct tree_builder *builder, const char *name);
void tree_begin_at(struct tree_builder *builder, const char *name, uint64_t unit_address);
void tree_end(struct tree_builder *builder);

void tree_bytes(struct tree_builder *builder, const char *name, const void *value, size_t size);
void tree_flag(struct tree_builder *builder, const char *name);
void tree_string(struct tree_builder *builder, const char *name, const char *value);
// Several strings, each with its NUL.
void tree_strings(struct tree_builder *builder, const char *name, const char *const *strings, size_t count);
void tree_u32(struct tree_builder *builder, const char *name, uint32_t value);
void tree_u64(struct tree_builder *builder, const char *name, uint64_t value);
void tree_cells(struct tree_builder *builder, const char *name, const uint32_t *cells, size_t count);
