// SPDX-License-Identifier: Apache-2.0
// Domains for the Raspberry Pi 4.
#include "config/xen_domain_cfg.h"

BUILTIN_IMAGE(domu0) // blinky
BUILTIN_IMAGE(domu1) // sync
BUILTIN_IMAGE_FILE(monkey, "monkey.bin")
BUILTIN_TREE_FILE(blinky, "blinky.dtb") // boards/rpi4/blinky.dts

// The GPIO controller at 0xfe200000. One domain can have it at a time.
static struct xen_domain_iomem gpio[] = {
	{ .first_mfn = 0xfe200, .nr_mfns = 1 },
};

static struct xen_domain_cfg rpi_4_domd = {
	.name = "rpi_4_domd",
	.mem_kb = 16384,
	.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
	.max_vcpus = 1,
	.max_evtchns = 10,
	.gnt_frames = 32,
	.max_maptrack_frames = 1,
	.gic_version = XEN_DOMCTL_CONFIG_GIC_V2,
	.tee_type = XEN_DOMCTL_CONFIG_TEE_NONE,
	.iomems = gpio,
	.nr_iomems = 1,
	.dtb_start = __dtb_blinky_start,
	.dtb_end = __dtb_blinky_end,
	.load_image_bytes = load_domu0_image_bytes,
	.get_image_size = get_domu0_image_size,
};

static struct xen_domain_cfg rpi_4_domu = {
	.name = "rpi_4_domu",
	.mem_kb = 16384,
	.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
	.max_vcpus = 1,
	.max_evtchns = 10,
	.gnt_frames = 32,
	.max_maptrack_frames = 1,
	.gic_version = XEN_DOMCTL_CONFIG_GIC_V2,
	.tee_type = XEN_DOMCTL_CONFIG_TEE_NONE,
	.load_image_bytes = load_domu1_image_bytes,
	.get_image_size = get_domu1_image_size,
};

static struct xen_domain_cfg helloworld = {
	.name = "helloworld_xen-arm64",
	.mem_kb = 16384,
	.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
	.max_vcpus = 1,
	.max_evtchns = 10,
	.gnt_frames = 32,
	.max_maptrack_frames = 1,
	.gic_version = XEN_DOMCTL_CONFIG_GIC_V2,
	.tee_type = XEN_DOMCTL_CONFIG_TEE_NONE,
	.cmdline = "hello from Thin Dom0",
	.load_image_bytes = load_monkey_image_bytes,
	.get_image_size = get_monkey_image_size,
};

struct dom0_domain_cfg domain_cfgs[] = {
	{ .domain_cfg = &rpi_4_domd },
	{ .domain_cfg = &rpi_4_domu },
	{ .domain_cfg = &helloworld },
	{ 0 },
};
