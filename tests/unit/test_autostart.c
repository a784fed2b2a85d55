// SPDX-License-Identifier: Apache-2.0
// What starts with Dom0: in its order, each when what it waits for has come, or not at all; and the conditions.
#include "small_guest.h"

#include <errno.h>
#include <stdio.h>

#include "config/catalog.h"
#include "config/condition.h"
#include "config/xen_domain_cfg.h"
#include "domain/autostart.h"
#include "domain/domain.h"
#include "domain/lifecycle.h"
#include "domain/wait.h"
#include "kernel/compiler.h"
#include "kernel/task.h"
#include "xen/domctl.h"

static int load(uint8_t *buffer, size_t size, uint64_t offset, void *unused)
{
	(void)unused;
	memcpy(buffer, kernel + offset, size);
	return 0;
}

static ssize_t size_of(void *unused, uint64_t *size)
{
	(void)unused;
	*size = sizeof(kernel);
	return 0;
}

#define GUEST(text, kib, ...)                                                                                     \
	{                                                                                                    \
		.name = text, .mem_kb = kib, .max_vcpus = 1, .max_maptrack_frames = -1, .gnt_frames = -1,   \
		.load_image_bytes = load, .get_image_size = size_of, __VA_ARGS__                             \
	}

static const char *const needs_node[] = { "store:/ready=1" };
static const char *const needs_words[] = { "domain:one", "console:one:I am ready" };
static const char *const never[] = { "store:/never" };

static struct xen_domain_cfg guests[] = {
	GUEST("three", 4096, .autostart = 20, .autostart_waits = needs_words, .nr_autostart_waits = 2),
	GUEST("by_hand", 4096, .autostart = 0),
	GUEST("never", 4096, .autostart = 15, .autostart_waits = never, .nr_autostart_waits = 1, .autostart_timeout = 7),
	GUEST("two", 4096, .autostart = 10, .autostart_waits = needs_node, .nr_autostart_waits = 1),
	GUEST("one", 4096, .autostart = 1),
	GUEST("broken", 4, .autostart = 12),
};

struct dom0_domain_cfg domain_cfgs[] = {
	{ .domain_cfg = &guests[0] }, { .domain_cfg = &guests[1] }, { .domain_cfg = &guests[2] },
	{ .domain_cfg = &guests[3] }, { .domain_cfg = &guests[4] }, { .domain_cfg = &guests[5] },
	{ 0 },
};

static int start(void **state)
{
	(void)state;
	return start_machine() || lifecycle_init() || catalog_init();
}

static void started(const char *names)
{
	struct domain *domain;
	char found[128] = "";

	DOMAIN_FOR_EACH(domain)
	{
		strcat(found, domain->name);
		strcat(found, " ");
	}
	assert_string_equal(found, names);
}

static void in_order_and_when_ready(void **state)
{
	(void)state;
	assert_int_equal(autostart_init(), 0);
	model_run(SECONDS(2));
	started("one ");
	assert_int_equal(xs_printf(XS_NO_TRANSACTION, "/ready", "0"), 0);
	model_run(SECONDS(2));
	started("one ");
	assert_int_equal(xs_printf(XS_NO_TRANSACTION, "/ready", "1"), 0);
	model_run(SECONDS(1));
	started("one two ");
	assert_non_null(strstr(model_output(), "I: autostart: 'two' is domain "));
	assert_non_null(strstr(model_output(), "E: autostart: 'broken' isn't started: "));
	model_run(SECONDS(7));
	assert_non_null(strstr(model_output(),
			       "E: autostart: 'never' isn't started: store:/never has not come in time\n"));
	started("one two ");

	domid_t one = domain_find_by_name("one")->id;
	char read[8];
	model_guest_print(one, "hm. I am re", 11);
	model_run(SECONDS(1));
	while (console_read(domain_find(one)->console, read, sizeof(read))) // by somebody: it counts nevertheless
		;
	started("one two ");
	model_guest_print(one, "ady\r\n", 5);
	model_run(SECONDS(1));
	started("one two three ");
	while (!list_is_empty(&domain_list))
		assert_int_equal(domain_destroy(LIST_ENTRY(domain_list.next, struct domain, link)->id, NULL), 0);
}

static void memory_runs_out(void **state)
{
	struct model_snapshot before = model_snapshot();

	(void)state;
	assert_int_equal(xs_rm(XS_NO_TRANSACTION, "/ready"), 0);
	before = model_snapshot();
	for (unsigned int nth = 1;; nth++) {
		model_fail_allocation(nth);
		int error = autostart_init();
		model_run(SECONDS(200));
		bool struck = model_fault_struck();
		model_fail_allocation(0);
		assert_true(!error || struck);
		while (!list_is_empty(&domain_list))
			assert_int_equal(domain_destroy(LIST_ENTRY(domain_list.next, struct domain, link)->id, NULL),
					 0);
		model_assert_equal(&before, "autostart");
		if (!struck)
			break;
	}
}

// ---- Conditions ----

static void texts(void **state)
{
	static const char *const wrong[] = {
		"", "x", "store:", "store:=1", "store:relative", "console:", "console:x", "console:x:", "console::x",
		"domain:", "end:", "domain:a-name-that-is-longer-than-sixty-three-bytes-which-is-all-there-can-be",
	};
	struct condition condition;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (!condition_parse(wrong[i], &condition))
			fail_msg("'%s' is taken", wrong[i]);
	assert_null(condition_parse("store:/a/b", &condition));
	assert_string_equal(condition.path, "/a/b");
	assert_null(condition.text);
	assert_null(condition_parse("store:/a=b=c", &condition));
	assert_string_equal(condition.path, "/a");
	assert_string_equal(condition.text, "b=c");
	assert_null(condition_parse("console:x:a:b c", &condition));
	assert_string_equal(condition.domain, "x");
	assert_string_equal(condition.text, "a:b c");
}

static void waiting(void **state)
{
	struct failure failure = { 0 };
	struct catalog_entry *entry = catalog_find("by_hand", NULL, NULL);
	struct domain *domain;

	(void)state;
	assert_int_equal(wait_for("nonsense", TIME_NEVER, NULL, &failure), -EINVAL);
	assert_int_equal(wait_for("domain:by_hand", time_now() + SECONDS(1), NULL, NULL), -ETIMEDOUT);
	assert_int_equal(wait_for("end:by_hand", TIME_NEVER, NULL, NULL), 0);
	assert_int_equal(domain_create_from(&entry->source, DOMID_ANY, false, &domain, NULL), 0);
	assert_int_equal(wait_for("domain:by_hand", TIME_NEVER, NULL, NULL), 0);
	assert_int_equal(wait_for("end:by_hand", time_now() + SECONDS(1), NULL, NULL), -ETIMEDOUT);
	model_guest_shutdown(domain->id, SHUTDOWN_poweroff);
	assert_int_equal(wait_for("end:by_hand", TIME_NEVER, NULL, NULL), 0);
	model_run(SECONDS(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(waiting),
		cmocka_unit_test(in_order_and_when_ready),
		cmocka_unit_test(memory_runs_out),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
