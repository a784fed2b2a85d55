// SPDX-License-Identifier: Apache-2.0
// The model hypervisor: its rules are what this program assumes of Xen, so they are written down here once more, by raw
// hypercalls, for every version.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
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
#define RAM 0x40000ull // first frame of a guest's memory
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

static long hypercall(unsigned int number, unsigned int command, void *argument)
{
	return xen_hypercall(number, command, (uintptr_t)argument, 0, 0, 0);
}

static long domctl(struct xen_domctl *op, uint32_t command, domid_t domid)
{
	op->cmd = command;
	op->interface_version = version->domctl;
	op->domain = domid;
	return xen_hypercall(__HYPERVISOR_domctl, (uintptr_t)op, 0, 0, 0, 0);
}

static void assert_violates(void (*function)(void *context), const char *expected)
{
	char text[256];

	if (!model_panics(function, NULL, text, sizeof(text)))
		fail_msg("no violation where one with '%s' was expected", expected);
	if (!strstr(text, expected))
		fail_msg("violation '%s' where one with '%s' was expected", text, expected);
}

static void start_version(const struct version *v)
{
	version = v;
	model_start_version(v->minor);
}

static int start(void **state)
{
	(void)state;
	start_version(&versions[0]);
	return 0;
}

// ---- A domain, by hand ----

// createdomain with what every version has at the same place, and the architecture's part where it is in this one.
static struct xen_domctl creation(void)
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

static domid_t create(void)
{
	struct xen_domctl op = creation();

	assert_int_equal(domctl(&op, XEN_DOMCTL_createdomain, ANY), 0);
	return op.domain;
}

static long set_max_vcpus(domid_t domid, uint32_t count)
{
	struct xen_domctl op = { .u.max_vcpus.max = count };

	return domctl(&op, XEN_DOMCTL_max_vcpus, domid);
}

static long set_address_size(domid_t domid, uint32_t bits)
{
	struct xen_domctl op = { .u.address_size.size = bits };

	return domctl(&op, XEN_DOMCTL_set_address_size, domid);
}

static long set_max_mem(domid_t domid, uint64_t kib)
{
	struct xen_domctl op = { .u.max_mem.max_memkb = kib };

	return domctl(&op, XEN_DOMCTL_max_mem, domid);
}

static long set_pool(domid_t domid, uint64_t bytes)
{
	struct xen_domctl op = { .u.paging_mempool.size = bytes };

	return domctl(&op, XEN_DOMCTL_set_paging_mempool_size, domid);
}

static long simple(domid_t domid, uint32_t command)
{
	struct xen_domctl op = { 0 };

	return domctl(&op, command, domid);
}

static long populate(domid_t domid, uint64_t first, unsigned int count, unsigned int order)
{
	xen_pfn_t frames[600];
	struct xen_memory_reservation op = { .nr_extents = count, .extent_order = order, .domid = domid };

	for (unsigned int i = 0; i < count; i++)
		frames[i] = first + ((uint64_t)i << order);
	set_xen_guest_handle(op.extent_start, frames);
	return hypercall(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &op);
}

// 2 CPUs, 4 MB of memory.
static domid_t build(void)
{
	domid_t domid = create();

	assert_int_equal(set_max_vcpus(domid, 2), 0);
	assert_int_equal(set_address_size(domid, 64), 0);
	assert_int_equal(set_max_mem(domid, 4096), 0);
	assert_int_equal(set_pool(domid, 64 * PAGE_SIZE), 0);
	assert_int_equal(populate(domid, RAM, 2, 9), 2);
	return domid;
}

static int map_foreign(domid_t domid, uint64_t frame, uint64_t place)
{
	xen_ulong_t index = frame;
	xen_pfn_t gpfn = place;
	int error = 1;
	struct xen_add_to_physmap_batch op = { .domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = 1 };

	op.u.foreign_domid = domid;
	set_xen_guest_handle(op.idxs, &index);
	set_xen_guest_handle(op.gpfns, &gpfn);
	set_xen_guest_handle(op.errs, &error);
	assert_int_equal(hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, &op), 0);
	return error;
}

static long unmap(uint64_t place)
{
	struct xen_remove_from_physmap op = { .domid = DOMID_SELF, .gpfn = place };

	return hypercall(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, &op);
}

// ---- Versions ----

static void each_version_has_its_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		struct xen_domctl op = { .cmd = XEN_DOMCTL_getdomaininfo };
		struct xen_sysctl sysctl = { .cmd = XEN_SYSCTL_physinfo };

		start_version(&versions[i]);
		assert_int_equal(hypercall(__HYPERVISOR_xen_version, XENVER_version, NULL),
				 4 << 16 | versions[i].minor);
		for (uint32_t v = 0x14; v < 0x1a; v++) {
			op.interface_version = v;
			sysctl.interface_version = v;
			memset(&op.u, 0, sizeof(op.u));
			memset(&sysctl.u, 0, sizeof(sysctl.u));
			assert_int_equal(xen_hypercall(__HYPERVISOR_domctl, (uintptr_t)&op, 0, 0, 0, 0),
					 v == versions[i].domctl ? 0 : -EACCES);
			assert_int_equal(xen_hypercall(__HYPERVISOR_sysctl, (uintptr_t)&sysctl, 0, 0, 0, 0),
					 v == versions[i].sysctl ? 0 : -EACCES);
		}
	}
}

static void unknown_calls_are_refused(void **state)
{
	struct xen_domctl op = { 0 };

	(void)state;
	assert_int_equal(domctl(&op, XEN_DOMCTL_hypercall_init, 0), -ENOSYS);
	assert_int_equal(xen_hypercall(99, 0, 0, 0, 0, 0), -ENOSYS);
	assert_int_equal(hypercall(__HYPERVISOR_event_channel_op, 99, &op), -ENOSYS);
}

// ---- createdomain ----

static long try_creation(void (*change)(struct xen_domctl *op, uint8_t *arch), domid_t domid)
{
	struct xen_domctl op = creation();

	if (change)
		change(&op, (uint8_t *)&op.u + version->arch);
	return domctl(&op, XEN_DOMCTL_createdomain, domid);
}

static void without_hap(struct xen_domctl *op, uint8_t *arch)
{
	(void)arch;
	op->u.createdomain.flags &= ~XEN_DOMCTL_CDF_hap;
}

static void with_iommu(struct xen_domctl *op, uint8_t *arch)
{
	(void)arch;
	op->u.createdomain.flags |= XEN_DOMCTL_CDF_iommu;
}

static void with_trap_unmapped(struct xen_domctl *op, uint8_t *arch)
{
	(void)arch;
	op->u.createdomain.flags |= CDF_TRAP_UNMAPPED;
}

static void without_vcpus(struct xen_domctl *op, uint8_t *arch)
{
	(void)arch;
	op->u.createdomain.max_vcpus = 0;
}

static void with_9_vcpus(struct xen_domctl *op, uint8_t *arch)
{
	(void)arch;
	op->u.createdomain.max_vcpus = 9;
}

static void with_9_vcpus_on_gic_v3(struct xen_domctl *op, uint8_t *arch)
{
	op->u.createdomain.max_vcpus = 9;
	arch[0] = XEN_DOMCTL_CONFIG_GIC_V3;
}

static void with_gic_4(struct xen_domctl *op, uint8_t *arch)
{
	(void)op;
	arch[0] = 4;
}

static void with_optee(struct xen_domctl *op, uint8_t *arch)
{
	(void)op;
	arch[2] = XEN_DOMCTL_CONFIG_TEE_OPTEE;
}

static void without_grant_version(struct xen_domctl *op, uint8_t *arch)
{
	(void)arch;
	op->u.createdomain.grant_opts = 0;
}

static void without_grants(struct xen_domctl *op, uint8_t *arch)
{
	(void)arch;
	op->u.createdomain.max_grant_frames = 0;
}

static void with_label(struct xen_domctl *op, uint8_t *arch)
{
	(void)arch;
	op->u.createdomain.ssidref = 7;
}

static void with_too_many_spis(struct xen_domctl *op, uint8_t *arch)
{
	(void)op;
	arch[5] = 0x20;
}

static void with_sve(struct xen_domctl *op, uint8_t *arch)
{
	(void)op;
	arch[1] = 1;
}

static const struct creation_case {
	void (*change)(struct xen_domctl *op, uint8_t *arch);
	int result;
	unsigned int first, last; // versions
} creation_cases[] = {
	{ NULL, 0, 17, 22 },
	{ without_hap, -EINVAL, 17, 22 },
	{ with_iommu, -EINVAL, 17, 22 }, // there is none
	{ with_trap_unmapped, -EINVAL, 17, 20 },
	{ with_trap_unmapped, 0, 21, 22 },
	{ without_vcpus, -EINVAL, 17, 22 },
	{ with_9_vcpus, -EINVAL, 17, 22 }, // of the GICv2
	{ with_9_vcpus_on_gic_v3, 0, 17, 22 },
	{ with_gic_4, -EINVAL, 17, 22 },
	{ with_optee, -EINVAL, 17, 22 }, // there is none
	{ without_grant_version, -EINVAL, 17, 22 },
	{ without_grants, -EINVAL, 17, 22 },
	{ with_label, -EINVAL, 17, 22 },
	{ with_too_many_spis, -EINVAL, 17, 22 },
	{ with_sve, -EINVAL, 18, 22 },
};

static void creation_is_checked(void **state)
{
	(void)state;
	for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
		start_version(&versions[v]);
		for (size_t i = 0; i < ARRAY_SIZE(creation_cases); i++) {
			const struct creation_case *c = &creation_cases[i];

			if (version->minor >= c->first && version->minor <= c->last)
				assert_int_equal(try_creation(c->change, ANY), c->result);
		}
	}
}

static void ids_are_given_as_each_version_does(void **state)
{
	(void)state;
	for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
		start_version(&versions[v]);
		assert_int_equal(try_creation(NULL, 5), 0);
		assert_int_equal(try_creation(NULL, 5), -EEXIST);
		assert_int_equal(try_creation(NULL, ANY), 0);
		assert_int_equal(try_creation(NULL, 0x7ff1), version->minor < 22 ? 0 : -EEXIST);
		assert_int_equal(try_creation(NULL, 0), version->minor < 21 ? 0 : -EEXIST);
		assert_int_equal(model_domain_count(), version->minor < 21 ? 4 : version->minor < 22 ? 3 : 2);
	}
}

static void the_interrupt_controller_is_resolved(void **state)
{
	struct xen_domctl op = creation();

	(void)state;
	assert_int_equal(domctl(&op, XEN_DOMCTL_createdomain, ANY), 0);
	assert_int_equal(((uint8_t *)&op.u)[version->arch], XEN_DOMCTL_CONFIG_GIC_V2);
	assert_int_equal(model_domain(op.domain).gic_version, 2);
	assert_int_equal(model_domain(op.domain).nr_spis, 64);
	assert_int_equal(model_domain(op.domain).pause_count, 1);
}

static void fill_behind_creation(void *context)
{
	struct xen_domctl op = creation();

	(void)context;
	((uint8_t *)&op.u)[100] = 1;
	domctl(&op, XEN_DOMCTL_createdomain, ANY);
}

static void forget_trap_unmapped(void *context)
{
	struct xen_domctl op;

	(void)context;
	start_version(&versions[4]);
	op = creation();
	op.u.createdomain.flags = CDF_REQUIRED;
	domctl(&op, XEN_DOMCTL_createdomain, ANY);
}

static void what_xen_overlooks_is_a_violation(void **state)
{
	(void)state;
	assert_violates(fill_behind_creation, "byte 100 lies behind the structure");
	assert_violates(forget_trap_unmapped, "trap_unmapped_accesses");
}

// ---- Information ----

static void information_of_a_missing_domain(void **state)
{
	(void)state;
	for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
		struct xen_domctl op = { 0 };
		long result;

		start_version(&versions[v]);
		assert_int_equal(try_creation(NULL, 9), 0);
		result = domctl(&op, XEN_DOMCTL_getdomaininfo, 3);
		if (version->minor == 17) {
			assert_int_equal(result, 0);
			assert_int_equal(op.u.getdomaininfo.domain, 9); // the next one
		} else {
			assert_int_equal(result, -ESRCH);
		}
		memset(&op, 0, sizeof(op));
		assert_int_equal(domctl(&op, XEN_DOMCTL_getdomaininfo, 10), -ESRCH);
	}
}

static void information_is_true(void **state)
{
	struct xen_domctl op = { 0 };
	domid_t domid = build();
	const struct xen_domctl_getdomaininfo *info = &op.u.getdomaininfo;

	(void)state;
	assert_int_equal(domctl(&op, XEN_DOMCTL_getdomaininfo, domid), 0);
	assert_int_equal(info->tot_pages, 1024);
	assert_int_equal(info->max_pages, 1024);
	assert_int_equal(info->max_vcpu_id, 1);
	assert_int_equal(info->nr_online_vcpus, 0);
	assert_int_equal(info->flags & 0xffff,
			 XEN_DOMINF_hvm_guest | XEN_DOMINF_paused | XEN_DOMINF_hap);
}

// ---- Memory ----

static void the_address_size_comes_before_memory(void **state)
{
	domid_t domid = create();

	(void)state;
	assert_int_equal(set_address_size(domid, 32), -EINVAL);
	assert_int_equal(set_address_size(domid, 64), 0);
	set_max_mem(domid, 4096);
	assert_int_equal(populate(domid, RAM, 1, 9), 1);
	assert_int_equal(set_address_size(domid, 64), -EBUSY);
}

static void the_limit_of_memory_holds(void **state)
{
	domid_t domid = create();

	(void)state;
	assert_int_equal(populate(domid, RAM, 1, 0), 0);
	set_max_mem(domid, 3 * 2048);
	assert_int_equal(populate(domid, RAM, 4, 9), 3);
	assert_int_equal(populate(domid, RAM + 0x600, 1, 0), 0);
}

static void tables_come_out_of_the_pool(void **state)
{
	domid_t domid = create();

	(void)state;
	assert_int_equal(set_pool(domid, PAGE_SIZE + 1), -EINVAL);
	set_max_mem(domid, 1 << 20);
	assert_int_equal(set_pool(domid, 4 * PAGE_SIZE), 0);
	// One table for the gigabyte, one for each 2 MB that isn't one extent.
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(populate(domid, RAM + 0x200 * i, 1, 0), 1);
	assert_int_equal(populate(domid, RAM + 0x200 * 3, 1, 0), 0);
	assert_int_equal(populate(domid, RAM + 0x200 * 4, 1, 9), 1);
	assert_int_equal(set_pool(domid, 3 * PAGE_SIZE), -ENOMEM); // they are in use
	assert_int_equal(set_pool(domid, 5 * PAGE_SIZE), 0);
	assert_int_equal(populate(domid, RAM + 0x200 * 3, 1, 0), 1);
}

static void large_extents_may_be_short(void **state)
{
	domid_t domid = create();
	unsigned int order;

	(void)state;
	set_max_mem(domid, 3 << 20);
	set_pool(domid, MIB(1));
	assert_int_equal(populate(domid, RAM, 1, 18), 1);
	model_guest_mfn(domid, RAM + 5, &order);
	assert_int_equal(order, 18);
	model_limit_extents(9);
	assert_int_equal(populate(domid, 2 * RAM, 1, 18), 0);
	assert_int_equal(populate(domid, 2 * RAM, 1, 9), 1);
	assert_int_equal(populate(domid, RAM, 1, 19), 0);
}

static void new_pages_are_not_zero(void **state)
{
	domid_t domid = build();
	unsigned char byte;

	(void)state;
	set_max_mem(domid, 8192);
	assert_int_equal(populate(domid, 2 * RAM, 1, 0), 1);
	model_guest_read(domid, 2 * RAM << PAGE_SHIFT, &byte, 1);
	assert_int_not_equal(byte, 0);
}

static void populate_twice(void *context)
{
	domid_t domid = build();

	(void)context;
	set_max_mem(domid, 1 << 20);
	populate(domid, RAM, 1, 0);
}

static void populating_twice_is_a_violation(void **state)
{
	(void)state;
	assert_violates(populate_twice, "RAM mapped over RAM at frame 0x40000");
}

// ---- Foreign mappings ----

static void foreign_memory_is_shared(void **state)
{
	domid_t domid = build();
	char *page = memory_map(PLACE << PAGE_SHIFT, PAGE_SIZE, MEMORY_NORMAL);
	char text[8];

	(void)state;
	assert_int_equal(map_foreign(domid, RAM + 3, PLACE), 0);
	strcpy(page, "written");
	model_guest_read(domid, (RAM + 3) << PAGE_SHIFT, text, sizeof(text));
	assert_string_equal(text, "written");
	assert_int_equal(unmap(PLACE), 0);
	assert_int_equal(unmap(PLACE), -ENOENT);
	memory_unmap(PLACE << PAGE_SHIFT, PAGE_SIZE);
}

static void only_ram_of_others_can_be_mapped(void **state)
{
	domid_t domid = build();

	(void)state;
	assert_int_equal(map_foreign(domid, 0x1000, PLACE), -EINVAL);
	assert_int_equal(map_foreign(domid + 1, RAM, PLACE), -ESRCH);
	assert_int_equal(map_foreign(0, DOMID_SELF, PLACE), -EPERM);
}

static void map_over_own_memory(void *context)
{
	(void)context;
	map_foreign(build(), RAM, virt_to_phys(page_alloc(0)) >> PAGE_SHIFT);
}

static void lose_own_memory(void *context)
{
	(void)context;
	unmap(virt_to_phys(page_alloc(0)) >> PAGE_SHIFT);
}

static void own_memory_is_protected(void **state)
{
	(void)state;
	assert_violates(map_over_own_memory, "a foreign page mapped over RAM");
	assert_violates(lose_own_memory, "which would be lost");
}

static void a_mapping_keeps_a_dying_domain(void **state)
{
	struct model_snapshot before = model_snapshot();
	domid_t domid = build();

	(void)state;
	assert_int_equal(map_foreign(domid, RAM, PLACE), 0);
	assert_int_equal(simple(domid, XEN_DOMCTL_destroydomain), 0);
	model_run(SECONDS(1));
	assert_true(model_domain_exists(domid));
	assert_int_equal(model_domain(domid).pages, 1);
	assert_int_equal(try_creation(NULL, domid), -EEXIST);
	assert_int_equal(unmap(PLACE), 0);
	assert_false(model_domain_exists(domid));
	model_assert_equal(&before, "destroyed");
}

static void destruction_takes_time(void **state)
{
	domid_t domid = build();

	(void)state;
	assert_int_equal(simple(domid, XEN_DOMCTL_destroydomain), 0);
	assert_int_equal(simple(domid, XEN_DOMCTL_destroydomain), 0);
	assert_true(model_domain_exists(domid));
	assert_true(model_domain(domid).dying);
	assert_int_equal(populate(domid, 2 * RAM, 1, 0), 0);
	model_run(MILLISECONDS(3));
	assert_false(model_domain_exists(domid));
	assert_int_equal(simple(domid, XEN_DOMCTL_destroydomain), -ESRCH);
	assert_int_equal(simple(0, XEN_DOMCTL_destroydomain), -EINVAL);
}

// ---- Running ----

static void pauses_are_counted(void **state)
{
	domid_t domid = build();

	(void)state;
	assert_int_equal(simple(domid, XEN_DOMCTL_pausedomain), 0);
	assert_int_equal(simple(domid, XEN_DOMCTL_unpausedomain), 0);
	assert_false(model_domain(domid).started);
	assert_int_equal(simple(domid, XEN_DOMCTL_unpausedomain), 0);
	assert_true(model_domain(domid).started);
	assert_int_equal(simple(domid, XEN_DOMCTL_unpausedomain), -EINVAL);
	assert_int_equal(simple(0, XEN_DOMCTL_pausedomain), -EINVAL);
}

static long set_context(domid_t domid, uint32_t vcpu, uint64_t cpsr)
{
	vcpu_guest_context_t context = { .flags = VGCF_online };
	struct xen_domctl op = { .u.vcpucontext.vcpu = vcpu };

	context.user_regs.cpsr = cpsr;
	context.user_regs.pc64 = 0x40080000;
	set_xen_guest_handle(op.u.vcpucontext.ctxt, &context);
	return domctl(&op, XEN_DOMCTL_setvcpucontext, domid);
}

static void a_cpu_starts_in_el1(void **state)
{
	domid_t domid = create();

	(void)state;
	assert_int_equal(set_context(domid, 0, PSR_GUEST64_INIT), -EINVAL); // no CPU yet
	assert_int_equal(set_max_vcpus(domid, 3), -EINVAL); // not what createdomain had
	assert_int_equal(set_max_vcpus(domid, 2), 0);
	assert_int_equal(set_context(domid, 0, PSR_GUEST64_INIT), -EINVAL); // still a 32-bit domain
	assert_int_equal(set_address_size(domid, 64), 0);
	assert_int_equal(set_context(domid, 0, PSR_MODE_EL2h), -EINVAL);
	assert_int_equal(set_context(domid, 2, PSR_GUEST64_INIT), -EINVAL);
	assert_int_equal(set_context(domid, 0, PSR_GUEST64_INIT), 0);
	assert_true(model_vcpu(domid, 0).online);
	assert_int_equal(model_vcpu(domid, 0).pc, 0x40080000);
	assert_false(model_vcpu(domid, 1).online);
}

static void start_unflushed(void *context)
{
	domid_t domid = build();

	(void)context;
	map_foreign(domid, RAM, PLACE);
	unmap(PLACE);
	simple(domid, XEN_DOMCTL_unpausedomain);
}

static void caches_are_flushed_before_the_start(void **state)
{
	struct xen_domctl op = { .u.cacheflush = { .start_pfn = RAM, .nr_pfns = 1 } };
	domid_t domid = build();

	(void)state;
	assert_violates(start_unflushed, "not flushed");
	map_foreign(domid, RAM, PLACE);
	unmap(PLACE);
	assert_int_equal(domctl(&op, XEN_DOMCTL_cacheflush, domid), 0);
	assert_int_equal(simple(domid, XEN_DOMCTL_unpausedomain), 0);
	op.u.cacheflush.nr_pfns = (1 << 18) + 1;
	assert_int_equal(domctl(&op, XEN_DOMCTL_cacheflush, domid), -EINVAL);
}

// ---- Devices ----

static long permit(domid_t domid, uint64_t mfn, uint64_t count, bool allow)
{
	struct xen_domctl op = {
		.u.iomem_permission = { .first_mfn = mfn, .nr_mfns = count, .allow_access = allow },
	};

	return domctl(&op, XEN_DOMCTL_iomem_permission, domid);
}

static long map_mmio(domid_t domid, uint64_t gfn, uint64_t mfn, uint64_t count, bool add)
{
	struct xen_domctl op = {
		.u.memory_mapping = { .first_gfn = gfn, .first_mfn = mfn, .nr_mfns = count, .add_mapping = add },
	};

	return domctl(&op, XEN_DOMCTL_memory_mapping, domid);
}

static void device_memory_needs_permission(void **state)
{
	domid_t domid = build();

	(void)state;
	assert_int_equal(map_mmio(domid, 0x9030, 0x9030, 1, true), -EPERM);
	assert_int_equal(permit(domid, 0x9000, 1, true), -EPERM); // Xen's own
	assert_int_equal(permit(domid, 0x9030, 1, true), 0);
	assert_int_equal(map_mmio(domid, 0x9030, 0x9030, 1, true), 0);
	assert_int_equal(model_guest_mmio_frames(domid, 0x9000, 0x100), 1);
	assert_int_equal(map_mmio(domid, 0x9030, 0x9030, 1, false), 0);
	assert_int_equal(permit(domid, 0x10000, 65, true), 0);
	assert_int_equal(map_mmio(domid, 0x10000, 0x10000, 65, true), -E2BIG);
	assert_int_equal(map_mmio(domid, 0x10000, 0x10000, 64, true), 0);
	assert_int_equal(map_mmio(domid, 0x10000, UINT64_MAX, 2, true), -EINVAL);
}

static long bind_irq(domid_t domid, uint32_t irq, uint32_t command)
{
	struct xen_domctl op = { .u.bind_pt_irq = { .machine_irq = irq, .irq_type = PT_IRQ_TYPE_SPI } };

	op.u.bind_pt_irq.u.spi.spi = (uint16_t)irq;
	return domctl(&op, command, domid);
}

static void an_interrupt_has_one_owner(void **state)
{
	domid_t first = build(), second = build();

	(void)state;
	assert_int_equal(bind_irq(first, 39, XEN_DOMCTL_bind_pt_irq), 0);
	assert_int_equal(bind_irq(first, 39, XEN_DOMCTL_bind_pt_irq), -EBUSY);
	assert_int_equal(bind_irq(second, 39, XEN_DOMCTL_bind_pt_irq), -EBUSY);
	assert_int_equal(bind_irq(second, 39, XEN_DOMCTL_unbind_pt_irq), -EINVAL);
	assert_int_equal(bind_irq(first, 33, XEN_DOMCTL_bind_pt_irq), -EPERM); // Xen's console
	assert_int_equal(bind_irq(first, 32 + 64, XEN_DOMCTL_bind_pt_irq), -EBUSY); // nr_spis
	assert_int_equal(bind_irq(first, 39, XEN_DOMCTL_unbind_pt_irq), 0);
	assert_int_equal(bind_irq(second, 39, XEN_DOMCTL_bind_pt_irq), 0);
}

static void irq_permission_is_gone_on_arm(void **state)
{
	(void)state;
	for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
		struct xen_domctl op = { .u.irq_permission = { .pirq = 39, .allow_access = 1 } };
		domid_t domid;

		start_version(&versions[v]);
		domid = build();
		assert_int_equal(domctl(&op, XEN_DOMCTL_irq_permission, domid), version->minor < 19 ? 0 : -ENOSYS);
	}
}

static long assign_device(domid_t domid, const char *path, uint32_t command)
{
	struct xen_domctl op = { .u.assign_device.dev = XEN_DOMCTL_DEV_DT };
	char copy[64];

	strcpy(copy, path);
	op.u.assign_device.u.dt.size = (uint32_t)strlen(path) + (command == XEN_DOMCTL_assign_device);
	set_xen_guest_handle(op.u.assign_device.u.dt.path, copy);
	return domctl(&op, command, domid);
}

static void devices_need_the_iommu(void **state)
{
	struct model_options options = model_defaults;
	struct xen_domctl op;
	domid_t domid = build();

	(void)state;
	assert_int_equal(assign_device(domid, "/dma@a100000", XEN_DOMCTL_assign_device), -EINVAL);
	options.iommu = true;
	model_start(&options);
	op = creation();
	op.u.createdomain.flags |= XEN_DOMCTL_CDF_iommu;
	assert_int_equal(domctl(&op, XEN_DOMCTL_createdomain, ANY), 0);
	domid = op.domain;
	assert_int_equal(assign_device(domid, "/nothing", XEN_DOMCTL_assign_device), -ESRCH);
	assert_int_equal(assign_device(domid, "/pl061@9030000", XEN_DOMCTL_assign_device), -EINVAL);
	assert_int_equal(assign_device(domid, "/dma@a100000", XEN_DOMCTL_assign_device), 0);
	assert_int_equal(assign_device(domid, "/dma@a100000", XEN_DOMCTL_assign_device), -EBUSY);
	assert_true(model_device_assigned(domid, "/dma@a100000"));
	assert_int_equal(assign_device(domid, "/dma@a100000", XEN_DOMCTL_deassign_device), 0);
}

// ---- Event channels ----

static long alloc_unbound(domid_t domid, domid_t remote, evtchn_port_t *port)
{
	struct evtchn_alloc_unbound op = { .dom = domid, .remote_dom = remote };
	long error = hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &op);

	*port = op.port;
	return error;
}

static long bind_interdomain(domid_t remote, evtchn_port_t remote_port, evtchn_port_t *port)
{
	struct evtchn_bind_interdomain op = { .remote_dom = remote, .remote_port = remote_port };
	long error = hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, &op);

	*port = op.local_port;
	return error;
}

static long port_op(unsigned int command, evtchn_port_t port)
{
	struct evtchn_close op = { .port = port }; // all of them have one port

	return hypercall(__HYPERVISOR_event_channel_op, command, &op);
}

static uint32_t port_status(domid_t domid, evtchn_port_t port)
{
	struct evtchn_status op = { .dom = domid, .port = port };

	assert_int_equal(hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_status, &op), 0);
	return op.status;
}

static void ports_connect_domains(void **state)
{
	domid_t domid = build();
	evtchn_port_t remote, local, other;

	(void)state;
	assert_int_equal(alloc_unbound(domid, DOMID_SELF, &remote), 0);
	assert_int_equal(alloc_unbound(domid, domid, &other), 0);
	assert_int_equal(alloc_unbound(domid + 1, DOMID_SELF, &local), -ESRCH);
	assert_int_equal(bind_interdomain(domid, other, &local), -EINVAL); // not for us
	assert_int_equal(bind_interdomain(domid, remote, &local), 0);
	assert_int_equal(bind_interdomain(domid, remote, &other), -EINVAL); // taken
	assert_int_equal(port_op(EVTCHNOP_send, local), 0);
	assert_true(model_guest_take_event(domid, remote));
	assert_int_equal(port_op(EVTCHNOP_close, local), 0);
	assert_int_equal(port_status(domid, remote), EVTCHNSTAT_unbound);
	assert_int_equal(bind_interdomain(domid, remote, &local), 0);
	assert_int_equal(simple(domid, XEN_DOMCTL_destroydomain), 0);
	assert_int_equal(port_status(DOMID_SELF, local), EVTCHNSTAT_unbound);
	assert_int_equal(port_op(EVTCHNOP_send, local), 0); // to nobody
	assert_int_equal(port_op(EVTCHNOP_close, local), 0);
	assert_int_equal(port_op(EVTCHNOP_close, local), -EINVAL);
	assert_int_equal(port_op(EVTCHNOP_send, local), -EINVAL);
	assert_int_equal(port_op(EVTCHNOP_close, 0), -EINVAL);
}

static void a_domain_has_as_many_ports_as_asked(void **state)
{
	struct xen_domctl op = creation();
	evtchn_port_t port;

	(void)state;
	op.u.createdomain.max_evtchn_port = 3;
	assert_int_equal(domctl(&op, XEN_DOMCTL_createdomain, ANY), 0);
	for (evtchn_port_t i = 1; i <= 3; i++) {
		assert_int_equal(alloc_unbound(op.domain, DOMID_SELF, &port), 0);
		assert_int_equal(port, i);
	}
	assert_int_equal(alloc_unbound(op.domain, DOMID_SELF, &port), -ENOSPC);
}

// ---- HVM parameters and grants ----

static long param(unsigned int command, domid_t domid, uint32_t index, uint64_t *value)
{
	struct xen_hvm_param op = { .domid = domid, .index = index, .value = *value };
	long error = hypercall(__HYPERVISOR_hvm_op, command, &op);

	*value = op.value;
	return error;
}

static void params_are_the_toolstack_s(void **state)
{
	domid_t domid = build();
	uint64_t value = 0x39000;

	(void)state;
	assert_int_equal(param(HVMOP_set_param, domid, HVM_PARAM_CONSOLE_PFN, &value), 0);
	assert_int_equal(model_guest_param(domid, HVM_PARAM_CONSOLE_PFN), 0x39000);
	assert_int_equal(param(HVMOP_set_param, domid, HVM_PARAM_IDENT_PT, &value), -EINVAL);
	assert_int_equal(param(HVMOP_set_param, DOMID_SELF, HVM_PARAM_CONSOLE_PFN, &value), -EPERM);
	assert_int_equal(param(HVMOP_get_param, DOMID_SELF, HVM_PARAM_CONSOLE_PFN, &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(param(HVMOP_get_param, domid + 1, HVM_PARAM_CONSOLE_PFN, &value), -ESRCH);
}

static long acquire_grants(domid_t domid, uint32_t frame, uint64_t place)
{
	xen_pfn_t gpfn = place;
	struct xen_mem_acquire_resource op = {
		.domid = domid, .type = XENMEM_resource_grant_table, .nr_frames = 1, .frame = frame,
	};

	set_xen_guest_handle(op.frame_list, &gpfn);
	return hypercall(__HYPERVISOR_memory_op, XENMEM_acquire_resource, &op);
}

static void grant_frames_can_be_mapped_and_used(void **state)
{
	domid_t domid = build();
	grant_entry_v1_t *table = memory_map(PLACE << PAGE_SHIFT, PAGE_SIZE, MEMORY_NORMAL);
	char *source = page_alloc(0);
	struct gnttab_copy copy = {
		.source = { .domid = DOMID_SELF, .u.gmfn = virt_to_phys(source) >> PAGE_SHIFT, .offset = 10 },
		.dest = { .domid = domid, .u.ref = 8, .offset = 20 }, .len = 6, .flags = GNTCOPY_dest_gref,
	};
	char text[6];

	(void)state;
	assert_int_equal(acquire_grants(domid, 64, PLACE), -EINVAL);
	assert_int_equal(acquire_grants(domid + 1, 0, PLACE), -ESRCH);
	assert_int_equal(acquire_grants(domid, 0, PLACE), 0);
	strcpy(source + 10, "hello");
	assert_int_equal(xen_hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_copy, (uintptr_t)&copy, 1, 0, 0), 0);
	assert_int_equal(copy.status, GNTST_bad_gntref);
	table[8] = (grant_entry_v1_t){ .flags = GTF_permit_access, .domid = 0, .frame = RAM };
	assert_int_equal(model_guest_grant(domid, 8).frame, RAM);
	assert_int_equal(xen_hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_copy, (uintptr_t)&copy, 1, 0, 0), 0);
	assert_int_equal(copy.status, GNTST_okay);
	model_guest_read(domid, (RAM << PAGE_SHIFT) + 20, text, sizeof(text));
	assert_string_equal(text, "hello");
	assert_int_equal(unmap(PLACE), 0);
	memory_unmap(PLACE << PAGE_SHIFT, PAGE_SIZE);
	page_free(source, 0);
}

// ---- Arguments and faults ----

static void reach_outside(void *context)
{
	struct evtchn_send *op = malloc(2); // less than it has

	(void)context;
	hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, op);
	free(op);
}

static void arguments_must_be_accessible(void **state)
{
	struct xen_memory_reservation op = { .nr_extents = 1, .domid = create() };

	(void)state;
	assert_int_equal(hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, (void *)16), -EFAULT);
	assert_int_equal(hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, phys_to_virt(PLACE << PAGE_SHIFT)),
			 -EFAULT);
	assert_int_equal(hypercall(__HYPERVISOR_memory_op, XENMEM_populate_physmap, &op), 0);
	assert_violates(reach_outside, "reaches outside of its object");
}

static void hypercalls_fail_on_demand(void **state)
{
	domid_t domid = build();
	evtchn_port_t port;

	(void)state;
	model_fail_hypercall(2, 0);
	assert_int_equal(set_max_mem(domid, 8192), 0);
	assert_int_equal(alloc_unbound(domid, 0, &port), -ENOSPC);
	assert_true(model_fault_struck());
	assert_string_equal(model_fault_place(), "event_channel_op alloc_unbound");
	assert_int_equal(alloc_unbound(domid, 0, &port), 0);
	model_fail_hypercall(1, 1);
	assert_int_equal(populate(domid, 2 * RAM, 2, 0), 1); // half of it
	model_fail_hypercall(1, 0);
	assert_int_equal(map_foreign(domid, RAM, PLACE), -ENOMEM); // the entry, not the call
	model_fail_hypercall(1, 0);
	assert_int_equal(port_op(EVTCHNOP_close, port), -EINVAL); // ours to close never fails; this one isn't ours
	assert_false(model_fault_struck());
	assert_int_equal(set_max_mem(domid, 8192), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_version_has_its_numbers),
		cmocka_unit_test_setup(unknown_calls_are_refused, start),
		cmocka_unit_test(creation_is_checked),
		cmocka_unit_test(ids_are_given_as_each_version_does),
		cmocka_unit_test_setup(the_interrupt_controller_is_resolved, start),
		cmocka_unit_test_setup(what_xen_overlooks_is_a_violation, start),
		cmocka_unit_test(information_of_a_missing_domain),
		cmocka_unit_test_setup(information_is_true, start),
		cmocka_unit_test_setup(the_address_size_comes_before_memory, start),
		cmocka_unit_test_setup(the_limit_of_memory_holds, start),
		cmocka_unit_test_setup(tables_come_out_of_the_pool, start),
		cmocka_unit_test_setup(large_extents_may_be_short, start),
		cmocka_unit_test_setup(new_pages_are_not_zero, start),
		cmocka_unit_test_setup(populating_twice_is_a_violation, start),
		cmocka_unit_test_setup(foreign_memory_is_shared, start),
		cmocka_unit_test_setup(only_ram_of_others_can_be_mapped, start),
		cmocka_unit_test_setup(own_memory_is_protected, start),
		cmocka_unit_test_setup(a_mapping_keeps_a_dying_domain, start),
		cmocka_unit_test_setup(destruction_takes_time, start),
		cmocka_unit_test_setup(pauses_are_counted, start),
		cmocka_unit_test_setup(a_cpu_starts_in_el1, start),
		cmocka_unit_test_setup(caches_are_flushed_before_the_start, start),
		cmocka_unit_test_setup(device_memory_needs_permission, start),
		cmocka_unit_test_setup(an_interrupt_has_one_owner, start),
		cmocka_unit_test(irq_permission_is_gone_on_arm),
		cmocka_unit_test_setup(devices_need_the_iommu, start),
		cmocka_unit_test_setup(ports_connect_domains, start),
		cmocka_unit_test_setup(a_domain_has_as_many_ports_as_asked, start),
		cmocka_unit_test_setup(params_are_the_toolstack_s, start),
		cmocka_unit_test_setup(grant_frames_can_be_mapped_and_used, start),
		cmocka_unit_test_setup(arguments_must_be_accessible, start),
		cmocka_unit_test_setup(hypercalls_fail_on_demand, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
