// SPDX-License-Identifier: Apache-2.0
// Device-tree overlays at run time: XEN_SYSCTL_dt_overlay (from Xen 4.18), XEN_DOMCTL_dt_overlay (from 4.19), both only
// where Xen was built with CONFIG_OVERLAY_DTB: -EOPNOTSUPP or -ENOSYS otherwise. `overlay` is a compiled overlay of
// `size` bytes, which Xen checks. What is attached to a domain must be detached before it is removed: -EINVAL, -EBUSY.
#pragma once

#include <stddef.h>

#include "xen/types.h"

// Adds the overlay's nodes to the tree that Xen has of the machine, or takes them out of it again.
int overlay_add(const void *overlay, size_t size);
int overlay_remove(const void *overlay, size_t size);

// Gives the devices of an overlay that was added to a domain: their registers and interrupts.
int overlay_attach(domid_t domid, const void *overlay, size_t size);
