// SPDX-License-Identifier: Apache-2.0
// XENMEM_populate_physmap: a domain's memory, in extents as large as the addresses and Xen's free memory
// allow. Large extents make short page tables in Xen and few TLB misses in the guest.
#include "xen/physmap.h"

#include <errno.h>

#include "kernel/compiler.h"
#include "kernel/task.h"
#include "xen/hypercall.h"

_Static_assert(sizeof(gfn_t) == sizeof(xen_pfn_t), "frame lists are handed to Xen as they are");

// Largest first; there are 1 GB extents too, but nothing else would run here for some tenths of a second. `batch`
// extents are asked for in one call: it can't be interrupted, and cleans the caches of each page, for which 2 MB take
// Xen most of a millisecond.
static const struct extent_size {
	unsigned int order, batch;
} extent_sizes[] = {
	{ EXTENT_2M, 1 },
	{ EXTENT_4K, 16 },
};

#define BATCH_MAX 16

int physmap_populate(domid_t domid, const gfn_t *extents, size_t count, unsigned int order, size_t *done)
{
	struct xen_memory_reservation reservation = {
		.extent_start.p = (xen_pfn_t *)(uintptr_t)extents, // only read: we are a translated caller
		.nr_extents = count,
		.extent_order = order,
		.domid = domid,
	};
	// The number of extents done: Xen names no reason where it stops.
	long result = xen_operation(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &reservation);

	*done = result < 0 ? 0 : (size_t)result;
	if (result < 0)
		return xen_error(result);
	return *done == count ? 0 : -ENOMEM;
}

static bool extent_fits(gfn_t first, uint64_t frames, unsigned int order)
{
	uint64_t size = (uint64_t)1 << order;

	return frames >= size && !(first.number & (size - 1));
}

// The largest size from `largest` on that fits at `first`; 4 KB always does. `frames` is at least 1.
static const struct extent_size *best_size(const struct extent_size *largest, gfn_t first, uint64_t frames)
{
	while (!extent_fits(first, frames, largest->order))
		largest++;
	return largest;
}

int physmap_populate_range(domid_t domid, gfn_t first, uint64_t frames)
{
	const struct extent_size *largest = extent_sizes;

	while (frames) {
		const struct extent_size *size = best_size(largest, first, frames);
		uint64_t extent_frames = (uint64_t)1 << size->order;
		gfn_t extents[BATCH_MAX];
		size_t count = 0, done;

		// As many of this size as follow each other; then another size fits better.
		do {
			extents[count] = gfn_add(first, count * extent_frames);
			count++;
		} while (count < size->batch && frames > count * extent_frames &&
			 best_size(largest, gfn_add(first, count * extent_frames),
				   frames - count * extent_frames) == size);

		int error = physmap_populate(domid, extents, count, size->order, &done);
		first = gfn_add(first, done * extent_frames);
		frames -= done * extent_frames;
		if (error == -ENOMEM && size->order != EXTENT_4K)
			largest = size + 1; // no contiguous memory of this size is left
		else if (error)
			return error;
		task_share();
	}
	return 0;
}

int64_t physmap_current_pages(domid_t domid)
{
	struct xen_memory_domain domain = { .domid = domid };
	long result = xen_operation(__HYPERVISOR_memory_op, XENMEM_current_reservation, &domain);

	return result < 0 ? xen_error(result) : result;
}

int64_t physmap_highest_frame(domid_t domid)
{
	struct xen_memory_domain domain = { .domid = domid };
	long result = xen_operation(__HYPERVISOR_memory_op, XENMEM_maximum_gpfn, &domain);

	return result < 0 ? xen_error(result) : result;
}
