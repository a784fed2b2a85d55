// SPDX-License-Identifier: Apache-2.0
// Devices by their nodes in the host's device tree.
#include "domain/host_device.h"

#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/domain.h"
#include "domain/passthrough.h"
#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "xen/public.h"

#define PARTS_MAX    16u // register windows of a node, and its interrupts
#define FIRST_SPI    32u
#define NAME_MAX_FDT 32

static bool by_nodes(const struct domain_config *config)
{
	return (config->dt_passthrough_count || config->dtdev_count) &&
	       !image_source_is_given(&config->partial_tree);
}

static bool is_among(const char *path, const char *const *paths, uint32_t count)
{
	while (count--)
		if (!strcmp(path, paths[count]))
			return true;
	return false;
}

// The i-th node to be given: those of dt_passthrough, then those of dtdev that are not among them. "": none, NULL: the end.
static const char *nth_node(const struct domain_config *config, uint32_t i)
{
	uint32_t count = config->dt_passthrough_count;

	if (i < count)
		return config->dt_passthrough[i];
	if ((i -= count) >= config->dtdev_count)
		return NULL;
	return is_among(config->dtdevs[i], config->dt_passthrough, count) ? "" : config->dtdevs[i];
}

const struct domain *host_device_owner(uint64_t mfn, uint64_t frames)
{
	struct domain *domain;

	DOMAIN_FOR_EACH(domain)
	if (passthrough_has(domain->devices, mfn, frames))
		return domain;
	return NULL;
}

int host_devices_check_free(const struct domain_config *config, struct failure *failure)
{
	for (uint32_t i = 0; i < config->iomem_count; i++) {
		const struct config_iomem *range = &config->iomem[i];
		const struct domain *owner = host_device_owner(range->first_mfn, range->frames);

		if (owner)
			return failure_set(failure, -EBUSY,
					   "iomem %" PRIx64 ",%" PRIx64 ": the domain '%s' has it, or a part of it",
					   range->first_mfn, range->frames, owner->name);
	}
	return 0;
}

// ---- What a node has ----

// Frames that are in the list already, such as those of two windows in one page, are not given twice.
static int add_window(struct host_devices *devices, const char *path, paddr_t address, uint64_t size,
		      struct failure *failure)
{
	struct domain_config *config = &devices->config;
	uint64_t first = address >> PAGE_SHIFT, end = (address + size + PAGE_SIZE - 1) >> PAGE_SHIFT;
	const struct domain *owner;

	for (uint32_t i = 0; i < config->iomem_count; i++) {
		const struct config_iomem *other = &config->iomem[i];

		if (first >= other->first_mfn && end <= other->first_mfn + other->frames)
			return 0;
	}
	owner = host_device_owner(first, end - first);
	if (owner)
		return failure_set(failure, -EBUSY,
				   "device %s: the domain '%s' has it, or a part of its registers' pages",
				   path, owner->name);
	devices->iomem[config->iomem_count++] = (struct config_iomem){CONFIG_GFN_SAME, first, end - first};
	return 0;
}

static int add_irq(struct host_devices *devices, const char *path, unsigned int irq, struct failure *failure)
{
	struct domain_config *config = &devices->config;

	if (irq < FIRST_SPI)
		return failure_set(failure, -EINVAL, "device %s: its interrupt %u is one of a CPU's own",
				   path, irq);
	for (uint32_t i = 0; i < config->irq_count; i++)
		if (config->irqs[i] == irq)
			return 0;
	devices->irqs[config->irq_count++] = irq;
	return 0;
}

static int add_node(struct host_devices *devices, const char *path, struct failure *failure)
{
	int node = fdt_path_offset(devicetree(), path), error = 0;
	unsigned int i, irq;
	paddr_t address;
	uint64_t size;
	bool edge;

	if (node < 0)
		return failure_set(failure, -ENODEV, "device %s: the host's device tree has no such node",
				   path);
	for (i = 0; !error && !(error = devicetree_reg(node, i, &address, &size)); i++)
		error = i == PARTS_MAX || !size ? -EINVAL : add_window(devices, path, address, size, failure);
	if (error == -EBUSY)
		return error;
	if (error != -ENOENT)
		return failure_set(failure, -EINVAL, "device %s: its registers can't be given to a domain",
				   path);
	if (!i)
		return failure_set(failure, -ENODEV, "device %s: its node has no registers", path);

	error = 0;
	for (i = 0; !error && !(error = devicetree_irq(node, i, &irq, &edge)); i++) {
		if (i == PARTS_MAX)
			return failure_set(failure, -EINVAL, "device %s: it has too many interrupts", path);
		error = add_irq(devices, path, irq, failure);
		if (error)
			return error;
	}
	if (error != -ENOENT)
		return failure_set(failure, -EINVAL, "device %s: its interrupts are not the GIC's", path);
	if (fdt_getprop(devicetree(), node, "iommus", NULL) &&
	    !is_among(path, devices->dtdevs, devices->config.dtdev_count))
		devices->dtdevs[devices->config.dtdev_count++] = path;
	return 0;
}

// A copy with room for `more` elements.
static void *copy_list(const void *list, size_t count, size_t more, size_t size)
{
	void *copy = calloc(count + more, size);

	if (copy && count)
		memcpy(copy, list, count * size);
	return copy;
}

int host_devices_resolve(struct host_devices *devices, const struct domain_config *config,
			 struct failure *failure)
{
	size_t count = config->dt_passthrough_count + (size_t)config->dtdev_count;
	const char *path;
	int error = 0;

	*devices = (struct host_devices){.config = *config};
	if (!by_nodes(config))
		return 0;
	devices->iomem =
		copy_list(config->iomem, config->iomem_count, count * PARTS_MAX, sizeof(*devices->iomem));
	devices->irqs = copy_list(config->irqs, config->irq_count, count * PARTS_MAX, sizeof(*devices->irqs));
	devices->dtdevs = copy_list(config->dtdevs, config->dtdev_count, count, sizeof(*devices->dtdevs));
	if (!devices->iomem || !devices->irqs || !devices->dtdevs)
		return failure_set(failure, -ENOMEM, "finding the domain's devices: out of memory");
	devices->config.iomem = devices->iomem;
	devices->config.irqs = devices->irqs;
	devices->config.dtdevs = devices->dtdevs;
	for (uint32_t i = 0; !error && (path = nth_node(config, i)); i++)
		error = *path ? add_node(devices, path, failure) : 0;
	return error;
}

void host_devices_free(struct host_devices *devices)
{
	free(devices->iomem);
	free(devices->irqs);
	free(devices->dtdevs);
}

// ---- Nodes for the domain's tree ----

// What is written anew, and what refers to nodes that the domain's tree doesn't have.
static bool is_left_out(const char *name)
{
	static const char *const beginnings[] = {
		"reg",         "interrupt",      "phandle",    "linux,phandle", "status",
		"clock",       "assigned-clock", "reset",      "power-domain",  "dma",
		"iommu",       "pinctrl",        "msi-parent", "xen,",          "#address-cells",
		"#size-cells", "ranges"};
	const char *last = strrchr(name, '-');

	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++)
		if (!strncmp(name, beginnings[i], strlen(beginnings[i])))
			return strcmp(name, "reg-names") && strcmp(name, "interrupt-names") &&
			       strcmp(name, "interrupt-controller") && strcmp(name, "clock-frequency");
	return last && (!strcmp(last, "-supply") || !strcmp(last, "-gpios") || !strcmp(last, "-gpio"));
}

static void write_properties(int node, struct tree_builder *builder)
{
	int property;

	fdt_for_each_property_offset(property, devicetree(), node)
	{
		const char *name;
		int length;
		const void *value = fdt_getprop_by_offset(devicetree(), property, &name, &length);

		if (value && !is_left_out(name))
			tree_bytes(builder, name, value, (size_t)length);
	}
}

static void write_node(int node, struct tree_builder *builder)
{
	uint32_t cells[4 * PARTS_MAX];
	size_t count = 0;
	paddr_t address, first = 0;
	uint64_t size;
	unsigned int irq;
	bool edge;
	char name[NAME_MAX_FDT];

	devicetree_reg(node, 0, &first, &size);
	snprintf(name, sizeof(name), "%s", fdt_get_name(devicetree(), node, NULL));
	name[strcspn(name, "@")] = '\0';
	tree_begin_at(builder, name, first);
	write_properties(node, builder);
	for (unsigned int i = 0; i < PARTS_MAX && !devicetree_reg(node, i, &address, &size); i++) {
		cells[count++] = (uint32_t)(address >> 32);
		cells[count++] = (uint32_t)address;
		cells[count++] = (uint32_t)(size >> 32);
		cells[count++] = (uint32_t)size;
	}
	tree_cells(builder, "reg", cells, count);
	count = 0;
	for (unsigned int i = 0; i < PARTS_MAX && !devicetree_irq(node, i, &irq, &edge); i++) {
		cells[count++] = 0; // SPI
		cells[count++] = irq - FIRST_SPI;
		cells[count++] = edge ? 1 : 4;
	}
	if (count)
		tree_cells(builder, "interrupts", cells, count);
	tree_end(builder);
}

void host_devices_write(const struct domain_config *config, struct tree_builder *builder)
{
	const char *path;

	if (!by_nodes(config))
		return;
	tree_begin(builder, "passthrough");
	tree_string(builder, "compatible", "simple-bus");
	tree_u32(builder, "#address-cells", 2);
	tree_u32(builder, "#size-cells", 2);
	tree_u32(builder, "interrupt-parent", GUEST_PHANDLE_GIC);
	tree_flag(builder, "ranges");
	for (uint32_t i = 0; (path = nth_node(config, i)); i++)
		if (*path)
			write_node(fdt_path_offset(devicetree(), path), builder);
	tree_end(builder);
}
