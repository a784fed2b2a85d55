// SPDX-License-Identifier: Apache-2.0
// Pools of CPUs (xen/common/sched/cpupool.c). Pool 0 has all CPUs at the start; credit2 and credit are the
// schedulers that this Xen was built with.
#include <errno.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/task.h"
#include "model/internal.h"

#define POOLS 8u

static struct pool {
	bool exists;
	uint32_t scheduler;
	struct cpu_set cpus;
	uint32_t slice_ms, rate_limit_us, delay_us;
	// Under credit: by when each timer that was started with an earlier slice has come, and since when the slice is.
	uint64_t earlier_until, slice_since;
} pools[POOLS];

#define TICKS_OF_SLICE 3

static unsigned int refusals; // of removals to come

void model_pool_busy(unsigned int times)
{
	refusals = times;
}

#define SLICE_MS      30u
#define RATE_LIMIT_US 1000u
#define RATE_MIN_US   100u
#define RATE_MAX_US   500000u

static struct pool new_pool(uint32_t scheduler)
{
	return (struct pool){
		.exists = true,
		.scheduler = scheduler,
		.slice_ms = SLICE_MS,
		.rate_limit_us = RATE_LIMIT_US,
	};
}

void pools_reset(void)
{
	memset(pools, 0, sizeof(pools));
	pools[0] = new_pool(XEN_SCHEDULER_CREDIT2);
	for (unsigned int cpu = 0; cpu < machine.options.cpus; cpu++)
		cpu_set_add(&pools[0].cpus, cpu);
}

static bool is_rate(uint32_t rate)
{
	return !rate || (rate >= RATE_MIN_US && rate <= RATE_MAX_US);
}

long pool_settings(struct xen_sysctl_scheduler_op *op)
{
	struct pool *pool = op->cpupool_id < POOLS ? &pools[op->cpupool_id] : NULL;
	bool get = op->cmd == XEN_SYSCTL_SCHEDOP_getinfo;

	if (!pool || !pool->exists)
		return -ESRCH;
	if (op->sched_id != pool->scheduler)
		return -EINVAL;
	if (pool->scheduler == XEN_SCHEDULER_CREDIT2) {
		if (!get && !is_rate(op->u.sched_credit2.ratelimit_us))
			return -EINVAL;
		if (!get)
			pool->rate_limit_us = op->u.sched_credit2.ratelimit_us;
		op->u.sched_credit2.ratelimit_us = pool->rate_limit_us;
		return 0;
	}
	if (!get) {
		const struct xen_sysctl_credit_schedule *wanted = &op->u.sched_credit;

		if (!wanted->tslice_ms || wanted->tslice_ms > XEN_SYSCTL_CSCHED_TSLICE_MAX || !is_rate(wanted->ratelimit_us) ||
		    wanted->ratelimit_us > wanted->tslice_ms * 1000 ||
		    wanted->vcpu_migr_delay_us > XEN_SYSCTL_CSCHED_MGR_DLY_MAX_US)
			return -EINVAL;
		uint64_t last = time_now() + MILLISECONDS(pool->slice_ms);

		pool->earlier_until = MAX(pool->earlier_until, last);
		pool->slice_since = time_now();
		pool->slice_ms = wanted->tslice_ms;
		pool->rate_limit_us = wanted->ratelimit_us;
		pool->delay_us = wanted->vcpu_migr_delay_us;
	}
	op->u.sched_credit = (struct xen_sysctl_credit_schedule){ pool->slice_ms, pool->rate_limit_us, pool->delay_us };
	return 0;
}

const struct cpu_set *pool_cpus(uint32_t id)
{
	return id < POOLS && pools[id].exists ? &pools[id].cpus : NULL;
}

static uint32_t domains_in(uint32_t id)
{
	struct domain_model *d;
	uint32_t count = 0;

	FOR_EACH_DOMAIN(d)
	count += d->cpupool == id;
	return count;
}

static bool is_free(unsigned int cpu)
{
	if (cpu >= machine.options.cpus)
		return false;
	for (uint32_t id = 0; id < POOLS; id++)
		if (pools[id].exists && cpu_set_has(&pools[id].cpus, cpu))
			return false;
	return true;
}

static long give_map(const struct xen_sysctl_cpupool_op *op, const struct cpu_set *cpus)
{
	if (op->cpumap.nr_bits != CPU_SET_CPUS)
		model_violation("cpupool_op: a map of %u CPUs", op->cpumap.nr_bits);
	return copy_out((uintptr_t)op->cpumap.bitmap.p, cpus, sizeof(*cpus)) ? 0 : -EFAULT;
}

static long create(struct xen_sysctl_cpupool_op *op)
{
	uint32_t id = 1;

	if (op->sched_id != XEN_SCHEDULER_CREDIT && op->sched_id != XEN_SCHEDULER_CREDIT2)
		return -ENOENT;
	if (op->cpupool_id != XEN_SYSCTL_CPUPOOL_PAR_ANY)
		model_violation("cpupool_op: a pool of a chosen number");
	while (id < POOLS && pools[id].exists)
		id++;
	if (id == POOLS)
		return -ENOMEM;
	pools[id] = new_pool(op->sched_id);
	op->cpupool_id = id;
	return 0;
}

static long destroy(uint32_t id)
{
	if (domains_in(id) || cpu_set_count(&pools[id].cpus))
		return -EBUSY;
	pools[id].exists = false;
	return 0;
}

static long info(struct xen_sysctl_cpupool_op *op)
{
	uint32_t id = op->cpupool_id;

	while (id < POOLS && !pools[id].exists)
		id++;
	if (id >= POOLS)
		return -ENOENT;
	op->cpupool_id = id;
	op->sched_id = pools[id].scheduler;
	op->n_dom = domains_in(id);
	return give_map(op, &pools[id].cpus);
}

static long free_info(struct xen_sysctl_cpupool_op *op)
{
	struct cpu_set free_cpus = { 0 };

	for (unsigned int cpu = 0; cpu < machine.options.cpus; cpu++)
		if (is_free(cpu))
			cpu_set_add(&free_cpus, cpu);
	return give_map(op, &free_cpus);
}

// A tick of credit at that moment is Xen's end.
static void no_tick_may_be_due(const struct pool *pool, bool has_timers)
{
	uint64_t now = time_now();

	if (pool->scheduler != XEN_SCHEDULER_CREDIT)
		return;
	if (pool->slice_ms < XEN_SYSCTL_CSCHED_TSLICE_MAX)
		model_violation("cpupool_op: a CPU joins or leaves while credit ticks");
	if (has_timers && (now < pool->earlier_until ||
			   now >= pool->slice_since + MILLISECONDS(pool->slice_ms) / TICKS_OF_SLICE))
		model_violation("cpupool_op: a CPU leaves while credit's timers may come");
}

static long add_cpu(struct pool *pool, unsigned int cpu)
{
	if (cpu >= machine.options.cpus)
		return -EINVAL;
	if (!is_free(cpu))
		return -EBUSY;
	no_tick_may_be_due(pool, false);
	cpu_set_add(&pool->cpus, cpu);
	return 0;
}

static long remove_cpu(uint32_t id, unsigned int cpu)
{
	struct pool *pool = &pools[id];

	if (!cpu_set_has(&pool->cpus, cpu))
		return -EINVAL;
	if (cpu_set_count(&pool->cpus) == 1 && domains_in(id))
		return -EBUSY;
	no_tick_may_be_due(pool, true);
	if (refusals) {
		refusals--;
		return -EAGAIN;
	}
	pool->cpus.bits[cpu / 64] &= ~(1ull << cpu % 64);
	return 0;
}

static long move_domain(uint32_t id, uint32_t domid)
{
	struct domain_model *d = domain_by_id((domid_t)domid);

	if (!d)
		return -ESRCH;
	if (!cpu_set_count(&pools[id].cpus))
		return -EBUSY;
	d->cpupool = id;
	return 0;
}

long do_cpupool_op(struct xen_sysctl_cpupool_op *op)
{
	if (op->op == XEN_SYSCTL_CPUPOOL_OP_CREATE)
		return create(op);
	if (op->op == XEN_SYSCTL_CPUPOOL_OP_INFO)
		return info(op);
	if (op->op == XEN_SYSCTL_CPUPOOL_OP_FREEINFO)
		return free_info(op);
	if (!pool_cpus(op->cpupool_id))
		return -ENOENT;
	switch (op->op) {
	case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
		return destroy(op->cpupool_id);
	case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
		return add_cpu(&pools[op->cpupool_id], op->cpu);
	case XEN_SYSCTL_CPUPOOL_OP_RMCPU:
		return remove_cpu(op->cpupool_id, op->cpu);
	case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
		return move_domain(op->cpupool_id, op->domid);
	}
	return -ENOSYS;
}
