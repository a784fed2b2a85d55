// SPDX-License-Identifier: Apache-2.0
// The heap. Small blocks come from slabs: a page of blocks of one size, with a bitmap in front that says
// which are taken, so that there is nothing inside a free block that could be damaged, and a double free is
// seen. A slab without blocks goes back to the page allocator at once. Large blocks are a run of pages with a
// header in front.
//
// Both kinds of header stand at the start of a page, and a block never does, but one that was asked to be
// page-aligned, whose header has the page before it. So a block's header is found by rounding its address
// down.
#include "kernel/heap.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "kernel/list.h"
#include "kernel/page.h"
#include "kernel/panic.h"

#define HEADER_SIZE 64u
#define SLAB_SPACE (PAGE_SIZE - HEADER_SIZE)
#define BITMAP_WORDS 4u

#define SLAB_MAGIC 0x534c4142u
#define LARGE_MAGIC 0x4c415247u

// Sizes that fill a slab well, multiples of HEAP_ALIGNMENT.
static const uint16_t class_sizes[] = { 16,  32,  48,  64,  80,  96,  112, 128, 144, 160, 192,  224,
					256, 288, 336, 400, 448, 496, 576, 672, 800, 992, 1344, 2016 };
#define CLASSES ARRAY_SIZE(class_sizes)
#define SMALL_MAX 2016u

_Static_assert(SLAB_SPACE / 16 <= BITMAP_WORDS * 64, "a slab's bitmap");

struct slab {
	uint32_t magic;
	uint16_t size_class;
	uint16_t used; // blocks
	struct list link; // among the slabs of the class that have room; alone when full
	uint64_t free[BITMAP_WORDS]; // a bit for each block
};

struct large {
	uint32_t magic;
	size_t pages; // header included
	void *block;
};

_Static_assert(sizeof(struct slab) <= HEADER_SIZE && sizeof(struct large) <= HEADER_SIZE, "headers");

static struct list with_room[CLASSES];
// By the number of HEAP_ALIGNMENT units, rounded up.
static uint8_t class_of_size[SMALL_MAX / HEAP_ALIGNMENT + 1];
static struct heap_usage usage_now;

static void account(size_t size)
{
	usage_now.blocks++;
	usage_now.used += size;
	usage_now.peak = MAX(usage_now.peak, usage_now.used);
}

static void account_free(size_t size)
{
	usage_now.blocks--;
	usage_now.used -= size;
}

static void prepare_classes(void)
{
	size_t unit = 0;

	for (size_t size_class = 0; size_class < CLASSES; size_class++) {
		list_init(&with_room[size_class]);
		for (; unit <= class_sizes[size_class] / HEAP_ALIGNMENT; unit++)
			class_of_size[unit] = (uint8_t)size_class;
	}
}

static size_t class_for(size_t size)
{
	if (!with_room[0].next)
		prepare_classes();
	return class_of_size[(size + HEAP_ALIGNMENT - 1) / HEAP_ALIGNMENT];
}

// ---- Small blocks ----

static struct slab *slab_create(size_t size_class)
{
	struct slab *slab = page_alloc(0);
	size_t blocks = SLAB_SPACE / class_sizes[size_class];

	if (!slab)
		return NULL;
	*slab = (struct slab){ .magic = SLAB_MAGIC, .size_class = (uint16_t)size_class };
	for (size_t i = 0; i < blocks / 64; i++)
		slab->free[i] = ~(uint64_t)0;
	if (blocks % 64)
		slab->free[blocks / 64] = ((uint64_t)1 << blocks % 64) - 1;
	list_append(&with_room[size_class], &slab->link);
	usage_now.size += PAGE_SIZE;
	return slab;
}

static bool slab_is_full(const struct slab *slab)
{
	return slab->used == SLAB_SPACE / class_sizes[slab->size_class];
}

static void *small_alloc(size_t size_class)
{
	struct slab *slab = list_is_empty(&with_room[size_class]) ?
				    slab_create(size_class) :
				    LIST_ENTRY(with_room[size_class].next, struct slab, link);
	size_t word = 0;

	if (!slab)
		return NULL;
	while (!slab->free[word])
		word++;

	size_t index = word * 64 + (size_t)__builtin_ctzl(slab->free[word]);
	slab->free[word] &= slab->free[word] - 1;
	slab->used++;
	if (slab_is_full(slab))
		list_remove(&slab->link);
	account(class_sizes[size_class]);
	return (char *)slab + HEADER_SIZE + index * class_sizes[size_class];
}

static void small_free(struct slab *slab, void *block)
{
	size_t size = class_sizes[slab->size_class];
	size_t offset = (size_t)((char *)block - (char *)slab) - HEADER_SIZE;
	size_t index = offset / size;
	uint64_t bit = (uint64_t)1 << index % 64;

	if (offset % size || index >= SLAB_SPACE / size)
		panic("heap: free(%p) is inside a block of %zu bytes", block, size);
	if (slab->free[index / 64] & bit)
		panic("heap: free(%p) of a block of %zu bytes that is free", block, size);
	if (slab_is_full(slab))
		list_append(&with_room[slab->size_class], &slab->link);
	slab->free[index / 64] |= bit;
	account_free(size);
	if (--slab->used)
		return;
	list_remove(&slab->link);
	slab->magic = 0;
	usage_now.size -= PAGE_SIZE;
	page_free(slab, 0);
}

// ---- Large blocks ----

// `offset`: from the start of the run, where the header is, to the block: HEADER_SIZE to PAGE_SIZE.
static void *large_alloc(size_t offset, size_t size)
{
	if (size > SIZE_MAX / 2)
		return NULL;

	size_t pages = ROUND_UP(offset + size, PAGE_SIZE) >> PAGE_SHIFT;
	char *run = page_alloc_run(pages);
	if (!run)
		return NULL;

	*(struct large *)run = (struct large){ .magic = LARGE_MAGIC, .pages = pages, .block = run + offset };
	usage_now.size += pages << PAGE_SHIFT;
	account(pages << PAGE_SHIFT);
	return run + offset;
}

static size_t large_capacity(const struct large *large)
{
	return (large->pages << PAGE_SHIFT) - (size_t)((char *)large->block - (char *)large);
}

static void large_free(struct large *large)
{
	size_t bytes = large->pages << PAGE_SHIFT;

	large->magic = 0;
	usage_now.size -= bytes;
	account_free(bytes);
	page_free_run(large, large->pages);
}

// ---- Both ----

static void *header_of(const void *block)
{
	return (void *)(ROUND_DOWN((uintptr_t)block - 1, PAGE_SIZE));
}

static struct slab *slab_of(const void *block)
{
	struct slab *slab = header_of(block);

	return slab->magic == SLAB_MAGIC && slab->size_class < CLASSES ? slab : NULL;
}

static struct large *large_of(const void *block)
{
	struct large *large = header_of(block);

	if (large->magic != LARGE_MAGIC || large->block != block)
		panic("heap: %p is no block, or was freed, or something was written before its start", block);
	return large;
}

void *heap_alloc(size_t size)
{
	return size <= SMALL_MAX ? small_alloc(class_for(size)) : large_alloc(HEADER_SIZE, size);
}

void *heap_alloc_aligned(size_t alignment, size_t size)
{
	if (alignment <= HEAP_ALIGNMENT)
		return heap_alloc(size);
	return alignment <= PAGE_SIZE ? large_alloc(MAX(alignment, HEADER_SIZE), size) : NULL;
}

void heap_free(void *block)
{
	struct slab *slab = block ? slab_of(block) : NULL;

	if (slab)
		small_free(slab, block);
	else if (block)
		large_free(large_of(block));
}

// True when a new block of `size` bytes would be no smaller than this one.
static bool fits_well(const void *block, size_t size, size_t *capacity)
{
	struct slab *slab = slab_of(block);

	if (slab) {
		*capacity = class_sizes[slab->size_class];
		return size <= SMALL_MAX && class_for(size) == slab->size_class;
	}
	*capacity = large_capacity(large_of(block));
	return size <= *capacity && size > SMALL_MAX && *capacity - size < PAGE_SIZE;
}

void *heap_resize(void *block, size_t size)
{
	size_t capacity;

	if (!block)
		return heap_alloc(size);
	if (fits_well(block, size, &capacity))
		return block;

	void *moved = heap_alloc(size);
	if (!moved)
		return size <= capacity ? block : NULL;
	memcpy(moved, block, MIN(size, capacity));
	heap_free(block);
	return moved;
}

void heap_usage(struct heap_usage *usage)
{
	*usage = usage_now;
}
