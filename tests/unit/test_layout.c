// SPDX-License-Identifier: Apache-2.0
// domain/layout.c: banks, placement by the rules of Xen's toolstack, extended regions; and sums that would
// overflow.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "domain/layout.h"
#include "kernel/compiler.h"

#define RAM0 UINT64_C(0x40000000)
#define RAM1 UINT64_C(0x200000000)

static struct guest_layout layout_of(uint64_t mib)
{
	const struct domain_config config = { .memory_kib = mib << 10 };
	struct guest_layout layout;

	memset(&layout, 0xff, sizeof(layout));
	assert_int_equal(layout_memory(&layout, &config, NULL), 0);
	return layout;
}

static void memory_fills_the_first_bank_first(void **state)
{
	const struct {
		uint64_t mib, first, second;
	} cases[] = {
		{ 1, MIB(1), 0 },         { 16, MIB(16), 0 },
		{ 3072, GIB(3), 0 },      { 3073, GIB(3), MIB(1) },
		{ 8192, GIB(3), GIB(5) }, { 3 * 1024 + 1016 * 1024, GIB(3), GIB(1016) },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct guest_layout layout = layout_of(cases[i].mib);

		assert_int_equal(layout.banks[0].start, RAM0);
		assert_int_equal(layout.banks[0].size, cases[i].first);
		assert_int_equal(layout.banks[1].start, RAM1);
		assert_int_equal(layout.banks[1].size, cases[i].second);
	}

	struct domain_config config = { .memory_kib = (GIB(3) + GIB(1016)) / 1024 + 4 };
	struct guest_layout layout;
	struct failure failure = { 0 };
	assert_int_equal(layout_memory(&layout, &config, &failure), -EINVAL);
	assert_non_null(strstr(failure.text, "1043456 MiB at most"));
}

static int iomem_error(uint64_t mib, const struct config_iomem *iomem, uint32_t count,
		       struct failure *failure)
{
	const struct domain_config config = { .memory_kib = mib << 10, .iomem = iomem, .iomem_count = count };
	struct guest_layout layout;

	return layout_memory(&layout, &config, failure);
}

static void iomem_stays_clear_of_everything_else(void **state)
{
	const struct {
		uint64_t mib, gfn, frames;
		const char *over; // NULL: it is free
	} cases[] = {
		{ 16, 0x9030, 1, NULL },
		{ 16, 0x3000, 1, NULL }, // just below the GIC
		{ 16, 0x3000, 2, "interrupt controller" },
		{ 16, 0x3002, 1, "interrupt controller" },
		{ 16, 0x401f, 1, "interrupt controller" },
		{ 16, 0x4020, 1, NULL }, // just above it
		{ 16, 0x38000, 1, "grant table" },
		{ 16, 0x39000, 1, "magic pages" },
		{ 16, 0x3ffff, 1, NULL },
		{ 16, 0x3ffff, 2, "memory" },
		{ 16, 0x40fff, 1, "memory" },
		{ 16, 0x41000, 1, NULL },
		{ 16, 0x200000, 1, NULL }, // the second bank isn't used
		{ 3073, 0x200000, 1, "memory" },
		{ 3073, 0x200100, 1, NULL },
		{ 16, 0, UINT64_C(1) << 40, "magic pages" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct config_iomem iomem = { cases[i].gfn, 0x1000, cases[i].frames };
		struct failure failure = { 0 };
		int error = iomem_error(cases[i].mib, &iomem, 1, &failure);

		assert_int_equal(error, cases[i].over ? -EINVAL : 0);
		if (cases[i].over && !strstr(failure.text, cases[i].over))
			fail_msg("case %zu: %s", i, failure.text);
	}

	const struct config_iomem twice[] = { { 0x9000, 0x9000, 4 }, { 0x9003, 0x1000, 1 } };
	const struct config_iomem beside[] = { { 0x9000, 0x9000, 4 }, { 0x9004, 0x1000, 1 } };
	assert_int_equal(iomem_error(16, twice, 2, NULL), -EINVAL);
	assert_int_equal(iomem_error(16, beside, 2, NULL), 0);
}

static void xsa_95_the_kernel_must_fit(void **state)
{
	struct guest_layout layout = layout_of(16);
	struct failure failure = { 0 };

	(void)state;
	assert_int_equal(layout_kernel(&layout, 0x80000, MIB(3), NULL), 0);
	assert_int_equal(layout.kernel.start, RAM0 + 0x80000);
	assert_int_equal(layout.kernel.size, MIB(3));
	assert_int_equal(layout_kernel(&layout, 0, MIB(16), NULL), 0);
	assert_int_equal(layout_kernel(&layout, 1, MIB(16), NULL), -ENOMEM);

	layout = layout_of(2);
	assert_int_equal(layout_kernel(&layout, 0, MIB(2) + 1, &failure), -ENOMEM);
	assert_string_equal(failure.text, "kernel needs 3 MiB but the domain has 2 MiB: raise memory");

	layout = layout_of(8192);
	const uint64_t huge[] = { GIB(3) + 1, INT64_MAX, UINT64_MAX - MIB(2), UINT64_MAX };
	for (size_t i = 0; i < ARRAY_SIZE(huge); i++) {
		assert_int_equal(layout_kernel(&layout, 0, huge[i], NULL), -ENOMEM);
		assert_int_equal(layout_kernel(&layout, huge[i], 4096, NULL), -ENOMEM);
		assert_int_equal(layout_kernel(&layout, huge[i], huge[i], NULL), -ENOMEM);
		assert_int_equal(layout_kernel(&layout, MIB(2), huge[i], NULL), -ENOMEM);
	}
}

// Places a kernel of `kernel` bytes at `offset`, a ramdisk and a tree; `ramdisk_at` is relative to the start
// of memory.
static void check_placement(uint64_t mib, uint64_t offset, uint64_t kernel, uint64_t ramdisk, uint64_t tree,
			    uint64_t ramdisk_at)
{
	struct guest_layout layout = layout_of(mib);

	assert_int_equal(layout_kernel(&layout, offset, kernel, NULL), 0);
	assert_int_equal(layout_modules(&layout, ramdisk, tree, NULL), 0);
	assert_int_equal(layout.ramdisk.start, RAM0 + ramdisk_at);
	assert_int_equal(layout.ramdisk.size, ramdisk);
	assert_int_equal(layout.tree.start, RAM0 + ramdisk_at + ROUND_UP(ramdisk, PAGE_SIZE));
	assert_int_equal(layout.tree.size, tree);
}

static void modules_lie_where_xl_puts_them(void **state)
{
	(void)state;
	check_placement(1024, 0, MIB(30), MIB(20), 5000, MIB(128));
	check_placement(1024, 0x80000, MIB(30), 0, 5000, MIB(128));
	check_placement(16, 0, MIB(1), 0, 4096, MIB(16) - 4096);
	check_placement(16, 0, MIB(1), 0, 4097, MIB(16) - 8192);
	check_placement(16, 0, MIB(1), 1, 1, MIB(16) - 8192);
	check_placement(128, 0, MIB(1), 0, 4096, MIB(128) - 4096); // no room behind 128 MB
	check_placement(129, 0, MIB(1), 0, 4096, MIB(128));
	check_placement(129, 0, MIB(1), MIB(1), 4096, MIB(128) - 4096); // not all of it
	check_placement(1024, 0, MIB(127), 0, 4096, GIB(1) - 4096); // the kernel's last block reaches 128 MB
	check_placement(1024, 0, MIB(200), 0, 4096, GIB(1) - 4096);
	check_placement(4096, 0, MIB(200), 0, 4096, GIB(3) - 4096);   // in the first bank
	check_placement(2, 0x80000, MIB(1), 0, 4096, 0x80000 - 4096); // below the kernel
	check_placement(2, 0x80123, MIB(1), 0, 4096, 0x80000 - 4096);
	check_placement(4, 0, MIB(2), MIB(2) - 4096, 4096, MIB(2)); // just fits
}

static void modules_must_fit(void **state)
{
	struct guest_layout layout = layout_of(4);
	struct failure failure = { 0 };

	(void)state;
	assert_int_equal(layout_kernel(&layout, 0, MIB(1), NULL), 0);
	assert_int_equal(layout_modules(&layout, MIB(2), 4096, &failure), -ENOMEM);
	assert_string_equal(failure.text,
			    "kernel, ramdisk and device tree need 5 MiB but the domain has 4 MiB: "
			    "raise memory");

	const uint64_t huge[] = { MIB(4), MIB(4) + 1, GIB(4), UINT64_MAX - 4095, UINT64_MAX };
	for (size_t i = 0; i < ARRAY_SIZE(huge); i++) {
		assert_int_equal(layout_modules(&layout, huge[i], 1, NULL), -ENOMEM);
		assert_int_equal(layout_modules(&layout, 1, huge[i], NULL), -ENOMEM);
		assert_int_equal(layout_modules(&layout, huge[i], huge[i], NULL), -ENOMEM);
	}
}

// The property that every placement has: nothing overlaps, everything lies in the first bank. Over many
// sizes.
static void nothing_overlaps(void **state)
{
	(void)state;
	for (uint64_t mib = 2; mib <= 160; mib += 3)
		for (uint64_t kernel = 1; kernel <= MIB(mib); kernel = kernel * 5 + 4095)
			for (uint64_t ramdisk = 0; ramdisk <= MIB(mib); ramdisk = ramdisk * 6 + 4097) {
				struct guest_layout layout = layout_of(mib);
				uint64_t bank_end = guest_range_end(&layout.banks[0]);

				if (layout_kernel(&layout, kernel % 3 * 0x80000, kernel, NULL) ||
				    layout_modules(&layout, ramdisk, 7000, NULL))
					continue;
				assert_true(layout.ramdisk.start >= RAM0);
				assert_true(guest_range_end(&layout.ramdisk) <= layout.tree.start);
				assert_true(ROUND_UP(guest_range_end(&layout.tree), PAGE_SIZE) <= bank_end);
				assert_true(guest_range_end(&layout.kernel) <= layout.ramdisk.start ||
					    ROUND_UP(guest_range_end(&layout.tree), PAGE_SIZE) <=
						    layout.kernel.start);
				assert_int_equal(layout.tree.start & PAGE_MASK, 0);
				assert_int_equal(layout.ramdisk.start & PAGE_MASK, 0);
			}
}

static void check_regions(uint64_t mib, unsigned int bits, const struct config_iomem *iomem, uint32_t count,
			  const struct guest_range *expected, size_t expected_count)
{
	const struct domain_config config = { .memory_kib = mib << 10, .iomem = iomem, .iomem_count = count };
	struct guest_range regions[EXTENDED_REGIONS_MAX];
	struct guest_layout layout;

	assert_int_equal(layout_memory(&layout, &config, NULL), 0);
	assert_int_equal(layout_extended_regions(&layout, &config, bits, regions), expected_count);
	for (size_t i = 0; i < expected_count; i++) {
		assert_int_equal(regions[i].start, expected[i].start);
		assert_int_equal(guest_range_end(&regions[i]), expected[i].size); // an end here
	}
}

#define REGIONS(...)                                                                                         \
	(const struct guest_range[]){ __VA_ARGS__ },                                                         \
		sizeof((const struct guest_range[]){ __VA_ARGS__ }) / sizeof(struct guest_range)
#define IOMEM(...)                                                                                           \
	(const struct config_iomem[]){ __VA_ARGS__ },                                                        \
		sizeof((const struct config_iomem[]){ __VA_ARGS__ }) / sizeof(struct config_iomem)

static void extended_regions_are_what_is_left(void **state)
{
	(void)state;
	check_regions(16, 40, NULL, 0, REGIONS({ 0x41000000, 0x100000000 }, { RAM1, UINT64_C(1) << 40 }));
	check_regions(16, 44, NULL, 0, REGIONS({ 0x41000000, 0x100000000 }, { RAM1, UINT64_C(1) << 40 }));
	check_regions(16, 64, NULL, 0, REGIONS({ 0x41000000, 0x100000000 }, { RAM1, UINT64_C(1) << 40 }));
	check_regions(16, 36, NULL, 0, REGIONS({ 0x41000000, 0x100000000 }, { RAM1, UINT64_C(1) << 36 }));
	check_regions(16, 32, NULL, 0, REGIONS({ 0x41000000, 0x100000000 }));
	check_regions(17, 32, NULL, 0, REGIONS({ 0x41200000, 0x100000000 })); // to 2 MB
	check_regions(3072 - 64, 32, NULL, 0, REGIONS({ 0xfc000000, 0x100000000 }));
	check_regions(3072 - 63, 40, NULL, 0, REGIONS({ RAM1, UINT64_C(1) << 40 })); // 63 MB are too few
	check_regions(4096, 40, NULL, 0, REGIONS({ 0x240000000, UINT64_C(1) << 40 }));

	// Devices cut them; not in order, one just touching, one that leaves too little before it.
	check_regions(16, 32, IOMEM({ 0x90000, 0x1, 1 }, { 0x60000, 0x2, 0x10000 }),
		      REGIONS({ 0x41000000, 0x60000000 }, { 0x70000000, 0x90000000 },
			      { 0x90200000, 0x100000000 }));
	check_regions(16, 32, IOMEM({ 0x41000, 0x1, 1 }), REGIONS({ 0x41200000, 0x100000000 }));
	check_regions(16, 32, IOMEM({ 0x43000, 0x1, 1 }), REGIONS({ 0x43200000, 0x100000000 }));
	check_regions(16, 32, IOMEM({ 0xfffff, 0x1, 1 }), REGIONS({ 0x41000000, 0xffe00000 }));
	check_regions(16, 32, IOMEM({ 0x41000, 0x1, 0xbf000 }), NULL, 0);
	check_regions(16, 32, IOMEM({ 0x9030, 0x9030, 1 }, { 0x100000, 1, 0x1000 }),
		      REGIONS({ 0x41000000, 0x100000000 }));
}

static void extended_regions_are_bounded(void **state)
{
	struct config_iomem iomem[200];
	struct guest_range regions[EXTENDED_REGIONS_MAX];
	struct guest_layout layout;

	(void)state;
	for (uint64_t i = 0; i < ARRAY_SIZE(iomem); i++)
		iomem[i] = (struct config_iomem){ 0x240000 + i * 0x10000, i, 1 };
	const struct domain_config config = { .memory_kib = 16384,
					      .iomem = iomem,
					      .iomem_count = ARRAY_SIZE(iomem) };
	assert_int_equal(layout_memory(&layout, &config, NULL), 0);
	assert_int_equal(layout_extended_regions(&layout, &config, 40, regions), EXTENDED_REGIONS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_fills_the_first_bank_first),
		cmocka_unit_test(iomem_stays_clear_of_everything_else),
		cmocka_unit_test(xsa_95_the_kernel_must_fit),
		cmocka_unit_test(modules_lie_where_xl_puts_them),
		cmocka_unit_test(modules_must_fit),
		cmocka_unit_test(nothing_overlaps),
		cmocka_unit_test(extended_regions_are_what_is_left),
		cmocka_unit_test(extended_regions_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
