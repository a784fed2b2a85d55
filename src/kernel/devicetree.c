// SPDX-License-Identifier: Apache-2.0
// The device tree: registers, interrupts and strings as the kernel and drivers ask for them (Devicetree
// Specification v0.4, 2.3 and 2.4).
#include "kernel/devicetree.h"

#include <errno.h>
#include <libfdt.h>
#include <string.h>

#include "kernel/layout.h"
#include "kernel/panic.h"
#include "kernel/start.h"
#include "kernel/tree_walk.h"

#define CELL sizeof(fdt32_t)

// Of 2005: what is older has other tokens, and libfdt's own check goes astray in it.
#define VERSION_LEAST 16u

static const void *tree;
static paddr_t tree_address;
static int chosen; // its node

int devicetree_init(const void *early, paddr_t address)
{
	int error = fdt_check_header(early);

	if (!error && fdt_totalsize(early) > TREE_SIZE_MAX)
		panic("the device tree has %u bytes, more than %u", fdt_totalsize(early), TREE_SIZE_MAX);
	if (!error && fdt_version(early) < VERSION_LEAST)
		error = -FDT_ERR_BADVERSION;
	if (!error)
		error = fdt_check_full(early, fdt_totalsize(early));
	if (error)
		panic("the device tree at %#llx is malformed: %s", (unsigned long long)address,
		      fdt_strerror(error));
	tree = early;
	tree_address = address;
	chosen = walk_child(tree, "chosen");
	return 0;
}

void devicetree_move(void)
{
	tree = phys_to_virt(tree_address);
}

const void *devicetree(void)
{
	return tree;
}

int devicetree_parent(int node)
{
	return walk_parent(tree, node);
}

int devicetree_by_phandle(uint32_t phandle)
{
	fdt32_t value = cpu_to_fdt32(phandle);
	int node = walk_find_value(tree, -1, "phandle", &value, sizeof(value));

	return node < 0 ? walk_find_value(tree, -1, "linux,phandle", &value, sizeof(value)) : node;
}

// A number of one or two cells.
static uint64_t read_cells(const fdt32_t *cells, int count)
{
	if (count == 2)
		return (uint64_t)fdt32_ld(cells) << 32 | fdt32_ld(cells + 1);
	return count ? fdt32_ld(cells) : 0;
}

// #address-cells and #size-cells of a bus. -EINVAL where its addresses aren't such numbers (PCI).
static int bus_cells(int bus, int *address_cells, int *size_cells)
{
	*address_cells = fdt_address_cells(tree, bus);
	*size_cells = fdt_size_cells(tree, bus);
	return *address_cells < 1 || *address_cells > 2 || *size_cells < 0 || *size_cells > 2 ? -EINVAL : 0;
}

// From an address on `bus` to one on the bus that it is on itself.
static int translate_once(int bus, int parent, paddr_t *address, uint64_t size)
{
	int cells, size_cells, parent_cells, unused, bytes;
	const fdt32_t *entry = fdt_getprop(tree, bus, "ranges", &bytes);

	if (!entry || bus_cells(bus, &cells, &size_cells) || bus_cells(parent, &parent_cells, &unused))
		return -EINVAL;
	if (!bytes)
		return 0;

	int entry_cells = cells + parent_cells + size_cells;
	for (; bytes >= entry_cells * (int)CELL; bytes -= entry_cells * (int)CELL, entry += entry_cells) {
		uint64_t start = read_cells(entry, cells);
		uint64_t length = read_cells(entry + cells + parent_cells, size_cells);

		if (*address >= start && *address - start < length && size <= length - (*address - start)) {
			*address = *address - start + read_cells(entry + cells, parent_cells);
			return 0;
		}
	}
	return -EINVAL;
}

int devicetree_reg(int node, unsigned int index, paddr_t *address, uint64_t *size)
{
	int cells, size_cells, bytes, bus = devicetree_parent(node);
	const fdt32_t *reg = fdt_getprop(tree, node, "reg", &bytes);

	if (!reg || bus < 0)
		return -ENOENT;
	if (bus_cells(bus, &cells, &size_cells))
		return -EINVAL;

	size_t entry_cells = (size_t)(cells + size_cells);
	if (index >= (size_t)bytes / (entry_cells * CELL))
		return -ENOENT;
	reg += index * entry_cells;
	*address = read_cells(reg, cells);
	*size = read_cells(reg + cells, size_cells);

	int parent = devicetree_parent(bus), error = 0;
	for (; parent >= 0 && !error; bus = parent, parent = devicetree_parent(bus))
		error = translate_once(bus, parent, address, *size);
	return error;
}

static int interrupt_cells(int controller)
{
	int bytes;
	const fdt32_t *cells = fdt_getprop(tree, controller, "#interrupt-cells", &bytes);

	return cells && bytes == CELL ? (int)fdt32_ld(cells) : -1;
}

// The GIC's binding: kind, number, flags.
static int decode_irq(int controller, const fdt32_t *cells, unsigned int *irq, bool *edge)
{
	uint32_t kind = fdt32_ld(cells), number = fdt32_ld(cells + 1), flags = fdt32_ld(cells + 2);

	if (interrupt_cells(controller) < 3 || kind > 1 || number >= (kind ? 16u : 988u))
		return -EINVAL;
	*irq = number + (kind ? 16 : 32);
	*edge = flags & 3; // IRQ_TYPE_EDGE_RISING, IRQ_TYPE_EDGE_FALLING
	return 0;
}

// interrupts-extended: each entry names its controller, whose cells follow.
static int find_extended(int node, unsigned int index, int *controller, const fdt32_t **cells)
{
	int bytes;
	const fdt32_t *at = fdt_getprop(tree, node, "interrupts-extended", &bytes);

	for (; at && bytes >= (int)CELL; index--) {
		*controller = devicetree_by_phandle(fdt32_ld(at));
		int count = *controller < 0 ? -1 : interrupt_cells(*controller);
		if (count < 0 || count > 8 || bytes < (1 + count) * (int)CELL)
			return -EINVAL;
		*cells = at + 1;
		if (!index)
			return count < 3 ? -EINVAL : 0;
		at += 1 + count;
		bytes -= (1 + count) * (int)CELL;
	}
	return -ENOENT;
}

static int interrupt_parent(int node)
{
	for (; node >= 0; node = devicetree_parent(node)) {
		int bytes;
		const fdt32_t *phandle = fdt_getprop(tree, node, "interrupt-parent", &bytes);

		if (phandle && bytes == CELL)
			return devicetree_by_phandle(fdt32_ld(phandle));
	}
	return node;
}

static int find_plain(int node, unsigned int index, int *controller, const fdt32_t **cells)
{
	int bytes;
	const fdt32_t *interrupts = fdt_getprop(tree, node, "interrupts", &bytes);

	if (!interrupts)
		return -ENOENT;
	*controller = interrupt_parent(node);
	int count = *controller < 0 ? -1 : interrupt_cells(*controller);
	if (count < 3 || count > 8)
		return -EINVAL;
	*cells = interrupts + index * (unsigned int)count;
	return index < (unsigned int)bytes / ((unsigned int)count * CELL) ? 0 : -ENOENT;
}

int devicetree_irq(int node, unsigned int index, unsigned int *irq, bool *edge)
{
	const fdt32_t *cells;
	int controller, error = find_extended(node, index, &controller, &cells);

	if (error == -ENOENT)
		error = find_plain(node, index, &controller, &cells);
	return error ? error : decode_irq(controller, cells, irq, edge);
}

static bool is_enabled(int node)
{
	const char *status = fdt_stringlist_get(tree, node, "status", 0, NULL);

	return !status || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}

static bool lists(const void *value, int size, const void *compatible)
{
	return fdt_stringlist_contains(value, size, compatible);
}

int devicetree_find(int start, const char *compatible)
{
	int node = start;

	do
		node = walk_find(tree, node, "compatible", lists, compatible);
	while (node >= 0 && !is_enabled(node));
	return node;
}

int devicetree_chosen(void)
{
	return chosen;
}

const char *devicetree_bootargs(void)
{
	const char *arguments = fdt_stringlist_get(tree, chosen, "bootargs", 0, NULL);

	return arguments ? arguments : "";
}
