// SPDX-License-Identifier: Apache-2.0
// A test looking at domains, and one that somebody else has built.
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/panic.h"
#include "model/internal.h"

#define ORDER_MAX 18u

bool model_domain_exists(domid_t domid)
{
	return domain_by_id(domid);
}

unsigned int model_domain_count(void)
{
	struct domain_model *d;
	unsigned int count = 0;

	FOR_EACH_DOMAIN (d)
		count++;
	return count - 1;
}

domid_t model_last_domain(void)
{
	struct domain_model *d;
	domid_t last = DOMID_INVALID;

	FOR_EACH_DOMAIN (d)
		if (d != dom0)
			last = d->domid;
	return last;
}

struct model_domain_info model_domain(domid_t domid)
{
	const struct domain_model *d = domain_must_exist(domid);
	struct model_domain_info info = {
		.dying = d->dying,
		.shut_down = d->shut_down,
		.started = d->started,
		.pause_count = d->pause_count,
		.shutdown_reason = d->shutdown_reason,
		.pages = domain_pages(d),
		.max_pages = d->max_pages,
		.paging_pool_pages = runs_total(&d->pool),
		.max_vcpus = d->max_vcpus,
		.gic_version = d->gic_version,
		.nr_spis = d->nr_spis,
		.tee_type = d->tee_type,
		.flags = d->flags,
		.ssidref = d->ssidref,
		.max_event_channel = d->max_port,
		.max_grant_frames = d->wanted_grant_frames,
		.max_maptrack_frames = d->wanted_maptrack_frames,
		.is_64bit = d->is_64bit,
	};

	for (unsigned int i = 0; i < d->max_vcpus; i++)
		info.vcpus += d->vcpus[i].exists;
	memcpy(info.handle, d->handle, sizeof(info.handle));
	return info;
}

bool model_iomem_permitted(domid_t domid, uint64_t mfn, uint64_t frames)
{
	return runs_covered(&domain_must_exist(domid)->iomem, mfn, frames) == frames;
}

bool model_irq_bound(domid_t domid, unsigned int irq)
{
	return irq_set_has(domain_must_exist(domid)->irqs_bound, irq);
}

struct model_vcpu model_vcpu(domid_t domid, unsigned int vcpu)
{
	const struct domain_model *d = domain_must_exist(domid);
	const struct vcpu_model *v = &d->vcpus[vcpu];

	if (vcpu >= d->max_vcpus || !v->exists)
		return (struct model_vcpu){ 0 };
	return (struct model_vcpu){
		.exists = true,
		.online = !v->down,
		.initialised = v->initialised,
		.pc = v->context.user_regs.pc64,
		.x = { v->context.user_regs.x0, v->context.user_regs.x1, v->context.user_regs.x2,
		       v->context.user_regs.x3 },
		.cpsr = v->context.user_regs.cpsr,
		.sctlr = v->context.sctlr,
	};
}

// ---- Memory ----

uint64_t model_guest_mfn(domid_t domid, uint64_t gfn, unsigned int *order)
{
	const struct run *run = runs_find(&domain_must_exist(domid)->p2m, gfn);
	unsigned int greatest = 0;
	uint64_t mfn;

	if (!run)
		return UINT64_MAX;
	mfn = run->value + (gfn - run->start);
	for (unsigned int o = 1; o <= ORDER_MAX; o++) {
		uint64_t first = ROUND_DOWN(gfn, 1ull << o);

		if (first < run->start || first + (1ull << o) > run->start + run->count ||
		    (run->value + (first - run->start)) & ((1ull << o) - 1))
			break;
		greatest = o;
	}
	if (order)
		*order = greatest;
	return mfn;
}

static uint64_t frames_of(domid_t domid, uint64_t first, uint64_t count, enum frame_kind kind)
{
	const struct domain_model *d = domain_must_exist(domid);
	uint64_t frames = 0;
	struct run part;

	for (uint64_t at = first; runs_next(&d->p2m, at, first + count, &part); at = part.start + part.count)
		if (part.kind == kind)
			frames += part.count;
	return frames;
}

uint64_t model_guest_ram_frames(domid_t domid, uint64_t first, uint64_t count)
{
	return frames_of(domid, first, count, FRAME_RAM);
}

uint64_t model_guest_mmio_frames(domid_t domid, uint64_t first, uint64_t count)
{
	return frames_of(domid, first, count, FRAME_MMIO);
}

// ---- A domain that Xen started ----

domid_t model_make_domain(uint64_t pages)
{
	struct domain_model *d;
	domid_t domid = 1;
	int error;

	while (domain_by_id(domid))
		domid++;
	d = domain_make(domid, 1, &error);
	ASSERT(d);
	d->is_64bit = true;
	d->started = true;
	d->max_pages = pages;
	d->flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
	d->gic_version = machine.options.gic_version;
	pool_resize(d, 256);
	domain_add_vcpu(d, 0);
	d->vcpus[0].down = false;
	d->vcpus[0].initialised = true;
	for (uint64_t i = 0; i < pages; i++) {
		uint64_t mfn = machine_allocate(0);

		ASSERT(mfn != NO_FRAME);
		runs_add(&d->pages, mfn, 1);
		p2m_map(d, (GUEST_RAM0_BASE >> PAGE_SHIFT) + i, mfn, 0, FRAME_RAM);
	}
	return domid;
}
