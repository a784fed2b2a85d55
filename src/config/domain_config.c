// SPDX-License-Identifier: Apache-2.0
// What is right and wrong in a configuration by itself: all that needs neither the hypervisor nor the files.
#include "config/domain_config.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/condition.h"
#include "kernel/compiler.h"
#include "kernel/memory.h"

#define VCPUS_MAX          128u    // GUEST_MAX_VCPUS of Xen's public/arch-arm.h
#define SPI_FIRST          32u     // INTIDs below belong to a CPU and can't be given away
#define SPIS_MAX           960u    // what every supported Xen takes
#define EVENT_CHANNELS_MAX 131071u // highest port of the FIFO ABI, the larger one
#define FRAMES_MAX         ((uint64_t)1 << (52 - PAGE_SHIFT)) // 52 bits are the widest address of the architecture
#define PATH_SIZE_MAX      256u   // with the NUL; device-tree paths of real boards have less than half of it
#define LIST_MAX           4096u  // entries of a list: more is a mistake, and sums of sizes can't overflow
#define DEVICES_MAX        128u   // PV devices of a kind: each is compared with all others
#define VUART_SPI          32u    // GUEST_VPL011_SPI of Xen's public/arch-arm.h
#define WEIGHT_MAX         65535u // of the credit schedulers

// A check in progress: what it found is in the key's value, or in one element of it.
struct check {
	const struct domain_config *config;
	struct config_place *place;
	struct failure *failure;
};

static int refuse(const struct check *check, const char *key, uint32_t element, const char *format, ...)
	PRINTF_LIKE(4, 5);

static int refuse(const struct check *check, const char *key, uint32_t element, const char *format, ...)
{
	char reason[FAILURE_TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	*check->place = (struct config_place){ key, element };
	return failure_set(check->failure, -EINVAL, "%s", reason);
}

// ---- Names ----

// What is wrong with a name, or NULL.
static const char *name_fault(const char *name)
{
	size_t length = strnlen(name, DOMAIN_NAME_MAX);

	if (length == 0)
		return "is empty";
	if (length == DOMAIN_NAME_MAX)
		return "has more than 63 bytes";
	for (const char *c = name; *c; c++)
		if (!isgraph((unsigned char)*c))
			return "has a space or another character that can't be typed as one word";
	return NULL;
}

static bool is_number(const char *text)
{
	return text[strspn(text, "0123456789")] == '\0';
}

const char *domain_name_fault(const char *name)
{
	const char *fault = name_fault(name);

	if (fault)
		return fault;
	if (is_number(name))
		return "is a number, which would be taken for an id";
	if (!strncmp(name, "Domain-", strlen("Domain-")))
		return "begins with 'Domain-', as the names of domains without one do";
	return NULL;
}

static int check_names(const struct check *check)
{
	const struct domain_config *config = check->config;
	const char *fault = config->name ? name_fault(config->name) : "is missing";

	if (fault)
		return refuse(check, NULL, CONFIG_WHOLE, "its name %s", fault);

	const char *domain_name = config->domain_name ? config->domain_name : config->name;
	const char *key = config->domain_name ? "name" : NULL;
	fault = domain_name_fault(domain_name);
	if (fault)
		return refuse(check, key, CONFIG_WHOLE, "the domain's name %s", fault);
	return 0;
}

// ---- Numbers ----

static int check_memory(const struct check *check)
{
	const struct domain_config *config = check->config;
	uint64_t most = MAX(config->memory_kib, config->max_memory_kib);

	if (config->memory_kib == 0 || config->memory_kib % (PAGE_SIZE / 1024))
		return refuse(check, "memory", CONFIG_WHOLE,
			      "memory of %" PRIu64
			      " KiB: give a multiple of 4 KiB, at least what the kernel needs",
			      config->memory_kib);
	if (most >= FRAMES_MAX * (PAGE_SIZE / 1024))
		return refuse(check, most == config->memory_kib ? "memory" : "maxmem", CONFIG_WHOLE,
			      "memory of %" PRIu64 " KiB is more than the architecture knows", most);
	if (config->max_memory_kib && config->max_memory_kib < config->memory_kib)
		return refuse(check, "maxmem", CONFIG_WHOLE,
			      "maxmem of %" PRIu64 " KiB is less than the memory of %" PRIu64
			      " KiB: give more, or leave it out",
			      config->max_memory_kib, config->memory_kib);
	if (config->max_memory_kib % 1024)
		return refuse(check, "maxmem", CONFIG_WHOLE, "maxmem of %" PRIu64 " KiB: give whole MiB",
			      config->max_memory_kib);
	return 0;
}

static int check_vcpus(const struct check *check)
{
	const struct domain_config *config = check->config;

	if (config->vcpus == 0 || config->vcpus > VCPUS_MAX)
		return refuse(check, "vcpus", CONFIG_WHOLE, "%" PRIu32 " CPUs: give 1 to %u", config->vcpus,
			      VCPUS_MAX);
	if (config->max_vcpus > VCPUS_MAX)
		return refuse(check, "maxvcpus", CONFIG_WHOLE, "%" PRIu32 " CPUs: give 1 to %u",
			      config->max_vcpus, VCPUS_MAX);
	if (config->max_vcpus && config->max_vcpus < config->vcpus)
		return refuse(check, "maxvcpus", CONFIG_WHOLE,
			      "at most %" PRIu32 " CPUs are less than the %" PRIu32
			      " to start with: give more, or leave maxvcpus out",
			      config->max_vcpus, config->vcpus);
	return 0;
}

static int check_sizes(const struct check *check)
{
	const struct domain_config *config = check->config;

	if (config->max_event_channels > EVENT_CHANNELS_MAX)
		return refuse(check, "max_event_channels", CONFIG_WHOLE,
			      "%" PRIu32 " event channels: give at most %u", config->max_event_channels,
			      EVENT_CHANNELS_MAX);
	if (config->max_grant_frames < -1 || config->max_grant_frames == 0)
		return refuse(check, "max_grant_frames", CONFIG_WHOLE,
			      "%" PRId32 " grant frames: give at least 1, or -1 for Xen's default",
			      config->max_grant_frames);
	if (config->max_maptrack_frames < -1)
		return refuse(check, "max_maptrack_frames", CONFIG_WHOLE,
			      "%" PRId32 " maptrack frames: give 0 or more, or -1 for Xen's default",
			      config->max_maptrack_frames);
	return 0;
}

static int check_scheduling(const struct check *check)
{
	const struct domain_config *config = check->config;

	if (config->cpu_weight > WEIGHT_MAX)
		return refuse(check, "cpu_weight", CONFIG_WHOLE, "a weight of %" PRIu32 ": give 1 to %u",
			      config->cpu_weight, WEIGHT_MAX);
	if (config->cap > 100 * config_max_vcpus(config))
		return refuse(check, "cap", CONFIG_WHOLE,
			      "a cap of %" PRIu32 " %%: %" PRIu32 " CPUs have %" PRIu32
			      " %%; give 0 for none",
			      config->cap, config_max_vcpus(config), 100 * config_max_vcpus(config));
	if (config->cpu_count > VCPUS_MAX)
		return refuse(check, "cpus", CONFIG_WHOLE, "cpus for %" PRIu32 " virtual CPUs: at most %u",
			      config->cpu_count, VCPUS_MAX);
	for (uint32_t i = 0; i < config->cpu_count; i++) {
		uint64_t any = 0;

		for (size_t word = 0; word < ARRAY_SIZE(config->cpus[i].bits); word++)
			any |= config->cpus[i].bits[word];
		if (!any)
			return refuse(check, "cpus", i, "no CPU is left for virtual CPU %" PRIu32, i);
	}
	return 0;
}

static int check_choices(const struct check *check)
{
	const struct domain_config *config = check->config;

	if ((unsigned int)config->gic > CONFIG_GIC_V3)
		return refuse(check, "gic_version", CONFIG_WHOLE, "GIC version %u is unknown",
			      (unsigned int)config->gic);
	if ((unsigned int)config->tee > CONFIG_TEE_FFA)
		return refuse(check, "tee", CONFIG_WHOLE, "TEE type %u is unknown",
			      (unsigned int)config->tee);
	if (config->security_label && config->ssidref)
		return refuse(check, "ssidref", CONFIG_WHOLE, "give seclabel or ssidref, not both");
	return 0;
}

static int check_command_line(const struct check *check)
{
	const struct domain_config *config = check->config;

	if (!config->command_line)
		return refuse(check, "cmdline", CONFIG_WHOLE, "its command line is missing");
	if (strnlen(config->command_line, COMMAND_LINE_MAX) == COMMAND_LINE_MAX)
		return refuse(check, "cmdline", CONFIG_WHOLE, "its command line has more than %d bytes",
			      COMMAND_LINE_MAX - 1);
	return 0;
}

// ---- Lists ----

static int check_lists(const struct check *check)
{
	const struct domain_config *config = check->config;
	const struct {
		const char *key, *what;
		const void *list;
		uint32_t count, most;
	} lists[] = {
		{ "machine_compatible", "machine compatibles", config->machine_compatible,
		  config->machine_compatible_count, LIST_MAX },
		{ "iomem", "iomem ranges", config->iomem, config->iomem_count, LIST_MAX },
		{ "irqs", "interrupts", config->irqs, config->irq_count, LIST_MAX },
		{ "dtdev", "dtdevs", config->dtdevs, config->dtdev_count, LIST_MAX },
		{ "dt_passthrough", "dt_passthrough nodes", config->dt_passthrough,
		  config->dt_passthrough_count, LIST_MAX },
		{ "xenstore_quota", "quotas", config->quotas, config->quota_count, LIST_MAX },
		{ "cpus", "cpus", config->cpus, config->cpu_count, LIST_MAX },
		{ "vif", "vifs", config->vifs, config->vif_count, DEVICES_MAX },
		{ "disk", "disks", config->disks, config->disk_count, DEVICES_MAX },
		{ "autostart_wait", "conditions", config->autostart_waits, config->autostart_wait_count, LIST_MAX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		if (lists[i].count && !lists[i].list)
			return refuse(check, lists[i].key, CONFIG_WHOLE,
				      "%" PRIu32 " %s are announced, but their list is missing",
				      lists[i].count, lists[i].what);
		if (lists[i].count > lists[i].most)
			return refuse(check, lists[i].key, CONFIG_WHOLE, "%" PRIu32 " %s: at most %u",
				      lists[i].count, lists[i].what, lists[i].most);
	}
	for (uint32_t i = 0; i < config->machine_compatible_count; i++)
		if (!config->machine_compatible[i] || !config->machine_compatible[i][0])
			return refuse(check, "machine_compatible", i,
				      "machine compatible %" PRIu32 " is empty", i);
	return 0;
}

static int check_iomem(const struct check *check)
{
	const struct domain_config *config = check->config;

	for (uint32_t i = 0; i < config->iomem_count; i++) {
		const struct config_iomem *range = &config->iomem[i];
		uint64_t gfn = config_iomem_gfn(range);

		if (!range->frames || range->frames > FRAMES_MAX ||
		    range->first_mfn > FRAMES_MAX - range->frames || gfn > FRAMES_MAX - range->frames)
			return refuse(check, "iomem", i,
				      "iomem range %" PRIu32 ", 0x%" PRIx64 " frames at 0x%" PRIx64
				      ", is empty or doesn't exist: give frame numbers (addresses / 4096)",
				      i, range->frames, range->first_mfn);
	}
	return 0;
}

static int check_irq(const struct check *check, uint32_t index)
{
	const uint32_t *irqs = check->config->irqs;
	uint32_t irq = irqs[index];

	if (irq < SPI_FIRST || irq >= SPI_FIRST + SPIS_MAX)
		return refuse(check, "irqs", index,
			      "interrupt %" PRIu32 ": give %u to %u (a device tree's number + %u)", irq,
			      SPI_FIRST, SPI_FIRST + SPIS_MAX - 1, SPI_FIRST);
	if (irq == VUART_SPI && check->config->vuart)
		return refuse(check, "irqs", index, "interrupt %u is the vuart's", VUART_SPI);
	for (uint32_t i = 0; i < index; i++)
		if (irqs[i] == irq)
			return refuse(check, "irqs", index, "interrupt %" PRIu32 " is listed twice", irq);
	return 0;
}

static int check_irqs(const struct check *check)
{
	const struct domain_config *config = check->config;
	uint32_t needed = 0;

	for (uint32_t i = 0; i < config->irq_count; i++) {
		int error = check_irq(check, i);

		if (error)
			return error;
		needed = MAX(needed, config->irqs[i] - SPI_FIRST + 1);
	}
	if (config->nr_spis > SPIS_MAX)
		return refuse(check, "nr_spis", CONFIG_WHOLE, "%" PRIu32 " SPIs: at most %u", config->nr_spis,
			      SPIS_MAX);
	if (config->nr_spis && config->nr_spis < needed)
		return refuse(check, "nr_spis", CONFIG_WHOLE,
			      "%" PRIu32 " SPIs are too few for its interrupts: give %" PRIu32 " or 0",
			      config->nr_spis, needed);
	return 0;
}

static int check_paths(const struct check *check, const char *key, const char *const *paths, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const char *path = paths[i];

		if (!path || path[0] != '/' || !path[1] || strnlen(path, PATH_SIZE_MAX) == PATH_SIZE_MAX)
			return refuse(check, key, i, "%s %" PRIu32 " is not a path in a device tree", key, i);
	}
	return 0;
}

static int check_nodes(const struct check *check)
{
	const struct domain_config *config = check->config;
	int error = check_paths(check, "dtdev", config->dtdevs, config->dtdev_count);

	if (error)
		return error;
	return check_paths(check, "dt_passthrough", config->dt_passthrough, config->dt_passthrough_count);
}

// ---- Devices ----

static int check_vifs(const struct check *check)
{
	const struct domain_config *config = check->config;

	for (uint32_t i = 0; i < config->vif_count; i++) {
		const uint8_t *mac = config->vifs[i].mac;

		if (mac && mac[0] & 1)
			return refuse(check, "vif", i,
				      "vif %" PRIu32
				      ": the MAC is one for groups: clear bit 0 of its first byte",
				      i);
		for (uint32_t j = 0; j < i; j++)
			if (mac && config->vifs[j].mac && !memcmp(mac, config->vifs[j].mac, CONFIG_MAC_SIZE))
				return refuse(check, "vif", i,
					      "vifs %" PRIu32 " and %" PRIu32 " have the same MAC", j, i);
	}
	return 0;
}

static int check_disks(const struct check *check)
{
	const struct domain_config *config = check->config;

	for (uint32_t i = 0; i < config->disk_count; i++) {
		const struct config_disk *disk = &config->disks[i];

		if (!disk->vdev || !*disk->vdev)
			return refuse(
				check, "disk", i,
				"disk %" PRIu32 " has no vdev: say what the guest shall call it, as xvda", i);
		if (!disk->target && disk->format != CONFIG_DISK_EMPTY)
			return refuse(check, "disk", i,
				      "disk %" PRIu32 " has no target: give the backend's device or file", i);
		for (uint32_t j = 0; j < i; j++)
			if (!strcmp(disk->vdev, config->disks[j].vdev))
				return refuse(check, "disk", i,
					      "disks %" PRIu32 " and %" PRIu32 " are both called %.16s", j, i,
					      disk->vdev);
	}
	return 0;
}

// ---- Starting with Dom0 ----

static int check_autostart(const struct check *check)
{
	const struct domain_config *config = check->config;
	struct condition unused;

	for (uint32_t i = 0; i < config->autostart_wait_count; i++) {
		const char *text = config->autostart_waits[i], *fault = condition_parse(text, &unused);

		if (fault)
			return refuse(check, "autostart_wait", i, "'%.60s' %s", text, fault);
	}
	return 0;
}

// ---- All of it ----

int domain_config_find_fault(const struct domain_config *config, struct config_place *place,
			     struct failure *failure)
{
	static int (*const checks[])(const struct check *check) = {
		check_names,        check_memory, check_vcpus,      check_sizes, check_choices,
		check_command_line, check_lists,  check_scheduling, check_iomem, check_irqs,
		check_nodes,        check_vifs,   check_disks,      check_autostart,
	};
	struct config_place unused;
	const struct check check = { config, place ? place : &unused, failure };

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		int error = checks[i](&check);

		if (error)
			return error;
	}
	return 0;
}

int domain_config_check(const struct domain_config *config, struct failure *failure)
{
	struct failure fault = { 0 };

	if (!domain_config_find_fault(config, NULL, &fault)) {
		if (image_source_is_given(&config->kernel))
			return 0;
		failure_set(&fault, -EINVAL, "it has no kernel");
	}
	return failure_set(failure, fault.error, "configuration '%.*s': %s", DOMAIN_NAME_MAX,
			   config->name ? config->name : "", fault.text);
}

enum config_action config_action(const struct domain_config *config, enum config_end end)
{
	static const enum config_action defaults[CONFIG_ENDS] = {
		[CONFIG_END_POWEROFF] = CONFIG_ACTION_DESTROY,
		[CONFIG_END_REBOOT] = CONFIG_ACTION_RESTART,
		[CONFIG_END_WATCHDOG] = CONFIG_ACTION_DESTROY,
		[CONFIG_END_CRASH] = CONFIG_ACTION_DESTROY,
		[CONFIG_END_SOFT_RESET] = CONFIG_ACTION_SOFT_RESET,
	};
	enum config_action action = config->actions[end];

	return action == CONFIG_ACTION_DEFAULT ? defaults[end] : action;
}

bool config_keeps_console(const struct domain_config *config)
{
#ifdef CONFIG_CONSOLE_LOG
	return config->console_log != CONFIG_CONSOLE_NONE;
#else
	return config->console_log == CONFIG_CONSOLE_CARD;
#endif
}
