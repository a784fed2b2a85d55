// SPDX-License-Identifier: Apache-2.0
// Device-tree overlays.
#include "xen/overlay.h"

#include "xen/domctl_call.h"
#include "xen/sysctl_call.h"

static int change(uint8_t what, const void *overlay, size_t size)
{
	struct xen_sysctl op;

	sysctl_prepare(&op, XEN_SYSCTL_dt_overlay);
	op.u.dt_overlay.overlay_fdt.p = overlay;
	op.u.dt_overlay.overlay_fdt_size = (uint32_t)size;
	op.u.dt_overlay.overlay_op = what;
	return sysctl_call(&op);
}

int overlay_add(const void *overlay, size_t size)
{
	return change(XEN_SYSCTL_DT_OVERLAY_ADD, overlay, size);
}

int overlay_remove(const void *overlay, size_t size)
{
	return change(XEN_SYSCTL_DT_OVERLAY_REMOVE, overlay, size);
}

int overlay_attach(domid_t domid, const void *overlay, size_t size)
{
	struct xen_domctl op;

	domctl_prepare(&op, XEN_DOMCTL_dt_overlay, domid);
	op.u.dt_overlay.overlay_fdt.p = overlay;
	op.u.dt_overlay.overlay_fdt_size = (uint32_t)size;
	op.u.dt_overlay.overlay_op = XEN_DOMCTL_DT_OVERLAY_ATTACH;
	return domctl_call(&op);
}
