// SPDX-License-Identifier: Apache-2.0
// PCI Express host bridges with a plain ECAM window.
#include "drivers/pci.h"

#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>

#include "drivers/registers.h"
#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "kernel/log.h"

#define ECAM_BUS_SIZE      MIB(1)
#define ECAM_FUNCTION_SIZE KIB(4)
#define BUS_FUNCTIONS      256u
#define FUNCTIONS          8u // of a device

// Configuration space, header type 0 (PCI Local Bus Specification 3.0, 6.1).
#define CONFIG_ID            0x00u
#define CONFIG_COMMAND       0x04u
#define CONFIG_STATUS        0x06u
#define CONFIG_CLASS         0x08u // in its upper 24 bits
#define CONFIG_HEADER_TYPE   0x0eu
#define CONFIG_BAR           0x10u
#define CONFIG_CAPABILITIES  0x34u
#define CONFIG_INTERRUPT_PIN 0x3du
#define COMMAND_MEMORY       0x0002u
#define COMMAND_MASTER       0x0004u
#define COMMAND_NO_INTX      0x0400u
#define STATUS_CAPABILITIES  0x0010u
#define HEADER_MULTIFUNCTION 0x80u
#define HEADER_TYPE_MASK     0x7fu
#define NO_DEVICE            0xffffffffu
#define BAR_IO               1u
#define BAR_TYPE_MASK        6u
#define BAR_64BIT            4u
#define CAPABILITIES_START   0x40u

// An address of the tree's binding: a word that tells the space, two of the address.
#define SPACE_MASK     0x03000000u
#define SPACE_32BIT    0x02000000u
#define SPACE_64BIT    0x03000000u
#define CHILD_CELLS    3
#define SIZE_CELLS     2
#define GIC_CELLS      3
#define WINDOWS_MAX    4u
#define IRQ_EDGE_FLAGS 3u

// Addresses on the bus that the bridge passes on, and where the CPU sees them.
struct window {
	uint64_t bus_start, cpu_start, size;
	bool is_64bit;
};

struct pci_bridge {
	int node;
	unsigned int bus; // the root bus
	size_t window_count;
	struct window windows[WINDOWS_MAX];
};

static struct list functions = LIST_INITIAL(functions);

// ---- Configuration space ----

uint32_t pci_read_config(const struct pci_function *function, uint32_t offset, unsigned int size)
{
	if (size == 1)
		return register_read8(function->config, offset);
	return size == 2 ? register_read16(function->config, offset)
			 : register_read32(function->config, offset);
}

static void change_command(struct pci_function *function, uint16_t clear, uint16_t set)
{
	uint16_t command = register_read16(function->config, CONFIG_COMMAND);

	register_write16(function->config, CONFIG_COMMAND, (uint16_t)((command & ~clear) | set));
}

void pci_enable_dma(struct pci_function *function)
{
	change_command(function, COMMAND_NO_INTX, COMMAND_MASTER);
}

// Each of the 64 words is looked at once, so that a list that leads back into itself ends.
uint32_t pci_find_capability(const struct pci_function *function, uint8_t id, uint32_t previous)
{
	uint32_t at = CONFIG_CAPABILITIES;
	bool wanted = !previous;
	uint64_t seen = 0;

	if (!(pci_read_config(function, CONFIG_STATUS, 2) & STATUS_CAPABILITIES))
		return 0;
	for (;;) {
		at = pci_read_config(function, at, 1) & 0xfcu;
		if (at < CAPABILITIES_START || seen >> (at / 4) & 1)
			return 0;
		if (wanted && pci_read_config(function, at, 1) == id)
			return at;
		wanted |= at == previous;
		seen |= 1ull << (at / 4);
		at++;
	}
}

// ---- Memory windows ----

static uint32_t probe_bar(void *config, uint32_t offset, uint32_t *value)
{
	uint32_t ones;

	*value = register_read32(config, offset);
	register_write32(config, offset, UINT32_MAX);
	ones = register_read32(config, offset);
	register_write32(config, offset, *value);
	return ones;
}

// What isn't a power of two, or is more than its addresses reach, isn't a BAR.
static bool is_size(uint64_t size, bool is_64bit)
{
	return !(size & (size - 1)) && (is_64bit || size <= GIB(2));
}

// The size of a BAR is what it doesn't decode; it is looked at while it decodes nothing.
static void read_bars(struct pci_function *function)
{
	uint16_t command = register_read16(function->config, CONFIG_COMMAND);

	change_command(function, COMMAND_MEMORY | 1, 0);
	for (unsigned int i = 0; i < PCI_BARS; i++) {
		struct pci_bar *bar = &function->bars[i];
		uint32_t low, high = 0, mask = probe_bar(function->config, CONFIG_BAR + 4 * i, &low);
		uint64_t decoded = mask & ~(uint64_t)(mask & BAR_IO ? 0x3 : 0xf);

		if (!mask)
			continue;
		bar->is_memory = !(mask & BAR_IO);
		bar->is_64bit = bar->is_memory && (mask & BAR_TYPE_MASK) == BAR_64BIT && i + 1 < PCI_BARS;
		if (bar->is_64bit)
			decoded |= (uint64_t)probe_bar(function->config, CONFIG_BAR + 4 * ++i, &high) << 32;
		else
			decoded |= 0xffffffffull << 32;
		if (is_size(~decoded + 1, bar->is_64bit))
			bar->size = ~decoded + 1;
		bar->address = (low & ~(bar->is_memory ? 0xfu : 0x3u)) | (uint64_t)high << 32;
	}
	register_write16(function->config, CONFIG_COMMAND, command);
}

// A BAR that overlaps [start, start + size), NULL: the range is free.
static const struct pci_bar *find_overlap(const struct pci_bridge *bridge, uint64_t start, uint64_t size)
{
	struct pci_function *function;

	LIST_FOR_EACH (function, &functions, link) {
		if (function->bridge != bridge)
			continue;
		for (unsigned int i = 0; i < PCI_BARS; i++) {
			const struct pci_bar *bar = &function->bars[i];

			if (bar->is_memory && bar->address && bar->address < start + size &&
			    start < bar->address + bar->size)
				return bar;
		}
	}
	return NULL;
}

static bool find_place(const struct pci_bridge *bridge, const struct window *window, struct pci_bar *bar)
{
	uint64_t end = window->bus_start + window->size,
		 start = ROUND_UP(MAX(window->bus_start, 1ull), bar->size);
	const struct pci_bar *taken;

	while (start >= window->bus_start && start < end && bar->size <= end - start) {
		taken = find_overlap(bridge, start, bar->size);
		if (!taken) {
			bar->address = start;
			return true;
		}
		start = ROUND_UP(taken->address + taken->size, bar->size);
	}
	return false;
}

static int assign(struct pci_function *function, unsigned int index)
{
	struct pci_bar *bar = &function->bars[index];
	const struct pci_bridge *bridge = function->bridge;
	uint32_t offset = CONFIG_BAR + 4 * index;

	for (size_t i = 0; i < bridge->window_count && !bar->address; i++)
		if (bar->is_64bit || !bridge->windows[i].is_64bit)
			find_place(bridge, &bridge->windows[i], bar);
	if (!bar->address)
		return -ENOSPC;
	register_write32(function->config, offset, (uint32_t)bar->address);
	if (bar->is_64bit)
		register_write32(function->config, offset + 4, (uint32_t)(bar->address >> 32));
	return 0;
}

static paddr_t cpu_address(const struct pci_bridge *bridge, const struct pci_bar *bar)
{
	for (size_t i = 0; i < bridge->window_count; i++) {
		const struct window *window = &bridge->windows[i];
		uint64_t offset = bar->address - window->bus_start;

		if (bar->address >= window->bus_start && offset < window->size &&
		    bar->size <= window->size - offset)
			return window->cpu_start + offset;
	}
	return INVALID_PADDR;
}

void *pci_map_bar(struct pci_function *function, unsigned int index, uint64_t *size)
{
	struct pci_bar *bar = &function->bars[index];

	if (index >= PCI_BARS || !bar->size || !bar->is_memory || (!bar->address && assign(function, index)))
		return NULL;
	paddr_t address = cpu_address(function->bridge, bar), page = ROUND_DOWN(address, PAGE_SIZE);
	if (address == INVALID_PADDR)
		return NULL;
	change_command(function, 0, COMMAND_MEMORY);
	*size = bar->size;
	char *mapped = memory_map(page, ROUND_UP(address + bar->size, PAGE_SIZE) - page, MEMORY_DEVICE);
	return mapped ? mapped + (address - page) : NULL;
}

// ---- Interrupts ----

static int cell_count(int node, const char *name)
{
	int bytes;
	const fdt32_t *value = fdt_getprop(devicetree(), node, name, &bytes);

	return value && bytes == sizeof(*value) && fdt32_ld(value) <= 4 ? (int)fdt32_ld(value) : 0;
}

// A GIC's cells (kind, number, flags), as devicetree_irq() reads them.
static int decode_gic(const fdt32_t *cells, int count, struct interrupt_line *line)
{
	if (count < GIC_CELLS || fdt32_ld(cells) != 0 || fdt32_ld(cells + 1) >= 988)
		return -EINVAL;
	line->irq = fdt32_ld(cells + 1) + 32;
	line->edge = fdt32_ld(cells + 2) & IRQ_EDGE_FLAGS;
	return 0;
}

// An interrupt controller that entries of `interrupt-map` name: cells of its unit address, and of its
// interrupts.
struct controller {
	uint32_t phandle;
	int unit_cells, cells; // cells 0: there is no such controller
};

static struct controller find_controller(uint32_t phandle)
{
	int node = devicetree_by_phandle(phandle);

	if (node < 0)
		return (struct controller){phandle, 0, 0};
	return (struct controller){phandle, cell_count(node, "#address-cells"),
				   cell_count(node, "#interrupt-cells")};
}

static bool matches(const struct pci_function *function, uint32_t pin, const fdt32_t *entry,
		    const fdt32_t *mask)
{
	return !((fdt32_ld(entry) ^ function->number << 8) & fdt32_ld(mask)) &&
	       !((fdt32_ld(entry + CHILD_CELLS) ^ pin) & fdt32_ld(mask + CHILD_CELLS));
}

// Entries of `interrupt-map`: the function's address and pin, then the controller, its unit address and its
// cells. Mostly all name the same controller, which is looked for once: that takes a walk through the tree.
int pci_interrupt(const struct pci_function *function, struct interrupt_line *line)
{
	const void *tree = devicetree();
	int bytes, mask_bytes, node = function->bridge->node;
	const fdt32_t *map = fdt_getprop(tree, node, "interrupt-map", &bytes);
	const fdt32_t *mask = fdt_getprop(tree, node, "interrupt-map-mask", &mask_bytes);
	uint32_t pin = pci_read_config(function, CONFIG_INTERRUPT_PIN, 1);
	struct controller controller = {0};

	if (!map || !mask || mask_bytes != (CHILD_CELLS + 1) * (int)sizeof(*mask) || pin < 1 || pin > 4)
		return -ENOENT;
	for (int left = bytes / (int)sizeof(*map), length; left > CHILD_CELLS + 2;
	     left -= length, map += length) {
		uint32_t phandle = fdt32_ld(map + CHILD_CELLS + 1);

		if (phandle != controller.phandle)
			controller = find_controller(phandle);
		length = CHILD_CELLS + 2 + controller.unit_cells + controller.cells;
		if (!controller.cells || length > left)
			return -EINVAL;
		if (matches(function, pin, map, mask))
			return decode_gic(map + CHILD_CELLS + 2 + controller.unit_cells, controller.cells,
					  line);
	}
	return -ENOENT;
}

// ---- Finding ----

struct pci_function *pci_next(const struct pci_function *previous)
{
	struct list *next = previous ? previous->link.next : functions.next;

	return next == &functions ? NULL : LIST_ENTRY(next, struct pci_function, link);
}

static int add_function(const struct pci_bridge *bridge, void *config, uint32_t number)
{
	struct pci_function *function = calloc(1, sizeof(*function));
	uint32_t id = register_read32(config, CONFIG_ID);

	if (!function)
		return -ENOMEM;
	function->bridge = bridge;
	function->config = config;
	function->number = number;
	function->coherent = fdt_getprop(devicetree(), bridge->node, "dma-coherent", NULL);
	function->vendor = (uint16_t)id;
	function->device = (uint16_t)(id >> 16);
	function->class = register_read32(config, CONFIG_CLASS) >> 8;
	snprintf(function->place, sizeof(function->place), "pci %02x:%02x.%x", (number >> 8) & 0xff,
		 (number >> 3) & 0x1f, number & 7);
	if ((register_read8(config, CONFIG_HEADER_TYPE) & HEADER_TYPE_MASK) == 0)
		read_bars(function);
	list_append(&functions, &function->link);
	return 0;
}

static int scan_bus(const struct pci_bridge *bridge, char *config)
{
	int error = 0;

	for (uint32_t i = 0; i < BUS_FUNCTIONS && !error; i++) {
		void *at = config + i * ECAM_FUNCTION_SIZE;

		bool is_there = register_read32(at, CONFIG_ID) != NO_DEVICE;

		if (is_there)
			error = add_function(bridge, at, bridge->bus << 8 | i);
		// A device has a function 0, and others only where that says so.
		if (i % FUNCTIONS == 0 &&
		    (!is_there || !(register_read8(at, CONFIG_HEADER_TYPE) & HEADER_MULTIFUNCTION)))
			i += FUNCTIONS - 1;
	}
	return error;
}

static uint64_t read_cells(const fdt32_t *cells, int count)
{
	return count == 2 ? (uint64_t)fdt32_ld(cells) << 32 | fdt32_ld(cells + 1) : fdt32_ld(cells);
}

static void read_windows(struct pci_bridge *bridge)
{
	const void *tree = devicetree();
	int bytes, parent_cells = fdt_address_cells(tree, devicetree_parent(bridge->node));
	const fdt32_t *at = fdt_getprop(tree, bridge->node, "ranges", &bytes);
	int length = CHILD_CELLS + parent_cells + SIZE_CELLS;

	if (!at || parent_cells < 1 || parent_cells > 2)
		return;
	for (int left = bytes / (int)sizeof(*at); left >= length; left -= length, at += length) {
		uint32_t space = fdt32_ld(at) & SPACE_MASK;

		if ((space != SPACE_32BIT && space != SPACE_64BIT) || bridge->window_count == WINDOWS_MAX)
			continue;
		bridge->windows[bridge->window_count++] = (struct window){
			.bus_start = read_cells(at + 1, 2),
			.cpu_start = read_cells(at + CHILD_CELLS, parent_cells),
			.size = read_cells(at + CHILD_CELLS + parent_cells, SIZE_CELLS),
			.is_64bit = space == SPACE_64BIT,
		};
	}
}

static int add_bridge(int node)
{
	struct pci_bridge *bridge;
	paddr_t address;
	uint64_t size;
	int bytes;
	const fdt32_t *range = fdt_getprop(devicetree(), node, "bus-range", &bytes);

	if (devicetree_reg(node, 0, &address, &size) || size < ECAM_BUS_SIZE)
		return -EINVAL;
	bridge = calloc(1, sizeof(*bridge));
	if (!bridge)
		return -ENOMEM;
	bridge->node = node;
	bridge->bus = range && bytes >= (int)sizeof(*range) ? fdt32_ld(range) & 0xff : 0;
	read_windows(bridge);
	char *config = memory_map(address, ECAM_BUS_SIZE, MEMORY_DEVICE);
	if (!config) {
		free(bridge);
		return -ENOMEM;
	}
	return scan_bus(bridge, config);
}

int pci_init(void)
{
	int node = -1, error = 0;

	while (error != -ENOMEM && (node = devicetree_find(node, "pci-host-ecam-generic")) >= 0) {
		error = add_bridge(node);
		if (error == -EINVAL)
			log_error("a PCI bridge of the device tree has no configuration space of a bus");
	}
	return error == -ENOMEM ? error : 0;
}
