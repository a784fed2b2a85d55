// SPDX-License-Identifier: Apache-2.0
// Raw hypercalls for the tests of the model: nothing of src/xen is between them and it.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/compiler.h"
#include "kernel/memory.h"
#include "kernel/task.h"
#include "model/model.h"
#include "xen/hypercall.h"

#define CDF_REQUIRED (XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap)
#define CDF_TRAP_UNMAPPED (1u << 8)
#define ANY 0x7ff5u
#define RAM 0x40000ull   // first frame of a guest's memory
#define PLACE 0x60000ull // in an extended region

static const struct version {
	unsigned int minor;
	uint32_t domctl, sysctl;
	unsigned int arch; // offset in createdomain
} versions[] = {
	{ 17, 0x15, 0x15, 56 }, { 18, 0x16, 0x15, 56 }, { 19, 0x17, 0x15, 60 },
	{ 20, 0x17, 0x15, 60 }, { 21, 0x17, 0x16, 60 }, { 22, 0x18, 0x16, 60 },
};
static const struct version *version = &versions[0];

static inline long hypercall(unsigned int number, unsigned int command, void *argument)
{
	return xen_hypercall(number, command, (uintptr_t)argument, 0, 0, 0);
}

static inline long domctl(struct xen_domctl *op, uint32_t command, domid_t domid)
{
	op->cmd = command;
	op->interface_version = version->domctl;
	op->domain = domid;
	return xen_hypercall(__HYPERVISOR_domctl, (uintptr_t)op, 0, 0, 0, 0);
}

static inline void assert_violates(void (*function)(void *context), const char *expected)
{
	char text[256];

	if (!model_panics(function, NULL, text, sizeof(text)))
		fail_msg("no violation where one with '%s' was expected", expected);
	if (!strstr(text, expected))
		fail_msg("violation '%s' where one with '%s' was expected", text, expected);
}

static inline void start_version(const struct version *v)
{
	version = v;
	model_start_version(v->minor);
}

static inline int start(void **state)
{
	(void)state;
	start_version(&versions[0]);
	return 0;
}

// ---- A domain, by hand ----

// createdomain with what every version has at the same place, and the architecture's part where it is in this
// one.
static inline struct xen_domctl creation(void)
{
	struct xen_domctl op = { 0 };
	uint8_t *arch = (uint8_t *)&op.u + version->arch;

	op.u.createdomain.flags = CDF_REQUIRED | (version->minor >= 21 ? CDF_TRAP_UNMAPPED : 0);
	op.u.createdomain.max_vcpus = 2;
	op.u.createdomain.max_evtchn_port = 1023;
	op.u.createdomain.max_grant_frames = -1;
	op.u.createdomain.max_maptrack_frames = -1;
	op.u.createdomain.grant_opts = 1;
	arch[4] = 64; // nr_spis
	return op;
}

static inline domid_t create(void)
{
	struct xen_domctl op = creation();

	assert_int_equal(domctl(&op, XEN_DOMCTL_createdomain, ANY), 0);
	return op.domain;
}

static inline long set_max_vcpus(domid_t domid, uint32_t count)
{
	struct xen_domctl op = { .u.max_vcpus.max = count };

	return domctl(&op, XEN_DOMCTL_max_vcpus, domid);
}

static inline long set_address_size(domid_t domid, uint32_t bits)
{
	struct xen_domctl op = { .u.address_size.size = bits };

	return domctl(&op, XEN_DOMCTL_set_address_size, domid);
}

static inline long set_max_mem(domid_t domid, uint64_t kib)
{
	struct xen_domctl op = { .u.max_mem.max_memkb = kib };

	return domctl(&op, XEN_DOMCTL_max_mem, domid);
}

static inline long set_pool(domid_t domid, uint64_t bytes)
{
	struct xen_domctl op = { .u.paging_mempool.size = bytes };

	return domctl(&op, XEN_DOMCTL_set_paging_mempool_size, domid);
}

static inline long simple(domid_t domid, uint32_t command)
{
	struct xen_domctl op = { 0 };

	return domctl(&op, command, domid);
}

static inline long populate(domid_t domid, uint64_t first, unsigned int count, unsigned int order)
{
	xen_pfn_t frames[600];
	struct xen_memory_reservation op = { .nr_extents = count, .extent_order = order, .domid = domid };

	for (unsigned int i = 0; i < count; i++)
		frames[i] = first + ((uint64_t)i << order);
	set_xen_guest_handle(op.extent_start, frames);
	return hypercall(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &op);
}

// 2 CPUs, 4 MB of memory.
static inline domid_t build(void)
{
	domid_t domid = create();

	assert_int_equal(set_max_vcpus(domid, 2), 0);
	assert_int_equal(set_address_size(domid, 64), 0);
	assert_int_equal(set_max_mem(domid, 4096), 0);
	assert_int_equal(set_pool(domid, 64 * PAGE_SIZE), 0);
	assert_int_equal(populate(domid, RAM, 2, 9), 2);
	return domid;
}

static inline int map_foreign(domid_t domid, uint64_t frame, uint64_t place)
{
	xen_ulong_t index = frame;
	xen_pfn_t gpfn = place;
	int error = 1;
	struct xen_add_to_physmap_batch op = { .domid = DOMID_SELF,
					       .space = XENMAPSPACE_gmfn_foreign,
					       .size = 1 };

	op.u.foreign_domid = domid;
	set_xen_guest_handle(op.idxs, &index);
	set_xen_guest_handle(op.gpfns, &gpfn);
	set_xen_guest_handle(op.errs, &error);
	assert_int_equal(hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, &op), 0);
	return error;
}

static inline long unmap(uint64_t place)
{
	struct xen_remove_from_physmap op = { .domid = DOMID_SELF, .gpfn = place };

	return hypercall(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, &op);
}
