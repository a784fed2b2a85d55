// SPDX-License-Identifier: Apache-2.0
// The page allocator: buddies. A block of 2^order pages is aligned to its size; with its buddy, the other
// half of the next larger block, it merges as soon as both are free.
//
// Each bank of memory has one byte per page, which says for a block's first page what it is, and is 0 for all
// others. So whether a buddy is free as a whole is one look, and a page freed twice or with a wrong order is
// noticed. Free blocks of an order are on a list that runs through the blocks themselves.
//
// Everything is in virtual addresses of the direct map, whose start is aligned to more than any block.
#include "kernel/page.h"

#include <errno.h>
#include <string.h>

#include "kernel/list.h"
#include "kernel/panic.h"

#define BANKS_MAX 64u

#define BLOCK_FREE 0x80u // with the order in the lower bits
#define BLOCK_TAKEN 0x40u
#define BLOCK_NONE 0u

struct bank {
	uintptr_t start, end;
	uint8_t *map;
};

static struct bank banks[BANKS_MAX];
static size_t bank_count;
static struct list free_lists[PAGE_ORDER_MAX + 1];
static uint32_t orders_free; // a bit for each list that isn't empty
static size_t free_bytes;

static size_t block_size(unsigned int order)
{
	return PAGE_SIZE << order;
}

static const struct bank *bank_of(uintptr_t address)
{
	for (size_t i = 0; i < bank_count; i++)
		if (address - banks[i].start < banks[i].end - banks[i].start)
			return &banks[i];
	panic("page allocator: %#lx is no page of ours", (unsigned long)address);
}

static uint8_t *mark_of(const struct bank *bank, uintptr_t address)
{
	return &bank->map[(address - bank->start) >> PAGE_SHIFT];
}

static void insert_free(uint8_t *mark, uintptr_t address, unsigned int order)
{
	*mark = (uint8_t)(BLOCK_FREE | order);
	list_prepend(&free_lists[order], (struct list *)address);
	orders_free |= 1u << order;
	free_bytes += block_size(order);
}

static void remove_free(uint8_t *mark, uintptr_t address, unsigned int order)
{
	*mark = BLOCK_NONE;
	list_remove((struct list *)address);
	if (list_is_empty(&free_lists[order]))
		orders_free &= ~(1u << order);
	free_bytes -= block_size(order);
}

// Merges upwards as far as buddies are free. The block's own mark is BLOCK_NONE.
static void give_back(const struct bank *bank, uintptr_t address, unsigned int order)
{
	for (; order < PAGE_ORDER_MAX; order++) {
		uintptr_t buddy = address ^ block_size(order);

		if (buddy < bank->start || buddy >= bank->end ||
		    *mark_of(bank, buddy) != (BLOCK_FREE | order))
			break;
		remove_free(mark_of(bank, buddy), buddy, order);
		address &= ~block_size(order);
	}
	insert_free(mark_of(bank, address), address, order);
}

// The largest block that begins at `address` and has no more than `count` pages.
static unsigned int order_at(uintptr_t address, size_t count)
{
	unsigned int aligned =
		(unsigned int)__builtin_ctzl(address | block_size(PAGE_ORDER_MAX)) - PAGE_SHIFT;
	unsigned int fitting = 63u - (unsigned int)__builtin_clzl(count);

	return MIN(aligned, fitting);
}

// Cuts [address, address + count pages) into blocks and calls visit for each.
static void for_each_block(uintptr_t address, size_t count,
			   void (*visit)(const struct bank *bank, uintptr_t address, unsigned int order))
{
	const struct bank *bank = bank_of(address);

	while (count) {
		unsigned int order = order_at(address, count);

		visit(bank, address, order);
		address += block_size(order);
		count -= (size_t)1 << order;
	}
}

static void mark_taken(const struct bank *bank, uintptr_t address, unsigned int order)
{
	*mark_of(bank, address) = (uint8_t)(BLOCK_TAKEN | order);
}

static void release(const struct bank *bank, uintptr_t address, unsigned int order)
{
	uint8_t *mark = mark_of(bank, address);

	if (*mark != (BLOCK_TAKEN | order))
		panic("page allocator: %#lx, order %u, isn't allocated so (mark %#x)", (unsigned long)address,
		      order, *mark);
	*mark = BLOCK_NONE;
	give_back(bank, address, order);
}

int page_add_bank(void *start, size_t size, uint8_t *map)
{
	if (bank_count == BANKS_MAX)
		return -ENOSPC;
	if (!bank_count)
		for (size_t i = 0; i <= PAGE_ORDER_MAX; i++)
			list_init(&free_lists[i]);
	memset(map, BLOCK_NONE, page_map_size(size));
	banks[bank_count++] = (struct bank){ (uintptr_t)start, (uintptr_t)start + size, map };
	return 0;
}

void page_add_free(void *start, size_t size)
{
	if (size)
		for_each_block((uintptr_t)start, size >> PAGE_SHIFT, give_back);
}

void *page_alloc(unsigned int order)
{
	uint32_t enough = order <= PAGE_ORDER_MAX ? orders_free >> order : 0;

	if (!enough)
		return NULL;

	unsigned int found = order + (unsigned int)__builtin_ctz(enough);
	uintptr_t address = (uintptr_t)free_lists[found].next;
	const struct bank *bank = bank_of(address);

	remove_free(mark_of(bank, address), address, found);
	while (found > order) { // the upper halves stay free
		found--;
		insert_free(mark_of(bank, address + block_size(found)), address + block_size(found), found);
	}
	mark_taken(bank, address, order);
	return (void *)address;
}

void page_free(void *pages, unsigned int order)
{
	if (pages)
		release(bank_of((uintptr_t)pages), (uintptr_t)pages, order);
}

void *page_alloc_run(size_t count)
{
	unsigned int order = count > 1 ? 64u - (unsigned int)__builtin_clzl(count - 1) : 0;
	void *pages = page_alloc(order);

	if (!pages)
		return NULL;

	uintptr_t start = (uintptr_t)pages, end = start + (count << PAGE_SHIFT);
	size_t rest = ((size_t)1 << order) - count;
	*mark_of(bank_of(start), start) = BLOCK_NONE;
	for_each_block(start, count, mark_taken);
	if (rest)
		for_each_block(end, rest, give_back);
	return pages;
}

void page_free_run(void *pages, size_t count)
{
	for_each_block((uintptr_t)pages, count, release);
}

size_t page_free_bytes(void)
{
	return free_bytes;
}
