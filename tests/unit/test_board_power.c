// SPDX-License-Identifier: Apache-2.0
// drivers/board_power.c: what the Raspberry Pi's watchdog is told, in which order, and that nothing else is touched where there
// is none.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "drivers/board_power.h"
#include "kernel/compiler.h"
#include "kernel/memory.h"
#include "kernel/task.h"
#include "model/model.h"

// As on the Raspberry Pi 4: the registers begin in the middle of a page.
#define ADDRESS 0x7e00800u
#define SIZE    0x114u

#define CONTROL  0x1cu
#define STATUS   0x20u
#define WATCHDOG 0x24u
#define PASSWORD 0x5a000000u
#define NOWHERE  0x555u

static char tree[1024];
static volatile char *registers;

static struct {
	uint32_t offset, value;
} writes[8];
static unsigned int write_count;

static volatile uint32_t *reg(uint32_t offset)
{
	return (volatile uint32_t *)(registers + offset);
}

static void note(volatile void *at)
{
	uint32_t offset = (uint32_t)((volatile char *)at - registers);

	assert_in_range(write_count, 0, ARRAY_SIZE(writes) - 1);
	writes[write_count].offset = offset;
	writes[write_count++].value = *reg(offset);
}

static void start_with(const char *compatible, uint32_t size)
{
	const uint32_t place[] = { 0, cpu_to_fdt32(ADDRESS), 0, cpu_to_fdt32(size) };
	struct model_options options = model_defaults;

	fdt_create(tree, sizeof(tree));
	fdt_finish_reservemap(tree);
	fdt_begin_node(tree, "");
	fdt_property_u32(tree, "#address-cells", 2);
	fdt_property_u32(tree, "#size-cells", 2);
	fdt_begin_node(tree, "watchdog@7e00800");
	fdt_property(tree, "compatible", compatible, (int)strlen(compatible) + 1);
	fdt_property(tree, "reg", place, sizeof(place));
	fdt_end_node(tree);
	fdt_end_node(tree);
	assert_int_equal(fdt_finish(tree), 0);
	options.tree = tree;
	model_start(&options);
	registers = (char *)memory_map(ROUND_DOWN(ADDRESS, PAGE_SIZE), PAGE_SIZE, MEMORY_DEVICE) + ADDRESS % PAGE_SIZE;
	for (uint32_t offset = 0; offset < SIZE; offset += 4)
		*reg(offset) = 0;
	write_count = 0;
	model_on_register_write(note);
}

static void check_write(unsigned int index, uint32_t offset, uint32_t value)
{
	assert_int_equal(writes[index].offset, offset);
	assert_int_equal(writes[index].value, value);
}

// The partition to start from is forgotten; what else stands in the registers stays, but for the password, which never does.
static void starts_anew(void **state)
{
	(void)state;
	start_with("brcm,bcm2835-pm-wdt", SIZE);
	*reg(STATUS) = PASSWORD | 0x1000 | NOWHERE;
	*reg(CONTROL) = PASSWORD | 0x102 | 0x10;
	board_power(false);
	assert_int_equal(write_count, 3);
	check_write(0, STATUS, PASSWORD | 0x1000);
	check_write(1, WATCHDOG, PASSWORD | 10); // of 16 us
	check_write(2, CONTROL, PASSWORD | 0x102 | 0x20);
}

static void stays_off(void **state)
{
	(void)state;
	start_with("brcm,bcm2835-pm-wdt", SIZE);
	*reg(STATUS) = 0x1004;
	board_power(true);
	assert_int_equal(write_count, 3);
	check_write(0, STATUS, PASSWORD | 0x1000 | NOWHERE);
	check_write(1, WATCHDOG, PASSWORD | 10);
	check_write(2, CONTROL, PASSWORD | 0x20);
}

// One that doesn't obey: the caller has its turn, when the board would have gone.
static void comes_back(void **state)
{
	(void)state;
	start_with("brcm,bcm2835-pm-wdt", SIZE);
	uint64_t before = time_now();
	board_power(true);
	assert_true(time_now() - before >= MICROSECONDS(16) * 10);
}

static void nothing_is_touched(void **state)
{
	(void)state;
	start_with("brcm,bcm2835-pm", SIZE); // Xen's own
	board_power(true);
	assert_int_equal(write_count, 0);
	start_with("brcm,bcm2835-pm-wdt", WATCHDOG); // the watchdog itself lies outside
	board_power(true);
	assert_int_equal(write_count, 0);
	start_with("brcm,bcm2835-pm-wdt", SIZE);
	model_fail_allocation(1); // it can't be mapped
	board_power(true);
	assert_true(model_fault_struck());
	assert_int_equal(write_count, 0);
	model_fail_allocation(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_anew),
		cmocka_unit_test(stays_off),
		cmocka_unit_test(comes_back),
		cmocka_unit_test(nothing_is_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
