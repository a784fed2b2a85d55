// SPDX-License-Identifier: Apache-2.0
// Sets of CPUs as text, both ways.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/compiler.h"
#include "kernel/cpu_set.h"

static void texts_become_sets(void **state)
{
	static const struct {
		const char *text;
		uint64_t low, high;
	} cases[] = {
		{ "0", 1, 0 },
		{ "0-3", 0xf, 0 },
		{ "0-3,^1", 0xd, 0 },
		{ "5,2,2-3", 0x2c, 0 },
		{ "127", 0, 1ull << 63 },
		{ "63-64", 1ull << 63, 1 },
		{ "all", UINT64_MAX, UINT64_MAX },
		{ "all,^0", UINT64_MAX - 1, UINT64_MAX },
		{ "node:0,^nodes:0,7", 0x80, 0 },
		{ "", 0, 0 },
		{ "1,,2,", 6, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cpu_set set;

		assert_null(cpu_set_parse(cases[i].text, &set));
		assert_int_equal(set.bits[0], cases[i].low);
		assert_int_equal(set.bits[1], cases[i].high);
	}
}

static void what_is_wrong_is_pointed_at(void **state)
{
	static const char *const texts[][2] = {
		{ "128", "128" },
		{ "0-128", "0-128" },
		{ "1,x", "x" },
		{ "3-1", "3-1" },
		{ "1-", "1-" },
		{ "all3", "all3" },
		{ "^all", "^all" },
		{ "nodes:1", "nodes:1" },
		{ "-1", "-1" },
		{ "1 2", "1 2" },
		{ "4294967296", "4294967296" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct cpu_set set;

		assert_string_equal(cpu_set_parse(texts[i][0], &set), texts[i][1]);
	}
}

static void sets_become_texts(void **state)
{
	char text[CPU_SET_CPUS * 4], again[CPU_SET_CPUS * 4];
	struct cpu_set set, back;

	(void)state;
	cpu_set_parse("0-3,5,8-9", &set);
	cpu_set_print(&set, 128, text, sizeof(text));
	assert_string_equal(text, "0-3,5,8-9");
	cpu_set_print(&set, 4, text, sizeof(text)); // the machine has no others
	assert_string_equal(text, "all");
	cpu_set_print(&(struct cpu_set){ 0 }, 4, text, sizeof(text));
	assert_string_equal(text, "none");
	cpu_set_parse("0,2,4", &set);
	for (size_t size = 1; size < 6; size++) {
		memset(text, '#', sizeof(text));
		cpu_set_print(&set, 8, text, size);
		assert_true(strlen(text) < size);
		assert_memory_equal(text, "0,2,4", strlen(text));
		assert_int_equal(text[size], '#');
	}
	for (unsigned int seed = 0; seed < 2000; seed++) {
		srand(seed);
		for (unsigned int cpu = 0; cpu < CPU_SET_CPUS; cpu++)
			if (rand() % 3)
				cpu_set_add(&set, cpu);
		cpu_set_print(&set, CPU_SET_CPUS, text, sizeof(text));
		assert_null(cpu_set_parse(text, &back));
		assert_memory_equal(&set, &back, sizeof(set));
		cpu_set_print(&back, CPU_SET_CPUS, again, sizeof(again));
		assert_string_equal(text, again);
		set = (struct cpu_set){ 0 };
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_become_sets),
		cmocka_unit_test(what_is_wrong_is_pointed_at),
		cmocka_unit_test(sets_become_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
