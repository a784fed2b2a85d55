// SPDX-License-Identifier: Apache-2.0
// xen/version.c, abi_version.c and error.c against a hypervisor of any version: which interface is chosen,
// what is refused and in which words, the bytes of XEN_DOMCTL_createdomain for each version, and Xen's error
// numbers.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/compiler.h"
#include "kernel/log.h"
#include "kernel/task.h"
#include "kernel/timer.h"
#include "xen/domctl.h"
#include "xen/hypercall.h"
#include "xen/sysctl.h"
#include "xen/version.h"

// ---- the hypervisor ----

static struct {
	unsigned int major, minor;
	uint32_t domctl_version, sysctl_version;
	unsigned int calls; // of domctl and sysctl
	uint8_t last_domctl[sizeof(struct xen_domctl)];
} xen;

static char logged[LOG_LINE_MAX];

static long versioned_call(uint32_t version, uint32_t expected)
{
	xen.calls++;
	return version == expected ? 0 : -XEN_EACCES;
}

static long answer_version(unsigned int command, char *answer)
{
	switch (command) {
	case XENVER_version:
		return (long)(xen.major << 16 | xen.minor);
	case XENVER_extraversion:
		strcpy(answer, ".5-rc");
		return 0;
	case XENVER_compile_info:
		// Without their NULs, as no string of Xen's should be relied on to be.
		memset(answer, 'c', sizeof(struct xen_compile_info));
		return 0;
	default:
		return -XEN_EPERM;
	}
}

long xen_hypercall(unsigned int number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
	(void)a2, (void)a3, (void)a4;
	switch (number) {
	case __HYPERVISOR_xen_version:
		return answer_version((unsigned int)a0, (char *)(uintptr_t)a1);
	case __HYPERVISOR_domctl:
		memcpy(xen.last_domctl, (void *)(uintptr_t)a0, sizeof(xen.last_domctl));
		return versioned_call(((struct xen_domctl *)(uintptr_t)a0)->interface_version,
				      xen.domctl_version);
	case __HYPERVISOR_sysctl:
		return versioned_call(((struct xen_sysctl *)(uintptr_t)a0)->interface_version,
				      xen.sysctl_version);
	default:
		return -XEN_ENOSYS;
	}
}

long xen_hypercall_in_parts(unsigned int number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
	return xen_hypercall(number, a0, a1, a2, a3, a4);
}

void log_message(enum log_level level, const char *format, ...)
{
	va_list arguments;

	(void)level;
	va_start(arguments, format);
	vsnprintf(logged, sizeof(logged), format, arguments);
	va_end(arguments);
}

void task_yield(void)
{
}

uint64_t time_now(void)
{
	return 0;
}

void timer_set(uint64_t deadline)
{
	(void)deadline;
}

bool task_should_yield(void)
{
	return false;
}

static void boot(unsigned int major, unsigned int minor, uint32_t domctl_version, uint32_t sysctl_version)
{
	memset(&xen, 0, sizeof(xen));
	xen.major = major;
	xen.minor = minor;
	xen.domctl_version = domctl_version;
	xen.sysctl_version = sysctl_version;
	logged[0] = '\0';
}

// ---- the tests ----

static const struct {
	unsigned int minor;
	uint32_t domctl, sysctl;
	size_t arch; // where arch starts in createdomain
	bool traps_unmapped; // has the flag
} versions[] = {
	{ 17, 0x15, 0x15, 56, false }, { 18, 0x16, 0x15, 56, false }, { 19, 0x17, 0x15, 60, false },
	{ 20, 0x17, 0x15, 60, false }, { 21, 0x17, 0x16, 60, true },  { 22, 0x18, 0x16, 60, true },
};

static void each_version_is_chosen(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		boot(4, versions[i].minor, versions[i].domctl, versions[i].sysctl);
		assert_int_equal(xen_version_init(), 0);
		assert_int_equal(xen_abi()->minor, versions[i].minor);
		assert_int_equal(xen_version()->minor, versions[i].minor);
		assert_string_equal(xen_version()->extra, ".5-rc");
		assert_int_equal(strlen(xen_version()->compiler), 63);
		assert_string_equal(xen_version()->capabilities, "");
		assert_string_equal(logged, "");
	}
}

static void others_are_refused_in_words(void **state)
{
	static const unsigned int others[][2] = { { 4, 16 }, { 4, 23 }, { 3, 17 }, { 5, 17 } };

	(void)state;
	assert_string_equal(xen_supported_versions(), "4.17 to 4.22");
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		char expected[LOG_LINE_MAX];
		struct physical_info physical;
		struct domain_info info;

		boot(others[i][0], others[i][1], 0x15, 0x15);
		assert_int_equal(xen_version_init(), -ENOTSUP);
		snprintf(expected, sizeof(expected),
			 "Xen %u.%u.5-rc is not supported (4.17 to 4.22 are): domain control is off",
			 others[i][0], others[i][1]);
		assert_string_equal(logged, expected);
		assert_null(xen_abi());

		// Nothing of a versioned interface is tried.
		assert_int_equal(domctl_pause(1), -ENOTSUP);
		assert_int_equal(domctl_get_info(1, &info), -ENOTSUP);
		assert_int_equal(sysctl_physical_info(&physical), -ENOTSUP);
		assert_string_equal(sysctl_scheduler_name(), "unknown");
		assert_int_equal(xen.calls, 0);
	}
}

static void a_changed_interface_is_refused(void **state)
{
	(void)state;
	boot(4, 20, 0x17, 0x16);
	assert_int_equal(xen_version_init(), -ENOTSUP);
	assert_null(xen_abi());
	assert_non_null(strstr(logged, "domctl 0x17, sysctl 0x15"));

	boot(4, 17, 0x16, 0x15);
	assert_int_equal(xen_version_init(), -ENOTSUP);
	assert_null(xen_abi());
}

static uint32_t word_at(size_t offset)
{
	uint32_t word;

	memcpy(&word, xen.last_domctl + offsetof(struct xen_domctl, u) + offset, sizeof(word));
	return word;
}

static void createdomain_has_each_version_s_layout(void **state)
{
	static const struct domain_creation creation = {
		.handle = { 1, 2, 3 },
		.ssidref = 0x11111111,
		.iommu = true,
		.max_vcpus = 4,
		.max_event_channel = 1023,
		.max_grant_frames = -1,
		.max_maptrack_frames = 64,
		.gic_version = GIC_V3,
		.tee_type = TEE_OPTEE,
		.scmi = true,
		.nr_spis = 960,
		.cpupool = 7,
		.trap_unmapped_accesses = true,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		size_t arch = versions[i].arch;
		domid_t domid = DOMID_INVALID;

		boot(4, versions[i].minor, versions[i].domctl, versions[i].sysctl);
		assert_int_equal(xen_version_init(), 0);
		assert_int_equal(domctl_create(&creation, 3, &domid), 0);
		assert_int_equal(domid, 3);

		assert_int_equal(word_at(0), 0x11111111);
		assert_int_equal(word_at(4), 0x00030201);
		assert_int_equal(word_at(20), versions[i].traps_unmapped ? 0x123 : 0x23); // hvm, hap, iommu
		assert_int_equal(word_at(24), 0);
		assert_int_equal(word_at(28), 4);
		assert_int_equal(word_at(32), 1023);
		assert_int_equal(word_at(36), UINT32_MAX);
		assert_int_equal(word_at(40), 64);
		assert_int_equal(word_at(44), 1); // grant tables of version 1
		for (size_t offset = 48; offset < arch - 4; offset += 4)
			assert_int_equal(word_at(offset), 0); // altp2m, vmtrace
		assert_int_equal(word_at(arch - 4), 7);
		assert_int_equal(word_at(arch), 0x00010002); // GIC v3, no SVE, OP-TEE
		assert_int_equal(word_at(arch + 4), 960);
		for (size_t offset = arch + 8; offset < 128; offset += 4) // behind the clock's frequency: SCMI over SMC
			assert_int_equal(word_at(offset), offset == arch + 12 && versions[i].minor >= 21);
	}
}

static void errors_become_this_library_s(void **state)
{
	(void)state;
	assert_int_equal(xen_error(0), 0);
	assert_int_equal(xen_error(17), 17);
	assert_int_equal(xen_error(-XEN_EPERM), -EPERM);
	assert_int_equal(xen_error(-XEN_ENOMEM), -ENOMEM);
	assert_int_equal(xen_error(-XEN_ENOSYS), -ENOSYS);
	assert_int_equal(xen_error(-XEN_EOPNOTSUPP), -EOPNOTSUPP);
	assert_int_equal(xen_error(-XEN_ETIMEDOUT), -ETIMEDOUT);
	assert_int_equal(xen_error(-4000), -EIO);
	assert_int_equal(xen_error(INT64_MIN), -EIO);
}

static void errors_have_words(void **state)
{
	(void)state;
	assert_string_equal(error_text(-ENOMEM), "out of memory");
	assert_string_equal(error_text(ENOMEM), "out of memory");
	assert_string_equal(error_text(0), "no error");
	assert_string_equal(error_text(-4000), "unknown error");
	assert_string_equal(error_text(INT32_MIN), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_version_is_chosen),
		cmocka_unit_test(others_are_refused_in_words),
		cmocka_unit_test(a_changed_interface_is_refused),
		cmocka_unit_test(createdomain_has_each_version_s_layout),
		cmocka_unit_test(errors_become_this_library_s),
		cmocka_unit_test(errors_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
