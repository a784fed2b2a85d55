// SPDX-License-Identifier: Apache-2.0
// Grant tables, version 1 (xen/common/grant_table.c): the frames of each domain's table, Dom0's
// mapping of granted pages, and copying from and to them.
#include <errno.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/panic.h"
#include "model/internal.h"

#define ENTRIES_PER_FRAME (PAGE_SIZE / sizeof(grant_entry_v1_t))
#define HANDLES 1024u

// Grants that Dom0 has mapped.
static struct mapping {
	bool used;
	domid_t owner;
	grant_ref_t reference;
	uint64_t gfn;
	bool writable;
} mappings[HANDLES];

// The table grows as frames of it are asked for.
int grant_frame(struct domain_model *d, unsigned int index, uint64_t *mfn)
{
	if (index >= d->max_grant_frames || index >= GRANT_FRAMES_MAX)
		return -EINVAL;
	while (d->grant_frames <= index) {
		uint64_t frame = machine_allocate(0);

		if (frame == NO_FRAME)
			return -ENOMEM;
		memset(machine_page(frame), 0, PAGE_SIZE);
		runs_add(&d->xen_pages, frame, 1);
		d->grant_mfn[d->grant_frames++] = frame;
	}
	*mfn = d->grant_mfn[index];
	return 0;
}

static grant_entry_v1_t *entry_of(struct domain_model *d, grant_ref_t reference)
{
	unsigned int frame = reference / ENTRIES_PER_FRAME;

	if (frame >= d->grant_frames)
		return NULL;
	return (grant_entry_v1_t *)machine_page(d->grant_mfn[frame]) + reference % ENTRIES_PER_FRAME;
}

// ---- Mapping ----

static int16_t map_frame(struct domain_model *owner, struct gnttab_map_grant_ref *op, uint32_t handle)
{
	grant_entry_v1_t *entry = entry_of(owner, op->ref);
	uint64_t gfn = op->host_addr >> PAGE_SHIFT;
	bool writable = !(op->flags & GNTMAP_readonly);
	const struct run *run;

	if (!entry || (entry->flags & GTF_type_mask) != GTF_permit_access || entry->domid != dom0->domid)
		return GNTST_bad_gntref;
	if (writable && entry->flags & GTF_readonly)
		return GNTST_general_error;
	run = runs_find(&owner->p2m, entry->frame);
	if (!run || run->kind != FRAME_RAM)
		return GNTST_general_error;
	if (p2m_map(dom0, gfn, run->value + (entry->frame - run->start), 0, FRAME_GRANT))
		return GNTST_general_error;
	entry->flags |= (uint16_t)(GTF_reading | (writable ? GTF_writing : 0));
	mappings[handle] = (struct mapping){ true, owner->domid, op->ref, gfn, writable };
	op->handle = handle;
	return GNTST_okay;
}

static int16_t map_one(struct gnttab_map_grant_ref *op)
{
	struct domain_model *owner = domain_by_id(op->dom);
	uint32_t handle = 0;

	if (!owner)
		return GNTST_bad_domain;
	if ((op->flags & ~(uint32_t)GNTMAP_readonly) != GNTMAP_host_map)
		return GNTST_general_error;
	while (handle < HANDLES && mappings[handle].used)
		handle++;
	return handle == HANDLES ? GNTST_no_device_space : map_frame(owner, op, handle);
}

static int16_t unmap_one(const struct gnttab_unmap_grant_ref *op)
{
	struct mapping *mapping = op->handle < HANDLES ? &mappings[op->handle] : NULL;
	struct domain_model *owner;
	grant_entry_v1_t *entry;

	if (!mapping || !mapping->used || mapping->gfn != op->host_addr >> PAGE_SHIFT)
		return GNTST_bad_handle;
	owner = domain_by_id(mapping->owner);
	entry = owner ? entry_of(owner, mapping->reference) : NULL;
	if (entry)
		entry->flags &= (uint16_t) ~(GTF_reading | GTF_writing);
	mapping->used = false;
	p2m_unmap(dom0, mapping->gfn, 1);
	return GNTST_okay;
}

static long map_grant_refs(uint64_t list, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		struct gnttab_map_grant_ref op;
		uint64_t at = list + i * sizeof(op);

		if (!copy_in(&op, at, sizeof(op)))
			return -EFAULT;
		op.status = fault_strikes(FAULT_HYPERCALL, "grant_table_op map_grant_ref")
				    ? GNTST_no_device_space
				    : map_one(&op);
		copy_out(at, &op, sizeof(op));
	}
	return 0;
}

static long unmap_grant_refs(uint64_t list, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		struct gnttab_unmap_grant_ref op;
		uint64_t at = list + i * sizeof(op);

		if (!copy_in(&op, at, sizeof(op)))
			return -EFAULT;
		op.status = unmap_one(&op);
		copy_out(at, &op, sizeof(op));
	}
	return 0;
}

// ---- Copying ----

// A whole side of a copy lies in one page. Where it is, as an address that copy_in() and copy_out() take; 0:
// nowhere.
static uint64_t own_address(const struct gnttab_copy_ptr *side)
{
	return (uintptr_t)phys_to_virt((side->u.gmfn << PAGE_SHIFT) + side->offset);
}

static uint8_t *granted_page(const struct gnttab_copy_ptr *side, bool write)
{
	struct domain_model *owner = domain_by_id(side->domid);
	const grant_entry_v1_t *entry = owner ? entry_of(owner, side->u.ref) : NULL;
	const struct run *run;
	uint64_t mfn;

	if (!entry || (entry->flags & GTF_type_mask) != GTF_permit_access || entry->domid != dom0->domid ||
	    (write && entry->flags & GTF_readonly))
		return NULL;
	run = runs_find(&owner->p2m, entry->frame);
	if (!run || run->kind != FRAME_RAM)
		return NULL;
	mfn = run->value + (entry->frame - run->start);
	if (write)
		runs_add(&machine.unflushed, mfn, 1); // Xen writes through its cache
	return machine_page(mfn);
}

static int16_t check_side(const struct gnttab_copy_ptr *side, uint16_t length, bool granted)
{
	if (side->offset + length > PAGE_SIZE)
		return GNTST_bad_copy_arg;
	if (!granted && side->domid != DOMID_SELF)
		return GNTST_permission_denied;
	return domain_by_id(side->domid) ? GNTST_okay : GNTST_bad_domain;
}

static int16_t copy_one(const struct gnttab_copy *op)
{
	bool to_grant = op->flags & GNTCOPY_dest_gref, from_grant = op->flags & GNTCOPY_source_gref;
	int16_t status = check_side(&op->source, op->len, from_grant);
	uint8_t bytes[PAGE_SIZE], *source, *dest;

	if (status == GNTST_okay)
		status = check_side(&op->dest, op->len, to_grant);
	if (status != GNTST_okay)
		return status;
	source = from_grant ? granted_page(&op->source, false) : NULL;
	dest = to_grant ? granted_page(&op->dest, true) : NULL;
	if ((from_grant && !source) || (to_grant && !dest))
		return GNTST_bad_gntref;
	if (from_grant)
		memcpy(bytes, source + op->source.offset, op->len);
	else if (!copy_in(bytes, own_address(&op->source), op->len))
		return GNTST_bad_page;
	if (to_grant)
		memcpy(dest + op->dest.offset, bytes, op->len);
	else if (!copy_out(own_address(&op->dest), bytes, op->len))
		return GNTST_bad_page;
	return GNTST_okay;
}

// A fault hits one in the middle: the call itself succeeds.
static long copy_all(uint64_t list, uint64_t count)
{
	uint64_t failing = fault_strikes(FAULT_HYPERCALL, "grant_table_op copy") ? count / 2 : UINT64_MAX;

	for (uint64_t i = 0; i < count; i++) {
		struct gnttab_copy op;
		uint64_t at = list + i * sizeof(op);

		if (!copy_in(&op, at, sizeof(op)))
			return -EFAULT;
		op.status = i == failing ? GNTST_general_error : copy_one(&op);
		copy_out(at, &op, sizeof(op));
		hypercall_takes(op.len / 4u);
	}
	return 0;
}

static long query_size(uint64_t argument)
{
	struct gnttab_query_size op;
	const struct domain_model *d;

	if (!copy_in(&op, argument, sizeof(op)))
		return -EFAULT;
	d = domain_by_id(op.dom);
	op.status = d ? GNTST_okay : GNTST_bad_domain;
	op.nr_frames = d ? d->grant_frames : 0;
	op.max_nr_frames = d ? d->max_grant_frames : 0;
	return copy_out(argument, &op, sizeof(op)) ? 0 : -EFAULT;
}

long do_grant_table_op(const uint64_t *a)
{
	switch ((unsigned int)a[0]) {
	case GNTTABOP_map_grant_ref:
		return map_grant_refs(a[1], a[2]);
	case GNTTABOP_unmap_grant_ref:
		return unmap_grant_refs(a[1], a[2]);
	case GNTTABOP_copy:
		return copy_all(a[1], a[2]);
	case GNTTABOP_query_size:
		return a[2] == 1 ? query_size(a[1]) : -EINVAL;
	default:
		return -ENOSYS;
	}
}

// ---- A test looking at a guest ----

grant_entry_v1_t model_guest_grant(domid_t domid, unsigned int reference)
{
	const grant_entry_v1_t *entry = entry_of(domain_must_exist(domid), reference);

	return entry ? *entry : (grant_entry_v1_t){ 0 };
}

void model_guest_set_grant(domid_t domid, unsigned int reference, domid_t to, uint64_t gfn, uint16_t flags)
{
	struct domain_model *d = domain_must_exist(domid);
	grant_entry_v1_t *entry;
	uint64_t mfn;

	ASSERT(!grant_frame(d, (unsigned int)(reference / ENTRIES_PER_FRAME), &mfn));
	entry = entry_of(d, reference);
	*entry = (grant_entry_v1_t){ .flags = flags, .domid = to, .frame = (uint32_t)gfn };
}

void *model_guest_map_grant(domid_t domid, domid_t owner, unsigned int reference)
{
	grant_entry_v1_t *entry = entry_of(domain_must_exist(owner), reference);

	if (!entry || (entry->flags & GTF_type_mask) != GTF_permit_access || entry->domid != domid)
		return NULL;
	entry->flags |= GTF_reading | GTF_writing;
	return model_guest_page(owner, entry->frame);
}

void model_guest_unmap_grant(domid_t owner, unsigned int reference)
{
	entry_of(domain_must_exist(owner), reference)->flags &= (uint16_t) ~(GTF_reading | GTF_writing);
}

void grants_let_go(const struct domain_model *holder)
{
	for (unsigned int i = 0; i < dom0->grant_frames; i++) {
		grant_entry_v1_t *entries = machine_page(dom0->grant_mfn[i]);

		for (size_t n = 0; n < ENTRIES_PER_FRAME; n++)
			if (entries[n].domid == holder->domid)
				entries[n].flags &= (uint16_t) ~(GTF_reading | GTF_writing);
	}
}

bool grant_is_permitted(const struct domain_model *d, uint64_t gfn)
{
	for (unsigned int i = 0; i < d->grant_frames; i++) {
		const grant_entry_v1_t *entries = machine_page(d->grant_mfn[i]);

		for (size_t n = 0; n < ENTRIES_PER_FRAME; n++)
			if (entries[n].flags && entries[n].frame == gfn)
				return true;
	}
	return false;
}
