// SPDX-License-Identifier: Apache-2.0
// How a sysctl is made. Private to this room.
#pragma once

#include "xen/types.h"

// Zeroes `op` whole and fills in its head.
void sysctl_prepare(struct xen_sysctl *op, uint32_t command);

// Adds the interface's version and calls Xen. 0 or a negative errno, -ENOTSUP when no version was chosen.
int sysctl_call(struct xen_sysctl *op);
