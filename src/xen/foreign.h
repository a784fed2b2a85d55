// SPDX-License-Identifier: Apache-2.0
// Guest memory made accessible here: foreign frames are placed into the extended regions that Xen names in
// the /hypervisor node, never over this domain's own memory. For what is shared with a guest for long
// (rings), and for looking. To fill a new domain's memory, grant_writer of grant.h is many times faster: Xen
// flushes the TLBs of all CPUs for every frame that is unmapped.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "xen/types.h"

// Reads the regions from the device tree. -ENOENT: Xen offers none (then mapping fails with -ENOMEM).
int foreign_init(void);

// Maps `count` frames of the domain, in this order, one after the other, readable and writable, cached. NULL
// with *error set (-EINVAL: a frame isn't RAM of the domain, -ENOMEM: no space, -ESRCH). A mapping keeps the
// guest's page alive: unmap it before the domain can be freed. At most FOREIGN_MAP_MAX frames.
#define FOREIGN_MAP_MAX 512
void *foreign_map(domid_t domid, const gfn_t *frames, size_t count, int *error);
void *foreign_map_range(domid_t domid, gfn_t first, size_t count, int *error);
void foreign_unmap(void *pointer, size_t count);

// A frame of a domain's grant table (XENMEM_acquire_resource), to seed entries before the domain runs.
void *foreign_map_grant_table(domid_t domid, uint32_t frame, int *error);

// A place for `count` frames, at most FOREIGN_MAP_MAX, that Xen maps by other means: grants, its own pages. *first is
// where. NULL with *error set. Nothing is there until Xen maps it, and nothing may be there any more when it is released.
void *foreign_reserve(size_t count, gfn_t *first, int *error);
void foreign_release(void *pointer, size_t count);

// Frames mapped or reserved now, for leak checks.
size_t foreign_mapped_frames(void);
