// SPDX-License-Identifier: Apache-2.0
// The domains that a board shows itself with, from two parameters that the board's file defines before it
// includes this one:
//
//   DEMO_PREFIX      the beginning of two domains' names
//   DEMO_GPIO_FRAME  number of the 4 KB frame that holds the registers of the board's GPIO controller, whose
//                    partial device tree is boards/NAME/blinky.dts; undefined: no domain blinks
#pragma once

#include "config/xen_domain_cfg.h"

// Further members follow.
#define DEMO_DOMAIN(...)                                                                                     \
	{                                                                                                    \
		.mem_kb = 16384, .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap, .max_vcpus = 1,           \
		.max_evtchns = 10, .gnt_frames = 32, .max_maptrack_frames = 1,                               \
		.gic_version = XEN_DOMCTL_CONFIG_GIC_NATIVE, .tee_type = XEN_DOMCTL_CONFIG_TEE_NONE,         \
		__VA_ARGS__                                                                                  \
	}

#ifdef DEMO_GPIO_FRAME
BUILTIN_IMAGE(domu0) // blinky
BUILTIN_TREE_FILE(blinky, "blinky.dtb")

// One domain can have it at a time.
static struct xen_domain_iomem demo_gpio[] = {
	{ .first_mfn = DEMO_GPIO_FRAME, .nr_mfns = 1 },
};

static struct xen_domain_cfg demo_domd = DEMO_DOMAIN(
	.name = DEMO_PREFIX "_domd",
	.iomems = demo_gpio,
	.nr_iomems = 1,
	.dtb_start = __dtb_blinky_start,
	.dtb_end = __dtb_blinky_end,
	.load_image_bytes = load_domu0_image_bytes,
	.get_image_size = get_domu0_image_size
);
#endif

BUILTIN_IMAGE(domu1) // sync
BUILTIN_IMAGE_FILE(monkey, "monkey.bin")

static struct xen_domain_cfg demo_domu = DEMO_DOMAIN(
	.name = DEMO_PREFIX "_domu",
	.load_image_bytes = load_domu1_image_bytes,
	.get_image_size = get_domu1_image_size
);

static struct xen_domain_cfg demo_helloworld = DEMO_DOMAIN(
	.name = "helloworld_xen-arm64",
	.cmdline = "hello from Thin Dom0",
	.load_image_bytes = load_monkey_image_bytes,
	.get_image_size = get_monkey_image_size
);

struct dom0_domain_cfg domain_cfgs[] = {
#ifdef DEMO_GPIO_FRAME
	{ .domain_cfg = &demo_domd },
#endif
	{ .domain_cfg = &demo_domu },
	{ .domain_cfg = &demo_helloworld },
	{ 0 },
};
