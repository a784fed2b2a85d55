// SPDX-License-Identifier: Apache-2.0
// kernel/devicetree.c: registers through buses, interrupts of both notations, and trees that are not as they
// should be.
#include "written_tree.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/devicetree.h"
#include "kernel/start.h"
#include "model/model.h"

static void begin_tree(void)
{
	begin_root();
	CELLS("interrupt-parent", 1);
}

static void finish_tree(void)
{
	end();
	assert_int_equal(fdt_finish(tree), 0);
	assert_int_equal(devicetree_init(tree, 0), 0);
}

static void gic(void)
{
	begin("gic");
	CELLS("phandle", 1);
	CELLS("#interrupt-cells", 3);
	end();
}

static int node_of(const char *path)
{
	int node = fdt_path_offset(tree, path);

	assert_true(node >= 0);
	return node;
}

static void check_reg(const char *path, unsigned int index, paddr_t address, uint64_t size)
{
	paddr_t found = 0;
	uint64_t found_size = 0;

	assert_int_equal(devicetree_reg(node_of(path), index, &found, &found_size), 0);
	assert_int_equal(found, address);
	assert_int_equal(found_size, size);
}

static int reg_error(const char *path, unsigned int index)
{
	paddr_t address;
	uint64_t size;

	return devicetree_reg(node_of(path), index, &address, &size);
}

static void registers_are_translated(void **state)
{
	(void)state;
	begin_tree();
	begin("plain");
	CELLS("reg", 0x1, 0x2000, 0x3, 0x4000, 0, 0x5000, 0, 0x6000);
	end();
	begin("identity");
	CELLS("#address-cells", 1);
	CELLS("#size-cells", 1);
	assert_int_equal(fdt_property(tree, "ranges", NULL, 0), 0);
	begin("device");
	CELLS("reg", 0x7000, 0x100);
	end();
	end();
	begin("soc");
	CELLS("#address-cells", 1);
	CELLS("#size-cells", 1);
	CELLS("ranges", 0x7e000000, 0x0, 0xfe000000, 0x1800000, 0x40000000, 0x4, 0xff800000, 0x1000);
	begin("first");
	CELLS("reg", 0x7e201000, 0x200);
	end();
	begin("second");
	CELLS("reg", 0x40000800, 0x800);
	end();
	begin("over-the-end");
	CELLS("reg", 0x40000800, 0x801);
	end();
	begin("outside");
	CELLS("reg", 0x1000, 0x10);
	end();
	begin("inner");
	CELLS("#address-cells", 1);
	CELLS("#size-cells", 1);
	CELLS("ranges", 0x0, 0x7e300000, 0x1000);
	begin("device");
	CELLS("reg", 0x10, 0x20);
	end();
	end();
	end();
	begin("closed");
	CELLS("#address-cells", 1);
	CELLS("#size-cells", 0);
	begin("device");
	CELLS("reg", 3);
	end();
	end();
	finish_tree();

	check_reg("/plain", 0, 0x100002000, 0x300004000);
	check_reg("/plain", 1, 0x5000, 0x6000);
	assert_int_equal(reg_error("/plain", 2), -ENOENT);
	assert_int_equal(reg_error("/plain", UINT32_MAX), -ENOENT);
	assert_int_equal(reg_error("/identity", 0), -ENOENT);
	check_reg("/identity/device", 0, 0x7000, 0x100);
	check_reg("/soc/first", 0, 0xfe201000, 0x200);
	check_reg("/soc/second", 0, 0x4ff800800, 0x800);
	check_reg("/soc/inner/device", 0, 0xfe300010, 0x20);
	assert_int_equal(reg_error("/soc/over-the-end", 0), -EINVAL);
	assert_int_equal(reg_error("/soc/outside", 0), -EINVAL);
	assert_int_equal(reg_error("/closed/device", 0), -EINVAL);
}

static void check_irq(const char *path, unsigned int index, unsigned int irq, bool edge)
{
	unsigned int found = 0;
	bool found_edge = !edge;

	assert_int_equal(devicetree_irq(node_of(path), index, &found, &found_edge), 0);
	assert_int_equal(found, irq);
	assert_int_equal(found_edge, edge);
}

static int irq_error(const char *path, unsigned int index)
{
	unsigned int irq;
	bool edge;

	return devicetree_irq(node_of(path), index, &irq, &edge);
}

static void interrupts_are_decoded(void **state)
{
	(void)state;
	begin_tree();
	gic();
	begin("gpio");
	CELLS("phandle", 2);
	CELLS("#interrupt-cells", 2);
	begin("button");
	CELLS("interrupt-parent", 2);
	CELLS("interrupts", 5, 1);
	end();
	end();
	begin("device");
	CELLS("interrupts", 0, 33, 4, 1, 11, 0xf08, 0, 7, 1, 2, 7, 4, 1, 16, 4, 0, 988, 4);
	begin("child"); // inherits the parent's parent
	CELLS("interrupts", 0, 1, 2);
	end();
	end();
	begin("extended");
	CELLS("interrupts", 0, 99, 4); // gives way
	CELLS("interrupts-extended", 2, 5, 1, 1, 0, 40, 1, 1, 0, 41);
	end();
	begin("dangling");
	CELLS("interrupts-extended", 9, 0, 40, 1);
	end();
	begin("none");
	end();
	finish_tree();

	check_irq("/device", 0, 65, false);
	check_irq("/device", 1, 27, false);
	check_irq("/device", 2, 39, true);
	assert_int_equal(irq_error("/device", 3), -EINVAL); // neither SPI nor PPI
	assert_int_equal(irq_error("/device", 4), -EINVAL); // beyond the PPIs
	assert_int_equal(irq_error("/device", 5), -EINVAL); // beyond the SPIs
	assert_int_equal(irq_error("/device", 6), -ENOENT);
	check_irq("/device/child", 0, 33, true);
	assert_int_equal(irq_error("/gpio/button", 0), -EINVAL); // not a GIC's
	assert_int_equal(irq_error("/extended", 0), -EINVAL);
	check_irq("/extended", 1, 72, true);
	assert_int_equal(irq_error("/extended", 2), -EINVAL); // cut off
	assert_int_equal(irq_error("/dangling", 0), -EINVAL);
	assert_int_equal(irq_error("/none", 0), -ENOENT);
}

static void disabled_nodes_are_passed_over(void **state)
{
	(void)state;
	begin_tree();
	static const char *const status[] = { "disabled", NULL, "fail", "okay", "ok", "" };
	for (size_t i = 0; i < ARRAY_SIZE(status); i++) {
		char name[] = { 'a', (char)('0' + i), '\0' };
		begin(name);
		string("compatible", "maker,device");
		if (status[i])
			string("status", status[i]);
		end();
	}
	finish_tree();

	int node = devicetree_find(-1, "maker,device");
	assert_int_equal(node, node_of("/a1"));
	node = devicetree_find(node, "maker,device");
	assert_int_equal(node, node_of("/a3"));
	node = devicetree_find(node, "maker,device");
	assert_int_equal(node, node_of("/a4"));
	assert_int_equal(devicetree_find(node, "maker,device"), -ENOENT);
	assert_int_equal(devicetree_find(-1, "maker"), -ENOENT);
}

static void the_command_line_is_a_string(void **state)
{
	(void)state;
	begin_tree();
	begin("chosen");
	string("bootargs", "a=1 b");
	end();
	finish_tree();
	assert_string_equal(devicetree_bootargs(), "a=1 b");

	begin_tree();
	begin("chosen");
	assert_int_equal(fdt_property(tree, "bootargs", "abc", 3), 0); // not terminated
	end();
	finish_tree();
	assert_string_equal(devicetree_bootargs(), "");

	begin_tree();
	finish_tree();
	assert_string_equal(devicetree_bootargs(), "");
}

static void chosen_is_the_roots(void **state)
{
	(void)state;
	begin_tree();
	for (int i = 0; i < 3; i++) {
		begin((const char *[]){ "soc", "chosen1", "chose" }[i]);
		begin("chosen");
		string("bootargs", "wrong");
		end();
		end();
	}
	finish_tree();
	assert_true(devicetree_chosen() < 0);

	begin_tree();
	begin("soc");
	begin("chosen");
	end();
	end();
	begin("chosen");
	string("bootargs", "right");
	end();
	finish_tree();
	assert_int_equal(devicetree_chosen(), node_of("/chosen"));
	assert_string_equal(devicetree_bootargs(), "right");
}

static void start_with(void *broken)
{
	devicetree_init(broken, 0x1234);
}

// Deeper than a machine's tree is.
static void nodes_lie_in_nodes(void **state)
{
	enum { DEPTH = 40 };
	char name[8];

	(void)state;
	begin_tree();
	for (unsigned int i = 0; i < DEPTH; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		begin(name);
		CELLS("number", i);
	}
	for (unsigned int i = 0; i < DEPTH; i++)
		end();
	gic();
	finish_tree();
	int nodes = 0;
	for (int node = 0; node >= 0; node = fdt_next_node(tree, node, NULL), nodes++) {
		int parent = fdt_parent_offset(tree, node);
		assert_int_equal(devicetree_parent(node), parent < 0 ? -ENOENT : parent);
	}
	assert_int_equal(nodes, 1 + DEPTH + 1);
	assert_int_equal(devicetree_by_phandle(1), node_of("/gic"));
}

static void malformed_trees_are_refused(void **state)
{
	static _Alignas(8) char broken[sizeof(tree)];
	char text[256];

	(void)state;
	begin_tree();
	gic();
	finish_tree();
	size_t size = fdt_totalsize(tree);

	memcpy(broken, tree, sizeof(tree));
	broken[0] ^= 1;
	assert_true(model_panics(start_with, broken, text, sizeof(text)));
	memcpy(broken, tree, sizeof(tree));
	fdt_set_totalsize(broken, 0x40000000);
	assert_true(model_panics(start_with, broken, text, sizeof(text)));
	memcpy(broken, tree, sizeof(tree));
	fdt_set_size_dt_struct(broken, (uint32_t)size);
	assert_true(model_panics(start_with, broken, text, sizeof(text)));
	memcpy(broken, tree, sizeof(tree));
	memset(broken + fdt_off_dt_struct(broken), 0xff, 8);
	assert_true(model_panics(start_with, broken, text, sizeof(text)));
	assert_non_null(strstr(text, "malformed"));
	memcpy(broken, tree, sizeof(tree));
	fdt_set_version(broken, 3);
	fdt_set_last_comp_version(broken, 2);
	assert_true(model_panics(start_with, broken, text, sizeof(text)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_are_translated),
		cmocka_unit_test(interrupts_are_decoded),
		cmocka_unit_test(disabled_nodes_are_passed_over),
		cmocka_unit_test(the_command_line_is_a_string),
		cmocka_unit_test(chosen_is_the_roots),
		cmocka_unit_test(nodes_lie_in_nodes),
		cmocka_unit_test(malformed_trees_are_refused),
	};

	model_start(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
