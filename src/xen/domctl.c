// SPDX-License-Identifier: Apache-2.0
// XEN_DOMCTL_*: a domain's life, CPUs, memory limits and state. Its devices are in domctl_device.c.
#include "xen/domctl.h"

#include <errno.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/task.h"
#include "kernel/timer.h"
#include "xen/domain_info.h"
#include "xen/domctl_call.h"
#include "xen/hypercall.h"
#include "xen/version.h"

// Frames of one cache flush: Xen takes 2^18 but doesn't stop half-way, and 64 KB take it some ten microseconds.
#define FLUSH_FRAMES_MAX 16u

// Nanoseconds of a part of a destruction after which others have a turn, even without an event for this domain.
#define PART_MAX 1000000u

void domctl_prepare(struct xen_domctl *op, uint32_t command, domid_t domid)
{
	memset(op, 0, sizeof(*op));
	op->cmd = command;
	op->domain = domid;
}

static int call_by(__typeof__(xen_hypercall) *door, struct xen_domctl *op)
{
	const struct xen_abi *abi = xen_abi();

	if (!abi)
		return -ENOTSUP;
	op->interface_version = abi->domctl_version;
	return xen_error(door(__HYPERVISOR_domctl, (uintptr_t)op, 0, 0, 0, 0));
}

int domctl_call(struct xen_domctl *op)
{
	return call_by(xen_hypercall, op);
}

// An operation without arguments.
static int domctl_simple(uint32_t command, domid_t domid)
{
	struct xen_domctl op;

	domctl_prepare(&op, command, domid);
	return domctl_call(&op);
}

int domctl_create(const struct domain_creation *creation, domid_t wanted, domid_t *domid)
{
	const struct xen_abi *abi = xen_abi();
	struct xen_domctl op;

	if (!abi)
		return -ENOTSUP;
	domctl_prepare(&op, XEN_DOMCTL_createdomain, wanted);
	abi->fill_createdomain(&op, creation);
	int error = domctl_call(&op);
	if (!error)
		*domid = op.domain;
	return error;
}

int domctl_destroy(domid_t domid)
{
	struct xen_domctl op;
	int error;

	domctl_prepare(&op, XEN_DOMCTL_destroydomain, domid);
	for (;;) {
		timer_set(time_now() + PART_MAX);
		error = call_by(xen_hypercall_in_parts, &op);
		if (error != -EAGAIN)
			return error;
		task_yield();
	}
}

int domctl_pause(domid_t domid)
{
	return domctl_simple(XEN_DOMCTL_pausedomain, domid);
}

int domctl_unpause(domid_t domid)
{
	return domctl_simple(XEN_DOMCTL_unpausedomain, domid);
}

int domctl_resume(domid_t domid)
{
	return domctl_simple(XEN_DOMCTL_resumedomain, domid);
}

void domain_info_read(struct domain_info *info, const struct xen_domctl_getdomaininfo *from)
{
	*info = (struct domain_info){
		.domid = from->domain,
		.dying = from->flags & XEN_DOMINF_dying,
		.shutdown = from->flags & XEN_DOMINF_shutdown,
		.paused = from->flags & XEN_DOMINF_paused,
		.blocked = from->flags & XEN_DOMINF_blocked,
		.running = from->flags & XEN_DOMINF_running,
		.shutdown_reason = from->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask,
		.pages = from->tot_pages,
		.max_pages = from->max_pages,
		.claimed_pages = from->outstanding_pages,
		.cpu_time = from->cpu_time,
		.online_vcpus = from->nr_online_vcpus,
		.max_vcpus = from->max_vcpu_id == XEN_INVALID_MAX_VCPU_ID ? 0 : from->max_vcpu_id + 1,
		.ssidref = from->ssidref,
		.cpupool = from->cpupool,
		.address_bits = from->gpaddr_bits,
	};
	memcpy(info->handle, from->handle, sizeof(info->handle));
}

int domctl_get_info(domid_t domid, struct domain_info *info)
{
	struct xen_domctl op;

	domctl_prepare(&op, XEN_DOMCTL_getdomaininfo, domid);
	int error = domctl_call(&op);
	if (error)
		return error;
	if (op.u.getdomaininfo.domain != domid) // Xen 4.17 answers for the next domain that exists
		return -ESRCH;
	domain_info_read(info, &op.u.getdomaininfo);
	return 0;
}

int domctl_get_vcpu_info(domid_t domid, unsigned int vcpu, struct vcpu_info_summary *info)
{
	struct xen_domctl op;

	domctl_prepare(&op, XEN_DOMCTL_getvcpuinfo, domid);
	op.u.getvcpuinfo.vcpu = vcpu;
	int error = domctl_call(&op);
	if (error)
		return error;
	*info = (struct vcpu_info_summary){
		.online = op.u.getvcpuinfo.online,
		.blocked = op.u.getvcpuinfo.blocked,
		.running = op.u.getvcpuinfo.running,
		.cpu_time = op.u.getvcpuinfo.cpu_time,
		.cpu = op.u.getvcpuinfo.cpu,
	};
	return 0;
}

int domctl_max_vcpus(domid_t domid, uint32_t vcpus)
{
	struct xen_domctl op;

	domctl_prepare(&op, XEN_DOMCTL_max_vcpus, domid);
	op.u.max_vcpus.max = vcpus;
	return domctl_call(&op);
}

int domctl_set_64bit(domid_t domid)
{
	struct xen_domctl op;

	domctl_prepare(&op, XEN_DOMCTL_set_address_size, domid);
	op.u.address_size.size = 64;
	return domctl_call(&op);
}

int domctl_set_max_memory(domid_t domid, uint64_t kib)
{
	struct xen_domctl op;

	domctl_prepare(&op, XEN_DOMCTL_max_mem, domid);
	op.u.max_mem.max_memkb = kib;
	return domctl_call(&op);
}

int domctl_set_paging_pool(domid_t domid, uint64_t bytes)
{
	struct xen_domctl op;

	domctl_prepare(&op, XEN_DOMCTL_set_paging_mempool_size, domid);
	op.u.paging_mempool.size = bytes;
	return domctl_call(&op);
}

int domctl_set_handle(domid_t domid, const uint8_t handle[16])
{
	struct xen_domctl op;

	domctl_prepare(&op, XEN_DOMCTL_setdomainhandle, domid);
	memcpy(op.u.setdomainhandle.handle, handle, sizeof(op.u.setdomainhandle.handle));
	return domctl_call(&op);
}

int domctl_set_entry(domid_t domid, uint64_t entry, uint64_t x0)
{
	struct xen_domctl op;
	vcpu_guest_context_t context;

	memset(&context, 0, sizeof(context));
	context.flags = VGCF_online;
	context.user_regs.pc64 = entry;
	context.user_regs.x0 = x0;
	context.user_regs.cpsr = PSR_GUEST64_INIT;
	context.sctlr = SCTLR_GUEST_INIT;

	domctl_prepare(&op, XEN_DOMCTL_setvcpucontext, domid);
	op.u.vcpucontext.vcpu = 0;
	op.u.vcpucontext.ctxt.p = &context;
	return domctl_call(&op);
}

int domctl_get_vcpu_context(domid_t domid, unsigned int vcpu, vcpu_guest_context_t *context)
{
	struct xen_domctl op;

	domctl_prepare(&op, XEN_DOMCTL_getvcpucontext, domid);
	op.u.vcpucontext.vcpu = vcpu;
	op.u.vcpucontext.ctxt.p = context;
	return domctl_call(&op);
}

int domctl_flush_cache(domid_t domid, gfn_t first, uint64_t frames)
{
	while (frames) {
		struct xen_domctl op;
		uint64_t count = MIN(frames, FLUSH_FRAMES_MAX);

		domctl_prepare(&op, XEN_DOMCTL_cacheflush, domid);
		op.u.cacheflush.start_pfn = first.number;
		op.u.cacheflush.nr_pfns = count;
		int error = domctl_call(&op);
		if (error)
			return error;
		first = gfn_add(first, count);
		frames -= count;
		if (task_should_yield())
			task_yield();
	}
	return 0;
}
