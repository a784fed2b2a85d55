// SPDX-License-Identifier: Apache-2.0
// Grant table entries of version 1 (public/grant_table.h).
#include "xen/grant.h"

#include <errno.h>

#include "kernel/compiler.h"
#include "xen/foreign.h"

#define ENTRIES_PER_FRAME ((uint32_t)(PAGE_SIZE / sizeof(grant_entry_v1_t)))

int grant_seed(domid_t domid, grant_ref_t reference, gfn_t frame, domid_t to)
{
	if (frame.number > UINT32_MAX) // an entry of version 1 holds 32 bits
		return -ERANGE;

	int error;
	grant_entry_v1_t *table = foreign_map_grant_table(domid, reference / ENTRIES_PER_FRAME, &error);
	if (!table)
		return error;

	grant_entry_v1_t *entry = &table[reference % ENTRIES_PER_FRAME];
	entry->domid = to;
	entry->frame = (uint32_t)frame.number;
	smp_wmb(); // the flags make the entry valid
	WRITE_ONCE(entry->flags, GTF_permit_access);
	foreign_unmap(table, 1);
	return 0;
}
