// SPDX-License-Identifier: Apache-2.0
// XEN_SYSCTL_* (xen/common/sysctl.c): the machine as a whole.
#include <errno.h>
#include <string.h>

#include "kernel/compiler.h"
#include "model/internal.h"
#include "model/xen_console.h"

#define CPU_KHZ 62500u

static long physinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_physinfo *info = &op->u.physinfo;

	memset(info, 0, sizeof(*info));
	info->threads_per_core = 1;
	info->cores_per_socket = machine.options.cpus;
	info->nr_cpus = machine.options.cpus;
	info->max_cpu_id = machine.options.cpus - 1;
	info->nr_nodes = 1;
	info->cpu_khz = CPU_KHZ;
	info->capabilities = XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap | XEN_SYSCTL_PHYSCAP_gnttab_v1 |
			     (machine.options.iommu ? XEN_SYSCTL_PHYSCAP_directio : 0u);
	info->total_pages = machine.options.ram >> PAGE_SHIFT;
	info->free_pages = runs_total(&machine.free);
	info->max_mfn = ((MACHINE_RAM_START + machine.options.ram) >> PAGE_SHIFT) - 1;
	return 0;
}

static long sched_id(struct xen_sysctl *op)
{
	op->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
	return 0;
}

static long getdomaininfolist(struct xen_sysctl *op)
{
	struct xen_sysctl_getdomaininfolist *list = &op->u.getdomaininfolist;
	struct domain_model *d;

	list->num_domains = 0;
	FOR_EACH_DOMAIN (d) {
		struct xen_domctl_getdomaininfo info;

		if (d->domid < list->first_domain)
			continue;
		if (list->num_domains == list->max_domains)
			break;
		domain_fill_info(d, &info);
		if (!copy_out((uintptr_t)(list->buffer.p + list->num_domains), &info, sizeof(info)))
			return -EFAULT;
		list->num_domains++;
	}
	return 0;
}

static long getcpuinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_getcpuinfo *list = &op->u.getcpuinfo;

	list->nr_cpus = MIN(list->max_cpus, machine.options.cpus);
	for (uint32_t i = 0; i < list->nr_cpus; i++) {
		struct xen_sysctl_cpuinfo info = { .idletime = 0 };

		if (!copy_out((uintptr_t)(list->info.p + i), &info, sizeof(info)))
			return -EFAULT;
	}
	return 0;
}

static long cputopoinfo(struct xen_sysctl *op)
{
	struct xen_sysctl_cputopoinfo *list = &op->u.cputopoinfo;

	list->num_cpus = MIN(list->num_cpus, machine.options.cpus);
	for (uint32_t i = 0; i < list->num_cpus; i++) {
		struct xen_sysctl_cputopo place = { .core = i };

		if (!copy_out((uintptr_t)(list->cputopo.p + i), &place, sizeof(place)))
			return -EFAULT;
	}
	return 0;
}

static long numainfo(struct xen_sysctl *op)
{
	struct xen_sysctl_meminfo memory = {
		.memsize = machine.options.ram,
		.memfree = runs_total(&machine.free) << PAGE_SHIFT,
	};
	uint32_t distance = 10;

	if (op->u.numainfo.num_nodes < 1)
		model_violation("numainfo: no room for the node that there is");
	op->u.numainfo.num_nodes = 1;
	return copy_out((uintptr_t)op->u.numainfo.meminfo.p, &memory, sizeof(memory)) &&
			       copy_out((uintptr_t)op->u.numainfo.distance.p, &distance, sizeof(distance)) ?
		       0 :
		       -EFAULT;
}

// xen/common/sched/core.c, credit.c, credit2.c.
static long scheduler_op(struct xen_sysctl *op)
{
	struct xen_sysctl_scheduler_op *s = &op->u.scheduler_op;

	if (s->cmd != XEN_SYSCTL_SCHEDOP_getinfo && s->cmd != XEN_SYSCTL_SCHEDOP_putinfo)
		return -EINVAL;
	return pool_settings(s);
}

static long readconsole(struct xen_sysctl *op)
{
	return console_read_ring(&op->u.readconsole);
}

static long cpupool_op(struct xen_sysctl *op)
{
	return do_cpupool_op(&op->u.cpupool_op);
}

// What Xen prints about a key comes from its own console.
static long debug_keys(struct xen_sysctl *op)
{
	char key;

	for (uint32_t i = 0; i < op->u.debug_keys.nr_keys; i++) {
		if (!copy_in(&key, (uintptr_t)op->u.debug_keys.keys.p + i, 1))
			return -EFAULT;
		model_xen_prints((const char[]){ '(', 'X', 'E', 'N', ')', ' ', key, '\n', '\0' });
	}
	return 0;
}

#define SYSCTL(name) { XEN_SYSCTL_##name, #name, name, sizeof(((struct xen_sysctl *)0)->u.name) }

static const struct sysctl {
	unsigned int number;
	const char *name;
	long (*run)(struct xen_sysctl *op);
	size_t size; // of its part of `u`
} sysctls[] = {
	SYSCTL(readconsole),	   SYSCTL(physinfo),   SYSCTL(sched_id),
	SYSCTL(getdomaininfolist), SYSCTL(getcpuinfo), SYSCTL(cpupool_op),
	SYSCTL(debug_keys),	   SYSCTL(numainfo),   SYSCTL(cputopoinfo),
	SYSCTL(scheduler_op),
};

static void check_unused(const struct sysctl *entry, const struct xen_sysctl *op)
{
	const uint8_t *u = (const uint8_t *)&op->u;

	for (size_t i = entry->size; i < sizeof(op->u); i++)
		if (u[i])
			model_violation("%s: byte %zu of the union is not part of it but isn't 0",
					entry->name, i);
}

// All of them only ask, but a security policy can refuse each.
long do_sysctl(const uint64_t *a)
{
	struct xen_sysctl op;
	long result;

	if (!copy_in(&op, a[0], sizeof(op)))
		return -EFAULT;
	if (op.interface_version != machine.rules->sysctl_version)
		return -EACCES;
	for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++) {
		if (sysctls[i].number != op.cmd)
			continue;
		check_unused(&sysctls[i], &op);
		if (fault_strikes(FAULT_HYPERCALL, "sysctl %s", sysctls[i].name))
			return -EPERM;
		result = sysctls[i].run(&op);
		if (result >= 0 && !copy_out(a[0], &op, sizeof(op)))
			return -EFAULT;
		return result;
	}
	return -ENOSYS;
}
