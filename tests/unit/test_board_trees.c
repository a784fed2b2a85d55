// SPDX-License-Identifier: Apache-2.0
// What Dom0 reads in the device tree of a real board, the Raspberry Pi 5's as Debian's kernel has it, with the overlay
// that is always applied: no machine of QEMU has that tree.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "kernel/devicetree.h"
#include "kernel/start.h"
#include "model/model.h"

#define TREE_MAX 65536u

static _Alignas(8) char tree[TREE_MAX];

static void read_tree(const char *path)
{
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	assert_true(fread(tree, 1, sizeof(tree), file) > 0);
	assert_true(feof(file));
	fclose(file);
	assert_int_equal(devicetree_init(tree, 0), 0);
}

static int node_of(const char *path)
{
	int node = fdt_path_offset(tree, path);

	assert_true(node >= 0);
	return node;
}

static void check_reg(int node, unsigned int index, paddr_t address, uint64_t size)
{
	paddr_t found = 0;
	uint64_t found_size = 0;

	assert_int_equal(devicetree_reg(node, index, &found, &found_size), 0);
	assert_int_equal(found, address);
	assert_int_equal(found_size, size);
}

static void check_irq(int node, unsigned int index, unsigned int irq)
{
	unsigned int found = 0;
	bool edge = true;

	assert_int_equal(devicetree_irq(node, index, &found, &edge), 0);
	assert_int_equal(found, irq);
	assert_false(edge);
}

// libfdt finds the same, in more time.
static void walks_agree_with_libfdt(void **state)
{
	int bytes, nodes = 0, phandles = 0;

	(void)state;
	read_tree(PARTS_FOLDER "/trees/bcm2712-rpi-5-b.dtb");
	for (int node = 0; node >= 0; node = fdt_next_node(tree, node, NULL), nodes++) {
		const char *compatible = fdt_getprop(tree, node, "compatible", &bytes);
		uint32_t phandle = fdt_get_phandle(tree, node);
		int parent = fdt_parent_offset(tree, node);

		assert_int_equal(devicetree_parent(node), parent < 0 ? -ENOENT : parent);
		if (phandle) {
			assert_int_equal(devicetree_by_phandle(phandle), node);
			phandles++;
		}
		if (compatible) {
			int next = fdt_node_offset_by_compatible(tree, node, compatible);
			const char *status = next < 0 ? NULL : fdt_getprop(tree, next, "status", NULL);

			if (!status || !strcmp(status, "okay"))
				assert_int_equal(devicetree_find(node, compatible), next < 0 ? -ENOENT : next);
		}
	}
	assert_true(nodes > 20 && phandles > 20);
	assert_int_equal(devicetree_by_phandle(0xfffff), -ENOENT);
	assert_int_equal(devicetree_parent(4), -ENOENT); // no node
	assert_int_equal(devicetree_parent((int)sizeof(tree)), -ENOENT);
}

static void raspberry_pi_5(void **state)
{
	paddr_t address;
	uint64_t size;

	(void)state;
	read_tree(PARTS_FOLDER "/trees/bcm2712-rpi-5-b.dtb");
	check_reg(node_of("/memory@0"), 0, 0, 0x28000000); // until the firmware has corrected it

	int gic = devicetree_find(-1, "arm,gic-400");
	check_reg(gic, 0, 0x107fff9000, 0x1000);
	check_reg(gic, 1, 0x107fffa000, 0x2000);

	int card = devicetree_find(-1, "brcm,bcm2712-sdhci");
	check_reg(card, 0, 0x1000fff000, 0x260);
	check_reg(card, 1, 0x1000fff400, 0x200);
	check_irq(card, 0, 32 + 273);

	int gpio = devicetree_find(-1, "brcm,brcmstb-gpio");
	check_reg(gpio, 0, 0x107d517c00, 0x40);

	int console = devicetree_find(-1, "arm,pl011");
	check_reg(console, 0, 0x107d001000, 0x200);
	check_irq(console, 0, 32 + 121);

	int timer = devicetree_find(-1, "arm,armv8-timer"); // secure, non-secure, virtual, of the hypervisor
	assert_int_equal(devicetree_reg(timer, 0, &address, &size), -ENOENT);
	for (unsigned int i = 0; i < 4; i++)
		check_irq(timer, i, (const unsigned int[]){ 29, 30, 27, 26 }[i]);
	assert_int_equal(devicetree_find(console, "arm,pl011"), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_agree_with_libfdt),
		cmocka_unit_test(raspberry_pi_5),
	};

	model_start(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
