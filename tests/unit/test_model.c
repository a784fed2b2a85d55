// SPDX-License-Identifier: Apache-2.0
// The model hypervisor: its rules are what this program assumes of Xen, so they are written down here once
// more, by raw hypercalls, for every version. Domains and their memory; test_model_io.c has the rest.
#include <errno.h>

#include "unit/raw_calls.h"

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
	assert_int_equal(model_guest_ram_frames(domid, 0, UINT32_MAX), 1024);
	assert_int_equal(info->max_pages, 1024);
	assert_int_equal(info->max_vcpu_id, 1);
	assert_int_equal(info->nr_online_vcpus, 0);
	assert_int_equal(info->flags & 0xffff, XEN_DOMINF_hvm_guest | XEN_DOMINF_paused | XEN_DOMINF_hap);
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
	assert_int_equal(set_max_vcpus(domid, 3), -EINVAL);                 // not what createdomain had
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
