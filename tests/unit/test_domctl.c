// SPDX-License-Identifier: Apache-2.0
// xen/domctl.c and domctl_device.c against the model, on every supported version: what a domain becomes, long
// ranges cut as Xen wants them, nothing left when a call in the middle fails.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/compiler.h"
#include "kernel/irq.h"
#include "kernel/task.h"
#include "kernel/timer.h"
#include "model/model.h"
#include "xen/domctl.h"
#include "xen/hypercall.h"
#include "xen/physmap.h"
#include "xen/version.h"

#define FIRST_MINOR 17u
#define LAST_MINOR 22u
#define FOR_EACH_VERSION(minor) for (unsigned int minor = FIRST_MINOR; minor <= LAST_MINOR; minor++)

#define GPIO_FRAME 0x9030u
#define DMA_PATH "/dma@a100000"

static const struct domain_creation simple_creation = {
	.handle = "sixteen bytes..",
	.max_vcpus = 3,
	.max_event_channel = 1023,
	.max_grant_frames = -1,
	.max_maptrack_frames = -1,
	.nr_spis = 64,
	.trap_unmapped_accesses = true,
};

static void start_version(unsigned int minor)
{
	model_start_version(minor);
	assert_int_equal(xen_version_init(), 0);
	assert_int_equal(xen_abi()->minor, minor);
}

static int start(void **state)
{
	(void)state;
	start_version(17);
	return 0;
}

static domid_t create(void)
{
	domid_t domid = DOMID_INVALID;

	assert_int_equal(domctl_create(&simple_creation, DOMID_ANY, &domid), 0);
	return domid;
}

static domid_t create_with_pool(void)
{
	domid_t domid = create();

	assert_int_equal(domctl_set_paging_pool(domid, MIB(1)), 0);
	return domid;
}

// ---- Creation ----

static void a_domain_is_what_was_asked_for(void **state)
{
	(void)state;
	FOR_EACH_VERSION (minor) {
		struct domain_creation creation = simple_creation;
		struct model_domain_info info;
		domid_t domid;

		start_version(minor);
		creation.gic_version = GIC_V3;
		creation.max_event_channel = 77;
		creation.max_grant_frames = 5;
		creation.max_maptrack_frames = 9;
		creation.ssidref = 5;
		assert_int_equal(domctl_create(&creation, 12, &domid), 0);
		assert_int_equal(domid, 12);
		info = model_domain(12);
		assert_memory_equal(info.handle, creation.handle, sizeof(info.handle));
		assert_int_equal(info.max_vcpus, 3);
		assert_int_equal(info.max_event_channel, 77);
		assert_int_equal(info.max_grant_frames, 5);
		assert_int_equal(info.max_maptrack_frames, 9);
		assert_int_equal(info.ssidref, 5);
		assert_int_equal(info.gic_version, 3);
		assert_int_equal(info.nr_spis, 64);
		assert_int_equal(info.flags,
				 XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap | (minor >= 21 ? 1u << 8 : 0));
	}
}

static void ids_are_chosen_or_taken(void **state)
{
	(void)state;
	FOR_EACH_VERSION (minor) {
		domid_t domid = 99;

		start_version(minor);
		assert_int_equal(domctl_create(&simple_creation, 7, &domid), 0);
		domid = 99;
		assert_int_equal(domctl_create(&simple_creation, 7, &domid), -EEXIST);
		assert_int_equal(domid, 99); // untouched
		assert_int_equal(domctl_create(&simple_creation, DOMID_ANY, &domid), 0);
		assert_true(model_domain_exists(domid));
	}
}

static void special_hardware_is_asked_for(void **state)
{
	(void)state;
	FOR_EACH_VERSION (minor) {
		struct model_options options = model_defaults;
		struct domain_creation creation = simple_creation;
		domid_t domid;

		options.xen_minor = minor;
		options.iommu = true;
		options.tee = true;
		model_start(&options);
		assert_int_equal(xen_version_init(), 0);
		creation.iommu = true;
		creation.tee_type = TEE_OPTEE;
		assert_int_equal(domctl_create(&creation, DOMID_ANY, &domid), 0);
		assert_int_equal(model_domain(domid).tee_type, XEN_DOMCTL_CONFIG_TEE_OPTEE);
		assert_true(model_domain(domid).flags & XEN_DOMCTL_CDF_iommu);
		assert_int_equal(domctl_assign_device(domid, DMA_PATH), 0);
		assert_true(model_device_assigned(domid, DMA_PATH));
		assert_int_equal(domctl_assign_device(domid, DMA_PATH), -EBUSY);
		assert_int_equal(domctl_deassign_device(domid, DMA_PATH), 0);
	}
}

static void hardware_that_is_not_there_is_refused(void **state)
{
	struct domain_creation creation = simple_creation;
	domid_t domid;

	(void)state;
	creation.iommu = true;
	assert_int_equal(domctl_create(&creation, DOMID_ANY, &domid), -EINVAL);
	creation = simple_creation;
	creation.tee_type = TEE_OPTEE;
	assert_int_equal(domctl_create(&creation, DOMID_ANY, &domid), -EINVAL);
	creation = simple_creation;
	creation.cpupool = 3;
	assert_true(domctl_create(&creation, DOMID_ANY, &domid) < 0);
	assert_int_equal(model_domain_count(), 0);
}

// ---- State ----

static void information_is_of_the_domain_asked_for(void **state)
{
	(void)state;
	FOR_EACH_VERSION (minor) {
		struct domain_info info;
		domid_t domid;

		start_version(minor);
		assert_int_equal(domctl_create(&simple_creation, 9, &domid), 0);
		assert_int_equal(domctl_get_info(3, &info), -ESRCH); // though 4.17 answers for 9
		assert_int_equal(domctl_get_info(10, &info), -ESRCH);
		assert_int_equal(domctl_get_info(9, &info), 0);
		assert_int_equal(info.domid, 9);
		assert_true(info.paused);
		assert_false(info.dying);
		assert_int_equal(info.max_vcpus, 0); // before domctl_max_vcpus()
		assert_int_equal(domctl_max_vcpus(9, 3), 0);
		assert_int_equal(domctl_get_info(9, &info), 0);
		assert_int_equal(info.max_vcpus, 3);
		assert_int_equal(info.online_vcpus, 0);
		assert_memory_equal(info.handle, simple_creation.handle, sizeof(info.handle));
	}
}

static void cpus_are_seen(void **state)
{
	struct vcpu_info_summary cpu;
	struct domain_info info;
	domid_t domid = create();

	(void)state;
	assert_int_equal(domctl_get_vcpu_info(domid, 0, &cpu), -ESRCH);
	assert_int_equal(domctl_max_vcpus(domid, 3), 0);
	assert_int_equal(domctl_set_64bit(domid), 0);
	assert_int_equal(domctl_set_entry(domid, 0x40080000, 0x48000000), 0);
	assert_int_equal(model_vcpu(domid, 0).pc, 0x40080000);
	assert_int_equal(model_vcpu(domid, 0).x[0], 0x48000000);
	assert_int_equal(model_vcpu(domid, 0).cpsr, PSR_GUEST64_INIT);
	assert_int_equal(model_vcpu(domid, 0).sctlr & 1, 0); // MMU off
	model_guest_ran(domid, 0, 1234567);
	model_guest_cpu_on(domid, 2);
	assert_int_equal(domctl_get_vcpu_info(domid, 0, &cpu), 0);
	assert_true(cpu.online);
	assert_int_equal(cpu.cpu_time, 1234567);
	assert_int_equal(domctl_get_vcpu_info(domid, 1, &cpu), 0);
	assert_false(cpu.online);
	assert_int_equal(domctl_get_vcpu_info(domid, 3, &cpu), -EINVAL);
	assert_int_equal(domctl_get_info(domid, &info), 0);
	assert_int_equal(info.online_vcpus, 2);
	assert_int_equal(info.cpu_time, 1234567);
}

static void a_domain_runs_pauses_and_ends(void **state)
{
	struct domain_info info;
	domid_t domid = create();

	(void)state;
	assert_int_equal(domctl_unpause(domid), 0);
	assert_int_equal(domctl_get_info(domid, &info), 0);
	assert_false(info.paused);
	assert_int_equal(domctl_unpause(domid), -EINVAL);
	assert_int_equal(domctl_pause(domid), 0);
	assert_int_equal(model_domain(domid).pause_count, 1);
	model_guest_shutdown(domid, SHUTDOWN_reboot);
	assert_int_equal(domctl_get_info(domid, &info), 0);
	assert_true(info.shutdown);
	assert_int_equal(info.shutdown_reason, SHUTDOWN_reboot);
	assert_int_equal(domctl_destroy(domid), 0);
	assert_int_equal(domctl_get_info(domid, &info), 0);
	assert_true(info.dying);
	task_sleep(SECONDS(1));
	assert_int_equal(domctl_get_info(domid, &info), -ESRCH);
	assert_int_equal(domctl_destroy(domid), -ESRCH);
}

#define LINE 50u

static struct wait_queue asked;
static unsigned int questions, answered_meanwhile;
static bool dying;

static void take_question(void *unused)
{
	(void)unused;
	questions++;
	wait_queue_wake(&asked);
}

static void ask(void *unused)
{
	model_raise_irq(LINE);
	if (dying)
		model_after(MICROSECONDS(300), ask, unused);
}

static void answer(void *unused)
{
	for (unsigned int answered = 0; dying; answered = questions) {
		WAIT_UNTIL(&asked, questions != answered);
		answered_meanwhile += dying;
	}
	(void)unused;
}

static void a_large_domain_ends_in_parts(void **state)
{
	domid_t domid = create_with_pool();

	(void)state;
	assert_int_equal(domctl_set_max_memory(domid, 64 << 10), 0);
	assert_int_equal(physmap_populate_range(domid, gfn_make(0x40000), 64 << 8), 0);
	wait_queue_init(&asked);
	questions = answered_meanwhile = 0;
	dying = true;
	assert_int_equal(irq_register(LINE, take_question, NULL), 0);
	irq_enable(LINE);
	assert_non_null(task_create("answers", answer, NULL));
	model_after(MICROSECONDS(10), ask, NULL);

	unsigned int calls = model_hypercall_count(__HYPERVISOR_domctl, XEN_DOMCTL_destroydomain);
	uint64_t begin = time_now();
	assert_int_equal(domctl_destroy(domid), 0);
	assert_true(time_now() - begin >= MILLISECONDS(1));
	calls = model_hypercall_count(__HYPERVISOR_domctl, XEN_DOMCTL_destroydomain) - calls;
	assert_in_range(answered_meanwhile, 4, 5);
	assert_in_range(calls, answered_meanwhile, answered_meanwhile + 1);
	dying = false;
	take_question(NULL);
	model_run(MILLISECONDS(10));
	irq_unregister(LINE);
	assert_int_equal(domctl_get_info(domid, &(struct domain_info){ 0 }), -ESRCH);
}

static void a_name_can_be_changed(void **state)
{
	static const uint8_t handle[16] = { 1, 2, 3, 15 };
	domid_t domid = create();

	(void)state;
	assert_int_equal(domctl_set_handle(domid, handle), 0);
	assert_memory_equal(model_domain(domid).handle, handle, sizeof(handle));
}

// ---- Memory ----

static void xsa_153_383_memory_is_limited_and_flushed(void **state)
{
	domid_t domid = create();
	unsigned int calls;

	(void)state;
	assert_int_equal(domctl_set_64bit(domid), 0);
	assert_int_equal(domctl_set_max_memory(domid, 4096), 0);
	assert_int_equal(model_domain(domid).max_pages, 1024);
	assert_int_equal(domctl_set_paging_pool(domid, 4097), -EINVAL);
	assert_int_equal(domctl_set_paging_pool(domid, MIB(1)), 0);
	assert_int_equal(model_domain(domid).paging_pool_pages, 256);
	assert_int_equal(physmap_populate_range(domid, gfn_make(0x40000), 1024), 0);
	assert_int_equal(domctl_set_64bit(domid), -EBUSY);
	// More than Xen takes in one call, most of it without memory.
	calls = model_hypercall_count(__HYPERVISOR_domctl, XEN_DOMCTL_cacheflush);
	assert_int_equal(domctl_flush_cache(domid, gfn_make(0x40000), (1 << 18) + 1), 0);
	assert_true(model_hypercall_count(__HYPERVISOR_domctl, XEN_DOMCTL_cacheflush) > calls + 1);
	assert_int_equal(domctl_flush_cache(domid, gfn_make(0x40000), 0), 0);
}

// ---- Devices ----

static void long_ranges_are_cut(void **state)
{
	const uint64_t frames = 1000; // not a multiple of 64
	domid_t domid = create_with_pool();

	(void)state;
	assert_int_equal(domctl_map_iomem(domid, gfn_make(0x10000), 0x10000, frames), -EPERM);
	assert_int_equal(domctl_permit_iomem(domid, 0x10000, frames, true), 0);
	assert_true(model_iomem_permitted(domid, 0x10000, frames));
	assert_int_equal(domctl_map_iomem(domid, gfn_make(0x20000), 0x10000, frames), 0);
	assert_int_equal(model_guest_mmio_frames(domid, 0x20000, frames), frames);
	assert_int_equal(model_guest_mfn(domid, 0x20000 + 999, NULL), 0x10000 + 999);
	assert_int_equal(domctl_unmap_iomem(domid, gfn_make(0x20000), 0x10000, frames), 0);
	assert_int_equal(model_guest_mmio_frames(domid, 0x20000, frames), 0);
	assert_int_equal(domctl_permit_iomem(domid, 0x10000, frames, false), 0);
	assert_false(model_iomem_permitted(domid, 0x10000, 1));
}

static void a_range_is_mapped_whole_or_not(void **state)
{
	domid_t domid = create_with_pool();

	(void)state;
	assert_int_equal(domctl_permit_iomem(domid, 0x10000, 1000, true), 0);
	for (unsigned int nth = 1; nth <= 16; nth++) {
		model_fail_hypercall(nth, 0);
		assert_int_equal(domctl_map_iomem(domid, gfn_make(0x20000), 0x10000, 1000), -ENOMEM);
		assert_true(model_fault_struck());
		assert_int_equal(model_guest_mmio_frames(domid, 0x20000, 1000), 0);
	}
	// The last piece isn't permitted.
	assert_int_equal(domctl_map_iomem(domid, gfn_make(0x20000), 0x10000, 1001), -EPERM);
	assert_int_equal(model_guest_mmio_frames(domid, 0x20000, 1001), 0);
	// Xen has no table for the next 2 MB: it stops within a piece and leaves what it did.
	assert_int_equal(domctl_set_paging_pool(domid, 4 * PAGE_SIZE), 0);
	assert_int_equal(domctl_map_iomem(domid, gfn_make(0x207f0), 0x10000, 100), -ENOMEM);
	assert_int_equal(model_guest_mmio_frames(domid, 0x207f0, 100), 0);
}

static void what_xen_keeps_is_refused(void **state)
{
	domid_t domid = create_with_pool(), other = create_with_pool();

	(void)state;
	assert_int_equal(domctl_permit_iomem(domid, 0x9000, 1, true), -EPERM); // its UART
	assert_int_equal(domctl_bind_irq(domid, 33), -EPERM);
	assert_int_equal(domctl_bind_irq(domid, 39), 0);
	assert_true(model_irq_bound(domid, 39));
	assert_int_equal(domctl_bind_irq(other, 39), -EBUSY);
	assert_int_equal(domctl_unbind_irq(domid, 39), -EBUSY); // it isn't dying
	assert_int_equal(domctl_bind_irq(domid, 70000), -EINVAL);
	assert_true(domctl_assign_device(domid, DMA_PATH) < 0); // no IOMMU
}

// ---- No interface ----

static void without_an_interface_nothing_is_tried(void **state)
{
	struct domain_info info;
	domid_t domid;

	(void)state;
	// A Xen whose interface isn't the one that was chosen answers -EACCES.
	model_set_version(22);
	assert_true(domctl_get_info(0, &info) < 0);
	assert_true(domctl_create(&simple_creation, DOMID_ANY, &domid) < 0);
	assert_int_equal(model_domain_count(), 0);
	assert_int_equal(xen_version_init(), 0);
	assert_int_equal(domctl_create(&simple_creation, DOMID_ANY, &domid), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_domain_is_what_was_asked_for),
		cmocka_unit_test(ids_are_chosen_or_taken),
		cmocka_unit_test(special_hardware_is_asked_for),
		cmocka_unit_test_setup(hardware_that_is_not_there_is_refused, start),
		cmocka_unit_test(information_is_of_the_domain_asked_for),
		cmocka_unit_test_setup(cpus_are_seen, start),
		cmocka_unit_test_setup(a_domain_runs_pauses_and_ends, start),
		cmocka_unit_test_setup(a_large_domain_ends_in_parts, start),
		cmocka_unit_test_setup(a_name_can_be_changed, start),
		cmocka_unit_test_setup(xsa_153_383_memory_is_limited_and_flushed, start),
		cmocka_unit_test_setup(long_ranges_are_cut, start),
		cmocka_unit_test_setup(a_range_is_mapped_whole_or_not, start),
		cmocka_unit_test_setup(what_xen_keeps_is_refused, start),
		cmocka_unit_test_setup(without_an_interface_nothing_is_tried, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
