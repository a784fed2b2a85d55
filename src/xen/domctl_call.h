// SPDX-License-Identifier: Apache-2.0
// How a domctl is made. Private to this room.
#pragma once

#include "xen/types.h"

// Zeroes `op` whole, as Xen asks of what an operation doesn't use, and fills in its head.
void domctl_prepare(struct xen_domctl *op, uint32_t command, domid_t domid);

// Adds the interface's version and calls Xen. 0 or a negative errno, -ENOTSUP when no version was chosen.
int domctl_call(struct xen_domctl *op);
