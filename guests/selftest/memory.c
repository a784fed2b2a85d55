// SPDX-License-Identifier: Apache-2.0
// The page allocator and the heap, on real memory.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/guest.h"
#include "kernel/compiler.h"
#include "kernel/memory.h"
#include "kernel/page.h"
#include "kernel/task.h"
#include "selftest/selftest.h"

static size_t free_pages(void)
{
	struct memory_usage usage;

	memory_usage(&usage);
	return usage.free_pages;
}

void test_pages(void)
{
	size_t before = free_pages();
	void *blocks[6];

	for (unsigned int order = 0; order < ARRAY_SIZE(blocks); order++) {
		blocks[order] = page_alloc(order);
		CHECK(blocks[order] && virt_to_phys(blocks[order]) % (PAGE_SIZE << order) == 0);
		memset(blocks[order], (int)order, PAGE_SIZE << order);
	}
	for (unsigned int order = 0; order < ARRAY_SIZE(blocks); order++) {
		const unsigned char *bytes = blocks[order];
		for (size_t i = 0; i < PAGE_SIZE << order; i++)
			if (bytes[i] != order) {
				CHECK(!"a block was overwritten");
				break;
			}
		CHECK(phys_to_virt(virt_to_phys(blocks[order])) == blocks[order]);
		page_free(blocks[order], order);
	}
	CHECK(free_pages() == before);
	CHECK(!page_alloc(40));
}

// Takes everything, which is as much as the figures said, and gives it back.
static void take_all(void)
{
	struct link {
		struct link *next;
		unsigned int order;
	} *taken = NULL, *link;
	size_t before = free_pages(), sum = 0;

	for (unsigned int order = PAGE_ORDER_MAX + 1; order-- > 0;)
		while ((link = page_alloc(order))) {
			*link = (struct link){ taken, order };
			taken = link;
			sum += PAGE_SIZE << order;
		}
	CHECK(sum == before && free_pages() == 0);
	while ((link = taken)) {
		taken = link->next;
		page_free(link, link->order);
	}
	CHECK(free_pages() == before);
}

void test_page_runs(void)
{
	size_t before = free_pages();
	void *runs[40];

	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		runs[i] = page_alloc_run(i + 1);
		CHECK(runs[i]);
		memset(runs[i], 1, (i + 1) * PAGE_SIZE);
	}
	CHECK(free_pages() == before - 40 * 41 / 2 * PAGE_SIZE);
	for (size_t i = 0; i < ARRAY_SIZE(runs); i += 2)
		page_free_run(runs[i], i + 1);
	for (size_t i = 1; i < ARRAY_SIZE(runs); i += 2)
		page_free_run(runs[i], i + 1);
	CHECK(free_pages() == before);
	take_all();
}

void test_heap(void)
{
	struct memory_usage before, after;
	char *block, *zeroes;

	memory_usage(&before);
	block = malloc(100);
	memory_usage(&after);
	CHECK(after.heap_blocks == before.heap_blocks + 1);
	CHECK(after.heap_used - before.heap_used >= 100 && after.heap_used - before.heap_used < 200);
	CHECK((uintptr_t)block % 16 == 0);
	memset(block, 'x', 100);
	block = realloc(block, 100000);
	CHECK(block && block[0] == 'x' && block[99] == 'x');
	block = realloc(block, 50);
	CHECK(block && block[49] == 'x');
	zeroes = calloc(3, 1000);
	for (int i = 0; i < 3000; i++)
		CHECK(zeroes[i] == 0);
	for (volatile size_t size = SIZE_MAX; size > GIB(1) * GIB(1); size /= 2)
		CHECK(!malloc(size) && !calloc(size / 2, 4));
	free(zeroes);
	free(block);
	free(NULL);
	for (size_t alignment = 8; alignment <= PAGE_SIZE; alignment *= 2) {
		block = aligned_alloc(alignment, 5000);
		CHECK(block && (uintptr_t)block % alignment == 0);
		memset(block, 1, 5000);
		free(block);
	}
	memory_usage(&after);
	CHECK(after.heap_used == before.heap_used && after.heap_blocks == before.heap_blocks);
	CHECK(after.heap_size == before.heap_size && after.free_pages == before.free_pages);
}

// ---- Torture ----

#define BLOCKS 400

static struct {
	unsigned char *bytes;
	size_t size;
	unsigned char pattern;
} blocks[BLOCKS];
static uint64_t random_state = 1;

static uint64_t random_below(uint64_t bound)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (random_state >> 33) % bound;
}

// Mostly small, sometimes up to 64 KB.
static size_t random_size(void)
{
	return random_below((uint64_t)16 << random_below(13));
}

static bool is_intact(size_t at)
{
	for (size_t i = 0; i < blocks[at].size; i++)
		if (blocks[at].bytes[i] != blocks[at].pattern)
			return false;
	return true;
}

static void fill(size_t at)
{
	blocks[at].pattern = (unsigned char)random_state;
	memset(blocks[at].bytes, blocks[at].pattern, blocks[at].size);
}

static void change(size_t at)
{
	size_t size = random_size();

	if (!blocks[at].bytes) {
		blocks[at].bytes = malloc(size);
	} else if (random_below(3)) {
		CHECK(is_intact(at));
		free(blocks[at].bytes);
		blocks[at].bytes = NULL;
		blocks[at].size = 0;
		return;
	} else {
		unsigned char *moved = realloc(blocks[at].bytes, size);

		CHECK(moved);
		blocks[at].bytes = moved;
		blocks[at].size = MIN(size, blocks[at].size);
		CHECK(is_intact(at));
	}
	blocks[at].size = size;
	CHECK(blocks[at].bytes && (uintptr_t)blocks[at].bytes % 16 == 0);
	fill(at);
}

void test_heap_torture(void)
{
	uint64_t rounds = guest_option("rounds", 20000, 1000000000);
	struct memory_usage before, after;

	memory_usage(&before);
	for (uint64_t i = 0; i < rounds; i++) {
		change(random_below(BLOCKS));
		if (task_should_yield())
			task_yield();
	}
	for (size_t at = 0; at < BLOCKS; at++) {
		CHECK(!blocks[at].bytes || is_intact(at));
		free(blocks[at].bytes);
		blocks[at].bytes = NULL;
	}
	memory_usage(&after);
	CHECK(after.heap_used == before.heap_used && after.heap_blocks == before.heap_blocks);
	CHECK(after.heap_size == before.heap_size && after.free_pages == before.free_pages);
}
