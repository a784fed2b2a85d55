// SPDX-License-Identifier: Apache-2.0
// Guest physical memory (xen/arch/arm/p2m.c): which machine frame stands at which guest frame, what kind it
// is, and the pages of the paging pool that the tables take. A frame that another domain maps outlives its
// owner's claim to it.
#include <errno.h>

#include "kernel/compiler.h"
#include "kernel/panic.h"
#include "model/internal.h"

#define ORDER_2M 9u
#define ORDER_1G 18u

// ---- The paging pool: one page for each 1 GB that has smaller extents in it, one for each 2 MB that has
// pages in it ----

static uint64_t pool_used(const struct domain_model *d)
{
	return runs_total(&d->pool_l2) + runs_total(&d->pool_l3);
}

static int pool_use(struct domain_model *d, uint64_t gfn, unsigned int order)
{
	if (d == dom0) // takes its tables from Xen's heap
		return 0;
	if (order < ORDER_1G && !runs_find(&d->pool_l2, gfn >> ORDER_1G)) {
		if (pool_used(d) >= runs_total(&d->pool))
			return -ENOMEM;
		runs_add(&d->pool_l2, gfn >> ORDER_1G, 1);
	}
	if (order < ORDER_2M && !runs_find(&d->pool_l3, gfn >> ORDER_2M)) {
		if (pool_used(d) >= runs_total(&d->pool))
			return -ENOMEM;
		runs_add(&d->pool_l3, gfn >> ORDER_2M, 1);
	}
	return 0;
}

bool pool_resize(struct domain_model *d, uint64_t pages)
{
	while (runs_total(&d->pool) < pages) {
		uint64_t missing = pages - runs_total(&d->pool);
		unsigned int order = missing >= 1u << ORDER_2M ? ORDER_2M : 0;
		uint64_t mfn = machine_allocate(order);

		if (mfn == NO_FRAME)
			mfn = machine_allocate(order = 0);
		if (mfn == NO_FRAME)
			return false;
		runs_add(&d->pool, mfn, 1ull << order);
	}
	while (runs_total(&d->pool) > pages) {
		struct run last = d->pool.items[d->pool.count - 1];
		uint64_t count = MIN(last.count, runs_total(&d->pool) - pages);

		if (runs_total(&d->pool) - count < pool_used(d))
			return false;
		runs_remove(&d->pool, last.start + last.count - count, count);
		machine_release(last.start + last.count - count, count);
	}
	return true;
}

// ---- Frames in use by others ----

static bool lends(unsigned int kind)
{
	return kind == FRAME_FOREIGN || kind == FRAME_GRANT;
}

// Walks all mappings of other domains' frames: there are few.
static bool any_mapping(uint64_t mfn, uint64_t *next)
{
	struct domain_model *d;

	*next = UINT64_MAX;
	FOR_EACH_DOMAIN (d) {
		for (size_t i = 0; i < d->p2m.count; i++) {
			const struct run *run = &d->p2m.items[i];

			if (!lends(run->kind))
				continue;
			if (mfn >= run->value && mfn < run->value + run->count)
				return true;
			if (run->value > mfn && run->value < *next)
				*next = run->value;
		}
	}
	return false;
}

bool frame_is_mapped(uint64_t mfn)
{
	uint64_t next;

	return any_mapping(mfn, &next);
}

static void give_back(struct runs *owned)
{
	struct runs all = runs_copy(owned);

	for (size_t i = 0; i < all.count; i++) {
		uint64_t end = all.items[i].start + all.items[i].count, next;

		for (uint64_t at = all.items[i].start; at < end; at = next) {
			if (any_mapping(at, &next)) {
				next = at + 1;
				continue;
			}
			next = MIN(next, end);
			runs_remove(owned, at, next - at);
			machine_release(at, next - at);
		}
	}
	runs_clear(&all);
}

void p2m_relinquish(struct domain_model *d)
{
	give_back(&d->pages);
	give_back(&d->xen_pages);
}

// ---- Mappings ----

static const char *kind_name(unsigned int kind)
{
	static const char *const names[] = { "nothing",        "RAM",
					     "a page of Xen",  "a foreign page",
					     "a granted page", "device memory" };

	return names[kind];
}

// A toolstack that maps over something has lost track; Xen lets it.
static void check_free(const struct domain_model *d, uint64_t gfn, uint64_t count, enum frame_kind kind)
{
	struct run part;

	if (!runs_next(&d->p2m, gfn, gfn + count, &part))
		return;
	if (d == dom0 && kind == FRAME_XEN && part.kind == FRAME_RAM)
		return; // a page of its own given up for Xen's, as Linux does
	model_violation("domain %u: %s mapped over %s at frame %#llx", d->domid, kind_name(kind),
			kind_name(part.kind), (unsigned long long)part.start);
}

int p2m_map(struct domain_model *d, uint64_t gfn, uint64_t mfn, unsigned int order, enum frame_kind kind)
{
	uint64_t count = 1ull << order;
	int error;

	if (d->dying)
		return -ENOMEM;
	check_free(d, gfn, count, kind);
	error = pool_use(d, gfn, order);
	if (error)
		return error;
	runs_set(&d->p2m, gfn, count, mfn, kind);
	if (d == dom0)
		memory_refresh(gfn, count);
	if (kind == FRAME_FOREIGN)
		runs_add(&machine.unflushed, mfn, count);
	return 0;
}

// The frame's owner has died meanwhile: now it can be freed, and perhaps its owner.
static void frame_let_go(uint64_t mfn)
{
	struct domain_model *d;

	FOR_EACH_DOMAIN (d)
		if (d->dying && (runs_find(&d->pages, mfn) || runs_find(&d->xen_pages, mfn))) {
			p2m_relinquish(d);
			domain_unlist_if_unused(d);
		}
}

int p2m_unmap(struct domain_model *d, uint64_t gfn, uint64_t count)
{
	struct run part;

	if (runs_covered(&d->p2m, gfn, count) != count)
		return -ENOENT;
	while (runs_next(&d->p2m, gfn, gfn + count, &part)) {
		runs_remove(&d->p2m, part.start, part.count);
		if (!lends(part.kind))
			continue;
		for (uint64_t i = 0; i < part.count; i++)
			frame_let_go(part.value + i);
	}
	if (d == dom0)
		memory_refresh(gfn, count);
	return 0;
}
