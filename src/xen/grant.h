// SPDX-License-Identifier: Apache-2.0
// Grant tables, version 1.
#pragma once

#include <stdint.h>

#include "xen/types.h"

// Writes entry `reference` of a domain's table before it runs: `to` may map `frame` writable. Entries 0
// (GNTTAB_RESERVED_CONSOLE) and 1 (GNTTAB_RESERVED_XENSTORE) are the toolstack's to seed.
int grant_seed(domid_t domid, grant_ref_t reference, gfn_t frame, domid_t to);
