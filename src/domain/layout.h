// SPDX-License-Identifier: Apache-2.0
// A guest's physical address space: where its memory, its devices and its images lie. Pure arithmetic, by the
// map of Xen's public/arch-arm.h and the placement rules of Xen's own toolstack
// (tools/libs/guest/xg_dom_arm.c).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "config/domain_config.h"
#include "kernel/failure.h"
#include "xen/types.h"

// [start, start + size) of addresses.
struct guest_range {
	uint64_t start, size;
};

static inline uint64_t guest_range_end(const struct guest_range *range)
{
	return range->start + range->size;
}

struct guest_layout {
	struct guest_range banks[GUEST_RAM_BANKS]; // size 0: not used
	struct guest_range kernel;  // with the memory behind its file that it needs from the start
	struct guest_range ramdisk; // size 0: none
	struct guest_range tree;
};

// The magic pages (GUEST_MAGIC_BASE) that a domain is given: a console ring and a store ring.
enum { MAGIC_CONSOLE, MAGIC_STORE, MAGIC_PAGES };

static inline gfn_t magic_gfn(unsigned int page)
{
	return gfn_add(gfn_of_address(GUEST_MAGIC_BASE), page);
}

// Divides the memory into banks, and sees that no iomem range of the configuration lies over memory or over
// what Xen emulates. -EINVAL.
int layout_memory(struct guest_layout *layout, const struct domain_config *config, struct failure *failure);

// The kernel at `offset` bytes from the start of memory; `size` is what it needs there. -ENOMEM when the
// first bank doesn't hold it.
int layout_kernel(struct guest_layout *layout, uint64_t offset, uint64_t size, struct failure *failure);

// Ramdisk and device tree, in this order and each on whole pages: at 128 MB where there is room, otherwise at
// the end of the first bank, otherwise just below the kernel. -ENOMEM.
int layout_modules(struct guest_layout *layout, uint64_t ramdisk_size, uint64_t tree_size,
		   struct failure *failure);

// Address space that stays unused, for the guest to map foreign frames and grants at: regions aligned to 2 MB
// and at least 64 MB large, with neither memory nor iomem in them. The number of them; what lies behind the
// last isn't offered. `address_bits` is the width of guest addresses.
#define EXTENDED_REGIONS_MAX 64
size_t layout_extended_regions(const struct guest_layout *layout, const struct domain_config *config,
			       unsigned int address_bits, struct guest_range regions[EXTENDED_REGIONS_MAX]);
