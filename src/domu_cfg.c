// SPDX-License-Identifier: Apache-2.0
// The default configurations (CONFIG_USE_DEFAULT_DOM_CFG): one domain without any device, which every board
// can start, as often as memory allows. Its kernel is the image domu1.
#include "config/xen_domain_cfg.h"

BUILTIN_IMAGE(domu1)

static struct xen_domain_cfg domu = {
	.name = "domu",
	.mem_kb = 16384,
	.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
	.max_vcpus = 1,
	.max_evtchns = 10,
	.gnt_frames = 32,
	.max_maptrack_frames = 1,
	.gic_version = XEN_DOMCTL_CONFIG_GIC_NATIVE,
	.tee_type = XEN_DOMCTL_CONFIG_TEE_NONE,
	.load_image_bytes = load_domu1_image_bytes,
	.get_image_size = get_domu1_image_size,
};

struct dom0_domain_cfg domain_cfgs[] = {
	{ .domain_cfg = &domu },
	{ 0 },
};
