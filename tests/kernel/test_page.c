// SPDX-License-Identifier: Apache-2.0
// kernel/page.c: blocks are aligned, never overlap, merge again to what they were; what is freed wrongly is
// noticed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "kernel/compiler.h"
#include "kernel/page.h"

// Two banks of odd sizes, with free parts that begin and end at odd pages.
#define BANK_PAGES 3001u
#define FIRST_FREE 5u
#define FREE_PAGES 2901u
#define BANKS 2u

static char *banks[BANKS];
static uint8_t owner[BANKS][BANK_PAGES]; // 0: nobody
static size_t all;

static int set_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < BANKS; i++)
		banks[i] = arena_add(BANK_PAGES * PAGE_SIZE, FIRST_FREE * PAGE_SIZE, FREE_PAGES * PAGE_SIZE);
	all = page_free_bytes();
	assert_int_equal(all, BANKS * FREE_PAGES * PAGE_SIZE);
	return 0;
}

static uint8_t *owner_of(const void *page)
{
	for (size_t i = 0; i < BANKS; i++) {
		size_t index = ((uintptr_t)page - (uintptr_t)banks[i]) / PAGE_SIZE;

		if ((const char *)page >= banks[i] && index >= FIRST_FREE && index < FIRST_FREE + FREE_PAGES)
			return &owner[i][index];
	}
	fail_msg("%p is in no bank", page);
	return NULL;
}

static void take(char *pages, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(*owner_of(pages + i * PAGE_SIZE), 0);
		*owner_of(pages + i * PAGE_SIZE) = 1;
	}
}

static void leave(char *pages, size_t count)
{
	for (size_t i = 0; i < count; i++)
		*owner_of(pages + i * PAGE_SIZE) = 0;
}

struct block {
	char *pages;
	size_t count;
	unsigned int order;
	bool is_run;
};

static bool block_alloc(struct block *block)
{
	block->is_run = rand() % 2;
	block->order = (unsigned int)rand() % 8;
	block->count = block->is_run ? 1 + (size_t)rand() % 100 : (size_t)1 << block->order;
	block->pages = block->is_run ? page_alloc_run(block->count) : page_alloc(block->order);
	if (!block->pages)
		return false;
	if (!block->is_run)
		assert_int_equal((uintptr_t)block->pages % (block->count * PAGE_SIZE), 0);
	take(block->pages, block->count);
	return true;
}

static void block_free(struct block *block)
{
	leave(block->pages, block->count);
	if (block->is_run)
		page_free_run(block->pages, block->count);
	else
		page_free(block->pages, block->order);
	block->pages = NULL;
}

static void blocks_never_overlap(void **state)
{
	static struct block blocks[200];
	size_t taken = 0;

	(void)state;
	srand(1);
	for (int round = 0; round < 100000; round++) {
		struct block *block = &blocks[(size_t)rand() % ARRAY_SIZE(blocks)];

		if (block->pages) {
			taken -= block->count * PAGE_SIZE;
			block_free(block);
		} else if (block_alloc(block)) {
			taken += block->count * PAGE_SIZE;
		}
		assert_int_equal(page_free_bytes(), all - taken);
	}
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
		if (blocks[i].pages)
			block_free(&blocks[i]);
	assert_int_equal(page_free_bytes(), all);
}

// The largest blocks are there again after everything was in pieces.
static void pieces_merge(void **state)
{
	static char *pages[BANKS * FREE_PAGES];
	size_t count = 0;

	(void)state;
	while ((pages[count] = page_alloc(0))) {
		take(pages[count], 1);
		if (++count == ARRAY_SIZE(pages))
			break;
	}
	assert_int_equal(count, ARRAY_SIZE(pages));
	assert_int_equal(page_free_bytes(), 0);
	assert_null(page_alloc(0));
	assert_null(page_alloc_run(1));
	for (size_t i = 0; i < count; i += 2)
		page_free(pages[i], 0);
	assert_null(page_alloc(1));
	for (size_t i = 1; i < count; i += 2)
		page_free(pages[i], 0);
	memset(owner, 0, sizeof(owner));
	assert_int_equal(page_free_bytes(), all);

	// 2901 pages from page 5 on hold one aligned block of 1024 pages and no larger one.
	char *first = page_alloc(10), *second = page_alloc(10);
	assert_non_null(first);
	assert_non_null(second);
	page_free(first, 10);
	page_free(second, 10);
}

static void sizes_out_of_range_are_refused(void **state)
{
	(void)state;
	assert_null(page_alloc(PAGE_ORDER_MAX));
	assert_null(page_alloc(PAGE_ORDER_MAX + 1));
	assert_null(page_alloc(64));
	assert_null(page_alloc(UINT32_MAX));
	assert_null(page_alloc_run((size_t)1 << 40));
	assert_int_equal(page_free_bytes(), all);
	page_free(NULL, 3);
}

static void free_order_0(void *pages)
{
	page_free(pages, 0);
}

static void free_order_1(void *pages)
{
	page_free(pages, 1);
}

static void wrong_frees_are_noticed(void **state)
{
	char *pages = page_alloc(1), *single = page_alloc(0);

	(void)state;
	assert_true(arena_panics(free_order_0, pages)); // another order
	assert_true(arena_panics(free_order_0, pages + PAGE_SIZE)); // not its start
	assert_true(arena_panics(free_order_1, single));
	assert_true(arena_panics(free_order_0, banks[0])); // never given
	assert_true(arena_panics(free_order_0, banks[0] - PAGE_SIZE)); // in no bank
	page_free(pages, 1);
	assert_true(arena_panics(free_order_1, pages)); // twice
	page_free(single, 0);
	assert_int_equal(page_free_bytes(), all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_never_overlap),
		cmocka_unit_test(pieces_merge),
		cmocka_unit_test(sizes_out_of_range_are_refused),
		cmocka_unit_test(wrong_frees_are_noticed),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
