// SPDX-License-Identifier: Apache-2.0
// Copying into a domain that is being built, by GNTTABOP_copy (public/grant_table.h).
#include <errno.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/task.h"
#include "xen/foreign.h"
#include "xen/grant.h"
#include "xen/hypercall.h"

// Copies of one hypercall, each through an entry of its own: the list is on the stack. Few, because nothing else runs here
// meanwhile: Xen takes thousands of instructions for each.
#define BATCH_MAX 4u

// Whom the entries let in: this program, in the domain that builds others.
#define CONTROL_DOMAIN 0

_Static_assert(GNTTAB_NR_RESERVED_ENTRIES + BATCH_MAX <= PAGE_SIZE / sizeof(grant_entry_v1_t),
	       "the writer maps one frame of the table");

int grant_writer_open(struct grant_writer *writer, domid_t domid)
{
	int error;

	writer->domid = domid;
	writer->table = foreign_map_grant_table(domid, 0, &error);
	return error;
}

void grant_writer_close(struct grant_writer *writer)
{
	foreign_unmap(writer->table, 1);
	writer->table = NULL;
}

static grant_entry_v1_t *writer_entry(const struct grant_writer *writer, unsigned int i)
{
	return &writer->table[GNTTAB_NR_RESERVED_ENTRIES + i];
}

// Prepares the i-th copy, which ends where a page ends on either side. Its length.
static size_t prepare_copy(const struct grant_writer *writer, unsigned int i, struct gnttab_copy *copy,
			   uint64_t address, const char *data, size_t size)
{
	grant_entry_v1_t *entry = writer_entry(writer, i);
	paddr_t source = virt_to_phys(data);
	size_t length = MIN(size, MIN(PAGE_SIZE - (source & PAGE_MASK), PAGE_SIZE - (address & PAGE_MASK)));

	entry->domid = CONTROL_DOMAIN;
	entry->frame = (uint32_t)(address >> PAGE_SHIFT);
	smp_wmb(); // the flags make the entry valid
	WRITE_ONCE(entry->flags, GTF_permit_access);

	memset(copy, 0, sizeof(*copy));
	copy->source.domid = DOMID_SELF;
	copy->source.u.gmfn = source >> PAGE_SHIFT;
	copy->source.offset = (uint16_t)(source & PAGE_MASK);
	copy->dest.domid = writer->domid;
	copy->dest.u.ref = GNTTAB_NR_RESERVED_ENTRIES + i;
	copy->dest.offset = (uint16_t)(address & PAGE_MASK);
	copy->len = (uint16_t)length;
	copy->flags = GNTCOPY_dest_gref;
	return length;
}

// Copies as much of `size` bytes as fits into one call: *done of them.
static int write_batch(const struct grant_writer *writer, uint64_t address, const char *data, size_t size,
		       size_t *done)
{
	struct gnttab_copy copies[BATCH_MAX];
	unsigned int count = 0;

	for (*done = 0; count < BATCH_MAX && *done < size; count++)
		*done += prepare_copy(writer, count, &copies[count], address + *done, data + *done,
				      size - *done);

	int error = xen_error(
		xen_hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_copy, (uintptr_t)copies, count, 0, 0));
	for (unsigned int i = 0; i < count; i++) {
		if (copies[i].status != GNTST_okay && !error)
			error = -EINVAL;
		memset(writer_entry(writer, i), 0, sizeof(grant_entry_v1_t));
	}
	return error;
}

int grant_writer_write(struct grant_writer *writer, uint64_t address, const void *data, size_t size)
{
	const char *from = data;

	// An entry of version 1 holds 32 bits of frame.
	if (address + size < address || (address + size) >> PAGE_SHIFT > UINT32_MAX)
		return -EINVAL;
	while (size) {
		size_t done;
		int error = write_batch(writer, address, from, size, &done);

		if (error)
			return error;
		address += done;
		from += done;
		size -= done;
		task_yield(); // to a driver whose device waits for its next request
	}
	return 0;
}
