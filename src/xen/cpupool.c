// SPDX-License-Identifier: Apache-2.0
// XEN_SYSCTL_cpupool_op.
#include "xen/cpupool.h"

#include <errno.h>

#include "kernel/compiler.h"
#include "xen/sysctl_call.h"

static void prepare(struct xen_sysctl *op, uint32_t what, uint32_t id)
{
	sysctl_prepare(op, XEN_SYSCTL_cpupool_op);
	op->u.cpupool_op.op = what;
	op->u.cpupool_op.cpupool_id = id;
}

static void set_bitmap(struct xen_sysctl *op, struct cpu_set *cpus)
{
	*cpus = (struct cpu_set){ 0 };
	op->u.cpupool_op.cpumap.bitmap.p = (uint8_t *)cpus->bits;
	op->u.cpupool_op.cpumap.nr_bits = CPU_SET_CPUS;
}

int cpupool_next(uint32_t id, struct cpupool *pool)
{
	struct xen_sysctl op;

	prepare(&op, XEN_SYSCTL_CPUPOOL_OP_INFO, id);
	set_bitmap(&op, &pool->cpus);
	int error = sysctl_call(&op);
	if (error)
		return error;
	pool->id = op.u.cpupool_op.cpupool_id;
	pool->scheduler = op.u.cpupool_op.sched_id;
	pool->domains = op.u.cpupool_op.n_dom;
	return 0;
}

int cpupool_free_cpus(struct cpu_set *cpus)
{
	struct xen_sysctl op;

	prepare(&op, XEN_SYSCTL_CPUPOOL_OP_FREEINFO, 0);
	set_bitmap(&op, cpus);
	return sysctl_call(&op);
}

int cpupool_create(uint32_t scheduler, uint32_t *id)
{
	struct xen_sysctl op;

	prepare(&op, XEN_SYSCTL_CPUPOOL_OP_CREATE, XEN_SYSCTL_CPUPOOL_PAR_ANY);
	op.u.cpupool_op.sched_id = scheduler;
	int error = sysctl_call(&op);
	if (!error)
		*id = op.u.cpupool_op.cpupool_id;
	return error;
}

int cpupool_destroy(uint32_t id)
{
	struct xen_sysctl op;

	prepare(&op, XEN_SYSCTL_CPUPOOL_OP_DESTROY, id);
	return sysctl_call(&op);
}

static int change_cpu(uint32_t what, uint32_t id, unsigned int cpu)
{
	struct xen_sysctl op;

	prepare(&op, what, id);
	op.u.cpupool_op.cpu = cpu;
	return sysctl_call(&op);
}

int cpupool_add_cpu(uint32_t id, unsigned int cpu)
{
	return change_cpu(XEN_SYSCTL_CPUPOOL_OP_ADDCPU, id, cpu);
}

int cpupool_remove_cpu(uint32_t id, unsigned int cpu)
{
	return change_cpu(XEN_SYSCTL_CPUPOOL_OP_RMCPU, id, cpu);
}

int cpupool_move_domain(uint32_t id, domid_t domid)
{
	struct xen_sysctl op;

	prepare(&op, XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, id);
	op.u.cpupool_op.domid = domid;
	return sysctl_call(&op);
}
