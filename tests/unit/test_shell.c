// SPDX-License-Identifier: Apache-2.0
// Sessions at the prompt, over the model: what a person types and reads, from the line editor down to the
// hypercalls.
#include "shell_session.h"

// ---- Domains ----

static void test_domain_session(void **state)
{
	(void)state;
	assert_string_equal(run("xu config_list"), "virt_domu\nvirt_domd\nvirt_paused\nvirt_slow\nnet_only\nnet_capped\n");
	assert_string_equal(run("xu create virt_domu"), "domain:1 created\n");
	assert_string_equal(
		run("xu create virt_domd -d 9 -p"),
		"I: Created domain is paused\nTo unpause issue: xu unpause 9\ndomain:9 created\n");
	assert_has(run("xu create virt_paused -d 0"), "To unpause issue: xu unpause 2\n");

	const char *list = run("xu list");
	assert_has(list, "Name                                        ID   Mem VCPUs     State    Time(s)\n");
	assert_has(list, "Domain-0                                     0 ");
	assert_has(list, "virt_domu                                    1    16     1     ");
	assert_has(list, "virt_domd                                    9    16     1     --p---       0.0\n");

	assert_string_equal(run("xu unpause 9"), "domain:9 unpaused\n");
	assert_string_equal(run("xu pause virt_domu"), "domain:1 paused\n");
	assert_int_equal(model_domain(1).pause_count, 1);
	assert_string_equal(run("xu pause 1"), "xu pause: domain 1 is paused already\n");
	assert_string_equal(run("xu unpause 1"), "domain:1 unpaused\n");
	assert_string_equal(run("xu unpause 1"), "xu unpause: domain 1 is not paused\n");
	assert_string_equal(run("xu destroy 1"), "domain:1 destroyed\n");
	assert_false(model_domain_exists(1));
	assert_string_equal(run("xu destroy virt_paused"), "domain:2 destroyed\n");
}

static const struct {
	const char *line, *part;
} errors[] = {
	{ "xu create", "xu create: which configuration? 'xu config_list' shows them\n" },
	{ "xu create nothing",
	  "xu create: there is no configuration 'nothing'; 'xu config_list' shows what there is\n" },
	{ "xu create virt_domu -d 32752",
	  "xu create: '32752' is not a domain id; take one from 1 to 32751, or 0 to let Xen choose\n" },
	{ "xu create virt_domu -d -1", "xu create: '-1' is not a domain id" },
	{ "xu create virt_domu -d", "xu create: option -d wants a value behind it: -d ID\n" },
	{ "xu destroy 0",
	  "xu destroy: Domain-0 is this control domain itself; 'xu list' shows the others\n" },
	{ "xu config nothing",
	  "xu config: there is no configuration 'nothing'; 'xu config_list' shows what there is\n" },
	{ "xu create net_only",
	  "xu create: configuration 'net_only': vif: Dom0 has no backends: name the domain that has, as "
	  "backend=DOMAIN\n" },
	{ "xu block-attach virt_domu", "xu block-attach: an argument is missing" },
	{ "xu block-attach 12 vdev=xvda", "xu block-attach: there is no domain 12" },
	{ "xu block-list 0 12", "Vdev  BE  handle state evt-ch ring-ref BE-path                       \n"
				"xu block-list: there is no domain 12; 'xu list' shows those there are\n" },
	{ "xu network-list 0",
	  "Idx BE Mac Addr.         handle state evt-ch   tx-/rx-ring-ref BE-path                       \n" },
	{ "xu network-detach 0 0", "xu network-detach: domain 0 is this control domain itself\n" },
	{ "xu destroy Domain-0", "xu destroy: Domain-0 is this control domain itself" },
	{ "xu pause 0", "xu pause: Domain-0 is this control domain itself" },
	{ "xu destroy 12", "xu destroy: there is no domain 12; 'xu list' shows those there are\n" },
	{ "xu destroy nobody", "xu destroy: there is no domain 'nobody'; 'xu list' shows those there are\n" },
	{ "xu console 0", "xu console: domain 0 has no console here" },
	{ "xu console nobody", "xu console: " },
	{ "xstat vcpu nobody", "xstat vcpu: " },
	{ "xstat stat -i x", "xstat stat: 'x' is not a number of seconds from 1 to 3600\n" },
	{ "xstat stat -i 0", "xstat stat: '0' is not a number of seconds from 1 to 3600\n" },
	{ "kernel crash x", "kernel crash: there is no kind 'x'; the kinds are:\n  null\n" },
	{ "log level loud",
	  "log level: there is no level 'loud'; the levels are error, warning, info and debug\n" },
	{ "shell colors red", "shell colors: 'red' is neither on nor off\n" },
	{ "create x", "There is no command 'create'. Did you mean 'xu create'?\n" },
	{ "ls", "There is no command 'ls'. Did you mean 'fs ls' or 'xs ls'?\n" },
	{ "xu create --help", "\n  -f, --defconfig FILE\n                     the same as FILE" },
	{ "help nothing", "help: there is no command 'nothing'; 'help' lists them all\n" },
	{ "help xu nothing", "help: there is no command 'xu nothing'; 'help' lists them all\n" },
};

static void test_config(void **state)
{
	(void)state;
	assert_string_equal(run("xu config virt_paused"),
			    "# virt_paused\n# kernel: kernel.bin\nmemory = 16\nvcpus = 1\npaused = 1\n");
	assert_string_equal(typed("xu config virt_p\t\r"),
			    "xu config virt_paused \n# virt_paused\n# kernel: kernel.bin\nmemory = 16\n"
			    "vcpus = 1\npaused = 1\n" PROMPT);
	assert_has(run("xu create net_capped"), " created\n");
	assert_has(run("xu sched-credit2 -d net_capped"), "    256   50\n");
}

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		assert_has(run(errors[i].line), errors[i].part);
	assert_int_equal(model_domain_count(), 0);
}

static void test_id_in_use(void **state)
{
	(void)state;
	run("xu create virt_domu -d 3");
	const char *text = run("xu create virt_domd -d 3");
	assert_memory_equal(text, "xu create: ", 11);
	assert_null(strstr(text, "created"));
	assert_int_equal(model_domain_count(), 1);
}

// A creation that takes long shows how far it is, and ends at Ctrl-C with nothing left.
static void test_interrupted_creation(void **state)
{
	struct model_snapshot before = model_snapshot();

	(void)state;
	model_output_clear();
	type("xu create virt_slow\r");
	model_run(SECONDS(7));
	assert_has(model_output(), "kernel: 25 %, 0.0 MB/s (Ctrl-C stops)");
	assert_has(model_output(), "memory: 100 % (Ctrl-C stops)");
	type("\003");
	model_run(SECONDS(10));
	// The status line is wiped, then the reason printed.
	assert_has(model_output(), " \rxu create: ");
	assert_null(strstr(model_output(), "created"));
	model_assert_equal(&before, "Ctrl-C");

	model_output_clear();
	type("xu create -q virt_slow\r");
	model_run(SECONDS(7));
	type("\003");
	model_run(SECONDS(10));
	assert_string_equal(model_output(), "xu create -q virt_slow\nxu create: stopped while loading the kernel\n" PROMPT);
	model_assert_equal(&before, "Ctrl-C with -q");
	assert_has(run("kernel uptime"), "Uptime: ");
}

// ---- The line ----

static void test_messages_in_between(void **state)
{
	(void)state;
	typed("xu li");
	model_output_clear();
	log_warning("something happened");
	assert_string_equal(model_output(), "\r             \rW: something happened\nuart:~$ xu li");
	model_output_clear();
	model_xen_prints("(XEN) message\n");
	model_run(MILLISECONDS(5));
	assert_string_equal(model_output(), "\ruart:~$ xu li");
	assert_has(typed("st\r"), "Domain-0");
}

static void test_completion(void **state)
{
	(void)state;
	assert_string_equal(typed("xu cr\t"), "xu create ");
	assert_string_equal(typed("vi\t"), "virt_");
	assert_string_equal(typed("\t"),
			    "\nvirt_domu    virt_domd    virt_paused  virt_slow\nuart:~$ xu create virt_");
	assert_string_equal(typed("d\t"), "dom");
	assert_string_equal(typed("u\t-d 4\r"), "u -d 4\ndomain:4 created\nuart:~$ ");
	assert_string_equal(typed("xu destroy \t"), "xu destroy \n4          virt_domu\nuart:~$ xu destroy ");
	assert_string_equal(typed("v\t\r"), "virt_domu \ndomain:4 destroyed\nuart:~$ ");
}

static void test_paste(void **state)
{
	(void)state;
	assert_string_equal(
		typed("log level\r\nlog level\r\nshell colors\r\n"),
		"log level\nwarning\nuart:~$ log level\nwarning\nuart:~$ shell colors\noff\nuart:~$ ");
}

static void test_too_long_line(void **state)
{
	(void)state;
	model_output_clear();
	for (int i = 0; i < CONFIG_SHELL_LINE_MAX / 8 + 1; i++)
		type("xu list ");
	assert_has(typed("\r"), "The line is longer than 256 bytes and was not run\nuart:~$ ");
}

static void test_colors(void **state)
{
	(void)state;
	assert_string_equal(typed("shell colors on\r"), "shell colors on\n\033[1;32muart:~$ \033[0m");
	assert_string_equal(typed("xu nothing\r"),
			    "xu nothing\n\033[1;31mThere is no command 'xu nothing'. See 'xu'."
			    "\033[0m\n\033[1;32muart:~$ \033[0m");
	assert_string_equal(typed("shell colors off\r"), "shell colors off\nuart:~$ ");
}

// ---- All commands ----

static void assert_rows_fit(const char *text)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (strcspn(text, "\n") > 80)
			fail_msg("more than 80 columns: %.*s", (int)strcspn(text, "\n"), text);
}

// Puts what Tab offers at the end of a line into `context`, each between blanks.
static void add_offer(const char *candidate, void *context)
{
	char *offers = context;

	snprintf(offers + strlen(offers), 4096 - strlen(offers), " %s ", candidate);
}

static void assert_offers(const char *line, const char *candidate)
{
	char offers[4096] = "", wanted[64];

	snprintf(wanted, sizeof(wanted), " %s ", candidate);
	complete_each(shell_commands, line, strlen(line), add_offer, offers);
	if (!strstr(offers, wanted))
		fail_msg("Tab behind '%s' doesn't offer '%s' but '%s'", line, candidate, offers);
}

// Its name, its options by each of their names, and what its first argument can be.
static void check_completion(const struct command *command, const char *path)
{
	char line[COMMAND_PATH_MAX + 16], name[64];

	assert_offers(path, command->name);
	snprintf(line, sizeof(line), "%s -", path);
	assert_offers(line, "--help");
	for (const struct command_option *option = command->options; option && option->name; option++) {
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(option->name, ","), option->name);
		assert_offers(line, name);
		if (strstr(option->name, ", "))
			assert_offers(line, strstr(option->name, ", ") + 2);
	}
	snprintf(line, sizeof(line), "%s ", path);
	if (command->completion == COMPLETE_DOMAIN)
		assert_offers(line, "virt_domu");
	if (command->completion == COMPLETE_CONFIG)
		assert_offers(line, "virt_slow");
	for (const char *const *word = command->words; word && *word; word++)
		if (command->completion == COMPLETE_NOTHING)
			assert_offers(line, *word);
}

static void check_help(const struct command *table, const char *path)
{
	for (const struct command *command = table; command->name; command++) {
		char line[COMMAND_PATH_MAX], help[COMMAND_PATH_MAX + 16];
		size_t options = 0;

		snprintf(line, sizeof(line), "%s%s%s", path, *path ? " " : "", command->name);
		snprintf(help, sizeof(help), "%s --help", line);
		const char *text = run(help);
		assert_has(text, "Usage: ");
		assert_has(text, command->help);
		assert_rows_fit(text);
		assert_true(strlen(command->name) <= 18);
		for (const struct command_option *o = command->options; o && o->name; o++)
			options++;
		assert_true(options <= COMMAND_OPTIONS_MAX);
		assert_true(command->run || command->subcommands);
		check_completion(command, line);
		if (command->subcommands)
			check_help(command->subcommands, line);
	}
}

static void test_help(void **state)
{
	(void)state;
	run("xu create virt_domu");
	assert_rows_fit(run("help"));
	check_help(shell_commands, "");
	run("xu destroy virt_domu");
	assert_has(run("help xu create"), "Usage: xu create NAME|FILE [KEY=VALUE ...] [-d ID] [-p] [-c] [-n] [-q]\n");
}

static void test_figures(void **state)
{
	(void)state;
	run("xu create virt_domu -d 1");
	model_guest_ran(1, 0, MILLISECONDS(12345));
	static const char *const lines[] = {
		"xu list",      "xstat stat",     "xstat stat -i 1", "xstat version",  "xstat physinfo",
		"xstat vcpu",   "xstat vcpu all", "xstat vcpu 1",    "kernel version", "kernel uptime",
		"kernel tasks", "kernel memory",  "log level",       "shell colors",   "history",
	};
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		const char *text = run(lines[i]);
		assert_true(*text);
		assert_rows_fit(text);
	}
	assert_has(run("kernel uptime"), " us after the start\n");
	assert_has(run("kernel time xstat stat -i 1"), "\n10");
	assert_has(run("kernel time xstat stat -i 1"), " at work\n");
	const char *profile = "Profile, build abc (scripts/profile names the functions):\n8 periods of 997 us, 1 lost\n"
			      "     2 1234 500 40\n     5 500 40\n";
	assert_string_equal(run("kernel profile 1"), profile);
	assert_has(run("kernel profile shell colors"), "off\nProfile, build abc ");
	assert_has(run("kernel profile -p 50 shell colors"), "8 periods of 50 us, 1 lost\n");
	assert_has(run("kernel profile -p 49 1"), "'49' is not a number of microseconds from 50 to 100000\n");
	assert_has(run("kernel profile kernel profile 1"), "kernel profile: it can't begin: ");
	assert_has(run("kernel time nothing"), "There is no command 'nothing'");
	assert_has(run("xu list"), "12.3\n");
	assert_has(run("xstat stat"), "virt_domu                  1 ");
	assert_has(run("xstat vcpu virt_domu"), "12.3\n");
	assert_has(run("xstat version"), "XEN version 4.17");
	assert_has(run("xstat physinfo"), "CPUs         : 4\n");
	assert_has(run("kernel memory"), "Event channels : 4 bound\n");
}

// What a domain is doing while somebody measures it.
static void work(void *end)
{
	model_guest_ran(1, 0, MILLISECONDS(5));
	if (time_now() < *(uint64_t *)end)
		model_after(MILLISECONDS(10), work, end);
}

static void test_cpu_share(void **state)
{
	static uint64_t end;

	(void)state;
	run("xu create virt_domu -d 1");
	end = time_now() + SECONDS(3);
	work(&end);
	const char *row = strstr(run("xstat stat -i 2"), "virt_domu");
	assert_non_null(row);
	assert_in_range(strtoul(strrchr(row, ' '), NULL, 10), 48, 52);

	model_output_clear();
	type("xstat stat -i 100\r");
	type("\003");
	model_run(SECONDS(1));
	assert_has(model_output(), "xstat stat: stopped by Ctrl-C\nuart:~$ ");
	model_run(SECONDS(2));
}

static void test_log(void **state)
{
	(void)state;
	run("log clear");
	run("log level info");
	log_info("one");
	log_error("two");
	assert_string_equal(run("log"), "I: one\nE: two\n");
	run("log clear");
	assert_string_equal(run("log"), "");
	run("log level error");
	log_info("three");
	log_error("four");
	assert_string_equal(run("log"), "E: four\n");
	run("log level warning");
}

// While no interface of Xen's is chosen, as under a version that isn't known, the shell works and says so.
static void test_unknown_xen(void **state)
{
	(void)state;
	assert_has(run("xu list"), "xu list: the control interfaces of Xen ");
	assert_has(run("xstat physinfo"), "are unknown here; run Xen 4.17 to 4.22\n");
	assert_has(run("kernel version"), "not controlled: the interfaces of Xen 4.17 to 4.22 are known\n");
	assert_has(run("xstat version"), "Interfaces   : unknown here; Xen 4.17 to 4.22 can be controlled\n");
	assert_has(run("xu create virt_domu"), "xu create: ");
	assert_has(run("xu destroy 1"), "xu destroy: ");
	typed("xu destroy \t\003");
	assert_int_equal(xen_version_init(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_unknown_xen),
		TEST(test_domain_session),
		TEST(test_config),
		TEST(test_errors),
		TEST(test_id_in_use),
		TEST(test_interrupted_creation),
		TEST(test_messages_in_between),
		TEST(test_completion),
		TEST(test_paste),
		TEST(test_too_long_line),
		TEST(test_colors),
		TEST(test_help),
		TEST(test_figures),
		TEST(test_cpu_share),
		TEST(test_log),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
