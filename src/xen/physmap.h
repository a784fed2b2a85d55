// SPDX-License-Identifier: Apache-2.0
// XENMEM_*: the memory of a domain that is being built. 0 or a negative errno.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "xen/types.h"

// Extents of 2^order frames.
#define EXTENT_4K 0u
#define EXTENT_2M 9u

// Gives the domain memory at `count` guest addresses, each an extent of 2^order frames aligned to its size.
// *done says how many Xen did, also on failure; -ENOMEM: Xen has no extent of that size (a smaller order may
// do) or the domain's limit is reached.
int physmap_populate(domid_t domid, const gfn_t *extents, size_t count, unsigned int order, size_t *done);

// [first, first + frames) of guest addresses, in the largest extents that fit, falling back to smaller ones
// where Xen has no contiguous memory. On failure the memory stays with the domain (destroying it gives it
// back). Shares the CPU (task_share()) as it goes.
int physmap_populate_range(domid_t domid, gfn_t first, uint64_t frames);

// The number of the highest frame in the domain's address space (XENMEM_maximum_gpfn), negative errno.
int64_t physmap_highest_frame(domid_t domid);

// The domain's memory in pages (XENMEM_current_reservation), negative errno.
int64_t physmap_current_pages(domid_t domid);
