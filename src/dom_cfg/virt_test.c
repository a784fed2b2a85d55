// SPDX-License-Identifier: Apache-2.0
// The domains of the system tests, which no person needs: the preset virt-test builds a control domain with them.
#include "config/xen_domain_cfg.h"

BUILTIN_IMAGE_FILE(blinky, "blinky.bin")
BUILTIN_IMAGE_FILE(cpus, "cpus.bin")
BUILTIN_IMAGE_FILE(echo, "echo.bin")
BUILTIN_IMAGE_FILE(flood, "flood.bin")
BUILTIN_IMAGE_FILE(memory, "memory.bin")
BUILTIN_IMAGE_FILE(selftest, "selftest.bin")
BUILTIN_IMAGE_FILE(sync, "sync.bin")

#define GUEST(configuration, image, mebibytes, vcpus, arguments)                                             \
	static struct xen_domain_cfg configuration = {                                                        \
		.name = #configuration,                                                                       \
		.mem_kb = (mebibytes)*1024ull,                                                                \
		.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,                                             \
		.max_vcpus = (vcpus),                                                                         \
		.max_maptrack_frames = -1,                                                                    \
		.gnt_frames = -1,                                                                             \
		.cmdline = (arguments),                                                                       \
		.load_image_bytes = load_##image##_image_bytes,                                               \
		.get_image_size = get_##image##_image_size,                                                   \
	}

GUEST(test_no_gpio, blinky, 16, 1, NULL);
GUEST(test_cpus, cpus, 16, 4, NULL);
GUEST(test_echo, echo, 16, 1, NULL);
GUEST(test_flood, flood, 16, 1, NULL);
GUEST(test_memory, memory, 16, 1, NULL);
GUEST(test_memory_both_banks, memory, 3584, 1, NULL); // the first bank ends at 3 GB
GUEST(test_selftest, selftest, 64, 2, NULL);
GUEST(test_sync, sync, 8, 1, "period=50");

struct dom0_domain_cfg domain_cfgs[] = {
	{ .domain_cfg = &test_no_gpio },
	{ .domain_cfg = &test_cpus },
	{ .domain_cfg = &test_echo },
	{ .domain_cfg = &test_flood },
	{ .domain_cfg = &test_memory },
	{ .domain_cfg = &test_memory_both_banks },
	{ .domain_cfg = &test_selftest },
	{ .domain_cfg = &test_sync },
	{ 0 },
};
