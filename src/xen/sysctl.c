// SPDX-License-Identifier: Apache-2.0
// XEN_SYSCTL_*: the machine's figures, the list of domains, the scheduler, Xen's own console ring.
#include "xen/sysctl.h"

#include <errno.h>
#include <string.h>

#include "kernel/compiler.h"
#include "xen/domain_info.h"
#include "xen/hypercall.h"
#include "xen/sysctl_call.h"
#include "xen/version.h"

// Domains asked for in one call; they stay on the stack.
#define LIST_BATCH 8u

static const char *const scheduler_names[] = {
	[XEN_SCHEDULER_CREDIT] = "credit", [XEN_SCHEDULER_CREDIT2] = "credit2",
	[XEN_SCHEDULER_ARINC653] = "arinc653", [XEN_SCHEDULER_RTDS] = "rtds",
	[XEN_SCHEDULER_NULL] = "null",
};

void sysctl_prepare(struct xen_sysctl *op, uint32_t command)
{
	memset(op, 0, sizeof(*op));
	op->cmd = command;
}

int sysctl_call(struct xen_sysctl *op)
{
	const struct xen_abi *abi = xen_abi();

	if (!abi)
		return -ENOTSUP;
	op->interface_version = abi->sysctl_version;
	return xen_error(xen_hypercall(__HYPERVISOR_sysctl, (uintptr_t)op, 0, 0, 0, 0));
}

int sysctl_physical_info(struct physical_info *info)
{
	struct xen_sysctl op;

	sysctl_prepare(&op, XEN_SYSCTL_physinfo);
	int error = sysctl_call(&op);
	if (error)
		return error;

	const struct xen_sysctl_physinfo *from = &op.u.physinfo;
	*info = (struct physical_info){
		.threads_per_core = from->threads_per_core,
		.cores_per_socket = from->cores_per_socket,
		.cpus = from->nr_cpus,
		.max_cpu_id = from->max_cpu_id,
		.nodes = from->nr_nodes,
		.cpu_khz = from->cpu_khz,
		.total_pages = from->total_pages,
		.free_pages = from->free_pages,
		.scrub_pages = from->scrub_pages,
		.outstanding_pages = from->outstanding_pages,
		.max_mfn = from->max_mfn,
		.capabilities = from->capabilities,
		.arch_capabilities = from->arch_capabilities,
	};
	return 0;
}

_Static_assert(sizeof(struct cpu_place) == sizeof(xen_sysctl_cputopo_t) &&
	       offsetof(struct cpu_place, node) == offsetof(xen_sysctl_cputopo_t, node), "");

int sysctl_cpu_places(struct cpu_place *places, uint32_t *count)
{
	struct xen_sysctl op;

	sysctl_prepare(&op, XEN_SYSCTL_cputopoinfo);
	op.u.cputopoinfo.num_cpus = *count;
	op.u.cputopoinfo.cputopo.p = (xen_sysctl_cputopo_t *)places;
	int error = sysctl_call(&op);
	if (!error)
		*count = MIN(*count, op.u.cputopoinfo.num_cpus);
	return error;
}

int sysctl_memory_node(struct memory_node *node)
{
	xen_sysctl_meminfo_t memory = { 0 };
	struct xen_sysctl op;

	sysctl_prepare(&op, XEN_SYSCTL_numainfo);
	op.u.numainfo.num_nodes = 1;
	op.u.numainfo.meminfo.p = &memory;
	op.u.numainfo.distance.p = &node->distance;
	int error = sysctl_call(&op);
	node->size = memory.memsize;
	node->free = memory.memfree;
	return error;
}

int sysctl_domain_list(domid_t first, struct domain_info *list, size_t capacity, size_t *count)
{
	size_t filled = 0;
	uint32_t batch, found = 0;

	do {
		struct xen_domctl_getdomaininfo buffer[LIST_BATCH];
		struct xen_sysctl op;

		batch = (uint32_t)MIN(capacity - filled, LIST_BATCH);
		sysctl_prepare(&op, XEN_SYSCTL_getdomaininfolist);
		op.u.getdomaininfolist.first_domain = first;
		op.u.getdomaininfolist.max_domains = batch;
		op.u.getdomaininfolist.buffer.p = buffer;
		int error = sysctl_call(&op);
		if (error)
			return error;

		found = MIN(op.u.getdomaininfolist.num_domains, batch);
		for (uint32_t i = 0; i < found; i++)
			domain_info_read(&list[filled++], &buffer[i]);
		if (found)
			first = (domid_t)(buffer[found - 1].domain + 1);
	} while (found == batch && filled < capacity);
	*count = filled;
	return 0;
}

const char *scheduler_name(uint32_t scheduler)
{
	return scheduler < ARRAY_SIZE(scheduler_names) && scheduler_names[scheduler] ?
		       scheduler_names[scheduler] :
		       "unknown";
}

bool scheduler_find(const char *name, uint32_t *scheduler)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(scheduler_names); i++) {
		if (scheduler_names[i] && !strcmp(scheduler_names[i], name)) {
			*scheduler = i;
			return true;
		}
	}
	return false;
}

const char *sysctl_scheduler_name(void)
{
	struct xen_sysctl op;

	sysctl_prepare(&op, XEN_SYSCTL_sched_id);
	if (sysctl_call(&op))
		return "unknown";
	return scheduler_name(op.u.sched_id.sched_id);
}

static int scheduler_call(struct xen_sysctl *op, uint32_t pool, uint32_t scheduler, uint32_t what,
			  const struct scheduler_settings *settings)
{
	sysctl_prepare(op, XEN_SYSCTL_scheduler_op);
	op->u.scheduler_op.cpupool_id = pool;
	op->u.scheduler_op.sched_id = scheduler;
	op->u.scheduler_op.cmd = what;
	if (scheduler == XEN_SCHEDULER_CREDIT2) {
		op->u.scheduler_op.u.sched_credit2.ratelimit_us = settings->rate_limit_us;
	} else if (scheduler == XEN_SCHEDULER_CREDIT) {
		op->u.scheduler_op.u.sched_credit.tslice_ms = settings->slice_ms;
		op->u.scheduler_op.u.sched_credit.ratelimit_us = settings->rate_limit_us;
		op->u.scheduler_op.u.sched_credit.vcpu_migr_delay_us = settings->migration_delay_us;
	} else {
		return -EOPNOTSUPP;
	}
	return sysctl_call(op);
}

int sysctl_get_scheduler(uint32_t pool, uint32_t scheduler, struct scheduler_settings *settings)
{
	struct xen_sysctl op;

	*settings = (struct scheduler_settings){ 0 };
	int error = scheduler_call(&op, pool, scheduler, XEN_SYSCTL_SCHEDOP_getinfo, settings);
	if (error)
		return error;
	if (scheduler == XEN_SCHEDULER_CREDIT2) {
		settings->rate_limit_us = op.u.scheduler_op.u.sched_credit2.ratelimit_us;
		return 0;
	}
	settings->slice_ms = op.u.scheduler_op.u.sched_credit.tslice_ms;
	settings->rate_limit_us = op.u.scheduler_op.u.sched_credit.ratelimit_us;
	settings->migration_delay_us = op.u.scheduler_op.u.sched_credit.vcpu_migr_delay_us;
	return 0;
}

int sysctl_set_scheduler(uint32_t pool, uint32_t scheduler, const struct scheduler_settings *settings)
{
	struct xen_sysctl op;

	return scheduler_call(&op, pool, scheduler, XEN_SYSCTL_SCHEDOP_putinfo, settings);
}

int sysctl_debug_keys(const char *keys, uint32_t count)
{
	struct xen_sysctl op;

	sysctl_prepare(&op, XEN_SYSCTL_debug_keys);
	op.u.debug_keys.keys.p = (char *)(uintptr_t)keys;
	op.u.debug_keys.nr_keys = count;
	return sysctl_call(&op);
}

int sysctl_read_console(char *buffer, uint32_t *size, uint32_t *index, bool clear)
{
	struct xen_sysctl op;

	sysctl_prepare(&op, XEN_SYSCTL_readconsole);
	op.u.readconsole.clear = clear;
	op.u.readconsole.incremental = 1;
	op.u.readconsole.index = *index;
	op.u.readconsole.buffer.p = buffer;
	op.u.readconsole.count = *size;
	int error = sysctl_call(&op);
	if (error)
		return error;
	*size = op.u.readconsole.count;
	*index = op.u.readconsole.index;
	return 0;
}
