// SPDX-License-Identifier: Apache-2.0
// The store as a domain's toolstack fills it, seen with `xs`; `xs` itself; and what `xu` asks a domain for through it.
#include "small_guest.h"

#include <errno.h>
#include <stdio.h>

#include "config/xen_domain_cfg.h"
#include "config/domain_config.h"
#include "domain/control.h"
#include "domain/domain.h"
#include "domain/lifecycle.h"
#include "kernel/compiler.h"
#include "kernel/fault_test.h"
#include "kernel/task.h"
#include "shell/command.h"
#include "shell/complete.h"
#include "shell/shell.h"
#include "xen/domctl.h"

static struct domain_config config;

struct dom0_domain_cfg domain_cfgs[] = { { 0 } }; // none but this file's

const char *const kernel_test_faults[] = { NULL };

void kernel_test_fault(const char *kind)
{
	(void)kind;
}

static int start(void **state)
{
	(void)state;
	config = small_config();
	config.uuid = (const uint8_t *)"\x24\xd0\x92\xa8\xa0\xf4\x42\x45\x96\x63\x94\x75\xca\x26\x2f\x26";
	config.vcpus = 2;
	return start_machine() || lifecycle_init();
}

static domid_t make_domain(void)
{
	struct domain *domain;

	assert_int_equal(domain_create(&config, 2, false, &domain, NULL), 0);
	return domain->id;
}

// What a line typed at the prompt prints.
static const char *run(const char *line)
{
	model_output_clear();
	command_run_line(shell_commands, line);
	return model_output();
}

static void prints(const char *line, const char *expected)
{
	assert_string_equal(run(line), expected);
}

static void says(const char *line, const char *part)
{
	const char *text = run(line);

	if (!strstr(text, part))
		fail_msg("'%s' doesn't say '%s', but: %s", line, part, text);
}

// ---- What a domain has ----

#define UUID "24d092a8-a0f4-4245-9663-9475ca262f26"

static const char own_nodes[] =
	"/libxl = \"\"   (n0)\n"
	"/local = \"\"   (n0)\n"
	"/local/domain = \"\"   (n0)\n"
	"/local/domain/0 = \"\"   (n0)\n"
	"/local/domain/0/backend = \"\"   (n0)\n"
	"/local/domain/0/backend/console = \"\"   (n0)\n"
	"/local/domain/0/domid = \"0\"   (n0)\n"
	"/local/domain/0/name = \"Domain-0\"   (n0)\n"
	"/local/pool = \"\"   (n0)\n"
	"/local/pool/0 = \"\"   (n0)\n"
	"/local/pool/0/name = \"Pool-0\"   (n0)\n"
	"/tool = \"\"   (n0)\n"
	"/tool/xenstored = \"thin-dom0\"   (n0)\n"
	"/vm = \"\"   (n0)\n";

// As `xenstore-ls -f -p` shows them under Xen's own toolstack, but for the order, the backlog's size and the ports.
static const char home[] =
	"/local/domain/2/attr = \"\"   (n2)\n"
	"/local/domain/2/console = \"\"   (n0,r2)\n"
	"/local/domain/2/console/backend = \"/local/domain/0/backend/console/2/0\"   (n0,r2)\n"
	"/local/domain/2/console/backend-id = \"0\"   (n2,r0)\n"
	"/local/domain/2/console/limit = \"16384\"   (n0,r2)\n"
	"/local/domain/2/console/output = \"pty\"   (n0,r2)\n"
	"/local/domain/2/console/port = \"1\"   (n0,r2)\n"
	"/local/domain/2/console/ring-ref = \"233472\"   (n0,r2)\n"
	"/local/domain/2/console/tty = \"\"   (n0,r2)\n"
	"/local/domain/2/console/type = \"xenconsoled\"   (n0,r2)\n"
	"/local/domain/2/control = \"\"   (n0,r2)\n"
	"/local/domain/2/control/feature-poweroff = \"\"   (n2)\n"
	"/local/domain/2/control/feature-reboot = \"\"   (n2)\n"
	"/local/domain/2/control/feature-suspend = \"\"   (n2)\n"
	"/local/domain/2/control/platform-feature-multiprocessor-suspend = \"1\"   (n0,r2)\n"
	"/local/domain/2/control/platform-feature-xs_reset_watches = \"1\"   (n0,r2)\n"
	"/local/domain/2/control/shutdown = \"\"   (n2)\n"
	"/local/domain/2/control/sysrq = \"\"   (n2)\n"
	"/local/domain/2/cpu = \"\"   (n0,r2)\n"
	"/local/domain/2/cpu/0 = \"\"   (n0,r2)\n"
	"/local/domain/2/cpu/0/availability = \"online\"   (n0,r2)\n"
	"/local/domain/2/cpu/1 = \"\"   (n0,r2)\n"
	"/local/domain/2/cpu/1/availability = \"online\"   (n0,r2)\n"
	"/local/domain/2/data = \"\"   (n2)\n"
	"/local/domain/2/device = \"\"   (n0,r2)\n"
	"/local/domain/2/device/suspend = \"\"   (n0,r2)\n"
	"/local/domain/2/device/suspend/event-channel = \"\"   (n2)\n"
	"/local/domain/2/device-model = \"\"   (n2)\n"
	"/local/domain/2/domid = \"2\"   (n0,r2)\n"
	"/local/domain/2/drivers = \"\"   (n2)\n"
	"/local/domain/2/error = \"\"   (n2)\n"
	"/local/domain/2/feature = \"\"   (n2)\n"
	"/local/domain/2/libxl = \"\"   (n2)\n"
	"/local/domain/2/memory = \"\"   (n0,r2)\n"
	"/local/domain/2/memory/static-max = \"8192\"   (n0,r2)\n"
	"/local/domain/2/memory/target = \"8192\"   (n0,r2)\n"
	"/local/domain/2/memory/videoram = \"0\"   (n0,r2)\n"
	"/local/domain/2/name = \"guest\"   (n0,r2)\n"
	"/local/domain/2/store = \"\"   (n0,r2)\n"
	"/local/domain/2/store/port = \"2\"   (n0,r2)\n"
	"/local/domain/2/store/ring-ref = \"233473\"   (n0,r2)\n"
	"/local/domain/2/vm = \"/vm/" UUID "\"   (n0,r2)\n";

static const char libxl[] =
	"/libxl/2/device = \"\"   (n0)\n"
	"/libxl/2/device/console = \"\"   (n0)\n"
	"/libxl/2/device/console/0 = \"\"   (n0)\n"
	"/libxl/2/device/console/0/backend = \"/local/domain/0/backend/console/2/0\"   (n0)\n"
	"/libxl/2/device/console/0/frontend = \"/local/domain/2/console\"   (n0)\n"
	"/libxl/2/device/console/0/frontend-id = \"2\"   (n0)\n"
	"/libxl/2/device/console/0/online = \"1\"   (n0)\n"
	"/libxl/2/device/console/0/protocol = \"vt100\"   (n0)\n"
	"/libxl/2/device/console/0/state = \"1\"   (n0)\n"
	"/libxl/2/type = \"pvh\"   (n0)\n";

static const char vm[] = "/vm/" UUID "/name = \"guest\"   (n0,r2)\n"
			 "/vm/" UUID "/uuid = \"" UUID "\"   (n0,r2)\n";

static const char backend[] =
	"/local/domain/0/backend/console/2/0/frontend = \"/local/domain/2/console\"   (n0,r2)\n"
	"/local/domain/0/backend/console/2/0/frontend-id = \"2\"   (n0,r2)\n"
	"/local/domain/0/backend/console/2/0/online = \"1\"   (n0,r2)\n"
	"/local/domain/0/backend/console/2/0/protocol = \"vt100\"   (n0,r2)\n"
	"/local/domain/0/backend/console/2/0/state = \"1\"   (n0,r2)\n";

static void a_domain_has_the_nodes_of_xl(void **state)
{
	(void)state;
	prints("xs ls -f -p", own_nodes);
	domid_t id = make_domain();
	prints("xs ls -f -p /local/domain/2", home);
	prints("xs ls -f -p /libxl/2", libxl);
	prints("xs ls -f -p /vm/" UUID, vm);
	prints("xs ls -f -p /local/domain/0/backend/console/2/0", backend);
	assert_true(xenstore_is_introduced(id));
	run("xs write /local/domain/2/data/mine 1"); // whatever is below goes with it
	assert_int_equal(domain_destroy(id, NULL), 0);
	prints("xs ls -f -p", own_nodes);
	assert_false(xenstore_is_introduced(id));
}

static void nothing_of_a_former_domain_is_left(void **state)
{
	(void)state;
	run("xs write /local/domain/2/data/left over");
	run("xs chmod /local/domain/2 n0 b2");
	domid_t id = make_domain();
	prints("xs ls -f -p /local/domain/2", home);
	assert_int_equal(domain_destroy(id, NULL), 0);
}

// ---- xs ----

static void nodes_by_hand(void **state)
{
	(void)state;
	domid_t id = make_domain();

	prints("xs write /a/b/c 'one two'", "");
	prints("xs read /a/b/c /a/b", "one two\n\n");
	prints("xs ls /a", "b = \"\"\n c = \"one two\"\n");
	prints("xs mkdir /a/d/", "");
	prints("xs chmod /a/d b0 r2", "");
	prints("xs ls -f -p /a", "/a/b = \"\"   (n0)\n/a/b/c = \"one two\"   (n0)\n/a/d = \"\"   (b0,r2)\n");
	xs_write(XS_NO_TRANSACTION, "/a/bytes", "\t\n\\\0\x7f\"", 6);
	prints("xs read /a/bytes", "\\t\\n\\\\\\x00\\x7f\"\n");
	prints("xs rm /a/b /a/d", "");
	prints("xs ls -f /a", "/a/bytes = \"\\t\\n\\\\\\x00\\x7f\"\"\n");
	prints("xs rm /a", "");
	assert_int_equal(domain_destroy(id, NULL), 0);
}

static void what_is_refused(void **state)
{
	(void)state;
	says("xs read /nowhere", "xs read: /nowhere: there is no such node; 'xs ls'");
	says("xs ls /nowhere", "xs ls: /nowhere: there is no such node");
	says("xs rm /nowhere", "xs rm: /nowhere: there is no such node");
	says("xs rm /", "xs rm: /: ");
	says("xs read name", "'name' is not a path: it begins with '/'");
	says("xs read /a//b", "the store takes no such path");
	says("xs chmod /tool x0", "'x0' is not a permission");
	says("xs chmod /tool n", "'n' is not a permission");
	says("xs chmod /tool n77", "there is no domain 77");
	says("xs watch /tool -n 0", "'0' is not a number of events");
	says("xs quota nobody", "there is no domain 'nobody'");
	says("xs quota default nodes", "a limit is missing behind 'nodes'");
	says("xs quota default eggs 5", "there is no quota 'eggs'");
	says("xs quota default nodes many", "'many' is not a limit");
}

static void change_node(void *value)
{
	xs_write(XS_NO_TRANSACTION, "/tool/x", value, 1);
}

static void later(void *value)
{
	task_sleep(MILLISECONDS(100));
	change_node(value);
}

// Dom0 isn't a domain that this program made, and hasn't ended because of that.
static void waiting_for_no_domain_of_ours(void **state)
{
	(void)state;
	says("xu wait 0 store:/tool/y -t 1", "store:/tool/y has not come in time");
	prints("xu wait 0 store:name", "");
}

static void watching(void **state)
{
	(void)state;
	assert_non_null(task_create("writer", later, "1"));
	prints("xs watch /tool -n 2", "/tool\n/tool/x\n");
	run("xs rm /tool/x");
}

static void long_lists_are_whole(void **state)
{
	static char expected[40 * 600];
	size_t at = 0;
	char path[64];

	(void)state;
	for (unsigned int i = 0; i < 600; i++) {
		snprintf(path, sizeof(path), "/many/node-number-%04u", i);
		xs_mkdir(XS_NO_TRANSACTION, path);
		at += (size_t)snprintf(expected + at, sizeof(expected) - at, "%s = \"\"\n", path);
	}
	assert_string_equal(run("xs ls -f /many"), expected);
	run("xs rm /many");
}

// As long as a path can be: /long and names of 250 letters.
static void long_paths_are_whole(void **state)
{
	char name[251], path[XS_PATH_MAX + 1] = "/long", expected[XS_PATH_MAX + 16];
	const char *shown;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	while (strlen(path) + sizeof(name) + 1 < sizeof(path)) {
		strcat(path, "/");
		strcat(path, name);
	}
	assert_true(strlen(path) > 2900);
	assert_int_equal(xs_mkdir(XS_NO_TRANSACTION, path), 0);
	snprintf(expected, sizeof(expected), "\n%s = \"\"\n", path);
	shown = run("xs ls -f /long");
	if (!strstr(shown, expected))
		fail_msg("the longest path isn't whole: %s", shown);
	run("xs rm /long");
}

static void quotas_and_figures(void **state)
{
	(void)state;
	domid_t id = make_domain();

	says("xs quota", "nodes                          1000\n");
	prints("xs quota 2 nodes 500", "");
	says("xs quota guest", "nodes                           500         14\n");
	says("xs quota default", "nodes                          1000\n");
	says("xs stats", "watches                                 0\n");
	says("xs stats", "guest                    2 on         14");
	assert_int_equal(domain_destroy(id, NULL), 0);
}

static void completes(const char *line, const char *expected)
{
	struct completion_result result;

	complete_line(shell_commands, line, strlen(line), &result);
	assert_string_equal(result.text, expected);
}

static void paths_are_completed(void **state)
{
	(void)state;
	completes("xs ls ", "/");
	completes("xs ls /to", "/tool/");
	completes("xs read /tool/", "/tool/xenstored ");
	completes("xs read /local/domain/0/b", "/local/domain/0/backend/");
	completes("xs read /nowhere/", "");
	completes("xs read nowhere", "");
	completes("xs ls /l", "/l"); // libxl and local
}

// ---- Asking a domain ----

static void answer(void *unused)
{
	(void)unused;
	xs_write(XS_NO_TRANSACTION, "/local/domain/2/control/shutdown", "", 0);
}

static void answers(void *unused)
{
	task_sleep(SECONDS(3));
	answer(unused);
	task_sleep(SECONDS(3));
	model_guest_shutdown(2, SHUTDOWN_poweroff);
}

static void shutting_down(void **state)
{
	(void)state;
	domid_t id = make_domain();

	says("xu shutdown 2", "xu shutdown: domain 2 doesn't answer the request to shut down; 'xu destroy 2' ends");
	prints("xs read /local/domain/2/control/shutdown", "\n"); // withdrawn
	run("xu pause 2");
	says("xu reboot 2", "domain 2 is paused and can't answer");
	run("xu unpause 2");
	run("xs write /local/domain/2/control/feature-reboot 0");
	says("xu reboot 2", "domain 2 says that it can't reboot when asked");

	uint64_t begin = time_now();
	assert_non_null(task_create("guest", answers, NULL));
	says("xu shutdown guest", "domain:2 is shutting down\n");
	assert_in_range(time_now() - begin, SECONDS(3), SECONDS(4));
	model_run(SECONDS(4));
	says("xu shutdown 2", "domain 2 has ended already");
	assert_int_equal(domain_destroy(id, NULL), 0);

	id = make_domain();
	begin = time_now();
	assert_non_null(task_create("guest", answers, NULL));
	says("xu shutdown -w 2", "domain:2 has ended\n");
	assert_in_range(time_now() - begin, SECONDS(6), SECONDS(7));
	assert_int_equal(domain_destroy(id, NULL), 0);

	// All: one that can't be asked is told and keeps none of the others.
	id = make_domain();
	domid_t foreign = model_make_domain(16);
	assert_non_null(task_create("guest", answers, NULL));
	says("xl shutdown -a -w", "domain:2 has ended\n");
	assert_non_null(strstr(model_output(), "it is neither one that 'xu create' made, nor xen,enhanced"));
	assert_int_equal(domain_destroy(foreign, NULL), 0);
	says("xl reboot --all", ""); // one that has ended isn't asked
	assert_null(strstr(model_output(), "domain"));
	assert_int_equal(domain_destroy(id, NULL), 0);
}

// @releaseDomain is for whoever serves other domains.
static void the_end_is_told(void **state)
{
	struct wait_queue queue = WAIT_QUEUE_INITIAL(queue);
	struct xs_watch *watch;
	char path[64];

	(void)state;
	domid_t id = make_domain();
	assert_int_equal(xs_watch_open("@releaseDomain", XS_DEPTH_ALL, &queue, &watch), 0);
	assert_true(xs_watch_take(watch, path, sizeof(path)));
	assert_false(xs_watch_take(watch, path, sizeof(path)));
	model_guest_shutdown(id, SHUTDOWN_crash);
	model_run(MILLISECONDS(10));
	assert_true(xs_watch_take(watch, path, sizeof(path)));
	assert_int_equal(domain_destroy(id, NULL), 0);
	assert_true(xs_watch_take(watch, path, sizeof(path)));
	xs_watch_close(watch);
}

static void renaming(void **state)
{
	(void)state;
	domid_t id = make_domain();

	prints("xu rename 2 fred", "");
	prints("xs read /local/domain/2/name /vm/" UUID "/name", "fred\nfred\n");
	assert_ptr_equal(domain_find_by_name("fred"), domain_find(id));
	says("xu rename fred 17", "the name '17' is a number");
	says("xu rename fred Domain-3", "begins with 'Domain-'");
	says("xu rename 0 fred", "xu rename: ");
	prints("xu rename fred fred", "");
	struct domain_config other = config;
	struct domain *domain;
	other.uuid = NULL;
	assert_int_equal(domain_create(&other, DOMID_ANY, false, &domain, NULL), 0);
	says("xu rename guest fred", "there is a domain 'fred' already");
	assert_int_equal(domain_destroy(domain->id, NULL), 0);
	assert_int_equal(domain_destroy(id, NULL), 0);
}

static void memory_and_cpus(void **state)
{
	(void)state;
	domid_t id = make_domain();
	uint64_t most = model_domain(id).max_pages;

	prints("xu mem-set guest 4", "");
	prints("xs read /local/domain/2/memory/target /local/domain/2/memory/static-max", "4096\n8192\n");
	assert_int_equal(model_domain(id).max_pages, most - 1024);
	prints("xu mem-set guest 8192k", "");
	assert_int_equal(model_domain(id).max_pages, most);
	says("xu mem-set guest 9", "domain 2 can have up to 8 MiB");
	says("xu mem-set guest 0", "domain 2 can have up to 8 MiB");
	says("xu mem-set guest 4x", "'4x' is not an amount of memory");
	says("xu mem-set guest m", "'m' is not an amount of memory");

	prints("xu vcpu-set guest 1", "");
	prints("xs read /local/domain/2/cpu/0/availability /local/domain/2/cpu/1/availability", "online\noffline\n");
	prints("xu vcpu-set guest 2", "");
	prints("xs read /local/domain/2/cpu/1/availability", "online\n");
	says("xu vcpu-set guest 3", "domain 2 can have from 1 to 2 CPUs");
	says("xu vcpu-set guest 0", "domain 2 can have from 1 to 2 CPUs");
	assert_int_equal(domain_destroy(id, NULL), 0);
}

static void keys(void **state)
{
	(void)state;
	domid_t id = make_domain();

	prints("xu sysrq guest h", "");
	prints("xs read /local/domain/2/control/sysrq", "h\n");
	says("xu sysrq guest help", "'help' is not a key");
	says("xu sysrq nobody h", "there is no domain 'nobody'");
	assert_int_equal(domain_destroy(id, NULL), 0);
}

static void others_cannot_be_asked(void **state)
{
	char line[64];

	(void)state;
	snprintf(line, sizeof(line), "xu shutdown %u", model_make_domain(16));
	says(line, "has no store here: it is neither one that 'xu create' made, nor xen,enhanced");
	says("xu shutdown 0", "xu shutdown: ");
	says("xu shutdown nobody", "there is no domain 'nobody'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_domain_has_the_nodes_of_xl),
		cmocka_unit_test(nothing_of_a_former_domain_is_left),
		cmocka_unit_test(nodes_by_hand),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(watching),
		cmocka_unit_test(long_lists_are_whole),
		cmocka_unit_test(long_paths_are_whole),
		cmocka_unit_test(waiting_for_no_domain_of_ours),
		cmocka_unit_test(quotas_and_figures),
		cmocka_unit_test(paths_are_completed),
		cmocka_unit_test(shutting_down),
		cmocka_unit_test(the_end_is_told),
		cmocka_unit_test(renaming),
		cmocka_unit_test(memory_and_cpus),
		cmocka_unit_test(keys),
		cmocka_unit_test(others_cannot_be_asked),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
