// SPDX-License-Identifier: Apache-2.0
// Domains that end by themselves: it is said, once, and answered as the configuration says; what they printed
// stays readable; whatever fails in a restart, nothing is lost.
#include "small_guest.h"

#include <errno.h>
#include <stdio.h>

#include "config/domain_config.h"
#include "domain/departed.h"
#include "domain/domain.h"
#include "domain/lifecycle.h"
#include "domain/wait.h"
#include "kernel/compiler.h"
#include "kernel/task.h"
#include "xen/domctl.h"

static struct domain_config config;

static int start(void **state)
{
	(void)state;
	config = small_config();
	return start_machine() || lifecycle_init();
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

// ---- Answers ----

static struct config_source source;
static unsigned int opened, released;
static bool is_open;
static int open_error;
static const struct config_source *last_opened;
static uint64_t release_time;

static int open_source(struct config_source *which, struct failure *failure)
{
	last_opened = which;
	assert_false(is_open);
	if (open_error)
		return failure_set(failure, open_error, "the card was pulled");
	is_open = true;
	opened++;
	return 0;
}

static void close_source(struct config_source *unused)
{
	(void)unused;
	is_open = false;
}

static void release_source(struct config_source *unused)
{
	task_sleep(release_time);
	is_open = false;
	released++;
	(void)unused;
}

// A domain with a source: "guest", whose ends are all answered by `action`.
static domid_t make_from_source(enum config_action action)
{
	struct domain *domain;

	for (size_t i = 0; i < CONFIG_ENDS; i++)
		config.actions[i] = action;
	source = (struct config_source){ &config, open_source, close_source, release_source };
	opened = released = 0;
	open_error = 0;
	assert_int_equal(domain_create_from(&source, DOMID_ANY, false, &domain, NULL), 0);
	assert_int_equal(opened, 1);
	assert_false(is_open);
	model_run(MILLISECONDS(10));
	model_output_clear();
	return domain->id;
}

static void ends(domid_t id, unsigned int reason)
{
	model_guest_shutdown(id, reason);
	model_run(MILLISECONDS(100));
	assert_false(is_open);
}

static void assert_said(const char *text)
{
	if (!strstr(model_output(), text))
		fail_msg("'%s' isn't in '%s'", text, model_output());
}

static void test_defaults_are_xls(void **state)
{
	static const struct {
		unsigned int reason;
		bool restarted;
		const char *text;
	} cases[] = {
		{ SHUTDOWN_poweroff, false, "I: domain %u (guest) has powered off and is destroyed\n" },
		{ SHUTDOWN_reboot, true, "I: domain %u (guest) wants to reboot and is restarted\n" },
		{ SHUTDOWN_crash, false, "W: domain %u (guest) has crashed and is destroyed\n" },
		{ SHUTDOWN_watchdog, false, "W: domain %u (guest) was ended by its watchdog and is destroyed\n" },
		{ SHUTDOWN_soft_reset, true, "I: domain %u (guest) wants to be reset and is restarted\n" },
		{ 77, false, "I: domain %u (guest) has shut down and is destroyed\n" },
	};
	struct model_snapshot before = model_snapshot();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		domid_t id = make_from_source(CONFIG_ACTION_DEFAULT);
		char line[128];

		snprintf(line, sizeof(line), cases[i].text, id);
		ends(id, cases[i].reason);
		assert_said(line);
		assert_false(model_domain_exists(id));
		struct domain *domain = domain_find_by_name("guest");
		assert_int_equal(!!domain, cases[i].restarted);
		if (domain) {
			assert_true(domain->id > id);
			snprintf(line, sizeof(line), "I: domain %u (guest) has started in the place of domain %u\n",
				 domain->id, id);
			assert_said(line);
			assert_int_equal(domain_destroy(domain->id, NULL), 0);
		}
		assert_int_equal(released, 1);
		model_assert_equal(&before, line);
	}
}

static void test_preserved(void **state)
{
	(void)state;
	domid_t id = make_from_source(CONFIG_ACTION_PRESERVE);

	ends(id, SHUTDOWN_crash);
	assert_said("has crashed; 'xu destroy");
	assert_true(model_domain(id).shut_down);
	assert_int_equal(domain_destroy(id, NULL), 0);
	id = make_from_source(CONFIG_ACTION_RESTART);
	struct failure failure = { 0 };
	assert_int_equal(domain_resume(id, &failure), -EINVAL);
	assert_non_null(strstr(failure.text, "hasn't suspended itself"));
	for (int i = 0; i < 2; i++) { // and again
		ends(id, SHUTDOWN_suspend);
		assert_said("has suspended itself; 'xu resume");
		assert_true(model_domain(id).shut_down);
		assert_int_equal(domain_resume(id, NULL), 0);
		assert_false(model_domain(id).shut_down);
	}
	ends(id, SHUTDOWN_suspend);
	assert_int_equal(domain_destroy(id, NULL), 0);
}

static unsigned int notifications;

static void note(void)
{
	notifications++;
}

static void test_restart_keeps_name_uuid_and_console(void **state)
{
	struct model_snapshot before = model_snapshot();
	uint8_t uuid[16];
	char text[64] = "", home[64], value[64];

	(void)state;
	domid_t id = make_from_source(CONFIG_ACTION_RESTART);
	struct domain *domain = domain_find(id);
	struct console *console = domain->console;

	memcpy(uuid, domain->uuid, sizeof(uuid));
	assert_int_equal(console_attach(console, note), 0);
	model_guest_print(id, "one ", 4);
	model_guest_shutdown(id, SHUTDOWN_reboot);
	kernel_image.read_time = MILLISECONDS(50);
	model_run(MILLISECONDS(60));
	assert_null(domain_find(id)); // neither the old one nor the new one
	assert_false(console_is_closed(console));
	assert_int_equal(console_write(console, "x", 1), 0);
	domid_t resolved;
	assert_int_equal(domain_resolve("guest", &resolved, NULL), -EBUSY);
	model_run(SECONDS(1));
	kernel_image.read_time = 0;

	domain = domain_find_by_name("guest");
	assert_non_null(domain);
	assert_ptr_equal(domain->console, console);
	assert_memory_equal(domain->uuid, uuid, sizeof(uuid));
	assert_memory_equal(model_domain(domain->id).handle, uuid, sizeof(uuid));
	assert_int_equal(opened, 2);
	notifications = 0;
	model_guest_print(domain->id, "two", 3);
	model_run(MILLISECONDS(10));
	assert_true(notifications);
	assert_int_equal(console_read(console, text, sizeof(text)), 7);
	assert_string_equal(text, "one two");
	assert_int_equal(console_write(console, "x", 1), 1);
	snprintf(home, sizeof(home), "/local/domain/%u/name", domain->id);
	assert_int_equal(xs_read(XS_NO_TRANSACTION, home, value, sizeof(value)), 5);
	snprintf(home, sizeof(home), "/local/domain/%u", id);
	assert_int_equal(xs_read(XS_NO_TRANSACTION, home, value, sizeof(value)), -ENOENT);
	console_detach(console);
	assert_int_equal(domain_destroy(domain->id, NULL), 0);
	model_assert_equal(&before, "restart");
}

// Releasing a source may wait, and a domain may end at any time.
static void test_a_source_that_goes_is_not_used(void **state)
{
	struct config_source other;

	(void)state;
	domid_t id = make_from_source(CONFIG_ACTION_RESTART);
	other = source;
	release_time = MILLISECONDS(50);
	model_guest_shutdown(id, SHUTDOWN_reboot);
	assert_int_equal(domain_set_source(id, &other, NULL), 0);
	release_time = 0;
	model_run(MILLISECONDS(100));
	const struct domain *domain = domain_find_by_name("guest");
	assert_non_null(domain);
	assert_int_not_equal(domain->id, id);
	assert_ptr_equal(domain->source, &other);
	assert_ptr_equal(last_opened, &other);
	assert_int_equal(released, 1);
	assert_int_equal(domain_destroy(domain->id, NULL), 0);
}

static void test_rename_restart(void **state)
{
	struct model_snapshot before = model_snapshot();
	char remains_name[32], path[64], value[64];

	(void)state;
	domid_t id = make_from_source(CONFIG_ACTION_RENAME_RESTART);
	ends(id, SHUTDOWN_crash);
	struct domain *domain = domain_find_by_name("guest"), *remains = domain_find(id);

	assert_non_null(domain);
	assert_non_null(remains);
	assert_ptr_not_equal(domain, remains);
	snprintf(remains_name, sizeof(remains_name), "guest-%u", id);
	assert_string_equal(remains->name, remains_name);
	assert_memory_not_equal(domain->uuid, remains->uuid, sizeof(domain->uuid));
	assert_memory_equal(model_domain(id).handle, remains->uuid, sizeof(domain->uuid));
	snprintf(path, sizeof(path), "/local/domain/%u/name", id);
	assert_true(xs_read(XS_NO_TRANSACTION, path, value, sizeof(value)) > 0);
	assert_string_equal(value, remains_name);
	assert_true(model_domain(id).shut_down);
	model_run(SECONDS(1)); // it isn't answered again
	assert_int_equal(domain_destroy(id, NULL), 0);
	assert_int_equal(domain_destroy(domain->id, NULL), 0);
	assert_int_equal(xs_directory(XS_NO_TRANSACTION, "/vm", 0, value, sizeof(value), NULL), 0);
	model_assert_equal(&before, "rename-restart");
}

static void test_not_too_often(void **state)
{
	struct domain *domain;
	unsigned int restarts = 0;

	(void)state;
	make_from_source(CONFIG_ACTION_RESTART);
	for (unsigned int i = 0; i < 20; i++) { // it runs long enough: any number of times
		model_run(SECONDS(CONFIG_RESTART_SECONDS + 1));
		ends(domain_find_by_name("guest")->id, SHUTDOWN_reboot);
	}
	assert_non_null(domain_find_by_name("guest"));
	for (; (domain = domain_find_by_name("guest")); restarts++)
		ends(domain->id, SHUTDOWN_crash);
	assert_int_equal(restarts, CONFIG_RESTART_LIMIT + 1);
	assert_said("times within 5 seconds of its start: it isn't restarted any more");
	assert_int_equal(released, 1);
	assert_int_equal(model_domain_count(), 0);
}

static void test_restart_that_fails(void **state)
{
	struct model_snapshot before = model_snapshot();

	(void)state;
	domid_t id = make_from_source(CONFIG_ACTION_RESTART);
	struct console *console = domain_find(id)->console;
	assert_int_equal(console_attach(console, note), 0);
	console_get(console);
	open_error = -ENODEV;
	ends(id, SHUTDOWN_reboot);
	assert_said("E: domain ");
	assert_said(" (guest) could not be restarted: the card was pulled");
	assert_true(console_is_closed(console));
	console_detach(console);
	console_put(console);
	assert_null(domain_find_by_name("guest"));
	assert_int_equal(released, 1);
	model_assert_equal(&before, "failed restart");
}

// ---- Their last words ----

static void test_departed_consoles(void **state)
{
	struct model_snapshot before = model_snapshot();
	char name[8], text[16] = "";
	domid_t last = 0;

	(void)state;
	for (unsigned int i = 0; i < CONFIG_ENDED_CONSOLES + 3; i++) {
		last = make_from_source(CONFIG_ACTION_DESTROY);
		model_guest_print(last, "bye\n", i == 1 ? 0 : 4); // one has nothing to say
		ends(last, SHUTDOWN_crash);
	}
	snprintf(name, sizeof(name), "%u", last);
	struct console *console = departed_take(name);
	assert_non_null(console);
	assert_int_equal(console_read(console, text, sizeof(text)), 4);
	assert_string_equal(text, "bye\n");
	console_put(console);
	assert_null(departed_take(name)); // once
	for (unsigned int i = 1; i < CONFIG_ENDED_CONSOLES; i++)
		console_put(departed_take("guest"));
	assert_null(departed_take("guest"));
	model_assert_equal(&before, "departed");
}

// Of one that is gone before anybody looks, too; but there is no other of its name.
static void test_last_words_are_waited_for(void **state)
{
	(void)state;
	domid_t id = make_from_source(CONFIG_ACTION_DESTROY);
	model_guest_print(id, "ready\n", 6);
	ends(id, SHUTDOWN_poweroff);
	assert_null(domain_find_by_name("guest"));
	assert_int_equal(wait_for("console:guest:steady", time_now(), NULL, NULL), -ETIMEDOUT);
	assert_int_equal(wait_for("console:guest:ready", time_now(), NULL, NULL), 0);
	assert_int_equal(wait_for("console:other:ready", time_now(), NULL, NULL), -ETIMEDOUT);
	id = make_from_source(CONFIG_ACTION_DESTROY);
	assert_int_equal(wait_for("console:guest:ready", time_now(), NULL, NULL), -ETIMEDOUT);
	assert_int_equal(domain_destroy(id, NULL), 0);
	console_put(departed_take("guest"));
}

// ---- Faults ----

static void fail_hypercall(unsigned int nth)
{
	model_fail_hypercall(nth, 0);
}

static void fail_hypercall_otherwise(unsigned int nth)
{
	model_fail_hypercall(nth, 1);
}

// A fault somewhere between the end and the new start: what is there afterwards can be destroyed, and nothing
// else is left.
static bool end_with_fault(enum config_action action, void (*set_fault)(unsigned int nth), unsigned int nth,
			   const struct model_snapshot *before)
{
	struct console *departed;
	struct domain *domain;
	char what[128];

	domid_t id = make_from_source(action);
	model_guest_print(id, "bye\n", 4);
	set_fault(nth);
	model_guest_shutdown(id, SHUTDOWN_crash);
	model_run(SECONDS(60)); // that Xen isn't asked once doesn't stop it for ever
	bool struck = model_fault_struck();
	snprintf(what, sizeof(what), "action %u, step %u: %s", action, nth, model_fault_place());
	model_fail_hypercall(0, 0);
	model_fail_allocation(0);
	model_fail_image_read(0);
	assert_false(is_open);

	DOMAIN_FOR_EACH(domain) {
		if (domain->being_built || domain->being_destroyed || domain->restarting)
			fail_msg("%s: domain %u is left half-way", what, domain->id);
	}
	while (!list_is_empty(&domain_list)) {
		domain = LIST_ENTRY(domain_list.next, struct domain, link);
		if (domain_destroy(domain->id, NULL))
			fail_msg("%s: domain %u can't be destroyed", what, domain->id);
	}
	while ((departed = departed_take("guest")))
		console_put(departed);
	if (released != 1)
		fail_msg("%s: released %u times", what, released);
	model_assert_equal(before, what);
	return struck;
}

static void test_faults(void **state)
{
	static const enum config_action actions[] = { CONFIG_ACTION_DESTROY, CONFIG_ACTION_RESTART,
						      CONFIG_ACTION_RENAME_RESTART };
	static void (*const faults[])(unsigned int nth) = { fail_hypercall, fail_hypercall_otherwise,
							    model_fail_allocation, model_fail_image_read };
	struct model_snapshot before = model_snapshot();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		for (size_t j = 0; j < ARRAY_SIZE(faults); j++)
			for (unsigned int nth = 1; end_with_fault(actions[i], faults[j], nth, &before); nth++)
				assert_true(nth < 2000);
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
		cmocka_unit_test(test_defaults_are_xls),
		cmocka_unit_test(test_preserved),
		cmocka_unit_test(test_restart_keeps_name_uuid_and_console),
		cmocka_unit_test(test_a_source_that_goes_is_not_used),
		cmocka_unit_test(test_rename_restart),
		cmocka_unit_test(test_not_too_often),
		cmocka_unit_test(test_restart_that_fails),
		cmocka_unit_test(test_departed_consoles),
		cmocka_unit_test(test_last_words_are_waited_for),
		cmocka_unit_test(test_faults),
	};

	int failed = cmocka_run_group_tests(before_start, NULL, NULL);
	return failed + cmocka_run_group_tests(tests, start, NULL);
}
