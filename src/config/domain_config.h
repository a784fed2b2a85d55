// SPDX-License-Identifier: Apache-2.0
// What a domain shall be: pure data, whoever wrote it. Nothing here talks to the hypervisor. All memory that
// a configuration points to belongs to whoever made it and stays as it is while the configuration is in use:
// a domain that was built from it keeps nothing of it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/failure.h"

#define DOMAIN_NAME_MAX 64    // bytes, with the NUL
#define COMMAND_LINE_MAX 2048 // bytes, with the NUL: Linux's COMMAND_LINE_SIZE on arm64

enum config_gic { CONFIG_GIC_DEFAULT, CONFIG_GIC_V2, CONFIG_GIC_V3 }; // default: what the host has
enum config_tee { CONFIG_TEE_NONE, CONFIG_TEE_OPTEE, CONFIG_TEE_FFA };

// Bytes that are read piece by piece: a built-in image, a file on the card. `size` is NULL where there is
// none.
struct image_source {
	const char *name; // for messages: "blinky.bin", "/SD:/dom0/Image.gz"
	// Both return 0 or a negative errno and may wait.
	int (*size)(void *context, uint64_t *size);
	int (*read)(void *context, void *buffer, size_t size,
		    uint64_t offset); // all `size` bytes or an error
	void *context;
};

static inline bool image_source_is_given(const struct image_source *source)
{
	return source->size != NULL;
}

// Machine frames [first_mfn, +frames) appear at first_gfn; CONFIG_GFN_SAME: at the same number.
#define CONFIG_GFN_SAME UINT64_MAX

struct config_iomem {
	uint64_t first_gfn, first_mfn, frames;
};

// Where the range appears in the domain.
static inline uint64_t config_iomem_gfn(const struct config_iomem *range)
{
	return range->first_gfn == CONFIG_GFN_SAME ? range->first_mfn : range->first_gfn;
}

struct domain_config {
	const char *name;        // of the configuration; xu create's argument
	const char *domain_name; // of its only domain; NULL: as `name`, and any number of domains
	const uint8_t *uuid;     // 16 bytes; NULL: a random one

	uint64_t memory_kib;
	uint32_t vcpus;                                // 1..
	uint32_t max_event_channels;                   // 0: 1023 (xl's default)
	int32_t max_grant_frames, max_maptrack_frames; // -1: Xen's default
	uint32_t nr_spis;                              // 0: as many as `irqs` need
	uint32_t ssidref;
	enum config_gic gic;
	enum config_tee tee;
	bool iommu;  // the domain may be given devices behind the IOMMU; `dtdevs` imply it
	bool paused; // stays paused after creation

	struct image_source kernel, ramdisk, partial_tree;
	const char *command_line; // never NULL

	const char *const *machine_compatible; // put before "xen,xenvm-..." in the root's compatible
	uint32_t machine_compatible_count;
	const struct config_iomem *iomem;
	uint32_t iomem_count;
	const uint32_t *irqs; // SPIs as INTIDs (from 32), guest number = host number
	uint32_t irq_count;
	const char *const *dtdevs; // host device-tree paths for the IOMMU
	uint32_t dtdev_count;
	const char *const
		*dt_passthrough; // nodes of the partial tree copied besides /passthrough and /aliases
	uint32_t dt_passthrough_count;
};

// What is wrong with a name for a domain ("is empty"), or NULL.
const char *domain_name_fault(const char *name);

// Checks what can be checked without the hypervisor or the files: names, ranges, counts, sums that overflow.
// 0, or a negative errno with the reason in `failure`.
int domain_config_check(const struct domain_config *config, struct failure *failure);
