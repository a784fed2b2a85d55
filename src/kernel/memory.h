// SPDX-License-Identifier: Apache-2.0
// Memory: the direct map, pages, mappings, caches. All of the domain's RAM is mapped at a fixed distance from
// its physical address, so that virtual to physical is a subtraction. `paddr_t` is an address in the domain's
// own physical (intermediate physical) space. The heap is malloc() and friends of <stdlib.h>.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE ((size_t)1 << PAGE_SHIFT)
#define PAGE_MASK (PAGE_SIZE - 1)

typedef uint64_t paddr_t;
#define INVALID_PADDR UINT64_MAX

// 2^order pages, aligned to their size, not cleared. NULL when there are none. From the direct map.
void *page_alloc(unsigned int order);
void page_free(void *pages, unsigned int order);

struct memory_usage {
	size_t total; // bytes of RAM given to the domain
	size_t image; // of it: code, data, early tables
	size_t free_pages; // bytes in the page allocator, unused
	size_t heap_size; // bytes the heap took from the page allocator
	size_t heap_used; // bytes of it in live allocations, each as large as the heap makes it
	size_t heap_blocks; // live allocations
	size_t heap_peak; // greatest heap_used so far
};
void memory_usage(struct memory_usage *usage);

// The physical address of an object in the image, the heap or the page allocator; not for stacks.
paddr_t virt_to_phys(const void *pointer);

// A physical address of RAM, or of a range mapped with memory_map().
void *phys_to_virt(paddr_t address);

enum memory_type {
	MEMORY_NORMAL, // write-back cacheable, read and write, never executable
	MEMORY_DEVICE, // nGnRE
};

// Makes [address, address + size), page-aligned, accessible at phys_to_virt(address). Not for the domain's
// RAM. Mapping a range again with the same type is allowed and counts nothing. Unmap the ranges that were
// mapped, not parts of them: unmapping a part of a 2 MB block is our bug. Page-table pages are kept for the
// next use. NULL when memory is short.
void *memory_map(paddr_t address, size_t size, enum memory_type type);
void memory_unmap(paddr_t address, size_t size);

// Cleans (writes back) the data cache for [pointer, pointer + size) to the point of coherency; the second
// drops it as well. For memory that is read with caches off or by a device that doesn't snoop.
void cache_clean(const void *pointer, size_t size);
void cache_clean_invalidate(const void *pointer, size_t size);
