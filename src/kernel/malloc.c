// SPDX-License-Identifier: Apache-2.0
// The C library's names for the heap.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/heap.h"

static void *with_errno(void *block)
{
	if (!block)
		errno = ENOMEM;
	return block;
}

void *malloc(size_t size)
{
	return with_errno(heap_alloc(size));
}

void free(void *block)
{
	heap_free(block);
}

void *calloc(size_t count, size_t size)
{
	size_t bytes;
	void *block = __builtin_mul_overflow(count, size, &bytes) ? NULL : heap_alloc(bytes);

	return block ? memset(block, 0, bytes) : with_errno(NULL);
}

void *realloc(void *block, size_t size)
{
	return with_errno(heap_resize(block, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return with_errno(heap_alloc_aligned(alignment, size));
}
