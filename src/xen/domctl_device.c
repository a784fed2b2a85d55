// SPDX-License-Identifier: Apache-2.0
// XEN_DOMCTL_*: the machine's memory ranges, interrupts and devices given to a domain.
#include <errno.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/task.h"
#include "xen/domctl.h"
#include "xen/domctl_call.h"

// Xen refuses more in one call (-E2BIG).
#define IOMEM_FRAMES_MAX 64u

static int memory_mapping(domid_t domid, gfn_t gfn, uint64_t mfn, uint64_t frames, uint32_t add)
{
	struct xen_domctl op;

	domctl_prepare(&op, XEN_DOMCTL_memory_mapping, domid);
	op.u.memory_mapping.first_gfn = gfn.number;
	op.u.memory_mapping.first_mfn = mfn;
	op.u.memory_mapping.nr_mfns = frames;
	op.u.memory_mapping.add_mapping = add;
	return domctl_call(&op);
}

int domctl_map_iomem(domid_t domid, gfn_t gfn, uint64_t mfn, uint64_t frames)
{
	for (uint64_t done = 0; done < frames;) {
		uint64_t count = MIN(frames - done, IOMEM_FRAMES_MAX);
		int error = memory_mapping(domid, gfn_add(gfn, done), mfn + done, count, DPCI_ADD_MAPPING);

		if (error) { // of this piece, too, Xen leaves mapped what it did
			domctl_unmap_iomem(domid, gfn, mfn, done + count);
			return error;
		}
		done += count;
		if (task_should_yield())
			task_yield();
	}
	return 0;
}

int domctl_unmap_iomem(domid_t domid, gfn_t gfn, uint64_t mfn, uint64_t frames)
{
	int first_error = 0;

	for (uint64_t done = 0; done < frames;) {
		uint64_t count = MIN(frames - done, IOMEM_FRAMES_MAX);
		int error = memory_mapping(domid, gfn_add(gfn, done), mfn + done, count, DPCI_REMOVE_MAPPING);

		if (error && !first_error)
			first_error = error;
		done += count;
		if (task_should_yield())
			task_yield();
	}
	return first_error;
}

int domctl_permit_iomem(domid_t domid, uint64_t mfn, uint64_t frames, bool allow)
{
	struct xen_domctl op;

	domctl_prepare(&op, XEN_DOMCTL_iomem_permission, domid);
	op.u.iomem_permission.first_mfn = mfn;
	op.u.iomem_permission.nr_mfns = frames;
	op.u.iomem_permission.allow_access = allow;
	return domctl_call(&op);
}

static int guest_irq(uint32_t command, domid_t domid, uint32_t irq)
{
	struct xen_domctl op;

	if (irq > UINT16_MAX)
		return -EINVAL;
	domctl_prepare(&op, command, domid);
	op.u.bind_pt_irq.machine_irq = irq;
	op.u.bind_pt_irq.irq_type = PT_IRQ_TYPE_SPI;
	op.u.bind_pt_irq.u.spi.spi = (uint16_t)irq;
	return domctl_call(&op);
}

int domctl_bind_irq(domid_t domid, uint32_t irq)
{
	return guest_irq(XEN_DOMCTL_bind_pt_irq, domid, irq);
}

int domctl_unbind_irq(domid_t domid, uint32_t irq)
{
	return guest_irq(XEN_DOMCTL_unbind_pt_irq, domid, irq);
}

static int device_by_path(uint32_t command, domid_t domid, const char *path)
{
	struct xen_domctl op;

	domctl_prepare(&op, command, domid);
	op.u.assign_device.dev = XEN_DOMCTL_DEV_DT;
	op.u.assign_device.u.dt.size = (uint32_t)strlen(path);
	op.u.assign_device.u.dt.path.p = (char *)(uintptr_t)path; // Xen only reads it
	return domctl_call(&op);
}

int domctl_assign_device(domid_t domid, const char *path)
{
	return device_by_path(XEN_DOMCTL_assign_device, domid, path);
}

int domctl_deassign_device(domid_t domid, const char *path)
{
	return device_by_path(XEN_DOMCTL_deassign_device, domid, path);
}
