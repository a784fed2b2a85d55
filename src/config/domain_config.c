// SPDX-License-Identifier: Apache-2.0
// What is right and wrong in a configuration by itself: all that needs neither the hypervisor nor the files.
#include "config/domain_config.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/memory.h"

#define VCPUS_MAX 128u                                // GUEST_MAX_VCPUS of Xen's public/arch-arm.h
#define SPI_FIRST 32u                                 // INTIDs below belong to a CPU and can't be given away
#define SPIS_MAX 960u                                 // what every supported Xen takes
#define EVENT_CHANNELS_MAX 131071u                    // highest port of the FIFO ABI, the larger one
#define FRAMES_MAX ((uint64_t)1 << (52 - PAGE_SHIFT)) // 52 bits are the widest address of the architecture
#define PATH_SIZE_MAX 256u // with the NUL; device-tree paths of real boards have less than half of it
#define LIST_MAX 4096u     // entries of a list: more is a mistake, and sums of sizes can't overflow

static int refuse(const struct domain_config *config, struct failure *failure, const char *format, ...)
	PRINTF_LIKE(3, 4);

static int refuse(const struct domain_config *config, struct failure *failure, const char *format, ...)
{
	char reason[FAILURE_TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	return failure_set(failure, -EINVAL, "configuration '%.*s': %s", DOMAIN_NAME_MAX,
			   config->name ? config->name : "", reason);
}

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

static int check_names(const struct domain_config *config, struct failure *failure)
{
	const char *fault = config->name ? name_fault(config->name) : "is missing";

	if (fault)
		return refuse(config, failure, "its name %s", fault);

	const char *domain_name = config->domain_name ? config->domain_name : config->name;
	fault = domain_name_fault(domain_name);
	if (fault)
		return refuse(config, failure, "the domain's name %s", fault);
	return 0;
}

static int check_sizes(const struct domain_config *config, struct failure *failure)
{
	if (config->memory_kib == 0 || config->memory_kib % (PAGE_SIZE / 1024))
		return refuse(config, failure,
			      "memory of %" PRIu64
			      " KiB: give a multiple of 4 KiB, at least what the kernel needs",
			      config->memory_kib);
	if (config->memory_kib >= FRAMES_MAX * (PAGE_SIZE / 1024))
		return refuse(config, failure,
			      "memory of %" PRIu64 " KiB is more than the architecture knows",
			      config->memory_kib);
	if (config->vcpus == 0 || config->vcpus > VCPUS_MAX)
		return refuse(config, failure, "%" PRIu32 " CPUs: give 1 to %u", config->vcpus, VCPUS_MAX);
	if (config->max_event_channels > EVENT_CHANNELS_MAX)
		return refuse(config, failure, "%" PRIu32 " event channels: give at most %u",
			      config->max_event_channels, EVENT_CHANNELS_MAX);
	if (config->max_grant_frames < -1 || config->max_grant_frames == 0)
		return refuse(config, failure,
			      "%" PRId32 " grant frames: give at least 1, or -1 for Xen's default",
			      config->max_grant_frames);
	if (config->max_maptrack_frames < -1)
		return refuse(config, failure,
			      "%" PRId32 " maptrack frames: give 0 or more, or -1 for Xen's default",
			      config->max_maptrack_frames);
	return 0;
}

static int check_choices(const struct domain_config *config, struct failure *failure)
{
	if ((unsigned int)config->gic > CONFIG_GIC_V3)
		return refuse(config, failure, "GIC version %u is unknown", (unsigned int)config->gic);
	if ((unsigned int)config->tee > CONFIG_TEE_FFA)
		return refuse(config, failure, "TEE type %u is unknown", (unsigned int)config->tee);
	return 0;
}

static int check_images(const struct domain_config *config, struct failure *failure)
{
	if (!image_source_is_given(&config->kernel))
		return refuse(config, failure, "it has no kernel");
	if (!config->command_line)
		return refuse(config, failure, "its command line is missing");
	if (strnlen(config->command_line, COMMAND_LINE_MAX) == COMMAND_LINE_MAX)
		return refuse(config, failure, "its command line has more than %d bytes",
			      COMMAND_LINE_MAX - 1);
	if (config->dt_passthrough_count && !image_source_is_given(&config->partial_tree))
		return refuse(config, failure,
			      "dt_passthrough names nodes, but there is no partial device tree");
	return 0;
}

static int check_list(const struct domain_config *config, const char *what, const void *list, uint32_t count,
		      struct failure *failure)
{
	if (count && !list)
		return refuse(config, failure, "%" PRIu32 " %s are announced, but their list is missing",
			      count, what);
	if (count > LIST_MAX)
		return refuse(config, failure, "%" PRIu32 " %s: at most %u", count, what, LIST_MAX);
	return 0;
}

static int check_lists(const struct domain_config *config, struct failure *failure)
{
	const struct {
		const char *what;
		const void *list;
		uint32_t count;
	} lists[] = {
		{ "machine compatibles", config->machine_compatible, config->machine_compatible_count },
		{ "iomem ranges", config->iomem, config->iomem_count },
		{ "interrupts", config->irqs, config->irq_count },
		{ "dtdevs", config->dtdevs, config->dtdev_count },
		{ "dt_passthrough nodes", config->dt_passthrough, config->dt_passthrough_count },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		int error = check_list(config, lists[i].what, lists[i].list, lists[i].count, failure);

		if (error)
			return error;
	}
	for (uint32_t i = 0; i < config->machine_compatible_count; i++)
		if (!config->machine_compatible[i] || !config->machine_compatible[i][0])
			return refuse(config, failure, "machine compatible %" PRIu32 " is empty", i);
	return 0;
}

static int check_iomem(const struct domain_config *config, struct failure *failure)
{
	for (uint32_t i = 0; i < config->iomem_count; i++) {
		const struct config_iomem *range = &config->iomem[i];
		uint64_t gfn = config_iomem_gfn(range);

		if (!range->frames || range->frames > FRAMES_MAX ||
		    range->first_mfn > FRAMES_MAX - range->frames || gfn > FRAMES_MAX - range->frames)
			return refuse(config, failure,
				      "iomem range %" PRIu32 ", 0x%" PRIx64 " frames at 0x%" PRIx64
				      ", is empty or doesn't exist: give frame numbers (addresses / 4096)",
				      i, range->frames, range->first_mfn);
	}
	return 0;
}

static int check_irqs(const struct domain_config *config, struct failure *failure)
{
	uint32_t needed = 0;

	for (uint32_t i = 0; i < config->irq_count; i++) {
		uint32_t irq = config->irqs[i];

		if (irq < SPI_FIRST || irq >= SPI_FIRST + SPIS_MAX)
			return refuse(config, failure,
				      "interrupt %" PRIu32 ": give %u to %u (a device tree's number + %u)",
				      irq, SPI_FIRST, SPI_FIRST + SPIS_MAX - 1, SPI_FIRST);
		for (uint32_t j = 0; j < i; j++)
			if (config->irqs[j] == irq)
				return refuse(config, failure, "interrupt %" PRIu32 " is listed twice", irq);
		needed = MAX(needed, irq - SPI_FIRST + 1);
	}
	if (config->nr_spis > SPIS_MAX)
		return refuse(config, failure, "%" PRIu32 " SPIs: at most %u", config->nr_spis, SPIS_MAX);
	if (config->nr_spis && config->nr_spis < needed)
		return refuse(config, failure,
			      "%" PRIu32 " SPIs are too few for its interrupts: give %" PRIu32 " or 0",
			      config->nr_spis, needed);
	return 0;
}

static int check_paths(const struct domain_config *config, const char *what, const char *const *paths,
		       uint32_t count, struct failure *failure)
{
	for (uint32_t i = 0; i < count; i++) {
		const char *path = paths[i];

		if (!path || path[0] != '/' || !path[1] || strnlen(path, PATH_SIZE_MAX) == PATH_SIZE_MAX)
			return refuse(config, failure, "%s %" PRIu32 " is not a path in a device tree", what,
				      i);
	}
	return 0;
}

static int check_nodes(const struct domain_config *config, struct failure *failure)
{
	int error = check_paths(config, "dtdev", config->dtdevs, config->dtdev_count, failure);

	if (error)
		return error;
	return check_paths(config, "dt_passthrough", config->dt_passthrough, config->dt_passthrough_count,
			   failure);
}

int domain_config_check(const struct domain_config *config, struct failure *failure)
{
	static int (*const checks[])(const struct domain_config *config, struct failure *failure) = {
		check_names, check_sizes, check_choices, check_images,
		check_lists, check_iomem, check_irqs,    check_nodes,
	};

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		int error = checks[i](config, failure);

		if (error)
			return error;
	}
	return 0;
}
