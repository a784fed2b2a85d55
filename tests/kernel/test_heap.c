// SPDX-License-Identifier: Apache-2.0
// kernel/heap.c, over kernel/page.c: blocks keep what is written to them, give everything back, and wrong
// frees are noticed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "kernel/compiler.h"
#include "kernel/heap.h"
#include "kernel/page.h"

#define ARENA_PAGES 8192u

static size_t all;

static int set_up(void **state)
{
	(void)state;
	arena_add(ARENA_PAGES * PAGE_SIZE, 0, ARENA_PAGES * PAGE_SIZE);
	all = page_free_bytes();
	return 0;
}

// Everything is as at the start.
static void check_empty(void)
{
	struct heap_usage usage;

	heap_usage(&usage);
	assert_int_equal(usage.blocks, 0);
	assert_int_equal(usage.used, 0);
	assert_int_equal(usage.size, 0);
	assert_int_equal(page_free_bytes(), all);
}

static void every_size_is_a_block_of_its_own(void **state)
{
	static char *blocks[6000];

	(void)state;
	for (size_t size = 0; size < ARRAY_SIZE(blocks); size++) {
		blocks[size] = heap_alloc(size);
		assert_non_null(blocks[size]);
		assert_int_equal((uintptr_t)blocks[size] % HEAP_ALIGNMENT, 0);
		memset(blocks[size], (int)size & 0xff, size);
	}
	for (size_t size = 0; size < ARRAY_SIZE(blocks); size++) {
		for (size_t i = 0; i < size; i++)
			assert_int_equal((unsigned char)blocks[size][i], size & 0xff);
		heap_free(blocks[size]);
	}
	check_empty();
}

// What is taken beyond what was asked for: at most half of it for small blocks, less than two pages for large
// ones.
static void little_is_wasted(void **state)
{
	(void)state;
	for (size_t size = 1; size < 100000; size += 1 + size / 20) {
		struct heap_usage usage;
		void *block = heap_alloc(size);

		heap_usage(&usage);
		assert_int_equal(usage.blocks, 1);
		assert_in_range(usage.used, size, size + (size <= 2016 ? size / 2 + 16 : 2 * PAGE_SIZE));
		heap_free(block);
	}
	check_empty();
}

static void the_peak_stays(void **state)
{
	struct heap_usage before, after;
	void *block = heap_alloc(MIB(5));

	(void)state;
	heap_usage(&before);
	assert_in_range(before.used, MIB(5), MIB(5) + 2 * PAGE_SIZE);
	assert_true(before.peak >= before.used);
	heap_free(block);
	heap_usage(&after);
	assert_int_equal(after.peak, before.peak);
	check_empty();
}

static void resizing_keeps_the_content(void **state)
{
	char *block = NULL;
	size_t size = 0;

	(void)state;
	srand(2);
	for (int round = 0; round < 20000; round++) {
		size_t wanted = (size_t)rand() % ((size_t)16 << rand() % 13), kept = MIN(size, wanted);

		block = heap_resize(block, wanted);
		assert_non_null(block);
		for (size_t i = 0; i < kept; i++)
			assert_int_equal(block[i], (char)(round - 1));
		size = wanted;
		memset(block, (char)round, size);
	}
	heap_free(block);
	check_empty();
}

static void alignments_are_kept(void **state)
{
	(void)state;
	for (size_t alignment = 1; alignment <= PAGE_SIZE; alignment *= 2)
		for (size_t size = 0; size < 20000; size = size * 3 + 1) {
			char *block = heap_alloc_aligned(alignment, size);

			assert_non_null(block);
			assert_int_equal((uintptr_t)block % alignment, 0);
			memset(block, 0x5a, size);
			block = heap_resize(block, size + 1);
			for (size_t i = 0; i < size; i++)
				assert_int_equal(block[i], 0x5a);
			heap_free(block);
		}
	assert_null(heap_alloc_aligned(2 * PAGE_SIZE, 1));
	check_empty();
}

static void running_out_leaves_all_as_it_was(void **state)
{
	static void *blocks[ARENA_PAGES * 2];
	size_t count = 0;
	char *one = heap_alloc(3000);

	(void)state;
	memset(one, 'x', 3000);
	while ((blocks[count] = heap_alloc(2000)))
		count++;
	assert_in_range(count, ARENA_PAGES * 2 - 20, ARENA_PAGES * 2);
	assert_null(heap_alloc(1));
	assert_null(heap_resize(one, 100000));
	for (size_t i = 0; i < 3000; i++)
		assert_int_equal(one[i], 'x');
	assert_ptr_equal(heap_resize(one, 100), one); // stays where it is rather than failing
	heap_free(one);
	while (count)
		heap_free(blocks[--count]);
	assert_null(heap_alloc(SIZE_MAX));
	assert_null(heap_alloc(SIZE_MAX / 2));
	assert_null(heap_alloc(SIZE_MAX - 8 * PAGE_SIZE));
	check_empty();
}

static void wrong_frees_are_noticed(void **state)
{
	void (*const free_block)(void *) = heap_free;
	char *small = heap_alloc(100), *neighbour = heap_alloc(100), *large = heap_alloc(50000);

	(void)state;
	assert_true(arena_panics(free_block, small + 16)); // inside a block
	assert_true(arena_panics(free_block, large + 16));
	assert_true(arena_panics(free_block, large + PAGE_SIZE));
	heap_free(small);
	assert_true(arena_panics(free_block, small)); // twice, while its slab lives
	heap_free(neighbour);
	assert_true(arena_panics(free_block, neighbour)); // and when it is gone
	heap_free(large);
	assert_true(arena_panics(free_block, large));
	heap_free(NULL);
	check_empty();
}

static void torture(void **state)
{
	static struct {
		unsigned char *bytes;
		size_t size;
		int pattern;
	} blocks[500];

	(void)state;
	srand(3);
	for (int round = 0; round < 200000; round++) {
		size_t at = (size_t)rand() % ARRAY_SIZE(blocks);

		for (size_t i = 0; blocks[at].bytes && i < blocks[at].size; i++)
			assert_int_equal(blocks[at].bytes[i], blocks[at].pattern);
		heap_free(blocks[at].bytes);
		blocks[at].size = (size_t)rand() % ((size_t)16 << rand() % 11);
		blocks[at].pattern = rand() & 0xff;
		blocks[at].bytes = rand() % 3 ? heap_alloc(blocks[at].size) : NULL;
		if (blocks[at].bytes)
			memset(blocks[at].bytes, blocks[at].pattern, blocks[at].size);
	}
	for (size_t at = 0; at < ARRAY_SIZE(blocks); at++)
		heap_free(blocks[at].bytes);
	check_empty();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_is_a_block_of_its_own),
		cmocka_unit_test(little_is_wasted),
		cmocka_unit_test(the_peak_stays),
		cmocka_unit_test(resizing_keeps_the_content),
		cmocka_unit_test(alignments_are_kept),
		cmocka_unit_test(running_out_leaves_all_as_it_was),
		cmocka_unit_test(wrong_frees_are_noticed),
		cmocka_unit_test(torture),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
