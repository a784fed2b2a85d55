// SPDX-License-Identifier: Apache-2.0
// drivers/pci.c on configuration spaces as they are, and as they should not be: functions found, memory windows sized and
// given addresses, capabilities, interrupts.
#include "written_tree.h"

#include <stdbool.h>
#include <stdlib.h>

#include "drivers/pci.h"
#include "drivers/virtio.h"
#include "kernel/start.h"
#include "model/model.h"

#define CONFIG        0x3f000000u // of a bus
#define WINDOW        0x10000000u // 32-bit, 1 MiB
#define WINDOW_SIZE   MIB(1)
#define PREFETCH      0x20000000u // where the CPU sees the 64-bit window, 1 MiB
#define PREFETCH_BUS  0x8000000000ull
#define FUNCTION_SIZE 4096u

static char *space; // of the bus, as the driver sees it
static struct pci_function *before;

// What each BAR keeps of what is written to it, and, in the lower four bits, its kind.
static uint32_t masks[256][PCI_BARS];

static uint32_t *word(unsigned int function, uint32_t offset)
{
	return (uint32_t *)(space + function * FUNCTION_SIZE + offset);
}

static void act(volatile void *at)
{
	size_t place = (size_t)((volatile char *)at - space), offset = place % FUNCTION_SIZE;
	uint32_t *value = (uint32_t *)(uintptr_t)at, mask;

	if (place >= MIB(1) || offset < 0x10 || offset >= 0x28)
		return;
	mask = masks[place / FUNCTION_SIZE][(offset - 0x10) / 4];
	*value &= mask;
	if (mask != UINT32_MAX) // else it is the upper half of another
		*value = (*value & ~0xfu) | (mask & 0xf);
}

static void begin_tree(void)
{
	model_start(NULL);
	model_on_register_write(act);
	begin_root();
	begin("gic");
	CELLS("phandle", 1);
	CELLS("#address-cells", 0);
	CELLS("#interrupt-cells", 3);
	end();
}

static void begin_bridge(const char *name, uint32_t size)
{
	begin(name);
	string("compatible", "pci-host-ecam-generic");
	if (size)
		CELLS("reg", 0, CONFIG, 0, size);
	CELLS("ranges", 0x01000000, 0, 0, 0, 0x3eff0000, 0, 0x10000, // I/O
	      0x02000000, 0, WINDOW, 0, WINDOW, 0, (uint32_t)WINDOW_SIZE,
	      0x03000000, PREFETCH_BUS >> 32, (uint32_t)PREFETCH_BUS, 0, PREFETCH, 0, (uint32_t)WINDOW_SIZE);
}

static void finish_tree(void)
{
	struct pci_function *next;

	end();
	assert_int_equal(fdt_finish(tree), 0);
	assert_int_equal(devicetree_init(tree, 0), 0);
	while ((next = pci_next(before)))
		before = next; // those of the tests before
	space = memory_map(CONFIG, MIB(1), MEMORY_DEVICE);
	assert_non_null(space);
	memset(space, 0xff, MIB(1));
	memset(masks, 0, sizeof(masks));
}

// A machine with one bridge, and nothing behind it yet.
static void start(void)
{
	begin_tree();
	begin_bridge("pcie", (uint32_t)MIB(1));
	end();
	finish_tree();
}

static void add(unsigned int function, uint8_t header)
{
	memset(word(function, 0), 0, 256);
	*word(function, 0) = 0x00011234;
	*word(function, 8) = 0x08050100;
	*word(function, 0xc) = (uint32_t)header << 16;
}

static void add_bar(unsigned int function, unsigned int bar, uint32_t mask)
{
	masks[function][bar] = mask;
	*word(function, 0x10 + 4 * bar) = mask & 0xf;
}

static struct pci_function *find(void)
{
	struct pci_function *found;

	assert_int_equal(pci_init(), 0);
	found = pci_next(before);
	assert_non_null(found);
	return found;
}

static unsigned int count(void)
{
	unsigned int found = 0;

	assert_int_equal(pci_init(), 0);
	for (struct pci_function *at = pci_next(before); at; at = pci_next(at))
		found++;
	return found;
}

// ---- Finding ----

static void functions_are_found(void **state)
{
	(void)state;
	start();
	add(0, 0);
	add(1, 0);        // the device says that it has one function
	add(2 << 3, 0x80);
	add((2 << 3) + 7, 0x80);
	add((3 << 3) + 1, 0); // without a function 0
	struct pci_function *at = find();
	assert_string_equal(at->place, "pci 00:00.0");
	assert_int_equal(at->vendor, 0x1234);
	assert_int_equal(at->device, 1);
	assert_int_equal(at->class, 0x080501);
	at = pci_next(at);
	assert_string_equal(at->place, "pci 00:02.0");
	at = pci_next(at);
	assert_string_equal(at->place, "pci 00:02.7");
	assert_null(pci_next(at));
}

static void a_machine_may_have_no_bridge(void **state)
{
	(void)state;
	begin_tree();
	finish_tree();
	assert_int_equal(count(), 0);
}

static void a_bridge_without_registers_is_passed_over(void **state)
{
	(void)state;
	begin_tree();
	begin_bridge("pcie@1", 0);
	end();
	begin_bridge("pcie@2", 4096);
	end();
	begin_bridge("pcie@3", (uint32_t)MIB(1));
	end();
	finish_tree();
	add(0, 0);
	assert_int_equal(count(), 1);
	assert_non_null(strstr(model_output(), "no configuration space"));
}

static void a_bridge_to_another_bus_has_no_memory_for_us(void **state)
{
	(void)state;
	uint64_t size;

	start();
	add(0, 1);
	add_bar(0, 0, 0xfffff000);
	assert_null(pci_map_bar(find(), 0, &size));
}

// ---- Memory ----

static void memory_gets_addresses(void **state)
{
	(void)state;
	uint64_t size = 0;

	start();
	add(0, 0);
	add_bar(0, 0, 0xfffff000);
	add_bar(0, 1, 0xffffff01); // I/O
	add_bar(0, 2, 0xffff0000);
	add_bar(0, 4, 0xffffc00c); // 64-bit, with its upper half
	masks[0][5] = 0xffffffff;
	struct pci_function *function = find();
	assert_ptr_equal(pci_map_bar(function, 0, &size), phys_to_virt(WINDOW));
	assert_int_equal(size, 4096);
	assert_int_equal(*word(0, 0x10), WINDOW);
	assert_int_equal(*word(0, 4) & 2, 2); // it decodes memory
	assert_ptr_equal(pci_map_bar(function, 2, &size), phys_to_virt(WINDOW + 0x10000)); // aligned to its size
	assert_int_equal(size, 0x10000);
	assert_ptr_equal(pci_map_bar(function, 4, &size), phys_to_virt(WINDOW + 0x4000));
	assert_int_equal(size, 0x4000);
	assert_null(pci_map_bar(function, 1, &size)); // I/O
	assert_null(pci_map_bar(function, 3, &size)); // none
	assert_null(pci_map_bar(function, 5, &size)); // the other half
	assert_null(pci_map_bar(function, 6, &size));
	assert_ptr_equal(pci_map_bar(function, 0, &size), phys_to_virt(WINDOW)); // as before
}

static void what_firmware_assigned_stays(void **state)
{
	(void)state;
	uint64_t size = 0;

	start();
	add(0, 0);
	add_bar(0, 0, 0xfffff000);
	*word(0, 0x10) = WINDOW + 0x3000;
	add_bar(0, 2, 0xfffff00c);
	masks[0][3] = 0xffffffff;
	*word(0, 0x18) = 0x2000 | 0xc;
	*word(0, 0x1c) = PREFETCH_BUS >> 32;
	add_bar(0, 4, 0xfffff000);
	*word(0, 0x20) = 0x80000000; // outside of the windows
	struct pci_function *function = find();
	assert_ptr_equal(pci_map_bar(function, 0, &size), phys_to_virt(WINDOW + 0x3000));
	assert_ptr_equal(pci_map_bar(function, 2, &size), phys_to_virt(PREFETCH + 0x2000));
	assert_null(pci_map_bar(function, 4, &size));
}

// 64-bit memory goes to the second window when the first one is full; 32-bit memory has nowhere to go.
static void windows_get_full(void **state)
{
	(void)state;
	uint64_t size = 0;

	start();
	add(0, 0);
	add_bar(0, 0, 0xfff00000); // all of it
	add_bar(0, 1, 0xfffff000);
	add_bar(0, 2, 0xfff80004);
	masks[0][3] = 0xffffffff;
	add_bar(0, 4, 0xfff00004); // larger than what is left
	masks[0][5] = 0xffffffff;
	struct pci_function *function = find();
	assert_ptr_equal(pci_map_bar(function, 0, &size), phys_to_virt(WINDOW));
	assert_null(pci_map_bar(function, 1, &size));
	assert_ptr_equal(pci_map_bar(function, 2, &size), phys_to_virt(PREFETCH));
	assert_int_equal(*word(0, 0x18), (uint32_t)PREFETCH_BUS | 4);
	assert_int_equal(*word(0, 0x1c), PREFETCH_BUS >> 32);
	assert_null(pci_map_bar(function, 4, &size));
}

static void malformed_memory_is_none(void **state)
{
	static const uint32_t bad[] = {
		0xfff0f000, // with a hole
		0x00000008, // 4 GiB at 32 bits
		0x7ffff000, // the upper address bit isn't there
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint64_t size = 0;

		start();
		add(0, 0);
		add_bar(0, 0, bad[i]);
		add_bar(0, 5, 0xfffff004); // 64-bit, without an upper half
		struct pci_function *function = find();
		assert_null(pci_map_bar(function, 0, &size));
		assert_ptr_equal(pci_map_bar(function, 5, &size), phys_to_virt(WINDOW)); // as 32-bit memory
		before = function;
	}
}

// ---- Capabilities ----

static void put_capability(uint32_t at, uint8_t id, uint8_t next)
{
	*word(0, at) = (uint32_t)next << 8 | id;
}

static void capabilities_are_found(void **state)
{
	(void)state;
	start();
	add(0, 0);
	*word(0, 0x34) = 0x80;
	put_capability(0x80, 9, 0x40);
	put_capability(0x40, 5, 0x60);
	put_capability(0x60, 9, 0);
	struct pci_function *function = find();
	assert_int_equal(pci_find_capability(function, 9, 0), 0); // its status says that there are none
	*word(0, 4) = 0x10 << 16;
	assert_int_equal(pci_find_capability(function, 9, 0), 0x80);
	assert_int_equal(pci_find_capability(function, 9, 0x80), 0x60);
	assert_int_equal(pci_find_capability(function, 9, 0x60), 0);
	assert_int_equal(pci_find_capability(function, 5, 0), 0x40);
	assert_int_equal(pci_find_capability(function, 1, 0), 0);
}

static void lists_of_capabilities_end(void **state)
{
	static const uint8_t nexts[] = {0x40, 0x60, 0x3c, 0xff}; // itself, the first, not the list's, nothing there
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nexts); i++) {
		start();
		add(0, 0);
		*word(0, 4) = 0x10 << 16;
		*word(0, 0x34) = 0x60;
		put_capability(0x60, 9, 0x40);
		put_capability(0x40, 9, nexts[i]);
		memset(word(0, 0xfc), 0xff, 4);
		struct pci_function *function = find();
		assert_int_equal(pci_find_capability(function, 9, 0), 0x60);
		assert_int_equal(pci_find_capability(function, 9, 0x60), 0x40);
		assert_int_equal(pci_find_capability(function, 9, 0x40), 0);
		assert_int_equal(pci_find_capability(function, 7, 0), 0);
		before = function;
	}
}

// Registers of a virtio device at odd places, which an access to device memory can't have.
static void pieces_of_virtio_devices_are_aligned(void **state)
{
	static const struct {
		uint32_t common, notify, multiplier;
	} odd[] = {{0x101, 0x400, 0}, {0x102, 0x400, 0}, {0x100, 0x401, 0}, {0x100, 0x400, 1}};

	(void)state;
	begin_tree();
	begin_bridge("pcie", (uint32_t)MIB(1));
	CELLS("interrupt-map-mask", 0, 0, 0, 7);
	CELLS("interrupt-map", 0, 0, 0, 1, 1, 0, 3, 4);
	end();
	finish_tree();
	add(0, 0);
	add_bar(0, 0, 0xfffff000);
	*word(0, 0) = 0x10421af4;
	*word(0, 4) = 0x10 << 16;
	*word(0, 0x3c) = 1 << 8;
	*word(0, 0x34) = 0x40;
	for (unsigned int type = 1; type <= 4; type++) {
		uint32_t at = 0x20 + 0x20 * type;

		*word(0, at) = 9 | (type < 4 ? at + 0x20 : 0) << 8 | type << 24;
		*word(0, at + 4) = 0; // its BAR
		*word(0, at + 8) = 0x800;
		*word(0, at + 12) = 0x100;
	}
	struct pci_function *function = find();
	uint64_t size;
	memset(pci_map_bar(function, 0, &size), 0, 4096);
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		*word(0, 0x40 + 8) = odd[i].common;
		*word(0, 0x60 + 8) = odd[i].notify;
		*word(0, 0x60 + 16) = odd[i].multiplier;
		model_output_clear();
		virtio_pci_probe();
		assert_non_null(strstr(model_output(), "the virtio disk at pci 00:00.0 can't be used: error -22"));
	}
	*word(0, 0) = function->vendor = 0; // not for the tests that follow
}

// ---- Interrupts ----

static void interrupts_follow_the_map(void **state)
{
	(void)state;
	struct interrupt_line line;

	begin_tree();
	begin_bridge("pcie", (uint32_t)MIB(1));
	CELLS("interrupt-map-mask", 0x1800, 0, 0, 7);
	CELLS("interrupt-map", 0, 0, 0, 1, 1, 0, 3, 4, // device 0, pin A
	      0x800, 0, 0, 1, 1, 0, 4, 1,              // device 1, pin A
	      0, 0, 0, 2, 7, 0, 3, 4);                 // a controller that isn't there
	end();
	finish_tree();
	add(0, 0);
	add(1 << 3, 0);
	*word(0, 0x3c) = 1 << 8;
	*word(1 << 3, 0x3c) = 1 << 8;
	struct pci_function *function = find();
	assert_int_equal(pci_interrupt(function, &line), 0);
	assert_int_equal(line.irq, 35);
	assert_false(line.edge);
	assert_int_equal(pci_interrupt(pci_next(function), &line), 0);
	assert_int_equal(line.irq, 36);
	assert_true(line.edge);
	*word(0, 0x3c) = 2 << 8;
	assert_true(pci_interrupt(function, &line) < 0);
	*word(0, 0x3c) = 0; // it has none
	assert_true(pci_interrupt(function, &line) < 0);
	*word(0, 0x3c) = 9 << 8;
	assert_true(pci_interrupt(function, &line) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_are_found),
		cmocka_unit_test(a_machine_may_have_no_bridge),
		cmocka_unit_test(a_bridge_without_registers_is_passed_over),
		cmocka_unit_test(a_bridge_to_another_bus_has_no_memory_for_us),
		cmocka_unit_test(memory_gets_addresses),
		cmocka_unit_test(what_firmware_assigned_stays),
		cmocka_unit_test(windows_get_full),
		cmocka_unit_test(malformed_memory_is_none),
		cmocka_unit_test(capabilities_are_found),
		cmocka_unit_test(lists_of_capabilities_end),
		cmocka_unit_test(pieces_of_virtio_devices_are_aligned),
		cmocka_unit_test(interrupts_follow_the_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
