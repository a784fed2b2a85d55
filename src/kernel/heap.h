// SPDX-License-Identifier: Apache-2.0
// The heap under malloc() and its family (malloc.c gives it their names). Nothing here waits; none of it may
// be called from an interrupt handler. Writing behind a block's end is not detected; freeing what isn't
// allocated is, and ends in a panic.
#pragma once

#include <stddef.h>

#define HEAP_ALIGNMENT 16u

// At least `size` bytes, aligned to HEAP_ALIGNMENT, not cleared; a block of its own also for 0. NULL when
// memory is short.
void *heap_alloc(size_t size);

// `alignment`: a power of two, at most PAGE_SIZE (else NULL).
void *heap_alloc_aligned(size_t alignment, size_t size);

// As realloc(): the block, moved where it doesn't fit; NULL leaves it as it was. NULL as block allocates.
void *heap_resize(void *block, size_t size);

// NULL is allowed.
void heap_free(void *block);

struct heap_usage {
	size_t size; // bytes of the pages taken from the page allocator
	size_t used; // bytes of live blocks, each as large as the heap makes it
	size_t blocks; // live blocks
	size_t peak; // greatest `used` so far
};
void heap_usage(struct heap_usage *usage);
