// SPDX-License-Identifier: Apache-2.0
// Grant tables, version 1.
#pragma once

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
