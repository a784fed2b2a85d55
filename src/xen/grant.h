// SPDX-License-Identifier: Apache-2.0
// Grant tables, version 1.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xen/types.h"

// Writes entry `reference` of a domain's table before it runs: `to` may map `frame` writable. Entries 0
// (GNTTAB_RESERVED_CONSOLE) and 1 (GNTTAB_RESERVED_XENSTORE) are the toolstack's to seed.
int grant_seed(domid_t domid, grant_ref_t reference, gfn_t frame, domid_t to);

// Fills the memory of a domain that is being built and has never run: Xen copies (GNTTABOP_copy), through
// entries of the domain's grant table that are the writer's own, beyond the reserved ones, and empty again
// after each call. Nothing is mapped but the table itself, so no translation changes here: for an image this
// takes a fraction of what mapping, copying and above all unmapping takes (a TLB flush for each frame).
struct grant_writer {
	domid_t domid;
	grant_entry_v1_t *table; // NULL: closed
};

// 0 or a negative errno, with the writer closed.
int grant_writer_open(struct grant_writer *writer, domid_t domid);

// Copies [data, data + size) to guest address `address`; neither needs to be aligned. `data` is in the image,
// the heap or pages of the page allocator, not on a stack. Yields as it goes. -EINVAL: something there isn't
// RAM of the domain; what lies before it may be written.
int grant_writer_write(struct grant_writer *writer, uint64_t address, const void *data, size_t size);

// Closing a closed writer does nothing. To be done before the domain runs, and before it can be freed.
void grant_writer_close(struct grant_writer *writer);

// ---- Pages of another domain, which it grants to this one ----

struct grant_map {
	void *pages; // in the window of foreign.h, one after the other; NULL: nothing is mapped
	size_t count;
	gfn_t first;
	grant_handle_t *handles;
};

// Maps them, `count` at most FOREIGN_MAP_MAX. 0, or a negative errno with nothing mapped: -EINVAL: the domain grants no such
// thing, -ESRCH, -ENOMEM. The owner may write to the pages at any time. The domain can't be freed while they are mapped.
int grant_map(struct grant_map *map, domid_t domid, const grant_ref_t *references, size_t count, bool read_only);

// What isn't mapped needs no unmapping.
void grant_unmap(struct grant_map *map);

// ---- Pages of this domain, which it grants to another one ----

// Pages that can be granted at a time, by all.
#define GRANT_SHARE_MAX ((uint32_t)(PAGE_SIZE / sizeof(grant_entry_v1_t)) - GNTTAB_NR_RESERVED_ENTRIES)

struct grant_share {
	void *pages; // cleared at first
	unsigned int order;
	domid_t to;
	struct grant_share *next; // grant_share.c's
	grant_ref_t references[]; // a page each
};

// Before anything else of these.
void grant_share_init(void);

// 2^order pages that domain `to` may map, writable. NULL with *error set: -ENOMEM, -ENOSPC (GRANT_SHARE_MAX).
struct grant_share *grant_share_open(domid_t to, unsigned int order, int *error);

// The other domain can't map them any more. While it still has one mapped, they stay as they are and are freed by a later
// grant_share_reclaim() or grant_share_open(); nobody may use them any more. NULL does nothing.
void grant_share_close(struct grant_share *share);

// Frees what was let go of meanwhile; says whether the domain still has something mapped that is closed.
bool grant_share_reclaim(domid_t holder);
