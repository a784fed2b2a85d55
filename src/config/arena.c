// SPDX-License-Identifier: Apache-2.0
// Blocks of the heap, filled one after the other.
#include "config/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"

#define BLOCK_SIZE ((size_t)2048)

struct arena_block {
	struct arena_block *next;
	size_t size; // of `bytes`
	alignas(max_align_t) char bytes[];
};

static struct arena_block *add_block(struct arena *arena, size_t size)
{
	struct arena_block *block = calloc(1, sizeof(*block) + MAX(size, BLOCK_SIZE));

	if (!block)
		return NULL;
	block->size = MAX(size, BLOCK_SIZE);
	block->next = arena->blocks;
	arena->blocks = block;
	arena->used = 0;
	return block;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
	struct arena_block *block = arena->blocks;

	if (size && count > (SIZE_MAX / 2) / size)
		return NULL;
	size = ROUND_UP(count * size, alignof(max_align_t));
	if (!block || block->size - arena->used < size)
		block = add_block(arena, size);
	if (!block)
		return NULL;
	void *memory = block->bytes + arena->used;
	arena->used += size;
	return memory;
}

char *arena_text(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1, 1);

	if (copy)
		memcpy(copy, text, length);
	return copy;
}

void arena_free(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *block = arena->blocks;

		arena->blocks = block->next;
		free(block);
	}
	arena->used = 0;
}
