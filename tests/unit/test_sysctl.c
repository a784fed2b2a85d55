// SPDX-License-Identifier: Apache-2.0
// xen/sysctl.c, hvm.c and sched.c against the model.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/compiler.h"
#include "kernel/panic.h"
#include "model/model.h"
#include "xen/hvm.h"
#include "xen/sysctl.h"
#include "xen/version.h"

static int start(void **state)
{
	(void)state;
	model_start(NULL);
	return xen_version_init();
}

// ---- The machine ----

static void the_machine_is_described(void **state)
{
	(void)state;
	for (unsigned int minor = 17; minor <= 22; minor++) {
		struct physical_info info;

		model_start_version(minor);
		assert_int_equal(xen_version_init(), 0);
		assert_int_equal(sysctl_physical_info(&info), 0);
		assert_int_equal(info.cpus, 4);
		assert_int_equal(info.total_pages, GIB(8) >> PAGE_SHIFT);
		assert_int_equal(info.free_pages, model_free_pages());
		assert_true(info.capabilities & XEN_SYSCTL_PHYSCAP_hap);
		assert_string_equal(sysctl_scheduler_name(), "credit2");
	}
}

static void refusals_are_passed_on(void **state)
{
	struct physical_info info;
	struct domain_info list[4];
	char buffer[16];
	uint32_t size = sizeof(buffer), index = 0;
	size_t count;

	(void)state;
	model_fail_hypercall(1, 0);
	assert_int_equal(sysctl_physical_info(&info), -EPERM);
	model_fail_hypercall(1, 0);
	assert_int_equal(sysctl_domain_list(0, list, ARRAY_SIZE(list), &count), -EPERM);
	model_fail_hypercall(1, 0);
	assert_int_equal(sysctl_read_console(buffer, &size, &index, false), -EPERM);
	model_fail_hypercall(1, 0);
	assert_string_equal(sysctl_scheduler_name(), "unknown");
}

// ---- Domains ----

static void all_domains_are_listed(void **state)
{
	struct domain_info list[40];
	size_t count;

	(void)state;
	assert_int_equal(sysctl_domain_list(0, list, ARRAY_SIZE(list), &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(list[0].domid, 0);
	for (unsigned int i = 0; i < 32; i++)
		model_make_domain(i + 1);
	// Counts around those of one call, ids from the middle.
	for (size_t capacity = 0; capacity <= ARRAY_SIZE(list); capacity++) {
		assert_int_equal(sysctl_domain_list(0, list, capacity, &count), 0);
		assert_int_equal(count, MIN(capacity, 33));
		for (size_t i = 0; i < count; i++)
			assert_int_equal(list[i].domid, i);
	}
	assert_int_equal(sysctl_domain_list(30, list, ARRAY_SIZE(list), &count), 0);
	assert_int_equal(count, 3);
	assert_int_equal(list[0].domid, 30);
	assert_int_equal(list[0].pages, 30);
	assert_int_equal(sysctl_domain_list(33, list, ARRAY_SIZE(list), &count), 0);
	assert_int_equal(count, 0);
}

// ---- Xen's console ring ----

static void the_console_ring_is_read_piece_by_piece(void **state)
{
	char buffer[8];
	uint32_t size = 4, index = 0;

	(void)state;
	model_xen_prints("(XEN) a\n");
	assert_int_equal(sysctl_read_console(buffer, &size, &index, false), 0);
	assert_int_equal(size, 4);
	assert_memory_equal(buffer, "(XEN", 4);
	size = sizeof(buffer);
	assert_int_equal(sysctl_read_console(buffer, &size, &index, false), 0);
	assert_int_equal(size, 4);
	assert_memory_equal(buffer, ") a\n", 4);
	size = sizeof(buffer);
	assert_int_equal(sysctl_read_console(buffer, &size, &index, false), 0);
	assert_int_equal(size, 0);
	index = 0;
	size = sizeof(buffer);
	assert_int_equal(sysctl_read_console(buffer, &size, &index, true), 0);
	assert_int_equal(size, 8);
	index = 0;
	size = sizeof(buffer);
	assert_int_equal(sysctl_read_console(buffer, &size, &index, false), 0);
	assert_int_equal(size, 0);
}

// ---- HVM parameters ----

static void parameters_are_set_and_read(void **state)
{
	domid_t domid = model_make_domain(1);
	uint64_t value = 1;

	(void)state;
	assert_int_equal(hvm_param_set(domid, HVM_PARAM_STORE_PFN, 0x39001), 0);
	assert_int_equal(hvm_param_get(domid, HVM_PARAM_STORE_PFN, &value), 0);
	assert_int_equal(value, 0x39001);
	assert_int_equal(hvm_param_get(DOMID_SELF, HVM_PARAM_STORE_PFN, &value), 0);
	assert_int_equal(value, 0);
	value = 5;
	assert_int_equal(hvm_param_get(domid + 1, HVM_PARAM_STORE_PFN, &value), -ESRCH);
	assert_int_equal(value, 5); // untouched
	assert_int_equal(hvm_param_set(domid, HVM_PARAM_IDENT_PT, 1), -EINVAL);
	assert_int_equal(hvm_param_set(DOMID_SELF, HVM_PARAM_STORE_PFN, 1), -EPERM);
}

// ---- The end ----

static void shut_down(void *reason)
{
	kernel_shutdown(*(enum shutdown_reason_kernel *)reason);
}

static void the_machine_ends_as_asked(void **state)
{
	enum shutdown_reason_kernel poweroff = KERNEL_POWEROFF, reboot = KERNEL_REBOOT, crash = KERNEL_CRASH;

	(void)state;
	assert_int_equal(model_shutdown_reason(shut_down, &poweroff), SHUTDOWN_poweroff);
	assert_int_equal(model_shutdown_reason(shut_down, &reboot), SHUTDOWN_reboot);
	assert_int_equal(model_shutdown_reason(shut_down, &crash), SHUTDOWN_crash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_machine_is_described),
		cmocka_unit_test_setup(refusals_are_passed_on, start),
		cmocka_unit_test_setup(all_domains_are_listed, start),
		cmocka_unit_test_setup(the_console_ring_is_read_piece_by_piece, start),
		cmocka_unit_test_setup(parameters_are_set_and_read, start),
		cmocka_unit_test_setup(the_machine_ends_as_asked, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
