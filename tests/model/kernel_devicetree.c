// SPDX-License-Identifier: Apache-2.0
// kernel/devicetree.h on the host: the tree that the test supplies, or tree.c's.
#include "kernel/devicetree.h"

#include <errno.h>
#include <string.h>

#include <libfdt.h>

#include "model/internal.h"

#define GIC_CELLS 3
#define SPI_FIRST 32u
#define PPI_FIRST 16u

static const void *tree;

void tree_set(const void *new_tree)
{
	tree = new_tree;
}

const void *devicetree(void)
{
	return tree;
}

static uint64_t read_cells(const fdt32_t *cells, int count)
{
	uint64_t value = 0;

	while (count--)
		value = value << 32 | fdt32_to_cpu(*cells++);
	return value;
}

// One step up: through `ranges` of `bus`.
static int translate(int bus, uint64_t *address)
{
	int length, child_cells = fdt_address_cells(tree, bus), size_cells = fdt_size_cells(tree, bus);
	int parent_cells = fdt_address_cells(tree, fdt_parent_offset(tree, bus));
	const fdt32_t *ranges = fdt_getprop(tree, bus, "ranges", &length);
	int step = child_cells + parent_cells + size_cells;

	if (!ranges)
		return -EINVAL;
	if (!length)
		return 0;
	for (int i = 0; i + step <= length / 4; i += step) {
		uint64_t from = read_cells(ranges + i, child_cells);
		uint64_t to = read_cells(ranges + i + child_cells, parent_cells);
		uint64_t size = read_cells(ranges + i + child_cells + parent_cells, size_cells);

		if (*address >= from && *address - from < size) {
			*address = to + (*address - from);
			return 0;
		}
	}
	return -EINVAL;
}

int devicetree_reg(int node, unsigned int index, paddr_t *address, uint64_t *size)
{
	int length, parent = fdt_parent_offset(tree, node);
	int address_cells = fdt_address_cells(tree, parent), size_cells = fdt_size_cells(tree, parent);
	const fdt32_t *reg = fdt_getprop(tree, node, "reg", &length);
	int first = (int)index * (address_cells + size_cells);

	if (!reg || first + address_cells + size_cells > length / 4)
		return -ENOENT;
	*address = read_cells(reg + first, address_cells);
	*size = read_cells(reg + first + address_cells, size_cells);
	for (int bus = parent; bus > 0; bus = fdt_parent_offset(tree, bus))
		if (translate(bus, address))
			return -EINVAL;
	return 0;
}

int devicetree_irq(int node, unsigned int index, unsigned int *irq, bool *edge)
{
	int length;
	const fdt32_t *cells = fdt_getprop(tree, node, "interrupts", &length);
	int first = (int)index * GIC_CELLS;

	if (!cells || first + GIC_CELLS > length / 4)
		return -ENOENT;
	*irq = fdt32_to_cpu(cells[first + 1]) + (fdt32_to_cpu(cells[first]) ? PPI_FIRST : SPI_FIRST);
	*edge = fdt32_to_cpu(cells[first + 2]) & 3;
	return 0;
}

int devicetree_find(int start, const char *compatible)
{
	int node = fdt_node_offset_by_compatible(tree, start, compatible);

	for (; node >= 0; node = fdt_node_offset_by_compatible(tree, node, compatible)) {
		const char *status = fdt_getprop(tree, node, "status", NULL);

		if (!status || !strcmp(status, "okay") || !strcmp(status, "ok"))
			return node;
	}
	return -ENOENT;
}

const char *devicetree_bootargs(void)
{
	int node = fdt_path_offset(tree, "/chosen");
	const char *bootargs = node < 0 ? NULL : fdt_getprop(tree, node, "bootargs", NULL);

	return bootargs ? bootargs : "";
}
