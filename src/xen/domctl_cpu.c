// SPDX-License-Identifier: Apache-2.0
// XEN_DOMCTL_*: where a domain's CPUs run, and how much.
#include <errno.h>

#include "kernel/compiler.h"
#include "xen/domctl.h"
#include "xen/domctl_call.h"

static void set_bitmap(struct xenctl_bitmap *bitmap, struct cpu_set *set)
{
	bitmap->bitmap.p =
		(uint8_t *)set->bits; // of bytes, the lowest first: as an aarch64 word lies in memory
	bitmap->nr_bits = CPU_SET_CPUS;
}

int domctl_get_affinity(domid_t domid, unsigned int vcpu, struct cpu_set *hard, struct cpu_set *soft)
{
	struct xen_domctl op;

	*hard = *soft = (struct cpu_set){ 0 };
	domctl_prepare(&op, XEN_DOMCTL_getvcpuaffinity, domid);
	op.u.vcpuaffinity.vcpu = vcpu;
	op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT;
	set_bitmap(&op.u.vcpuaffinity.cpumap_hard, hard);
	set_bitmap(&op.u.vcpuaffinity.cpumap_soft, soft);
	return domctl_call(&op);
}

int domctl_set_affinity(domid_t domid, unsigned int vcpu, struct cpu_set *hard, struct cpu_set *soft,
			bool force)
{
	struct xen_domctl op;

	domctl_prepare(&op, XEN_DOMCTL_setvcpuaffinity, domid);
	op.u.vcpuaffinity.vcpu = vcpu;
	op.u.vcpuaffinity.flags = (hard ? XEN_VCPUAFFINITY_HARD : 0) | (soft ? XEN_VCPUAFFINITY_SOFT : 0) |
				  (force ? XEN_VCPUAFFINITY_FORCE : 0);
	if (hard)
		set_bitmap(&op.u.vcpuaffinity.cpumap_hard, hard);
	if (soft)
		set_bitmap(&op.u.vcpuaffinity.cpumap_soft, soft);
	return domctl_call(&op);
}

int domctl_get_scheduling(domid_t domid, uint32_t scheduler, struct scheduling *scheduling)
{
	struct xen_domctl op;

	domctl_prepare(&op, XEN_DOMCTL_scheduler_op, domid);
	op.u.scheduler_op.sched_id = scheduler;
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
	int error = domctl_call(&op);
	if (error)
		return error;
	*scheduling = (struct scheduling){ 0 };
	switch (scheduler) {
	case XEN_SCHEDULER_CREDIT:
		scheduling->weight = op.u.scheduler_op.u.credit.weight;
		scheduling->cap = op.u.scheduler_op.u.credit.cap;
		return 0;
	case XEN_SCHEDULER_CREDIT2:
		scheduling->weight = op.u.scheduler_op.u.credit2.weight;
		scheduling->cap = op.u.scheduler_op.u.credit2.cap;
		return 0;
	case XEN_SCHEDULER_RTDS:
		scheduling->period = op.u.scheduler_op.u.rtds.period;
		scheduling->budget = op.u.scheduler_op.u.rtds.budget;
		scheduling->extra_time = op.u.scheduler_op.u.rtds.flags & XEN_DOMCTL_SCHEDRT_extra;
		return 0;
	}
	return -EOPNOTSUPP;
}

int domctl_set_scheduling(domid_t domid, uint32_t scheduler, const struct scheduling *scheduling)
{
	struct xen_domctl op;

	domctl_prepare(&op, XEN_DOMCTL_scheduler_op, domid);
	op.u.scheduler_op.sched_id = scheduler;
	op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
	switch (scheduler) {
	case XEN_SCHEDULER_CREDIT:
		op.u.scheduler_op.u.credit.weight = (uint16_t)scheduling->weight;
		op.u.scheduler_op.u.credit.cap = (uint16_t)scheduling->cap;
		break;
	case XEN_SCHEDULER_CREDIT2:
		op.u.scheduler_op.u.credit2.weight = (uint16_t)scheduling->weight;
		op.u.scheduler_op.u.credit2.cap = (uint16_t)scheduling->cap;
		break;
	case XEN_SCHEDULER_RTDS:
		op.u.scheduler_op.u.rtds.period = scheduling->period;
		op.u.scheduler_op.u.rtds.budget = scheduling->budget;
		op.u.scheduler_op.u.rtds.flags = scheduling->extra_time ? XEN_DOMCTL_SCHEDRT_extra : 0;
		break;
	default:
		return -EOPNOTSUPP;
	}
	return domctl_call(&op);
}
