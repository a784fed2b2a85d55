// SPDX-License-Identifier: Apache-2.0
// The window through which foreign frames are seen: a piece of the extended regions, i.e. of addresses where
// Xen promises that this domain has neither memory nor devices.
//
// Our own translation (stage 1) of the whole window is set up once, in 2 MB blocks, and stays. Mapping and
// unmapping a frame then only change Xen's translation (stage 2), which is one hypercall for many frames and
// no TLB maintenance here. What is not mapped there faults there: a stray access is still caught, and what
// Xen doesn't map can't be reached by speculation either.
#include "xen/foreign.h"

#include <errno.h>

#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "kernel/log.h"
#include "xen/hypercall.h"

// 32 of the largest mappings at once; the smallest extended region that Xen makes.
#define WINDOW_SIZE MIB(64)
#define WINDOW_ALIGNMENT MIB(2)
#define WINDOW_FRAMES (WINDOW_SIZE >> PAGE_SHIFT)

// Frames of one hypercall: its lists are on the stack.
#define BATCH_MAX 64u

static struct window {
	gfn_t first;
	size_t frames; // 0: there is no window
	char *base;
	size_t mapped;
	uint64_t used[WINDOW_FRAMES / 64]; // a bit for each frame
} window;

static bool slot_is_used(size_t slot)
{
	return window.used[slot / 64] >> slot % 64 & 1;
}

static void mark_slots(size_t slot, size_t count, bool used)
{
	for (size_t i = slot; i < slot + count; i++) {
		uint64_t bit = (uint64_t)1 << i % 64;

		window.used[i / 64] = used ? window.used[i / 64] | bit : window.used[i / 64] & ~bit;
	}
	window.mapped = used ? window.mapped + count : window.mapped - count;
}

// The lowest `count` unused slots in a row, marked used; -ENOMEM.
static long take_slots(size_t count)
{
	size_t run = 0;

	for (size_t slot = 0; slot < window.frames; slot++) {
		run = slot_is_used(slot) ? 0 : run + 1;
		if (run == count) {
			slot -= count - 1;
			mark_slots(slot, count, true);
			return (long)slot;
		}
	}
	return -ENOMEM;
}

static void *slot_pointer(size_t slot)
{
	return window.base + slot * PAGE_SIZE;
}

static int remove_slot(size_t slot)
{
	struct xen_remove_from_physmap remove = {
		.domid = DOMID_SELF,
		.gpfn = window.first.number + slot,
	};

	return xen_error(xen_operation(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, &remove));
}

// Gives back slots that are mapped. One that Xen doesn't give up stays taken, so that it is never used for
// another domain's frame.
static void release_slots(size_t slot, size_t count)
{
	for (size_t i = slot; i < slot + count; i++) {
		int error = remove_slot(i);

		if (error)
			log_error("foreign frame at %#llx could not be unmapped: %s",
				  (unsigned long long)gfn_address(gfn_add(window.first, i)),
				  error_text(error));
		else
			mark_slots(i, 1, false);
	}
}

// Maps up to BATCH_MAX frames. Whatever of them Xen mapped before an error is unmapped again, and all slots
// are given back.
static int map_batch(domid_t domid, const gfn_t *frames, size_t slot, size_t count)
{
	xen_pfn_t places[BATCH_MAX];
	int errors[BATCH_MAX];

	for (size_t i = 0; i < count; i++) {
		places[i] = window.first.number + slot + i;
		errors[i] = -XEN_EIO; // not reached
	}
	struct xen_add_to_physmap_batch add = {
		.domid = DOMID_SELF,
		.space = XENMAPSPACE_gmfn_foreign,
		.size = (uint16_t)count,
		.u.foreign_domid = domid,
		.idxs.p = (xen_ulong_t *)(uintptr_t)frames, // only read
		.gpfns.p = places,
		.errs.p = errors,
	};
	int error = xen_error(xen_operation(__HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, &add));
	for (size_t i = 0; i < count && !error; i++)
		error = xen_error(errors[i]);
	if (!error)
		return 0;

	for (size_t i = 0; i < count; i++) {
		if (errors[i])
			mark_slots(slot + i, 1, false);
		else
			release_slots(slot + i, 1);
	}
	return error;
}

// Frame i is `frames[i]`, or the i-th from `first` on where there is no list.
static void *map_frames(domid_t domid, const gfn_t *frames, gfn_t first, size_t count, int *error)
{
	long slot = count && count <= FOREIGN_MAP_MAX ? take_slots(count) : -EINVAL;

	*error = slot < 0 ? (int)slot : 0;
	if (slot < 0)
		return NULL;

	for (size_t done = 0; done < count;) {
		size_t batch = MIN(count - done, BATCH_MAX);
		gfn_t list[BATCH_MAX];

		for (size_t i = 0; i < batch; i++)
			list[i] = frames ? frames[done + i] : gfn_add(first, done + i);
		*error = map_batch(domid, list, (size_t)slot + done, batch);
		if (*error) {
			release_slots((size_t)slot, done);
			mark_slots((size_t)slot + done + batch, count - done - batch, false);
			return NULL;
		}
		done += batch;
	}
	return slot_pointer((size_t)slot);
}

void *foreign_map(domid_t domid, const gfn_t *frames, size_t count, int *error)
{
	return map_frames(domid, frames, INVALID_GFN, count, error);
}

void *foreign_map_range(domid_t domid, gfn_t first, size_t count, int *error)
{
	return map_frames(domid, NULL, first, count, error);
}

void foreign_unmap(void *pointer, size_t count)
{
	if (pointer)
		release_slots((size_t)((char *)pointer - window.base) >> PAGE_SHIFT, count);
}

void *foreign_map_grant_table(domid_t domid, uint32_t frame, int *error)
{
	long slot = take_slots(1);

	*error = slot < 0 ? (int)slot : 0;
	if (slot < 0)
		return NULL;

	xen_pfn_t place = window.first.number + (size_t)slot;
	struct xen_mem_acquire_resource acquire = {
		.domid = domid,
		.type = XENMEM_resource_grant_table,
		.id = XENMEM_resource_grant_table_id_shared,
		.nr_frames = 1,
		.frame = frame,
		.frame_list.p = &place,
	};
	*error = xen_error(xen_operation(__HYPERVISOR_memory_op, XENMEM_acquire_resource, &acquire));
	if (*error) {
		mark_slots((size_t)slot, 1, false);
		return NULL;
	}
	return slot_pointer((size_t)slot);
}

void *foreign_reserve(size_t count, gfn_t *first, int *error)
{
	long slot = count && count <= FOREIGN_MAP_MAX ? take_slots(count) : -EINVAL;

	*error = slot < 0 ? (int)slot : 0;
	if (slot < 0)
		return NULL;
	*first = gfn_add(window.first, (size_t)slot);
	return slot_pointer((size_t)slot);
}

void foreign_release(void *pointer, size_t count)
{
	mark_slots((size_t)((char *)pointer - window.base) >> PAGE_SHIFT, count, false);
}

size_t foreign_mapped_frames(void)
{
	return window.mapped;
}

// The window's place: in the first extended region that holds it, one below 4 GB where there is one; else the
// largest. Register window 0 of the node is for grant tables, the extended regions follow.
static size_t find_window(int node, paddr_t *place)
{
	size_t best_size = 0;
	paddr_t address;
	uint64_t size;

	for (unsigned int i = 1; !devicetree_reg(node, i, &address, &size); i++) {
		paddr_t start = ROUND_UP(address, WINDOW_ALIGNMENT);
		paddr_t end = ROUND_DOWN(address + size, WINDOW_ALIGNMENT);
		size_t usable = end > start ? (size_t)MIN(end - start, WINDOW_SIZE) : 0;

		bool lower = usable && usable == best_size && *place >= GIB(4) && start < GIB(4);

		if (usable > best_size || lower) {
			best_size = usable;
			*place = start;
		}
	}
	return best_size;
}

int foreign_init(void)
{
	paddr_t place = 0;
	int node = devicetree_find(-1, "xen,xen");
	size_t size = node < 0 ? 0 : find_window(node, &place);

	window = (struct window){ .frames = 0 };
	if (!size) {
		log_error("Xen names no extended regions to see guests' memory in: is ext_regions=0 on its "
			  "command line? Without them no domain can be made");
		return -ENOENT;
	}
	void *base = memory_map(place, size, MEMORY_NORMAL);
	if (!base)
		return -ENOMEM;
	window.first = gfn_of_address(place);
	window.base = base;
	window.frames = size >> PAGE_SHIFT;
	return 0;
}
