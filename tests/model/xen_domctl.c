// SPDX-License-Identifier: Apache-2.0
// XEN_DOMCTL_* (xen/common/domctl.c, xen/arch/arm/domctl.c, xen/arch/arm/arm64/domctl.c).
#include <errno.h>
#include <string.h>

#include "kernel/compiler.h"
#include "model/internal.h"
#include "model/xen_domctl.h"

#define PAUSES_MAX 255u
#define CACHEFLUSH_MAX (1u << 18)
#define MAPPING_MAX 64u
#define PSR_MODE 0x1fu

// The domain that the operation names; every handler but createdomain's has one.
static struct domain_model *target;

static bool is_dom0(void)
{
	return target == dom0;
}

// ---- Life ----

static long destroydomain(struct xen_domctl *op)
{
	(void)op;
	if (is_dom0())
		return -EINVAL;
	return domain_kill(target) ? 0 : -EAGAIN;
}

static long pausedomain(struct xen_domctl *op)
{
	(void)op;
	if (is_dom0())
		return -EINVAL;
	if (target->pause_count == PAUSES_MAX)
		return -EOVERFLOW;
	target->pause_count++;
	return 0;
}

static long unpausedomain(struct xen_domctl *op)
{
	(void)op;
	if (!target->pause_count)
		return -EINVAL;
	target->pause_count--;
	if (!target->pause_count && !target->started)
		domain_start(target);
	return 0;
}

static long resumedomain(struct xen_domctl *op)
{
	(void)op;
	if (is_dom0())
		return -EINVAL;
	target->shut_down = false;
	return 0;
}

// ---- Information ----

static void set_flag(struct xen_domctl_getdomaininfo *info, uint32_t flag, bool value)
{
	info->flags |= value ? flag : 0;
}

void domain_fill_info(const struct domain_model *d, struct xen_domctl_getdomaininfo *info)
{
	unsigned int reason = d->shut_down ? d->shutdown_reason : XEN_DOMINF_shutdownmask;
	bool all_blocked = true, any_running = false;

	memset(info, 0, sizeof(*info));
	info->domain = d->domid;
	info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
	for (unsigned int i = 0; i < d->max_vcpus; i++) {
		const struct vcpu_model *v = &d->vcpus[i];

		if (!v->exists)
			continue;
		info->max_vcpu_id = i;
		info->cpu_time += v->cpu_time;
		if (v->down)
			continue;
		info->nr_online_vcpus++;
		all_blocked = all_blocked && v->blocked;
		any_running = any_running || (!v->blocked && d == dom0);
	}
	info->flags = XEN_DOMINF_hvm_guest | XEN_DOMINF_hap | reason << XEN_DOMINF_shutdownshift;
	set_flag(info, XEN_DOMINF_blocked, info->nr_online_vcpus && all_blocked);
	set_flag(info, XEN_DOMINF_running, any_running);
	set_flag(info, XEN_DOMINF_dying, d->dying == DEAD);
	set_flag(info, XEN_DOMINF_shutdown, d->shut_down);
	set_flag(info, XEN_DOMINF_paused, d->pause_count);
	info->ssidref = d->ssidref;
	info->tot_pages = domain_pages(d);
	info->max_pages = d->max_pages;
	info->shared_info_frame = UINT64_MAX;
	info->cpupool = d->cpupool;
	info->gpaddr_bits = 40;
	memcpy(info->handle, d->handle, sizeof(info->handle));
}

// Up to 4.17: of the next domain that exists.
static struct domain_model *domain_at_or_after(domid_t domid)
{
	struct domain_model *d;

	if (domid >= DOMID_FIRST_RESERVED)
		return NULL;
	FOR_EACH_DOMAIN (d)
		if (d->domid >= domid)
			return d;
	return NULL;
}

static long getdomaininfo(struct xen_domctl *op)
{
	domain_fill_info(target, &op->u.getdomaininfo);
	op->domain = target->domid;
	return 0;
}

static long getvcpuinfo(struct xen_domctl *op)
{
	struct xen_domctl_getvcpuinfo *info = &op->u.getvcpuinfo;
	const struct vcpu_model *v;

	if (info->vcpu >= target->max_vcpus)
		return -EINVAL;
	v = &target->vcpus[info->vcpu];
	if (!v->exists)
		return -ESRCH;
	info->online = !v->down;
	info->blocked = v->blocked;
	info->running = is_dom0() && !v->blocked;
	info->cpu_time = v->cpu_time;
	info->cpu = info->vcpu % machine.options.cpus;
	return 0;
}

static long setdomainhandle(struct xen_domctl *op)
{
	memcpy(target->handle, op->u.setdomainhandle.handle, sizeof(target->handle));
	return 0;
}

// ---- Limits ----

static long max_mem(struct xen_domctl *op)
{
	target->max_pages = op->u.max_mem.max_memkb >> (PAGE_SHIFT - 10);
	return 0;
}

static long max_vcpus(struct xen_domctl *op)
{
	if (is_dom0() || op->u.max_vcpus.max != target->max_vcpus)
		return -EINVAL;
	for (unsigned int i = 0; i < target->max_vcpus; i++)
		if (!target->vcpus[i].exists)
			domain_add_vcpu(target, i);
	return 0;
}

static long set_address_size(struct xen_domctl *op)
{
	if (op->u.address_size.size != 64)
		return -EINVAL; // the CPU has no 32-bit EL1
	if (domain_pages(target))
		return -EBUSY;
	target->is_64bit = true;
	return 0;
}

static long get_paging_mempool_size(struct xen_domctl *op)
{
	op->u.paging_mempool.size = runs_total(&target->pool) << PAGE_SHIFT;
	return 0;
}

static long set_paging_mempool_size(struct xen_domctl *op)
{
	uint64_t size = op->u.paging_mempool.size;

	if (size & PAGE_MASK)
		return -EINVAL;
	hypercall_takes(size >> PAGE_SHIFT);
	return pool_resize(target, size >> PAGE_SHIFT) ? 0 : -ENOMEM;
}

// ---- CPUs ----

static bool is_el1_or_el0(uint64_t psr)
{
	return (psr & PSR_MODE) == PSR_MODE_EL1h || (psr & PSR_MODE) == PSR_MODE_EL1t ||
	       (psr & PSR_MODE) == PSR_MODE_EL0t;
}

static long setvcpucontext(struct xen_domctl *op)
{
	unsigned int vcpu = op->u.vcpucontext.vcpu;
	vcpu_guest_context_t context;
	struct vcpu_model *v;

	if (is_dom0() || vcpu >= target->max_vcpus || !target->vcpus[vcpu].exists)
		return -EINVAL;
	v = &target->vcpus[vcpu];
	if (!op->u.vcpucontext.ctxt.p) {
		v->initialised = false;
		v->down = true;
		return 0;
	}
	if (!copy_in(&context, (uintptr_t)op->u.vcpucontext.ctxt.p, sizeof(context)))
		return -EFAULT;
	if (!target->is_64bit || !is_el1_or_el0(context.user_regs.cpsr) ||
	    (context.user_regs.spsr_el1 && !is_el1_or_el0(context.user_regs.spsr_el1)))
		return -EINVAL;
	v->context = context;
	v->initialised = true;
	v->down = !(context.flags & VGCF_online);
	return 0;
}

static long getvcpucontext(struct xen_domctl *op)
{
	unsigned int vcpu = op->u.vcpucontext.vcpu;

	if (is_dom0() || vcpu >= target->max_vcpus || !target->vcpus[vcpu].exists)
		return -EINVAL;
	if (!target->vcpus[vcpu].initialised)
		return -ENODATA;
	if (!copy_out((uintptr_t)op->u.vcpucontext.ctxt.p, &target->vcpus[vcpu].context,
		      sizeof(vcpu_guest_context_t)))
		return -EFAULT;
	return 0;
}

// What is asked for is kept, what counts is answered: common/sched/core.c, vcpu_affinity_domctl().
static long set_affinity(const struct xenctl_bitmap *map, struct cpu_set *wanted)
{
	const struct cpu_set *pool = pool_cpus(target->cpupool);
	struct cpu_set set, counts;

	if (map->nr_bits != CPU_SET_CPUS)
		model_violation("setvcpuaffinity: a map of %u CPUs", map->nr_bits);
	if (!copy_in(&set, (uintptr_t)map->bitmap.p, sizeof(set)))
		return -EFAULT;
	for (size_t i = 0; i < ARRAY_SIZE(set.bits); i++)
		counts.bits[i] = set.bits[i] & pool->bits[i];
	if (!cpu_set_count(&counts))
		return -EINVAL;
	*wanted = set;
	return copy_out((uintptr_t)map->bitmap.p, &counts, sizeof(counts)) ? 0 : -EFAULT;
}

static struct vcpu_model *affinity_vcpu(const struct xen_domctl_vcpuaffinity *affinity)
{
	if (affinity->vcpu >= target->max_vcpus || !target->vcpus[affinity->vcpu].exists)
		return NULL;
	return &target->vcpus[affinity->vcpu];
}

static long setvcpuaffinity(struct xen_domctl *op)
{
	const struct xen_domctl_vcpuaffinity *affinity = &op->u.vcpuaffinity;
	struct vcpu_model *v = affinity_vcpu(affinity);
	long error = 0;

	if (!v)
		return affinity->vcpu >= target->max_vcpus ? -EINVAL : -ESRCH;
	if (!(affinity->flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)))
		return -EINVAL;
	if (affinity->flags & XEN_VCPUAFFINITY_HARD)
		error = set_affinity(&affinity->cpumap_hard, &v->hard);
	if (!error && affinity->flags & XEN_VCPUAFFINITY_SOFT)
		error = set_affinity(&affinity->cpumap_soft, &v->soft);
	return error;
}

static long getvcpuaffinity(struct xen_domctl *op)
{
	const struct xen_domctl_vcpuaffinity *affinity = &op->u.vcpuaffinity;
	const struct vcpu_model *v = affinity_vcpu(affinity);

	if (!v)
		return affinity->vcpu >= target->max_vcpus ? -EINVAL : -ESRCH;
	if (!copy_out((uintptr_t)affinity->cpumap_hard.bitmap.p, &v->hard, sizeof(v->hard)) ||
	    !copy_out((uintptr_t)affinity->cpumap_soft.bitmap.p, &v->soft, sizeof(v->soft)))
		return -EFAULT;
	return 0;
}

static long scheduler_op(struct xen_domctl *op)
{
	struct xen_domctl_scheduler_op *s = &op->u.scheduler_op;

	if (s->sched_id != XEN_SCHEDULER_CREDIT2)
		return -EINVAL; // the domain's pool has another one
	if (s->cmd == XEN_DOMCTL_SCHEDOP_getinfo) {
		s->u.credit2.weight = target->weight;
		s->u.credit2.cap = target->cap;
		return 0;
	}
	if (s->cmd != XEN_DOMCTL_SCHEDOP_putinfo)
		return -EINVAL;
	if (s->u.credit2.weight)
		target->weight = s->u.credit2.weight;
	target->cap = s->u.credit2.cap;
	return 0;
}

// ---- Caches ----

static long cacheflush(struct xen_domctl *op)
{
	uint64_t first = op->u.cacheflush.start_pfn, count = op->u.cacheflush.nr_pfns;
	struct run part;

	if (count > CACHEFLUSH_MAX || first + count < first)
		return -EINVAL;
	for (uint64_t at = first; runs_next(&target->p2m, at, first + count, &part);
	     at = part.start + part.count) {
		runs_remove(&machine.unflushed, part.value, part.count);
		hypercall_takes(part.count * 20);
	}
	return 0;
}

// ---- Devices ----

static bool permitted(const struct domain_model *d, uint64_t mfn, uint64_t count)
{
	return runs_covered(&d->iomem, mfn, count) == count;
}

static long iomem_permission(struct xen_domctl *op)
{
	uint64_t first = op->u.iomem_permission.first_mfn, count = op->u.iomem_permission.nr_mfns;

	if (first + count - 1 < first)
		return -EINVAL;
	if (!permitted(dom0, first, count))
		return -EPERM;
	if (op->u.iomem_permission.allow_access)
		runs_add(&target->iomem, first, count);
	else
		runs_remove(&target->iomem, first, count);
	return 0;
}

// Stops where it fails: what is mapped then stays.
static long map_mmio(uint64_t gfn, uint64_t mfn, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		int error = p2m_map(target, gfn + i, mfn + i, 0, FRAME_MMIO);

		if (error)
			return error;
	}
	return 0;
}

// What isn't mapped is passed over; RAM is left alone.
static long unmap_mmio(uint64_t gfn, uint64_t count)
{
	struct run part;

	if (target->dying)
		return -ENOMEM;
	for (uint64_t at = gfn; runs_next(&target->p2m, at, gfn + count, &part); at = part.start + part.count)
		if (part.kind != FRAME_MMIO)
			return -EILSEQ;
	while (runs_next(&target->p2m, gfn, gfn + count, &part))
		p2m_unmap(target, part.start, part.count);
	return 0;
}

static long memory_mapping(struct xen_domctl *op)
{
	const struct xen_domctl_memory_mapping *m = &op->u.memory_mapping;
	uint64_t end = m->first_mfn + m->nr_mfns - 1;

	if (end < m->first_mfn || end >= MACHINE_FRAMES || m->first_gfn + m->nr_mfns - 1 < m->first_gfn)
		return -EINVAL;
	if (m->padding)
		model_violation("memory_mapping: padding isn't 0");
	if (m->nr_mfns > MAPPING_MAX)
		return -E2BIG;
	if (!permitted(dom0, m->first_mfn, m->nr_mfns) || !permitted(target, m->first_mfn, m->nr_mfns))
		return -EPERM;
	if (m->add_mapping)
		return map_mmio(m->first_gfn, m->first_mfn, m->nr_mfns);
	return unmap_mmio(m->first_gfn, m->nr_mfns);
}

static long irq_permission(struct xen_domctl *op)
{
	(void)op;
	return xen_has(IRQ_PERMISSION) ? 0 : -ENOSYS;
}

static int check_pt_irq(const struct xen_domctl_bind_pt_irq *bind)
{
	if (bind->irq_type != PT_IRQ_TYPE_SPI)
		return -EOPNOTSUPP;
	if (bind->u.spi.spi != bind->machine_irq)
		return -EINVAL;
	return irq_set_has(dom0->irqs_permitted, bind->machine_irq) ? 0 : -EPERM;
}

static long bind_pt_irq(struct xen_domctl *op)
{
	const struct xen_domctl_bind_pt_irq *bind = &op->u.bind_pt_irq;
	int error = check_pt_irq(bind);

	if (error)
		return error;
	if (bind->machine_irq >= 32 + target->nr_spis || irq_set_has(target->irqs_bound, bind->machine_irq))
		return -EBUSY; // the guest has no such line, or it is taken
	if (irq_owner(bind->machine_irq))
		return -EBUSY;
	irq_set_put(target->irqs_bound, bind->machine_irq, true);
	return 0;
}

static long unbind_pt_irq(struct xen_domctl *op)
{
	const struct xen_domctl_bind_pt_irq *bind = &op->u.bind_pt_irq;
	int error = check_pt_irq(bind);

	if (error)
		return error;
	if (!irq_set_has(target->irqs_bound, bind->machine_irq))
		return -EINVAL;
	if (!target->dying)
		return -EBUSY; // the guest may be at it (gic_remove_irq_from_guest())
	irq_set_put(target->irqs_bound, bind->machine_irq, false);
	return 0;
}

static long assign_device(struct xen_domctl *op)
{
	return device_assign(target, &op->u.assign_device);
}

static long deassign_device(struct xen_domctl *op)
{
	return device_deassign(target, &op->u.assign_device);
}

static long set_virq_handler(struct xen_domctl *op)
{
	return virq_set_handler(op->u.set_virq_handler.virq, target->domid);
}

static long vuart_op(struct xen_domctl *op)
{
	return op->u.vuart_op.cmd == XEN_DOMCTL_VUART_OP_INIT && !target->started ? -EOPNOTSUPP : -EPERM;
}

// ---- The table ----

#define PART(member) sizeof(((struct xen_domctl *)0)->u.member)

// The operation's part of `u`, behind which all must be 0, and the errors with which it can fail though the
// caller did nothing wrong: none for what only takes back.
#define DOMCTL(name, member, ...) { XEN_DOMCTL_##name, #name, name, PART(member), { __VA_ARGS__ } }
#define DOMCTL_WITHOUT_ARGUMENTS(name, ...) { XEN_DOMCTL_##name, #name, name, 0, { __VA_ARGS__ } }

static const struct domctl {
	unsigned int number;
	const char *name;
	long (*run)(struct xen_domctl *op);
	size_t size;
	int errors[4];
} domctls[] = {
	{ XEN_DOMCTL_createdomain, "createdomain", createdomain, sizeof(((struct xen_domctl *)0)->u),
	  { -ENOMEM, -EPERM } },
	DOMCTL_WITHOUT_ARGUMENTS(destroydomain, -EPERM),
	DOMCTL_WITHOUT_ARGUMENTS(pausedomain, -EPERM),
	DOMCTL_WITHOUT_ARGUMENTS(unpausedomain, -EPERM),
	DOMCTL_WITHOUT_ARGUMENTS(resumedomain, -EPERM),
	DOMCTL(getdomaininfo, getdomaininfo, -EPERM),
	DOMCTL(max_mem, max_mem, -EPERM),
	DOMCTL(setvcpucontext, vcpucontext, -ENOMEM, -EPERM),
	DOMCTL(getvcpucontext, vcpucontext, -ENOMEM, -EPERM),
	DOMCTL(getvcpuinfo, getvcpuinfo, -EPERM),
	DOMCTL(max_vcpus, max_vcpus, -ENOMEM, -EPERM),
	DOMCTL(setdomainhandle, setdomainhandle, -EPERM),
	DOMCTL(irq_permission, irq_permission, -EPERM),
	DOMCTL(iomem_permission, iomem_permission, -ENOMEM, -EPERM),
	DOMCTL(memory_mapping, memory_mapping, -ENOMEM, -EPERM),
	DOMCTL(bind_pt_irq, bind_pt_irq, -ENOMEM, -EBUSY),
	DOMCTL(unbind_pt_irq, bind_pt_irq),
	DOMCTL(setvcpuaffinity, vcpuaffinity, -ENOMEM, -EPERM),
	DOMCTL(getvcpuaffinity, vcpuaffinity, -ENOMEM, -EPERM),
	DOMCTL(scheduler_op, scheduler_op, -EPERM),
	DOMCTL(set_address_size, address_size, -EPERM),
	DOMCTL(assign_device, assign_device, -ENOMEM, -EPERM),
	DOMCTL(deassign_device, assign_device),
	DOMCTL(set_virq_handler, set_virq_handler, -EPERM),
	DOMCTL(cacheflush, cacheflush, -EPERM),
	DOMCTL(vuart_op, vuart_op),
	DOMCTL(get_paging_mempool_size, paging_mempool, -EPERM),
	DOMCTL(set_paging_mempool_size, paging_mempool, -ENOMEM, -EPERM),
};

static void check_unused(const struct domctl *entry, const struct xen_domctl *op)
{
	const uint8_t *u = (const uint8_t *)&op->u;

	for (size_t i = entry->size; i < sizeof(op->u); i++)
		if (u[i])
			model_violation("%s: byte %zu of the union is not part of it but isn't 0",
					entry->name, i);
	for (size_t i = 0; i < ARRAY_SIZE(op->_pad); i++)
		if (op->_pad[i])
			model_violation("%s: padding behind the domain's id isn't 0", entry->name);
}

static struct domain_model *find_target(const struct domctl *entry, domid_t domid)
{
	if (entry->number == XEN_DOMCTL_getdomaininfo && xen_has(NEXT_DOMAIN_INFO))
		return domain_at_or_after(domid);
	return domid == DOMID_SELF ? NULL : domain_by_id(domid);
}

static long run(const struct domctl *entry, struct xen_domctl *op)
{
	check_unused(entry, op);
	target = find_target(entry, op->domain);
	if (!target && entry->number != XEN_DOMCTL_createdomain)
		return -ESRCH;
	if (entry->errors[0] && fault_strikes(FAULT_HYPERCALL, "domctl %s", entry->name))
		return fault_choose(entry->errors, ARRAY_SIZE(entry->errors));
	return entry->run(op);
}

long do_domctl(const uint64_t *a)
{
	struct xen_domctl op;
	long result;

	if (!copy_in(&op, a[0], sizeof(op)))
		return -EFAULT;
	if (op.interface_version != machine.rules->domctl_version)
		return -EACCES;
	for (size_t i = 0; i < ARRAY_SIZE(domctls); i++) {
		if (domctls[i].number != op.cmd)
			continue;
		result = run(&domctls[i], &op);
		if (result >= 0 && !copy_out(a[0], &op, sizeof(op)))
			return -EFAULT;
		return result;
	}
	return -ENOSYS;
}
