// SPDX-License-Identifier: Apache-2.0
// XENMEM_* (xen/common/memory.c, xen/arch/arm/mm.c).
#include <errno.h>
#include <string.h>

#include "kernel/compiler.h"
#include "model/internal.h"

// Extents that a control domain may ask for on Arm.
#define ORDER_MAX 18u

// Work is cut into pieces by continuations: time passes, interrupts come in.
#define COST_OF_EXTENT 500u

// What Xen fills pages with that it gives out, in its debug builds: a program must not count on zeros. Large extents are
// left alone, since that takes its time.
#define SCRUB_PATTERN 0xc2

// ---- Populating ----

// Frames for the domain, within its limit.
static uint64_t allocate_for(struct domain_model *d, unsigned int order)
{
	uint64_t count = 1ull << order, mfn;

	if (d->dying || domain_pages(d) + count > d->max_pages)
		return NO_FRAME;
	mfn = machine_allocate(order);
	if (mfn == NO_FRAME)
		return NO_FRAME;
	runs_add(&d->pages, mfn, count);
	if (order == 0)
		memset(machine_page(mfn), SCRUB_PATTERN, PAGE_SIZE);
	return mfn;
}

// The number of extents done; errors only show in its being less than asked for.
static long populate(const struct xen_memory_reservation *op, uint64_t extents)
{
	struct domain_model *d = domain_by_id(op->domid);

	if (!d || op->extent_order > ORDER_MAX)
		return 0;
	if (op->mem_flags)
		model_violation("populate_physmap with mem_flags %#x, which Arm has no use for",
				op->mem_flags);
	for (uint64_t i = 0; i < extents; i++) {
		uint64_t gfn, mfn;

		if (!copy_in(&gfn, (uintptr_t)op->extent_start.p + i * sizeof(gfn), sizeof(gfn)))
			return (long)i;
		if (gfn & ((1ull << op->extent_order) - 1))
			model_violation("populate_physmap: frame %#llx isn't aligned to order %u",
					(unsigned long long)gfn, op->extent_order);
		mfn = allocate_for(d, op->extent_order);
		if (mfn == NO_FRAME)
			return (long)i;
		if (p2m_map(d, gfn, mfn, op->extent_order, FRAME_RAM))
			return (long)i; // the frames stay with the domain
		hypercall_takes(COST_OF_EXTENT);
	}
	return (long)extents;
}

static long populate_physmap(void *argument)
{
	const struct xen_memory_reservation *op = argument;

	return populate(op, op->nr_extents);
}

// Out of memory in the middle, or at once.
static long populate_part(void *argument, unsigned int variant)
{
	const struct xen_memory_reservation *op = argument;

	return populate(op, variant % 2 ? op->nr_extents / 2 : 0);
}

static long decrease_reservation(void *argument)
{
	const struct xen_memory_reservation *op = argument;
	struct domain_model *d = domain_by_id(op->domid);
	uint64_t count = 1ull << op->extent_order;

	if (!d || op->extent_order > ORDER_MAX)
		return 0;
	for (uint64_t i = 0; i < op->nr_extents; i++) {
		uint64_t gfn, mfn;
		const struct run *run;

		if (!copy_in(&gfn, (uintptr_t)op->extent_start.p + i * sizeof(gfn), sizeof(gfn)))
			return (long)i;
		for (uint64_t f = gfn; f < gfn + count; f++) {
			run = runs_find(&d->p2m, f);
			if (!run || run->kind != FRAME_RAM)
				return (long)i;
			mfn = run->value + (f - run->start);
			if (frame_is_mapped(mfn))
				model_violation("domain %u gives up frame %#llx, which is mapped elsewhere",
						d->domid, (unsigned long long)f);
			p2m_unmap(d, f, 1);
			runs_remove(&d->pages, mfn, 1);
			machine_release(mfn, 1);
		}
	}
	return (long)op->nr_extents;
}

// ---- Counting ----

static long current_reservation(void *argument)
{
	const struct xen_memory_domain *op = argument;
	const struct domain_model *d = domain_by_id(op->domid);

	return d ? (long)domain_pages(d) : -ESRCH;
}

static long maximum_reservation(void *argument)
{
	const struct xen_memory_domain *op = argument;
	const struct domain_model *d = domain_by_id(op->domid);

	return d ? (long)d->max_pages : -ESRCH;
}

static long maximum_gpfn(void *argument)
{
	const struct xen_memory_domain *op = argument;
	const struct domain_model *d = domain_by_id(op->domid);
	const struct run *last;

	if (!d)
		return -ESRCH;
	if (!d->p2m.count)
		return 0;
	last = &d->p2m.items[d->p2m.count - 1];
	return (long)(last->start + last->count - 1);
}

static long maximum_ram_page(void *argument)
{
	(void)argument;
	return (long)((MACHINE_RAM_START + machine.options.ram) >> PAGE_SHIFT);
}

// ---- Mapping into one's own address space ----

static int map_foreign(struct domain_model *d, domid_t owner_id, uint64_t index, uint64_t gfn)
{
	struct domain_model *owner = domain_by_id(owner_id);
	const struct run *run;

	if (!owner)
		return -ESRCH;
	if (owner == dom0)
		return -EPERM;
	run = runs_find(&owner->p2m, index);
	if (!run || run->kind != FRAME_RAM || !runs_find(&owner->pages, run->value + (index - run->start)))
		return -EINVAL;
	return p2m_map(d, gfn, run->value + (index - run->start), 0, FRAME_FOREIGN);
}

// Pages of Xen can stand at one place only.
static int map_xen_page(struct domain_model *d, uint64_t mfn, uint64_t gfn)
{
	for (size_t i = 0; i < d->p2m.count; i++) {
		const struct run *run = &d->p2m.items[i];

		if (run->kind == FRAME_XEN && mfn >= run->value && mfn < run->value + run->count)
			return -EBUSY;
	}
	return p2m_map(d, gfn, mfn, 0, FRAME_XEN);
}

static int map_one(struct domain_model *d, unsigned int space, domid_t foreign, uint64_t index, uint64_t gfn)
{
	uint64_t mfn;
	int error;

	switch (space) {
	case XENMAPSPACE_shared_info:
		return index ? -EINVAL : map_xen_page(d, d->shared_info_mfn, gfn);
	case XENMAPSPACE_grant_table:
		error = grant_frame(d, (unsigned int)index, &mfn);
		return error ? error : map_xen_page(d, mfn, gfn);
	case XENMAPSPACE_gmfn_foreign:
		return map_foreign(d, foreign, index, gfn);
	default:
		return -ENOSYS;
	}
}

static long add_to_physmap(void *argument)
{
	const struct xen_add_to_physmap *op = argument;
	struct domain_model *d = domain_by_id(op->domid);

	if (op->space == XENMAPSPACE_gmfn_foreign)
		return -ENOSYS;
	if (!d)
		return -ESRCH;
	return map_one(d, op->space, DOMID_INVALID, op->idx, op->gpfn);
}

// Every entry is tried; what went wrong with each is in `errs`, whatever the call returns. `failing` is made
// to fail.
static long map_batch(const struct xen_add_to_physmap_batch *op, uint64_t failing)
{
	struct domain_model *d = domain_by_id(op->domid);

	if (op->space == XENMAPSPACE_gmfn_range)
		return -EOPNOTSUPP;
	if (!d)
		return -ESRCH;
	for (uint64_t i = 0; i < op->size; i++) {
		uint64_t index, gfn;
		int error;

		if (!copy_in(&index, (uintptr_t)op->idxs.p + i * sizeof(index), sizeof(index)) ||
		    !copy_in(&gfn, (uintptr_t)op->gpfns.p + i * sizeof(gfn), sizeof(gfn)))
			return -EFAULT;
		if (gfn == UINT64_MAX)
			return -EINVAL;
		error = i == failing ? -ENOMEM : map_one(d, op->space, op->u.foreign_domid, index, gfn);
		if (!copy_out((uintptr_t)op->errs.p + i * sizeof(error), &error, sizeof(error)))
			return -EFAULT;
		hypercall_takes(COST_OF_EXTENT);
	}
	return 0;
}

static long add_to_physmap_batch(void *argument)
{
	return map_batch(argument, UINT64_MAX);
}

static long map_part_of_batch(void *argument, unsigned int variant)
{
	const struct xen_add_to_physmap_batch *op = argument;

	return variant % 2 ? -EPERM : map_batch(op, op->size / 2u);
}

static long remove_from_physmap(void *argument)
{
	const struct xen_remove_from_physmap *op = argument;
	struct domain_model *d = domain_by_id(op->domid);
	const struct run *run;

	if (!d)
		return -ESRCH;
	run = runs_find(&d->p2m, op->gpfn);
	if (!run || run->kind == FRAME_MMIO)
		return -ENOENT;
	if (run->kind == FRAME_RAM)
		model_violation("remove_from_physmap: frame %#llx is the domain's RAM, which would be lost",
				(unsigned long long)op->gpfn);
	return p2m_unmap(d, op->gpfn, 1);
}

// ---- Resources of a domain: its grant table's frames ----

static long acquire_resource(void *argument)
{
	struct xen_mem_acquire_resource *op = argument;
	struct domain_model *d;

	if (op->pad || op->frame >> 32 || (op->frame + op->nr_frames) >> 32)
		return -EINVAL;
	d = domain_by_id(op->domid);
	if (!d)
		return -ESRCH;
	if (d == dom0)
		return -EPERM;
	if (op->type != XENMEM_resource_grant_table || op->id != XENMEM_resource_grant_table_id_shared)
		return -EINVAL;
	if (!op->frame_list.p) {
		if (op->nr_frames)
			return -EINVAL;
		op->nr_frames = d->max_grant_frames;
		return 0;
	}
	if (!op->nr_frames)
		return -EINVAL;
	for (uint64_t i = 0; i < op->nr_frames; i++) {
		uint64_t gfn, mfn;
		int error = grant_frame(d, (unsigned int)(op->frame + i), &mfn);

		if (error)
			return error;
		if (!copy_in(&gfn, (uintptr_t)op->frame_list.p + i * sizeof(gfn), sizeof(gfn)))
			return -EFAULT;
		error = p2m_map(dom0, gfn, mfn, 0, FRAME_FOREIGN);
		if (error)
			return error;
	}
	return 0;
}

#define OPERATION(name, type, ...) OPERATION_OF(XENMEM_##name, name, type, __VA_ARGS__)

// Removing a mapping can't fail.
static const struct operation operations[] = {
	PARTIAL_OPERATION(XENMEM_populate_physmap, populate_physmap, xen_memory_reservation, populate_part),
	PARTIAL_OPERATION(XENMEM_add_to_physmap_batch, add_to_physmap_batch, xen_add_to_physmap_batch,
			  map_part_of_batch),
	OPERATION(decrease_reservation, xen_memory_reservation),
	OPERATION(current_reservation, xen_memory_domain, -EPERM),
	OPERATION(maximum_reservation, xen_memory_domain, -EPERM),
	OPERATION(maximum_gpfn, xen_memory_domain, -EPERM),
	OPERATION(add_to_physmap, xen_add_to_physmap, -ENOMEM, -EPERM),
	OPERATION(remove_from_physmap, xen_remove_from_physmap),
	OPERATION(acquire_resource, xen_mem_acquire_resource, -ENOMEM, -EPERM),
	{ XENMEM_maximum_ram_page, "maximum_ram_page", maximum_ram_page, 0, { 0 }, NULL },
};

long do_memory_op(const uint64_t *a)
{
	return operation_run("memory_op", operations, ARRAY_SIZE(operations), (unsigned int)a[0], a[1]);
}
