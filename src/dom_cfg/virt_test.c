// SPDX-License-Identifier: Apache-2.0
// The domains of the system tests, which no person needs: the preset virt-test builds a control domain with them.
#include "config/xen_domain_cfg.h"

BUILTIN_IMAGE_FILE(bench, "bench.bin")
BUILTIN_IMAGE_FILE(blinky, "blinky.bin")
BUILTIN_IMAGE_FILE(cpus, "cpus.bin")
BUILTIN_IMAGE_FILE(echo, "echo.bin")
BUILTIN_IMAGE_FILE(flood, "flood.bin")
BUILTIN_IMAGE_FILE(hostile, "hostile.bin")
BUILTIN_IMAGE_FILE(memory, "memory.bin")
BUILTIN_IMAGE_FILE(selftest, "selftest.bin")
BUILTIN_IMAGE_FILE(sync, "sync.bin")
BUILTIN_IMAGE_FILE(wellbehaved, "wellbehaved.bin")

// Made by scripts/test-images.
BUILTIN_IMAGE_FILE(gzip, "kernel.gz")
BUILTIN_IMAGE_FILE(uimage, "kernel.uimage")
BUILTIN_IMAGE_FILE(gzip_uimage, "kernel.gz.uimage")
BUILTIN_IMAGE_FILE(empty, "empty")
BUILTIN_IMAGE_FILE(short, "short")
BUILTIN_IMAGE_FILE(text, "text")
BUILTIN_IMAGE_FILE(elf, "elf")
BUILTIN_IMAGE_FILE(large, "large")
BUILTIN_IMAGE_FILE(offset, "offset")
BUILTIN_IMAGE_FILE(corrupt_gzip, "corrupt.gz")
BUILTIN_IMAGE_FILE(cut_gzip, "cut.gz")
BUILTIN_IMAGE_FILE(bomb_gzip, "bomb.gz")
BUILTIN_IMAGE_FILE(corrupt_uimage, "corrupt.uimage")
BUILTIN_TREE_FILE(malformed, "malformed.dtb")

// Further members follow the number of CPUs.
#define GUEST(configuration, image, mebibytes, vcpus, ...)                                                   \
	static struct xen_domain_cfg configuration = {                                                        \
		.name = #configuration,                                                                       \
		.mem_kb = (mebibytes)*1024ull,                                                                \
		.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,                                             \
		.max_vcpus = (vcpus),                                                                         \
		.max_maptrack_frames = -1,                                                                    \
		.gnt_frames = -1,                                                                             \
		.load_image_bytes = load_##image##_image_bytes,                                               \
		.get_image_size = get_##image##_image_size,                                                   \
		__VA_ARGS__                                                                                   \
	}

GUEST(test_bench, bench, 16, 1, .cmdline = "fill=100 count=50");
GUEST(test_no_gpio, blinky, 16, 1);
GUEST(test_cpus, cpus, 16, 4);
GUEST(test_echo, echo, 16, 1);
GUEST(test_restart, echo, 16, 1, .on_poweroff = CONFIG_ACTION_RESTART, .on_crash = CONFIG_ACTION_RESTART,
      .on_watchdog = CONFIG_ACTION_RESTART);
GUEST(test_preserve, echo, 16, 1, .on_poweroff = CONFIG_ACTION_PRESERVE, .on_reboot = CONFIG_ACTION_PRESERVE,
      .on_crash = CONFIG_ACTION_PRESERVE);
GUEST(test_rename, echo, 16, 1, .on_crash = CONFIG_ACTION_RENAME_RESTART);
GUEST(test_flood, flood, 16, 1);
GUEST(test_memory, memory, 16, 1);
GUEST(test_memory_both_banks, memory, 3584, 1); // the first bank ends at 3 GB
GUEST(test_selftest, selftest, 64, 2);
GUEST(test_sync, sync, 8, 1, .cmdline = "period=50");
GUEST(test_calm, sync, 8, 1); // two lines a second
GUEST(test_gzip, gzip, 16, 1);
GUEST(test_uimage, uimage, 16, 1);
GUEST(test_gzip_uimage, gzip_uimage, 16, 1);

// The GPIO controller's interrupt, SPI 7.
static uint32_t gpio_irq[] = { 39 };
GUEST(test_irq, sync, 16, 1, .irqs = gpio_irq, .nr_irqs = 1);

// Guests that break the rules, each in its way; the second of each dies while it does.
GUEST(test_wellbehaved, wellbehaved, 8, 1, .cmdline = "rounds=5");
GUEST(hostile_refused, hostile, 8, 1, .cmdline = "do=refused");

#define HOSTILE(behaviour)                                                                                    \
	GUEST(hostile_##behaviour, hostile, 8, 1, .cmdline = "do=" #behaviour);                               \
	GUEST(dying_##behaviour, hostile, 8, 1, .cmdline = "deaths=150 do=" #behaviour,                        \
	      .on_poweroff = CONFIG_ACTION_PRESERVE, .on_crash = CONFIG_ACTION_PRESERVE)
HOSTILE(indices);
HOSTILE(racing);
HOSTILE(half);
HOSTILE(long);
HOSTILE(unread);
HOSTILE(reconnect);
HOSTILE(page);
HOSTILE(watches);
HOSTILE(transactions);
HOSTILE(nodes);
HOSTILE(paths);
HOSTILE(ids);
HOSTILE(garbage);
HOSTILE(foreign);
HOSTILE(console_indices);
HOSTILE(console_flood);
HOSTILE(events);
HOSTILE(grants);

// None of these can be built.
GUEST(bad_empty, empty, 16, 1);
GUEST(bad_short, short, 16, 1);
GUEST(bad_text, text, 16, 1);
GUEST(bad_elf, elf, 16, 1);
GUEST(bad_large, large, 16, 1);
GUEST(bad_offset, offset, 16, 1);
GUEST(bad_corrupt_gzip, corrupt_gzip, 16, 1);
GUEST(bad_cut_gzip, cut_gzip, 16, 1);
GUEST(bad_bomb_gzip, bomb_gzip, 16, 1);
GUEST(bad_corrupt_uimage, corrupt_uimage, 16, 1);
GUEST(bad_memory, sync, 1, 1);
GUEST(bad_tree, sync, 16, 1, .dtb_start = __dtb_malformed_start, .dtb_end = __dtb_malformed_end);

static struct xen_domain_iomem xens_uart[] = { { .first_mfn = 0x09000, .nr_mfns = 1 } };
GUEST(bad_iomem, sync, 16, 1, .iomems = xens_uart, .nr_iomems = 1); // Xen gives its own UART to nobody

static char *unknown_device[] = { "/nosuch@0" };
GUEST(bad_device, sync, 16, 1, .dtdevs = unknown_device, .nr_dtdevs = 1);

GUEST(bad_tee, sync, 16, 1, .tee_type = XEN_DOMCTL_CONFIG_TEE_OPTEE); // Debian's Xen has no mediator

static char *gpio_node[] = { "/pl061@9030000" };
GUEST(bad_dtdev, sync, 16, 1, .dtdevs = gpio_node, .nr_dtdevs = 1); // the machine has no IOMMU that Xen drives
GUEST(test_node, sync, 16, 1, .dt_passthrough = gpio_node, .nr_dt_passthrough = 1);

struct dom0_domain_cfg domain_cfgs[] = {
	{ .domain_cfg = &test_node },
	{ .domain_cfg = &test_bench },
	{ .domain_cfg = &test_no_gpio },
	{ .domain_cfg = &test_cpus },
	{ .domain_cfg = &test_echo },
	{ .domain_cfg = &test_restart },
	{ .domain_cfg = &test_preserve },
	{ .domain_cfg = &test_rename },
	{ .domain_cfg = &test_flood },
	{ .domain_cfg = &test_memory },
	{ .domain_cfg = &test_memory_both_banks },
	{ .domain_cfg = &test_selftest },
	{ .domain_cfg = &test_sync },
	{ .domain_cfg = &test_calm },
	{ .domain_cfg = &test_gzip },
	{ .domain_cfg = &test_uimage },
	{ .domain_cfg = &test_gzip_uimage },
	{ .domain_cfg = &test_irq },
	{ .domain_cfg = &test_wellbehaved },
	{ .domain_cfg = &hostile_refused },
#define BOTH(behaviour) { .domain_cfg = &hostile_##behaviour }, { .domain_cfg = &dying_##behaviour }
	BOTH(indices),
	BOTH(racing),
	BOTH(half),
	BOTH(long),
	BOTH(unread),
	BOTH(reconnect),
	BOTH(page),
	BOTH(watches),
	BOTH(transactions),
	BOTH(nodes),
	BOTH(paths),
	BOTH(ids),
	BOTH(garbage),
	BOTH(foreign),
	BOTH(console_indices),
	BOTH(console_flood),
	BOTH(events),
	BOTH(grants),
	{ .domain_cfg = &bad_empty },
	{ .domain_cfg = &bad_short },
	{ .domain_cfg = &bad_text },
	{ .domain_cfg = &bad_elf },
	{ .domain_cfg = &bad_large },
	{ .domain_cfg = &bad_offset },
	{ .domain_cfg = &bad_corrupt_gzip },
	{ .domain_cfg = &bad_cut_gzip },
	{ .domain_cfg = &bad_bomb_gzip },
	{ .domain_cfg = &bad_corrupt_uimage },
	{ .domain_cfg = &bad_memory },
	{ .domain_cfg = &bad_tree },
	{ .domain_cfg = &bad_iomem },
	{ .domain_cfg = &bad_device },
	{ .domain_cfg = &bad_dtdev },
	{ .domain_cfg = &bad_tee },
	{ 0 },
};
