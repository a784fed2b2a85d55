// SPDX-License-Identifier: Apache-2.0
// Domains that end by themselves: it is said, once, their console ends, and what they printed stays readable.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/domain_config.h"
#include "console/console.h"
#include "domain/domain.h"
#include "domain/lifecycle.h"
#include "domain/store_nodes.h"
#include "kernel/compiler.h"
#include "kernel/task.h"
#include "model/model.h"
#include "xen/domctl.h"
#include "xen/event.h"
#include "xen/foreign.h"
#include "xen/version.h"
#include "xenstore/xenstore.h"

static uint8_t kernel[4096];
static struct model_image kernel_image = { .name = "kernel", .data = kernel, .size = sizeof(kernel) };
static struct domain_config config = {
	.name = "guest",
	.memory_kib = 8192,
	.vcpus = 1,
	.max_grant_frames = -1,
	.max_maptrack_frames = -1,
	.command_line = "",
};

static void make_kernel(void)
{
	const uint64_t image_size = sizeof(kernel);

	memcpy(kernel + 16, &image_size, sizeof(image_size));
	kernel[24] = 0xa;
	memcpy(kernel + 56, "ARM\x64", 4);
	config.kernel = model_image_source(&kernel_image);
}

static int start(void **state)
{
	(void)state;
	make_kernel();
	model_start(NULL);
	return event_init() || xen_version_init() || foreign_init() || console_init() ||
	       xenstore_init() || store_nodes_init() || lifecycle_init();
}

static domid_t make_domain(void)
{
	struct domain *domain;

	assert_int_equal(domain_create(&config, DOMID_ANY, false, &domain, NULL), 0);
	model_run(MILLISECONDS(10));
	model_output_clear();
	return domain->id;
}

static void test_each_reason_is_said_once(void **state)
{
	static const struct {
		unsigned int reason;
		const char *line;
	} cases[] = {
		{ SHUTDOWN_poweroff,
		  "I: domain %u (guest) has powered off; 'xu destroy %u' gives its memory back\n" },
		{ SHUTDOWN_reboot,
		  "I: domain %u (guest) wants to reboot; 'xu destroy %u' gives its memory back\n" },
		{ SHUTDOWN_crash,
		  "W: domain %u (guest) has crashed; 'xu destroy %u' gives its memory back\n" },
		{ 77, "I: domain %u (guest) has shut down; 'xu destroy %u' gives its memory back\n" },
	};
	struct model_snapshot before = model_snapshot();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		domid_t id = make_domain(), other = make_domain();
		char line[128];

		snprintf(line, sizeof(line), cases[i].line, id, id);
		model_guest_shutdown(id, cases[i].reason);
		model_run(MILLISECONDS(10));
		assert_int_equal(domain_destroy(other, NULL), 0); // Xen says again that some domain ended
		model_run(MILLISECONDS(10));
		assert_string_equal(model_output(), line);
		assert_int_equal(domain_destroy(id, NULL), 0);
		model_assert_equal(&before, line);
	}
}

static void test_its_last_words_stay(void **state)
{
	(void)state;
	domid_t id = make_domain();
	unsigned int ports = event_channels_bound();
	size_t frames = foreign_mapped_frames();

	model_guest_print(id, "bye\n", 4);
	model_guest_shutdown(id, SHUTDOWN_poweroff);
	model_run(MILLISECONDS(10));

	struct console *console = domain_find(id)->console;
	char buffer[16];
	assert_true(console_is_closed(console));
	assert_int_equal(event_channels_bound(), ports - 1);
	assert_int_equal(foreign_mapped_frames(), frames - 1);
	assert_int_equal(console_write(console, "x", 1), 0);
	assert_int_equal(console_read(console, buffer, sizeof(buffer)), 4);
	assert_memory_equal(buffer, "bye\n", 4);
	assert_int_equal(domain_destroy(id, NULL), 0);
}

static void test_no_memory_for_the_task(void **state)
{
	(void)state;
	model_start(NULL);
	assert_int_equal(event_init(), 0);
	unsigned int ports = event_channels_bound();
	model_fail_allocation(1);
	int error = lifecycle_init();
	assert_true(model_fault_struck());
	assert_int_equal(error, -ENOMEM);
	assert_int_equal(event_channels_bound(), ports);
	model_fail_allocation(0);
}

int main(void)
{
	const struct CMUnitTest before_start[] = {
		cmocka_unit_test(test_no_memory_for_the_task),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_reason_is_said_once),
		cmocka_unit_test(test_its_last_words_stay),
	};

	int failed = cmocka_run_group_tests(before_start, NULL, NULL);
	return failed + cmocka_run_group_tests(tests, start, NULL);
}
