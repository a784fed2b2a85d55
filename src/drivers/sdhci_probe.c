// SPDX-License-Identifier: Apache-2.0
// Where SD host controllers are: in the device tree (mmc-controller.yaml and the bindings of the parts
// below), and on PCI (class 08, subclass 05).
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>

#include "drivers/pci.h"
#include "drivers/registers.h"
#include "drivers/sdcard.h"
#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "kernel/log.h"

#define REGISTERS_SIZE 0x100u

struct controller {
	struct sdhci host;
	char place[32];
};

static const struct part {
	const char *compatible;
	struct sdhci_traits traits;
} parts[] = {
	// Its data moves through the SoC's own DMA engine; capabilities that name no clock mean the VPU's at
	// most.
	{"brcm,bcm2835-mmc",
	 {.base_clock = 250000000,
	  .slow_writes = true,
	  .no_dma = true,
	  .no_write_protect = true,
	  .no_1v8 = true}},
	{"brcm,bcm2835-sdhci",
	 {.base_clock = 250000000,
	  .slow_writes = true,
	  .no_dma = true,
	  .no_write_protect = true,
	  .no_1v8 = true}},
	{"brcm,bcm2711-emmc2", {.base_clock = 100000000, .slow_writes = true, .no_write_protect = true}},
	{"brcm,bcm2712-sdhci", {.base_clock = 200000000, .no_write_protect = true}},
	{"xlnx,zynqmp-8.9a", {.base_clock = 200000000}},
	{"arasan,sdhci-8.9a", {.base_clock = 50000000}},
};

static uint32_t read_register(void *context, uint32_t offset)
{
	return register_read32(context, offset);
}

static void write_register(void *context, uint32_t offset, uint32_t value)
{
	register_write32(context, offset, value);
}

// Starts a controller behind mapped registers; they, and what was allocated, stay with it.
static int add(void *registers, const struct sdhci_traits *traits, const struct interrupt_line *line,
	       const char *place)
{
	struct controller *controller = calloc(1, sizeof(*controller));

	if (!controller)
		return -ENOMEM;
	controller->host.registers = (struct sdhci_registers){read_register, write_register, registers};
	controller->host.traits = *traits;
	snprintf(controller->place, sizeof(controller->place), "%s", place);
	int error = sdhci_start(&controller->host, line);
	if (!error)
		error = sdcard_serve(&controller->host, controller->place);
	if (error) {
		sdhci_stop(&controller->host);
		free(controller);
	}
	return error;
}

// ---- Device tree ----

static bool has(int node, const char *property)
{
	return fdt_getprop(devicetree(), node, property, NULL);
}

static uint64_t read_cells(const fdt32_t *cells, int count)
{
	return count == 2 ? (uint64_t)fdt32_ld(cells) << 32 | fdt32_ld(cells + 1) : fdt32_ld(cells);
}

// What the bus says of its devices' view of memory: the first range of `dma-ranges`.
static void read_dma_range(int node, struct sdhci_traits *traits)
{
	const void *tree = devicetree();
	int bytes, bus = devicetree_parent(node), parent = devicetree_parent(bus);
	const fdt32_t *range = fdt_getprop(tree, bus, "dma-ranges", &bytes);
	int cells = fdt_address_cells(tree, bus), size_cells = fdt_size_cells(tree, bus);
	int parent_cells = parent < 0 ? -1 : fdt_address_cells(tree, parent);

	if (!range || cells < 1 || cells > 2 || parent_cells < 1 || parent_cells > 2 || size_cells < 1 ||
	    size_cells > 2 || bytes < (cells + parent_cells + size_cells) * (int)sizeof(*range))
		return;
	traits->dma_start = read_cells(range + cells, parent_cells);
	traits->dma_end = traits->dma_start + read_cells(range + cells + parent_cells, size_cells);
	traits->dma_offset = read_cells(range, cells) - traits->dma_start;
}

// The frequency of the node's first clock, where that is a fixed one.
static uint32_t fixed_clock(int node)
{
	const void *tree = devicetree();
	int bytes;
	const fdt32_t *value = fdt_getprop(tree, node, "clocks", &bytes);

	if (!value || bytes < (int)sizeof(*value))
		return 0;
	int clock = devicetree_by_phandle(fdt32_ld(value));
	value = clock < 0 ? NULL : fdt_getprop(tree, clock, "clock-frequency", &bytes);
	return value && bytes == sizeof(*value) ? fdt32_ld(value) : 0;
}

// A regulator switches the signals' voltage, which only firmware or a GPIO could tell it to: `vqmmc-supply`.
static struct sdhci_traits read_traits(int node, const struct part *part)
{
	struct sdhci_traits traits = part->traits;
	uint32_t clock = fixed_clock(node);

	if (clock)
		traits.base_clock = clock;
	read_dma_range(node, &traits);
	traits.coherent = has(node, "dma-coherent");
	traits.no_card_detect = has(node, "broken-cd") || has(node, "non-removable") || has(node, "cd-gpios");
	traits.no_write_protect |= has(node, "disable-wp");
	traits.no_1v8 |= has(node, "no-1-8-v") || has(node, "vqmmc-supply");
	return traits;
}

// Something that is soldered to the controller, such as a radio: it isn't ours to reset.
static bool is_for_cards(int node)
{
	return !has(node, "no-sd") && !has(node, "mmc-pwrseq") && fdt_first_subnode(devicetree(), node) < 0;
}

static int probe_node(int node, const struct part *part, paddr_t address, uint64_t size)
{
	struct sdhci_traits traits = read_traits(node, part);
	struct interrupt_line line;
	char place[32];
	paddr_t page = ROUND_DOWN(address, PAGE_SIZE);
	bool has_line = !devicetree_irq(node, 0, &line.irq, &line.edge);

	if (size < REGISTERS_SIZE)
		return -EINVAL;
	char *mapped = memory_map(page, ROUND_UP(address + size, PAGE_SIZE) - page, MEMORY_DEVICE);
	if (!mapped)
		return -ENOMEM;
	snprintf(place, sizeof(place), "SDHCI at %#llx", (unsigned long long)address);
	return add(mapped + (address - page), &traits, has_line ? &line : NULL, place);
}

// A node that names several parts is the first one of the table, which goes from the particular to the general.
static bool is_first_part(int node, const struct part *part)
{
	for (const struct part *other = parts; other < part; other++)
		if (!fdt_node_check_compatible(devicetree(), node, other->compatible))
			return false;
	return true;
}

static void probe_part(const struct part *part)
{
	for (int node = -1; (node = devicetree_find(node, part->compatible)) >= 0;) {
		paddr_t address = 0;
		uint64_t size;

		if (!is_for_cards(node) || !is_first_part(node, part))
			continue;
		int error = devicetree_reg(node, 0, &address, &size);
		if (!error)
			error = probe_node(node, part, address, size);
		if (error)
			log_error("the SD controller at %#llx can't be used: error %d",
				  (unsigned long long)address, error);
	}
}

void sdhci_tree_probe(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		probe_part(&parts[i]);
}

// ---- PCI ----

static int probe_function(struct pci_function *function)
{
	struct sdhci_traits traits = {.coherent = function->coherent};
	struct interrupt_line line;
	bool has_line = !pci_interrupt(function, &line);
	uint64_t size;
	void *registers = pci_map_bar(function, 0, &size);

	if (!registers || size < REGISTERS_SIZE)
		return -ENXIO;
	pci_enable_dma(function);
	return add(registers, &traits, has_line ? &line : NULL, function->place);
}

void sdhci_pci_probe(void)
{
	for (struct pci_function *function = pci_next(NULL); function; function = pci_next(function)) {
		if (function->class >> 8 != PCI_CLASS_SD_HOST)
			continue;
		int error = probe_function(function);
		if (error)
			log_error("the SD controller at %s can't be used: error %d", function->place, error);
	}
}
