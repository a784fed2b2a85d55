// SPDX-License-Identifier: Apache-2.0
// Deciding what a domain will be made of.
#include "domain/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "domain/build.h"
#include "domain/guest_tree.h"
#include "domain/partial_tree.h"
#include "domain/random.h"
#include "domain/store_quota.h"
#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "kernel/log.h"
#include "xen/hypercall.h"
#include "xen/sysctl.h"
#include "xen/version.h"

#define GICV2_VCPUS_MAX 8u // target registers have a bit for each

// ---- The machine ----

// Dom0 sees the interrupt controller that the host has.
static enum gic_version host_gic(void)
{
	return devicetree_find(-1, "arm,gic-v3") >= 0 ? GIC_V3 : GIC_V2;
}

// Where firmware left the timer's frequency register wrong, the host's tree says what is right, and so must
// the guest's: Xen can't trap the register.
static uint32_t clock_frequency(void)
{
	int length, timer = devicetree_find(-1, "arm,armv8-timer");
	const fdt32_t *value =
		timer < 0 ? NULL : fdt_getprop(devicetree(), timer, "clock-frequency", &length);

	return value && length == sizeof(*value) ? fdt32_ld(value) : 0;
}

static int address_bits(unsigned int *bits, struct failure *failure)
{
	struct domain_info info;
	int error = domctl_get_info(CONTROL_DOMAIN, &info);

	*bits = error ? 0 : info.address_bits;
	if (error == -ENOTSUP)
		return failure_set(failure, error,
				   "Xen %u.%u can't be controlled by this program, which supports %s",
				   xen_version()->major, xen_version()->minor, xen_supported_versions());
	if (error)
		return failure_set(failure, error, "Xen refuses to control domains: %s", error_text(error));
	return 0;
}

static int choose_gic(struct plan *plan, struct failure *failure)
{
	static const enum gic_version versions[] = {
		[CONFIG_GIC_V2] = GIC_V2,
		[CONFIG_GIC_V3] = GIC_V3,
	};
	const struct domain_config *config = plan->config;

	plan->gic = config->gic == CONFIG_GIC_DEFAULT ? host_gic() : versions[config->gic];
	if (plan->gic == GIC_V2 && config_max_vcpus(config) > GICV2_VCPUS_MAX)
		return failure_set(failure, -EINVAL,
				   "%" PRIu32 " CPUs: a domain with a GICv2 can have %u at most",
				   config_max_vcpus(config), GICV2_VCPUS_MAX);
	return 0;
}

// Xen is asked only for devices that there are, and that no other domain has.
static int check_devices(const struct plan *plan, struct failure *failure)
{
	const struct domain_config *config = plan->config;

	if (config->scmi && xen_version()->minor < 21)
		return failure_set(failure, -ENOTSUP,
				   "arm_sci: Xen 4.%u hands SCMI calls of Dom0 alone on to firmware; Xen 4.21 can, of one domain",
				   xen_version()->minor);
	for (uint32_t i = 0; i < config->dtdev_count; i++)
		if (fdt_path_offset(devicetree(), config->dtdevs[i]) < 0)
			return failure_set(failure, -ENODEV,
					   "device %s: the host's device tree has no such node", config->dtdevs[i]);
	return host_devices_check_free(config, failure);
}

// ---- Memory ----

uint64_t plan_domain_pages(const struct plan *plan)
{
	return (KIB(config_max_memory(plan->config)) >> PAGE_SHIFT) + MAGIC_PAGES;
}

// For Xen's page tables of the domain: a page for each MB of its memory, twice what it needs when all of that is in 4 KB
// pages; 128, which map 256 MB of others' pages; and those of its devices' registers, which Xen maps in 4 KB pages. libxl
// takes as much where "vcpus" isn't given, and otherwise 1 MB more for each CPU, which nothing on Arm needs.
static uint64_t paging_pool_size(const struct domain_config *config)
{
	uint64_t pages = config_max_memory(config) / 1024 + 128;

	for (uint32_t i = 0; i < config->iomem_count; i++)
		pages += config->iomem[i].frames / 512 + 2;
	return pages * PAGE_SIZE;
}

static int check_free_memory(const struct plan *plan, struct failure *failure)
{
	struct physical_info machine;
	uint64_t needed = plan_domain_pages(plan) + (plan->paging_pool >> PAGE_SHIFT);
	int error = sysctl_physical_info(&machine);

	if (error)
		return failure_set(failure, error, "Xen doesn't say how much memory is free: %s",
				   error_text(error));
	if (needed > machine.free_pages)
		return failure_set(failure, -ENOMEM,
				   "the domain takes %" PRIu64
				   " MiB with Xen's page tables for it, but only %" PRIu64
				   " MiB are free: lower its memory, or destroy another domain",
				   ROUND_UP(needed << PAGE_SHIFT, MIB(1)) >> 20,
				   machine.free_pages << PAGE_SHIFT >> 20);
	return 0;
}

// ---- Images ----

static int place_kernel(struct plan *plan, struct failure *failure)
{
	const struct kernel_image *kernel = &plan->kernel;
	uint64_t start = plan->layout.banks[0].start, offset = kernel->text_offset;

	if (kernel->fixed) {
		if (kernel->load < start)
			return failure_set(failure, -ENOEXEC,
					   "kernel %s: the uImage wants to lie at 0x%" PRIx64
					   ", but a domain's memory begins at 0x%" PRIx64,
					   kernel->stored.source->name, kernel->load, start);
		offset = kernel->load - start;
	}
	return layout_kernel(&plan->layout, offset, kernel->memory_size, failure);
}

static int read_ramdisk(struct plan *plan, struct failure *failure)
{
	const struct image_source *source = &plan->config->ramdisk;

	plan->ramdisk = (struct image_part){ .what = "ramdisk", .source = source };
	if (!image_source_is_given(source))
		return 0;
	int error = source->size(source->context, &plan->ramdisk.size);
	if (error)
		return failure_set(failure, error, "ramdisk %s: can't be read: %s", source->name,
				   error_text(error));
	if (!plan->ramdisk.size)
		return failure_set(failure, -EINVAL, "ramdisk %s: empty", source->name);
	return 0;
}

static int make_tree(struct plan *plan, struct failure *failure)
{
	struct guest_range extended[EXTENDED_REGIONS_MAX];
	uint8_t seed[RANDOM_BYTES];
	unsigned int bits;
	void *partial;
	int error = address_bits(&bits, failure);

	if (error)
		return error;
	error = partial_tree_read(plan->config, &partial, failure);
	if (error)
		return error;

	struct guest_tree_parameters parameters = {
		.config = plan->config,
		.layout = &plan->layout,
		.partial = partial,
		.gic = plan->gic,
		.clock_frequency = clock_frequency(),
		.xen_major = xen_version()->major,
		.xen_minor = xen_version()->minor,
		.seed = random_make(seed) ? seed : NULL,
		.extended = extended,
		.extended_count = layout_extended_regions(&plan->layout, plan->config, bits, extended),
	};
	plan->tree = guest_tree_build(&parameters, &error, failure);
	free(partial);
	if (!plan->tree)
		return error;

	log_info("bootargs = %s", plan->config->command_line);
	for (size_t i = 0; i < parameters.extended_count; i++)
		log_info("Extended region %zu: 0x%" PRIx64 "->0x%" PRIx64, i, extended[i].start,
			 guest_range_end(&extended[i]));
	return 0;
}

static int place_modules(struct plan *plan, struct failure *failure)
{
	struct guest_layout *layout = &plan->layout;
	int error = layout_modules(layout, plan->ramdisk.size, fdt_totalsize(plan->tree), failure);

	if (!error && plan->ramdisk.size)
		guest_tree_set_ramdisk(plan->tree, &layout->ramdisk);
	return error;
}

static void log_layout(const struct plan *plan)
{
	const struct guest_layout *layout = &plan->layout;

	log_info("rambase = %" PRIx64 ", ramsize = %" PRIu64, layout->banks[0].start,
		 KIB(config_max_memory(plan->config)));
	log_info("kernbase = %" PRIx64 " kernsize = %" PRIu64 ", dtbsize = %" PRIu64, layout->kernel.start,
		 layout->kernel.size, layout->tree.size);
	log_info("kernsize_aligned = %" PRIu64, ROUND_UP(layout->kernel.size, MIB(2)));
	if (plan->ramdisk.size)
		log_info("Ramdisk of %" PRIu64 " bytes will be placed on addr = 0x%" PRIx64,
			 layout->ramdisk.size, layout->ramdisk.start);
	log_info("DTB will be placed on addr = 0x%" PRIx64, layout->tree.start);
}

int plan_make(struct plan *plan, const struct domain_config *config, struct failure *failure)
{
	int error;

	*plan = (struct plan){ 0 };
	error = host_devices_resolve(&plan->devices, config, failure);
	plan->config = config = &plan->devices.config;
	plan->paging_pool = paging_pool_size(config);
	if (error || (error = choose_gic(plan, failure)) || (error = check_devices(plan, failure)) ||
	    (error = store_quota_check(config, failure)) ||
	    (error = layout_memory(&plan->layout, config, failure)) ||
	    (error = kernel_image_read(&config->kernel, &plan->kernel, failure)) ||
	    (error = place_kernel(plan, failure)) || (error = read_ramdisk(plan, failure)) ||
	    (error = make_tree(plan, failure)) || (error = place_modules(plan, failure)) ||
	    (error = check_free_memory(plan, failure)))
		return error;
	log_layout(plan);
	return 0;
}

void plan_free(struct plan *plan)
{
	host_devices_free(&plan->devices);
	free(plan->tree);
}
