// SPDX-License-Identifier: Apache-2.0
// The model hypervisor, second part: devices, event channels, parameters, grants, arguments and faults.
#include <errno.h>
#include <stdlib.h>

#include "unit/raw_calls.h"

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
		.u.memory_mapping = { .first_gfn = gfn,
				      .first_mfn = mfn,
				      .nr_mfns = count,
				      .add_mapping = add },
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
	assert_int_equal(map_mmio(domid, 0x11000, 0x10000, 1, false), 0); // nothing is there
	assert_int_equal(map_mmio(domid, RAM, 0x10000, 1, false), -EILSEQ);
}

static void a_mapping_that_fails_stays_in_part(void **state)
{
	domid_t domid = create();

	(void)state;
	set_pool(domid, 2 * PAGE_SIZE);
	permit(domid, 0x10000, 64, true);
	assert_int_equal(map_mmio(domid, 0x10000 - 10, 0x10000, 64, true), -ENOMEM);
	assert_int_equal(model_guest_mmio_frames(domid, 0x10000 - 10, 64), 10);
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
	assert_int_equal(bind_irq(first, 33, XEN_DOMCTL_bind_pt_irq), -EPERM);      // Xen's console
	assert_int_equal(bind_irq(first, 32 + 64, XEN_DOMCTL_bind_pt_irq), -EBUSY); // nr_spis
	assert_int_equal(bind_irq(first, 39, XEN_DOMCTL_unbind_pt_irq), -EBUSY); // it isn't dying
}

static void irq_permission_is_gone_on_arm(void **state)
{
	(void)state;
	for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
		struct xen_domctl op = { .u.irq_permission = { .pirq = 39, .allow_access = 1 } };
		domid_t domid;

		start_version(&versions[v]);
		domid = build();
		assert_int_equal(domctl(&op, XEN_DOMCTL_irq_permission, domid),
				 version->minor < 19 ? 0 : -ENOSYS);
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
	model_guest_cpu_on(domid, 0);
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

static long bind_virq(uint32_t virq)
{
	struct evtchn_bind_virq op = { .virq = virq };

	return hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, &op);
}

static void a_global_virq_has_one_handler_from_4_21_on(void **state)
{
	(void)state;
	for (size_t v = 0; v < ARRAY_SIZE(versions); v++) {
		struct xen_domctl op = { .u.set_virq_handler.virq = VIRQ_DOM_EXC };

		start_version(&versions[v]);
		assert_int_equal(bind_virq(VIRQ_CONSOLE), 0);
		assert_int_equal(bind_virq(VIRQ_CONSOLE), -EEXIST);
		assert_int_equal(bind_virq(NR_VIRQS), -EINVAL);
		assert_int_equal(domctl(&op, XEN_DOMCTL_set_virq_handler, build()), 0);
		assert_int_equal(bind_virq(VIRQ_DOM_EXC), version->minor < 21 ? 0 : -EBUSY);
	}
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
		.domid = domid,
		.type = XENMEM_resource_grant_table,
		.nr_frames = 1,
		.frame = frame,
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
		.dest = { .domid = domid, .u.ref = 8, .offset = 20 },
		.len = 6,
		.flags = GNTCOPY_dest_gref,
	};
	char text[6];

	(void)state;
	assert_int_equal(acquire_grants(domid, 64, PLACE), -EINVAL);
	assert_int_equal(acquire_grants(domid + 1, 0, PLACE), -ESRCH);
	assert_int_equal(acquire_grants(domid, 0, PLACE), 0);
	strcpy(source + 10, "hello");
	assert_int_equal(xen_hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_copy, (uintptr_t)&copy, 1, 0, 0),
			 0);
	assert_int_equal(copy.status, GNTST_bad_gntref);
	table[8] = (grant_entry_v1_t){ .flags = GTF_permit_access, .domid = 0, .frame = RAM };
	assert_int_equal(model_guest_grant(domid, 8).frame, RAM);
	assert_int_equal(xen_hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_copy, (uintptr_t)&copy, 1, 0, 0),
			 0);
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
	assert_int_equal(
		hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, phys_to_virt(PLACE << PAGE_SHIFT)),
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
	assert_int_equal(port_op(EVTCHNOP_close, port),
			 -EINVAL); // ours to close never fails; this one isn't ours
	assert_false(model_fault_struck());
	assert_int_equal(set_max_mem(domid, 8192), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(device_memory_needs_permission, start),
		cmocka_unit_test_setup(a_mapping_that_fails_stays_in_part, start),
		cmocka_unit_test_setup(an_interrupt_has_one_owner, start),
		cmocka_unit_test(irq_permission_is_gone_on_arm),
		cmocka_unit_test_setup(devices_need_the_iommu, start),
		cmocka_unit_test_setup(ports_connect_domains, start),
		cmocka_unit_test_setup(a_domain_has_as_many_ports_as_asked, start),
		cmocka_unit_test(a_global_virq_has_one_handler_from_4_21_on),
		cmocka_unit_test_setup(params_are_the_toolstack_s, start),
		cmocka_unit_test_setup(grant_frames_can_be_mapped_and_used, start),
		cmocka_unit_test_setup(arguments_must_be_accessible, start),
		cmocka_unit_test_setup(hypercalls_fail_on_demand, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
