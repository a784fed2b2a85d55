// SPDX-License-Identifier: Apache-2.0
// This domain's own grant table: one frame of it, seen in the window of foreign.h from its first use on. An
// entry that permits nothing is free; so the table itself is all the bookkeeping there is.
//
// A page whose entry says that it is mapped can't be taken back (public/grant_table.h): the other domain
// would read and write what comes to lie there. It stays until it is let go, which Xen does for a domain that
// ends.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "xen/foreign.h"
#include "xen/grant.h"
#include "xen/hypercall.h"

static grant_entry_v1_t *table;
static struct grant_share *retired; // closed, but still mapped by somebody

void grant_share_init(void)
{
	table = NULL;
	retired = NULL;
}

static int map_table(void)
{
	gfn_t place;
	int error;

	if (table)
		return 0;
	void *page = foreign_reserve(1, &place, &error);
	if (!page)
		return error;
	struct xen_add_to_physmap add = {
		.domid = DOMID_SELF,
		.space = XENMAPSPACE_grant_table,
		.gpfn = place.number,
	};
	error = xen_error(xen_operation(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &add));
	if (error)
		foreign_release(page, 1);
	else
		table = page;
	return error;
}

static size_t page_count(const struct grant_share *share)
{
	return (size_t)1 << share->order;
}

// A free entry, -ENOSPC.
static int find_entry(grant_ref_t *reference)
{
	for (grant_ref_t i = GNTTAB_NR_RESERVED_ENTRIES; i < GNTTAB_NR_RESERVED_ENTRIES + GRANT_SHARE_MAX;
	     i++) {
		if (!table[i].flags) {
			*reference = i;
			return 0;
		}
	}
	return -ENOSPC;
}

// True when the entry permits nothing any more; false while the page is mapped.
static bool revoke(grant_ref_t reference)
{
	uint16_t flags = READ_ONCE(table[reference].flags);

	do {
		if (flags & (GTF_reading | GTF_writing))
			return false;
	} while (!__atomic_compare_exchange_n(&table[reference].flags, &flags, 0, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST));
	return true;
}

// Frees the pages if nobody has one of them mapped.
static bool let_go(struct grant_share *share)
{
	bool free_of_use = true;

	for (size_t i = 0; i < page_count(share); i++) {
		if (share->references[i] && revoke(share->references[i]))
			share->references[i] = 0;
		free_of_use = free_of_use && !share->references[i];
	}
	if (!free_of_use)
		return false;
	page_free(share->pages, share->order);
	free(share);
	return true;
}

bool grant_share_reclaim(domid_t holder)
{
	bool holds = false;

	for (struct grant_share **link = &retired; *link;) {
		struct grant_share *share = *link, *next = share->next;

		if (let_go(share)) {
			*link = next;
			continue;
		}
		holds |= share->to == holder;
		link = &share->next;
	}
	return holds;
}

struct grant_share *grant_share_open(domid_t to, unsigned int order, int *error)
{
	size_t count = (size_t)1 << order;

	*error = map_table();
	if (*error)
		return NULL;
	grant_share_reclaim(to);
	struct grant_share *share = calloc(1, sizeof(*share) + count * sizeof(share->references[0]));
	void *pages = share ? page_alloc(order) : NULL;
	if (!pages) {
		free(share);
		*error = -ENOMEM;
		return NULL;
	}
	memset(pages, 0, count << PAGE_SHIFT);
	share->pages = pages;
	share->order = order;
	share->to = to;
	for (size_t i = 0; i < count && !*error; i++) {
		*error = find_entry(&share->references[i]);
		if (*error)
			break;
		grant_entry_v1_t *entry = &table[share->references[i]];
		entry->domid = to;
		entry->frame = (uint32_t)((virt_to_phys(pages) >> PAGE_SHIFT) + i);
		smp_wmb(); // the flags make the entry valid
		WRITE_ONCE(entry->flags, GTF_permit_access);
	}
	if (!*error)
		return share;
	grant_share_close(share);
	return NULL;
}

void grant_share_close(struct grant_share *share)
{
	if (!share || let_go(share))
		return;
	share->next = retired;
	retired = share;
}
