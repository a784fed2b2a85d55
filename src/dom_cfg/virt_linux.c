// SPDX-License-Identifier: Apache-2.0
// Linux guests as Debian ships their kernels, and the driver domain DomD, linked in: the preset virt-linux.
// Dom0 then wants 128 MB for its own image.
#include "config/xen_domain_cfg.h"

BUILTIN_IMAGE_FILE(linux_6_1, "vmlinuz-6.1")
BUILTIN_IMAGE_FILE(linux_6_12, "vmlinuz-6.12")
BUILTIN_RAMDISK_FILE(linux, "initramfs.gz") // image/linux/guest.txt
BUILTIN_RAMDISK_FILE(domd, "domd.gz")       // image/linux/domd.txt

#define LINUX(version, cpus, megabytes, ramdisk, options)                                                    \
	.mem_kb = (megabytes) * 1024, .max_vcpus = (cpus), .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap, \
	.max_maptrack_frames = -1, .gnt_frames = -1, .cmdline = "console=hvc0 quiet" options,                \
	.load_image_bytes = load_linux_##version##_image_bytes,                                              \
	.get_image_size = get_linux_##version##_image_size, .ramdisk_start = __ramdisk_##ramdisk##_start,    \
	.ramdisk_end = __ramdisk_##ramdisk##_end

static struct xen_domain_cfg linux_6_1 = { .name = "linux_6_1", LINUX(6_1, 2, 256, linux, "") };
static struct xen_domain_cfg linux_6_12 = { .name = "linux_6_12", LINUX(6_12, 2, 256, linux, "") };

// Several of them fit into a machine.
static struct xen_domain_cfg small_6_1 = { .name = "small_6_1", LINUX(6_1, 1, 96, linux, "") };
static struct xen_domain_cfg small_6_12 = { .name = "small_6_12", LINUX(6_12, 1, 96, linux, "") };

static struct xen_domain_cfg domd = {
	.name = "domd",
	.domain_name = "DomD",
	LINUX(6_12, 1, 256, domd, ""),
};

// Served by DomD, which is domain 1 when it is the first that is created, or that Xen starts.
#define PV_DEVICES                                                                                           \
	.back_cfg = {                                                                                        \
		.vifs = { { .configured = true, .backend_domain_id = 1, .bridge = "xenbr0",                  \
			    .mac = "00:16:3e:00:00:02" } },                                                  \
		.disks = { { .configured = true, .backend_domain_id = 1, .target = "/disk.img",              \
			     .vdev = "xvda", .access = "rw" } },                                             \
	}

static struct xen_domain_cfg linux_pv_domu = {
	.name = "linux_pv_domu",
	LINUX(6_12, 1, 256, linux, " ip=192.168.0.2"),
	PV_DEVICES,
};

static struct xen_domain_cfg small_pv_6_1 = {
	.name = "small_pv_6_1",
	LINUX(6_1, 1, 96, linux, " ip=192.168.0.2"),
	PV_DEVICES,
};

static struct xen_domain_cfg small_pv_6_12 = {
	.name = "small_pv_6_12",
	LINUX(6_12, 1, 96, linux, " ip=192.168.0.2"),
	PV_DEVICES,
};

// What may follow a reboot; linux_6_1 is restarted.
static struct xen_domain_cfg rebooted_destroy = {
	.name = "rebooted_destroy",
	LINUX(6_1, 1, 96, linux, " panic=1"),
	.on_reboot = CONFIG_ACTION_DESTROY,
};

static struct xen_domain_cfg rebooted_preserve = {
	.name = "rebooted_preserve",
	LINUX(6_1, 1, 96, linux, " panic=1"),
	.on_reboot = CONFIG_ACTION_PRESERVE,
};

static struct xen_domain_cfg rebooted_rename = {
	.name = "rebooted_rename",
	LINUX(6_12, 1, 96, linux, " panic=1"),
	.on_reboot = CONFIG_ACTION_RENAME_RESTART,
};

struct dom0_domain_cfg domain_cfgs[] = {
	{ .domain_cfg = &linux_6_1 },
	{ .domain_cfg = &linux_6_12 },
	{ .domain_cfg = &small_6_1 },
	{ .domain_cfg = &small_6_12 },
	{ .domain_cfg = &domd },
	{ .domain_cfg = &linux_pv_domu },
	{ .domain_cfg = &small_pv_6_1 },
	{ .domain_cfg = &small_pv_6_12 },
	{ .domain_cfg = &rebooted_destroy },
	{ .domain_cfg = &rebooted_preserve },
	{ .domain_cfg = &rebooted_rename },
	{ 0 },
};
