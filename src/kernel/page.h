// SPDX-License-Identifier: Apache-2.0
// The page allocator's inside: what start-up gives it, and runs of pages for the heap. page_alloc() and
// page_free() are in memory.h. Nothing here waits, nothing may be called from an interrupt handler.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/memory.h"

#define PAGE_ORDER_MAX 18u // 1 GB

// Bytes of bookkeeping for a bank of this size.
static inline size_t page_map_size(size_t bank_size)
{
	return bank_size >> PAGE_SHIFT;
}

// Tells of a bank of memory, page-aligned, with page_map_size() bytes for its bookkeeping, which are
// initialised here. All its pages count as taken. -ENOSPC: there are too many banks.
int page_add_bank(void *start, size_t size, uint8_t *map);

// Frees pages of a bank that were never allocated.
void page_add_free(void *start, size_t size);

// `count` pages in a row, not cleared, from page_alloc's supply, without rounding up to a power of two. NULL
// when there are none. Freed as a whole.
void *page_alloc_run(size_t count);
void page_free_run(void *pages, size_t count);

size_t page_free_bytes(void);
