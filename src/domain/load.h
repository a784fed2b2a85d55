// SPDX-License-Identifier: Apache-2.0
// A new domain's memory filled: magic pages, kernel, ramdisk, device tree.
#pragma once

#include "domain/plan.h"
#include "kernel/failure.h"
#include "xen/types.h"

// The domain's memory must be there, and it must not run yet. Afterwards its caches are clean: what was
// written is what a CPU without caches reads. May wait.
int load_images(const struct plan *plan, domid_t domid, struct failure *failure);
