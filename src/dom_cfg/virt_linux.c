// SPDX-License-Identifier: Apache-2.0
// Linux guests as Debian ships their kernels, linked in: the preset virt-linux. Dom0 then wants 128 MB for its own image.
#include "config/xen_domain_cfg.h"

BUILTIN_IMAGE_FILE(linux_6_1, "vmlinuz-6.1")
BUILTIN_IMAGE_FILE(linux_6_12, "vmlinuz-6.12")
BUILTIN_RAMDISK_FILE(linux, "initramfs.gz") // image/linux-init on busybox

#define LINUX_GUEST(configuration, image)                                                                    \
	static struct xen_domain_cfg configuration = {                                                        \
		.name = #configuration,                                                                       \
		.mem_kb = 256 * 1024,                                                                         \
		.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,                                             \
		.max_vcpus = 2,                                                                               \
		.max_maptrack_frames = -1,                                                                    \
		.gnt_frames = -1,                                                                             \
		.cmdline = "console=hvc0 quiet",                                                              \
		.load_image_bytes = load_##image##_image_bytes,                                               \
		.get_image_size = get_##image##_image_size,                                                   \
		.ramdisk_start = __ramdisk_linux_start,                                                       \
		.ramdisk_end = __ramdisk_linux_end,                                                           \
	}

LINUX_GUEST(linux_6_1, linux_6_1);
LINUX_GUEST(linux_6_12, linux_6_12);

struct dom0_domain_cfg domain_cfgs[] = {
	{ .domain_cfg = &linux_6_1 },
	{ .domain_cfg = &linux_6_12 },
	{ 0 },
};
