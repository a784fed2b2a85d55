// SPDX-License-Identifier: Apache-2.0
// Writing a guest's device tree, node by node.
#include "domain/guest_tree.h"

#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/host_device.h"
#include "domain/partial_tree.h"
#include "domain/random.h"
#include "domain/tree_builder.h"
#include "kernel/compiler.h"
#include "kernel/panic.h"
#include "xen/hypercall.h"

#define RANGE_CELLS (GUEST_ROOT_ADDRESS_CELLS + GUEST_ROOT_SIZE_CELLS)
_Static_assert(GUEST_ROOT_ADDRESS_CELLS == 2 && GUEST_ROOT_SIZE_CELLS == 2,
	       "write_ranges() writes two and two");

// A tree without a partial one, unless it has very many CPUs. The builder grows it where this is too little.
#define USUAL_SIZE 4096u

// Interrupts as a GIC's node takes them (Linux, bindings/interrupt-controller/arm,gic.yaml).
#define INTERRUPT_CELLS 3u
#define INTERRUPT_PPI 1u
#define PPI_FIRST 16u
#define TO_ALL_CPUS 0xf00u

// Function numbers of PSCI 0.1, which Xen takes besides those of later versions.
#define PSCI_CPU_OFF 1u
#define PSCI_CPU_ON 2u

static void write_ranges(struct tree_builder *builder, const struct guest_range *ranges, size_t count)
{
	uint32_t cells[(1 + EXTENDED_REGIONS_MAX) * RANGE_CELLS];

	ASSERT(count <= 1 + EXTENDED_REGIONS_MAX);
	for (size_t i = 0; i < count; i++) {
		cells[i * RANGE_CELLS + 0] = (uint32_t)(ranges[i].start >> 32);
		cells[i * RANGE_CELLS + 1] = (uint32_t)ranges[i].start;
		cells[i * RANGE_CELLS + 2] = (uint32_t)(ranges[i].size >> 32);
		cells[i * RANGE_CELLS + 3] = (uint32_t)ranges[i].size;
	}
	tree_cells(builder, "reg", cells, count * RANGE_CELLS);
}

static void write_ppis(struct tree_builder *builder, const uint32_t *ppis, size_t count)
{
	uint32_t cells[3 * INTERRUPT_CELLS];

	ASSERT(count * INTERRUPT_CELLS <= ARRAY_SIZE(cells));
	for (size_t i = 0; i < count; i++) {
		cells[i * INTERRUPT_CELLS + 0] = INTERRUPT_PPI;
		cells[i * INTERRUPT_CELLS + 1] = ppis[i] - PPI_FIRST;
		cells[i * INTERRUPT_CELLS + 2] = TO_ALL_CPUS | DT_IRQ_TYPE_LEVEL_LOW;
	}
	tree_cells(builder, "interrupts", cells, count * INTERRUPT_CELLS);
	tree_u32(builder, "interrupt-parent", GUEST_PHANDLE_GIC);
}

// "PREFIX-4.17"
struct versioned_name {
	char text[32];
};

static struct versioned_name versioned(const char *prefix, const struct guest_tree_parameters *parameters)
{
	struct versioned_name name;

	snprintf(name.text, sizeof(name.text), "%s-%u.%u", prefix, parameters->xen_major,
		 parameters->xen_minor);
	return name;
}

static void write_root(struct tree_builder *builder, const struct guest_tree_parameters *parameters)
{
	const struct domain_config *config = parameters->config;
	const struct versioned_name model = versioned("XENVM", parameters);
	const struct versioned_name compatible = versioned("xen,xenvm", parameters);
	size_t count = config->machine_compatible_count;
	const char **compatibles = malloc((count + 2) * sizeof(*compatibles));

	if (!compatibles) {
		tree_fail(builder, -ENOMEM);
		return;
	}
	for (size_t i = 0; i < count; i++)
		compatibles[i] = config->machine_compatible[i];
	compatibles[count] = compatible.text;
	compatibles[count + 1] = "xen,xenvm";

	tree_string(builder, "model", model.text);
	tree_strings(builder, "compatible", compatibles, count + 2);
	tree_u32(builder, "interrupt-parent", GUEST_PHANDLE_GIC);
	tree_u32(builder, "#address-cells", GUEST_ROOT_ADDRESS_CELLS);
	tree_u32(builder, "#size-cells", GUEST_ROOT_SIZE_CELLS);
	free(compatibles);
}

// Linux counts rng-seed as entropy: there is one only where it is.
static void write_chosen(struct tree_builder *builder, const struct guest_tree_parameters *parameters)
{
	tree_begin(builder, "chosen");
	tree_string(builder, "bootargs", parameters->config->command_line);
	if (image_source_is_given(&parameters->config->ramdisk)) {
		tree_u64(builder, "linux,initrd-start", 0);
		tree_u64(builder, "linux,initrd-end", 0);
	}
	if (parameters->seed)
		tree_bytes(builder, "rng-seed", parameters->seed, RANDOM_BYTES);
	tree_end(builder);
}

// The virtual MPIDR that Xen gives to a CPU: 16 to a cluster (vcpuid_to_vaffinity()).
static uint32_t cpu_affinity(uint32_t cpu)
{
	return (cpu & 0xf) | (cpu >> 4 & 0xff) << 8;
}

static void write_cpus(struct tree_builder *builder, const struct guest_tree_parameters *parameters)
{
	tree_begin(builder, "cpus");
	tree_u32(builder, "#address-cells", 1);
	tree_u32(builder, "#size-cells", 0);
	for (uint32_t cpu = 0; cpu < config_max_vcpus(parameters->config); cpu++) {
		tree_begin_at(builder, "cpu", cpu_affinity(cpu));
		tree_string(builder, "device_type", "cpu");
		tree_string(builder, "compatible", "arm,armv8");
		tree_string(builder, "enable-method", "psci");
		tree_u32(builder, "reg", cpu_affinity(cpu));
		tree_end(builder);
	}
	tree_end(builder);
}

static void write_psci(struct tree_builder *builder, const struct guest_tree_parameters *parameters)
{
	static const char *const compatibles[] = { "arm,psci-1.0", "arm,psci-0.2", "arm,psci" };

	(void)parameters;
	tree_begin(builder, "psci");
	tree_strings(builder, "compatible", compatibles, ARRAY_SIZE(compatibles));
	tree_string(builder, "method", "hvc");
	tree_u32(builder, "cpu_off", PSCI_CPU_OFF);
	tree_u32(builder, "cpu_on", PSCI_CPU_ON);
	tree_end(builder);
}

static void write_memory(struct tree_builder *builder, const struct guest_tree_parameters *parameters)
{
	for (size_t i = 0; i < GUEST_RAM_BANKS; i++) {
		const struct guest_range *bank = &parameters->layout->banks[i];

		if (!bank->size)
			continue;
		tree_begin_at(builder, "memory", bank->start);
		tree_string(builder, "device_type", "memory");
		write_ranges(builder, bank, 1);
		tree_end(builder);
	}
}

static const struct gic_description {
	const char *compatibles[2];
	size_t compatible_count;
	struct guest_range windows[2];
} gics[] = {
	[GIC_V2] = { { "arm,cortex-a15-gic", "arm,cortex-a9-gic" },
		     2,
		     { { GUEST_GICD_BASE, GUEST_GICD_SIZE }, { GUEST_GICC_BASE, GUEST_GICC_SIZE } } },
	[GIC_V3] = { { "arm,gic-v3" },
		     1,
		     { { GUEST_GICV3_GICD_BASE, GUEST_GICV3_GICD_SIZE },
		       { GUEST_GICV3_GICR0_BASE, GUEST_GICV3_GICR0_SIZE } } },
};

static void write_gic(struct tree_builder *builder, const struct guest_tree_parameters *parameters)
{
	const struct gic_description *gic = &gics[parameters->gic];

	tree_begin_at(builder, "interrupt-controller", gic->windows[0].start);
	tree_strings(builder, "compatible", gic->compatibles, gic->compatible_count);
	tree_u32(builder, "#interrupt-cells", INTERRUPT_CELLS);
	tree_u32(builder, "#address-cells", 0);
	tree_flag(builder, "interrupt-controller");
	write_ranges(builder, gic->windows, ARRAY_SIZE(gic->windows));
	tree_u32(builder, "phandle", GUEST_PHANDLE_GIC);
	tree_end(builder);
}

static void write_timer(struct tree_builder *builder, const struct guest_tree_parameters *parameters)
{
	static const uint32_t ppis[] = { GUEST_TIMER_PHYS_S_PPI, GUEST_TIMER_PHYS_NS_PPI,
					 GUEST_TIMER_VIRT_PPI };

	tree_begin(builder, "timer");
	tree_string(builder, "compatible", "arm,armv8-timer");
	write_ppis(builder, ppis, ARRAY_SIZE(ppis));
	if (parameters->clock_frequency)
		tree_u32(builder, "clock-frequency", parameters->clock_frequency);
	tree_end(builder);
}

// Window 0 is for the grant table, the others are the extended regions (Linux, bindings/arm/xen.txt).
static void write_hypervisor(struct tree_builder *builder, const struct guest_tree_parameters *parameters)
{
	static const uint32_t event_ppi = GUEST_EVTCHN_PPI;
	const struct versioned_name compatible = versioned("xen,xen", parameters);
	const char *compatibles[] = { compatible.text, "xen,xen" };
	struct guest_range windows[1 + EXTENDED_REGIONS_MAX] = { { GUEST_GNTTAB_BASE, GUEST_GNTTAB_SIZE } };

	for (size_t i = 0; i < parameters->extended_count; i++)
		windows[1 + i] = parameters->extended[i];
	tree_begin(builder, "hypervisor");
	tree_strings(builder, "compatible", compatibles, ARRAY_SIZE(compatibles));
	write_ranges(builder, windows, 1 + parameters->extended_count);
	write_ppis(builder, &event_ppi, 1);
	tree_end(builder);
}

static void write_firmware(struct tree_builder *builder, const struct guest_tree_parameters *parameters)
{
	if (parameters->config->tee != CONFIG_TEE_OPTEE)
		return;
	tree_begin(builder, "firmware");
	tree_begin(builder, "optee");
	tree_string(builder, "compatible", "linaro,optee-tz");
	tree_string(builder, "method", "hvc");
	tree_end(builder);
	tree_end(builder);
}

static void write_partial(struct tree_builder *builder, const struct guest_tree_parameters *parameters)
{
	if (parameters->partial)
		partial_tree_copy(parameters->partial, parameters->config, builder);
	else
		host_devices_write(parameters->config, builder);
}

static void (*const writers[])(struct tree_builder *builder,
			       const struct guest_tree_parameters *parameters) = {
	write_root, write_chosen, write_cpus,       write_psci,     write_memory,
	write_gic,  write_timer,  write_hypervisor, write_firmware, write_partial,
};

// A node that dt_passthrough names may be one that is written here already. NULL: all are different.
static const char *duplicate_node(const void *tree)
{
	int node, other;

	fdt_for_each_subnode(node, tree, 0)
	{
		const char *name = fdt_get_name(tree, node, NULL);

		for (other = fdt_first_subnode(tree, 0); other != node; other = fdt_next_subnode(tree, other))
			if (!strcmp(name, fdt_get_name(tree, other, NULL)))
				return name;
	}
	return NULL;
}

void *guest_tree_build(const struct guest_tree_parameters *parameters, int *error, struct failure *failure)
{
	size_t partial_size = parameters->partial ? fdt_totalsize(parameters->partial) : 0;
	struct tree_builder builder;

	ASSERT(parameters->gic < ARRAY_SIZE(gics) && gics[parameters->gic].compatible_count);
	tree_start(&builder, USUAL_SIZE + partial_size);
	for (size_t i = 0; i < ARRAY_SIZE(writers); i++)
		writers[i](&builder, parameters);
	void *tree = tree_finish(&builder, error);
	if (!tree) {
		failure_set(failure, *error, "the device tree of '%s' can't be made: %s",
			    parameters->config->name, error_text(*error));
		return NULL;
	}

	const char *duplicate = parameters->partial ? duplicate_node(tree) : NULL;
	if (duplicate) {
		*error = failure_set(
			failure, -EEXIST,
			"partial device tree %s: node %s is in every guest's tree already: leave it out of "
			"dt_passthrough",
			parameters->config->partial_tree.name, duplicate);
		free(tree);
		return NULL;
	}
	return tree;
}

void guest_tree_set_ramdisk(void *tree, const struct guest_range *ramdisk)
{
	int chosen = fdt_path_offset(tree, "/chosen");
	int error = fdt_setprop_inplace_u64(tree, chosen, "linux,initrd-start", ramdisk->start);

	if (!error)
		error = fdt_setprop_inplace_u64(tree, chosen, "linux,initrd-end", guest_range_end(ramdisk));
	ASSERT(!error); // write_chosen() made room for both
}
