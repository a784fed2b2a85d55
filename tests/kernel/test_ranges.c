// SPDX-License-Identifier: Apache-2.0
// kernel/ranges.c against a plain array of flags, and at its limits.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/compiler.h"
#include "kernel/ranges.h"

#define SPACE 100u

static void check_form(const struct ranges *ranges)
{
	for (size_t i = 0; i < ranges->count; i++) {
		assert_true(ranges->items[i].start < ranges->items[i].end);
		if (i)
			assert_true(ranges->items[i - 1].end < ranges->items[i].start);
	}
}

static void same_as_flags(void **state)
{
	(void)state;
	srand(4);
	for (int round = 0; round < 2000; round++) {
		struct ranges ranges = { 0 };
		bool flags[SPACE] = { 0 };

		for (int step = 0; step < 20; step++) {
			paddr_t start = (paddr_t)rand() % SPACE,
				end = start + (paddr_t)rand() % (SPACE - start);
			bool add = rand() % 2;

			(add ? ranges_add : ranges_remove)(&ranges, start, end);
			for (paddr_t at = start; at < end; at++)
				flags[at] = add;
			check_form(&ranges);
		}
		size_t sum = 0;
		for (paddr_t at = 0; at < SPACE; at++) {
			assert_int_equal(ranges_find(&ranges, at, at + 1) != NULL, flags[at]);
			sum += flags[at] ? 1 : 0;
		}
		assert_int_equal(ranges_size(&ranges), sum);
	}
}

// Never more than was added; what is there already can be used on.
static void too_many_are_left_out(void **state)
{
	struct ranges ranges = { 0 };

	(void)state;
	for (paddr_t at = 0; at < RANGES_MAX + 10; at++)
		ranges_add(&ranges, at * 10, at * 10 + 8);
	assert_int_equal(ranges.count, RANGES_MAX);
	assert_int_equal(ranges_size(&ranges), RANGES_MAX * 8);
	ranges_remove(&ranges, 2, 4); // would make one more
	check_form(&ranges);
	assert_null(ranges_find(&ranges, 2, 4));
	assert_true(ranges_size(&ranges) <= RANGES_MAX * 8 - 2);
	ranges_add(&ranges, 0, 10000);
	assert_int_equal(ranges.count, 1);
}

static void find_takes_the_first(void **state)
{
	struct ranges ranges = { 0 };

	(void)state;
	ranges_add(&ranges, 20, 30);
	ranges_add(&ranges, 0, 10);
	assert_ptr_equal(ranges_find(&ranges, 5, 25), &ranges.items[0]);
	assert_ptr_equal(ranges_find(&ranges, 10, 21), &ranges.items[1]);
	assert_null(ranges_find(&ranges, 10, 20));
	assert_null(ranges_find(&ranges, 30, UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_flags),
		cmocka_unit_test(too_many_are_left_out),
		cmocka_unit_test(find_takes_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
