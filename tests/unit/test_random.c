// SPDX-License-Identifier: Apache-2.0
// domain/random.c: never the same bytes twice, and a secret only where the boot loader gave one.
#include "written_tree.h"

#include <stdbool.h>

#include "domain/random.h"
#include "kernel/start.h"
#include "model/model.h"

static const uint8_t given[64] = { 0x12, 0x34, [31] = 0x56, [63] = 0x78 };

// The machine's tree, with so many bytes in /chosen rng-seed; -1: without the property, -2: without the node.
static void boot_with(int length)
{
	begin_root();
	if (length > -2) {
		begin("chosen");
		if (length >= 0)
			assert_int_equal(fdt_property(tree, "rng-seed", given, length), 0);
		end();
	}
	end();
	assert_int_equal(fdt_finish(tree), 0);
	assert_int_equal(devicetree_init(tree, 0), 0);
}

static int start(void **state)
{
	(void)state;
	model_start(NULL);
	return 0;
}

static void only_the_boot_loaders_is_a_secret(void **state)
{
	uint8_t bytes[RANDOM_BYTES];

	(void)state;
	for (int length = -2; length <= 64; length++) {
		boot_with(length);
		assert_int_equal(random_make(bytes), length >= RANDOM_BYTES);
	}
}

static void all_differ(void **state)
{
	static uint8_t all[200][RANDOM_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		boot_with(i % 2 ? (int)i % 64 : -2);
		random_make(all[i]);
		assert_memory_not_equal(all[i], given, RANDOM_BYTES);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(all[i], all[j], RANDOM_BYTES);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(only_the_boot_loaders_is_a_secret, start),
		cmocka_unit_test_setup(all_differ, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
