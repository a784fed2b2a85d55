// SPDX-License-Identifier: Apache-2.0
// The life of domains (xen/common/domain.c). A domain that is destroyed stays in the list, dying, until it is
// torn down and nobody maps a frame of it any more; Xen's own memory for it comes back a moment later.
#include <errno.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/panic.h"
#include "kernel/task.h"
#include "model/internal.h"

// Pages of Xen's heap: the domain, and each of its CPUs (the structure, and a stack of 32 KB).
#define OVERHEAD_OF_DOMAIN 3u
#define OVERHEAD_OF_VCPU 9u

// Tables for the emulated interrupt controller.
#define INITIAL_POOL 16u

#define GRACE_PERIOD MICROSECONDS(200)
#define DESTROY_DELAY MILLISECONDS(2)

struct list domains = LIST_INITIAL(domains);
struct domain_model *dom0;
static uint64_t destroy_delay = DESTROY_DELAY;

// ---- Finding ----

struct domain_model *domain_by_id(domid_t domid)
{
	struct domain_model *d;

	if (domid == DOMID_SELF)
		return dom0;
	FOR_EACH_DOMAIN (d)
		if (d->domid == domid)
			return d;
	return NULL;
}

struct domain_model *domain_must_exist(domid_t domid)
{
	struct domain_model *d = domain_by_id(domid);

	if (!d)
		model_violation("the test asks for domain %u, which doesn't exist", domid);
	return d;
}

uint64_t domain_pages(const struct domain_model *d)
{
	return runs_total(&d->pages);
}

bool irq_set_has(const uint64_t *set, unsigned int irq)
{
	return irq < IRQS && set[irq / 64] >> irq % 64 & 1;
}

void irq_set_put(uint64_t *set, unsigned int irq, bool value)
{
	uint64_t bit = 1ull << irq % 64;

	set[irq / 64] = value ? set[irq / 64] | bit : set[irq / 64] & ~bit;
}

const struct domain_model *irq_owner(unsigned int irq)
{
	struct domain_model *d;

	FOR_EACH_DOMAIN (d)
		if (irq_set_has(d->irqs_bound, irq))
			return d;
	return NULL;
}

// ---- Making ----

static bool take_overhead(struct domain_model *d, unsigned int pages)
{
	while (pages--) {
		uint64_t mfn = machine_allocate(0);

		if (mfn == NO_FRAME)
			return false;
		runs_add(&d->overhead, mfn, 1);
	}
	return true;
}

static void forget(struct domain_model *d)
{
	struct runs *const all[] = { &d->p2m,     &d->pages,   &d->xen_pages, &d->overhead,
				     &d->pool_l2, &d->pool_l3, &d->pool,      &d->iomem };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		runs_clear(all[i]);
	model_free(d->vcpus);
	model_free(d->ports);
	model_free(d);
}

static void free_domain(struct domain_model *d)
{
	for (size_t i = 0; i < d->overhead.count; i++)
		machine_release(d->overhead.items[i].start, d->overhead.items[i].count);
	forget(d);
}

static bool make_shared_info(struct domain_model *d)
{
	d->shared_info_mfn = machine_allocate(0);
	if (d->shared_info_mfn == NO_FRAME)
		return false;
	runs_add(&d->xen_pages, d->shared_info_mfn, 1);
	d->shared_info = machine_page(d->shared_info_mfn);
	memset(d->shared_info, 0, PAGE_SIZE);
	return true;
}

static void insert(struct domain_model *d)
{
	struct list *position = domains.next;

	while (position != &domains && LIST_ENTRY(position, struct domain_model, link)->domid < d->domid)
		position = position->next;
	list_insert_before(position, &d->link);
}

struct domain_model *domain_make(domid_t domid, unsigned int max_vcpus, int *error)
{
	struct domain_model *d = model_zalloc(sizeof(*d));
	uint64_t mfn;

	*error = -ENOMEM;
	list_init(&d->link);
	d->domid = domid;
	d->max_vcpus = max_vcpus;
	d->weight = 256;
	d->vcpus = model_zalloc(max_vcpus * sizeof(*d->vcpus));
	d->ports = model_zalloc(PORTS * sizeof(*d->ports));
	d->ports[0].state = PORT_RESERVED;
	d->max_port = PORTS - 1;
	d->max_grant_frames = GRANT_FRAMES_MAX;
	if (!take_overhead(d, OVERHEAD_OF_DOMAIN) || !make_shared_info(d) || grant_frame(d, 0, &mfn) ||
	    (domid != 0 && !pool_resize(d, INITIAL_POOL))) {
		p2m_relinquish(d);
		pool_resize(d, 0);
		free_domain(d);
		return NULL;
	}
	*error = 0;
	insert(d);
	return d;
}

void domain_add_vcpu(struct domain_model *d, unsigned int vcpu)
{
	d->vcpus[vcpu].exists = true;
	d->vcpus[vcpu].down = true;
	memset(&d->vcpus[vcpu].hard, 0xff, sizeof(d->vcpus[vcpu].hard));
	memset(&d->vcpus[vcpu].soft, 0xff, sizeof(d->vcpus[vcpu].soft));
	if (vcpu == 0)
		d->vcpus[0].info = &d->shared_info->vcpu_info[0];
	take_overhead(d, OVERHEAD_OF_VCPU);
}

// ---- Running ----

static void check_caches(const struct domain_model *d)
{
	for (size_t i = 0; i < machine.unflushed.count; i++) {
		const struct run *run = &machine.unflushed.items[i];

		for (uint64_t mfn = run->start; mfn < run->start + run->count; mfn++) {
			if (!runs_find(&d->pages, mfn) || frame_is_mapped(mfn))
				continue;
			model_violation(
				"domain %u starts with its caches off, and machine frame %#llx was written "
				"through a mapping but not flushed",
				d->domid, (unsigned long long)mfn);
		}
	}
}

// Unpaused for the first time.
void domain_start(struct domain_model *d)
{
	check_caches(d);
	d->started = true;
}

void domain_shut_down(struct domain_model *d, unsigned int reason)
{
	if (d->shut_down)
		return;
	d->shut_down = true;
	d->shutdown_reason = reason;
	virq_send(VIRQ_DOM_EXC);
}

// ---- Dying ----

static void complete(void *context)
{
	free_domain(context);
	virq_send(VIRQ_DOM_EXC);
}

// The last reference to any of its frames is the last to the domain.
void domain_unlist_if_unused(struct domain_model *d)
{
	if (!d->may_go || d->pages.count || d->xen_pages.count)
		return;
	d->may_go = false;
	list_remove(&d->link);
	model_after(GRACE_PERIOD, complete, d);
}

static void let_go(void *context)
{
	struct domain_model *d = context;

	d->may_go = true;
	domain_unlist_if_unused(d);
}

static void tear_down_p2m(struct domain_model *d)
{
	struct runs p2m = runs_copy(&d->p2m);

	for (size_t i = p2m.count; i-- > 0;) // the last of an array goes at the least cost
		p2m_unmap(d, p2m.items[i].start, p2m.items[i].count);
	runs_clear(&p2m);
	runs_clear(&d->pool_l2);
	runs_clear(&d->pool_l3);
	pool_resize(d, 0);
}

bool domain_kill(struct domain_model *d)
{
	if (d->dying == DEAD)
		return true;
	if (!d->dying) {
		d->dying = DYING;
		d->kill_takes = MICROSECONDS(10) + domain_pages(d) * 85;
		ports_destroy(d);
		devices_release(d);
		grants_let_go(d);
	}
	if (!hypercall_takes_part(&d->kill_takes))
		return false;
	memset(d->irqs_bound, 0, sizeof(d->irqs_bound));
	p2m_relinquish(d);
	tear_down_p2m(d);
	d->dying = DEAD;
	virq_send(VIRQ_DOM_EXC);
	model_after(destroy_delay, let_go, d);
	return true;
}

void model_set_destroy_delay(uint64_t nanoseconds)
{
	destroy_delay = nanoseconds;
}

// ---- Dom0, and a machine without others ----

static void make_dom0(void)
{
	uint64_t first = DOM0_RAM_START >> PAGE_SHIFT, pages = machine.options.dom0_ram >> PAGE_SHIFT;
	int error;

	dom0 = domain_make(0, 1, &error);
	ASSERT(dom0);
	dom0->is_64bit = true;
	dom0->started = true;
	dom0->gic_version = machine.options.gic_version;
	dom0->flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
	dom0->ssidref = 3; // Xen's initial SID dom0
	dom0->max_pages = pages;
	domain_add_vcpu(dom0, 0);
	dom0->vcpus[0].down = false;
	dom0->vcpus[0].initialised = true;
	runs_remove(&machine.free, first, pages);
	runs_add(&dom0->pages, first, pages);
	runs_set(&dom0->p2m, first, pages, first, FRAME_RAM);
	// Every device but Xen's own is Dom0's, with its interrupts.
	runs_set(&dom0->p2m, 0, MACHINE_RAM_START >> PAGE_SHIFT, 0, FRAME_MMIO);
	runs_add(&dom0->iomem, 0, MACHINE_RAM_START >> PAGE_SHIFT);
	runs_remove(&dom0->p2m, TREE_UART_ADDRESS >> PAGE_SHIFT, 1);
	runs_remove(&dom0->iomem, TREE_UART_ADDRESS >> PAGE_SHIFT, 1);
	for (unsigned int irq = 32; irq < IRQS; irq++)
		irq_set_put(dom0->irqs_permitted, irq, irq != TREE_UART_IRQ);
}

void domains_reset(void)
{
	struct domain_model *d;

	FOR_EACH_DOMAIN (d) {
		list_remove(&d->link);
		forget(d);
	}
	destroy_delay = DESTROY_DELAY;
	make_dom0();
}
