// SPDX-License-Identifier: Apache-2.0
// Dispatch and completion over a table of commands of the test's own.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/compiler.h"
#include "kernel/log.h"
#include "shell/command.h"
#include "shell/complete.h"

// ---- what the program prints, and the names that exist ----

static char output[4096];

void kernel_console_write(const char *text, size_t length)
{
	strncat(output, text, MIN(length, sizeof(output) - 1 - strlen(output)));
}

void candidates_each(enum completion kind, const char *prefix, complete_offer *offer, void *context)
{
	if (kind == COMPLETE_CONFIG) {
		offer("virt_domu", context);
		offer("virt_domd", context);
		offer("with space", context);
	} else if (kind == COMPLETE_DOMAIN) {
		offer("1", context);
		offer("12", context);
		offer("sync", context);
	} else if (kind == COMPLETE_FILE) {
		offer("/0:/\303\244.txt", context); // they share the first byte of a character
		offer("/0:/\303\266.txt", context);
	} else if (kind == COMPLETE_STORE && !strcmp(prefix, "/local/d")) {
		offer("/local/domain/", context);
	}
}

// ---- the commands ----

static char called[64]; // the command's name and arguments
static const char *option_values[COMMAND_OPTIONS_MAX];
static int result;

static int note_call(const struct invocation *call)
{
	strcpy(called, call->name);
	for (int i = 0; i < call->argc; i++) {
		strcat(called, "|");
		strcat(called, call->argv[i]);
	}
	assert_null(call->argv[call->argc]);
	for (int i = 0; i < COMMAND_OPTIONS_MAX; i++)
		option_values[i] = call->options[i] ? strdup(call->options[i]) : NULL;
	return result;
}

static const struct command_option create_options[] = {
	{ "-d", "ID", "the id" },
	{ "-p", NULL, "paused" },
	{ "--name", "NAME", "a name" },
	{ 0 },
};

static const char *const words[] = { "one", "other", NULL };

static const struct command xu_table[] = {
	{
		.name = "create",
		.arguments = "NAME [-d ID] [-p]",
		.help = "Build a domain",
		.details = "More about it.",
		.run = note_call,
		.min_arguments = 1,
		.max_arguments = 1,
		.completion = COMPLETE_CONFIG,
		.options = create_options,
	},
	{
		.name = "destroy",
		.arguments = "DOMAIN",
		.help = "End a domain",
		.run = note_call,
		.min_arguments = 1,
		.max_arguments = 1,
		.completion = COMPLETE_DOMAIN,
	},
	{ .name = "list", .help = "Show", .run = note_call },
	{ .name = "join",
	  .arguments = "DOMAIN ...",
	  .help = "Join",
	  .run = note_call,
	  .max_arguments = 4,
	  .completion = COMPLETE_DOMAIN,
	  .rest = COMPLETE_DOMAIN },
	{ .name = "rename",
	  .arguments = "DOMAIN WORD",
	  .help = "Rename",
	  .run = note_call,
	  .max_arguments = 2,
	  .completion = COMPLETE_DOMAIN,
	  .words = words },
	{ 0 },
};

static const struct command log_table[] = {
	{ .name = "clear", .help = "Forget", .run = note_call },
	{ .name = "level",
	  .arguments = "[one|other]",
	  .help = "Level",
	  .run = note_call,
	  .max_arguments = 1,
	  .words = words },
	{ 0 },
};

static const struct command table[] = {
	{ .name = "help",
	  .help = "Help",
	  .run = note_call,
	  .max_arguments = 4,
	  .completion = COMPLETE_COMMAND },
	{ .name = "log", .help = "Show the log", .run = note_call, .subcommands = log_table },
	{ .name = "xstat", .help = "Figures", .run = note_call },
	{ .name = "xu", .help = "Domains", .subcommands = xu_table },
	{ .name = "ycat", .help = "Files", .run = note_call, .max_arguments = 1, .completion = COMPLETE_FILE },
	{ 0 },
};

static const struct command timing_table[] = {
	{ .name = "time",
	  .arguments = "COMMAND ...",
	  .help = "Measure",
	  .run = note_call,
	  .min_arguments = 1,
	  .max_arguments = 4,
	  .completion = COMPLETE_LINE },
	{ .name = "xu", .help = "Domains", .subcommands = xu_table },
	{ 0 },
};

static int run(const char *line)
{
	output[0] = '\0';
	called[0] = '\0';
	for (int i = 0; i < COMMAND_OPTIONS_MAX; i++) {
		free((char *)option_values[i]);
		option_values[i] = NULL;
	}
	return command_run_line(table, line);
}

static int teardown(void **state)
{
	(void)state;
	result = 0;
	run("");
	return 0;
}

static void test_dispatch(void **state)
{
	(void)state;
	assert_int_equal(run(""), 0);
	assert_int_equal(run("   "), 0);
	assert_string_equal(called, "");
	assert_string_equal(output, "");
	assert_int_equal(run("xu list"), 0);
	assert_string_equal(called, "xu list");
	assert_int_equal(run("log"), 0);
	assert_string_equal(called, "log");
	assert_int_equal(run("log clear"), 0);
	assert_string_equal(called, "log clear");
	assert_int_equal(run("xu  destroy 'my domain'"), 0);
	assert_string_equal(called, "xu destroy|my domain");
	result = -EIO;
	assert_int_equal(run("xstat"), -EIO);
	assert_string_equal(output, "");
}

static void test_options(void **state)
{
	(void)state;
	assert_int_equal(run("xu create a"), 0);
	assert_string_equal(called, "xu create|a");
	assert_null(option_values[0]);
	assert_null(option_values[1]);
	assert_int_equal(run("xu create a -d 5 -p"), 0);
	assert_string_equal(called, "xu create|a");
	assert_string_equal(option_values[0], "5");
	assert_string_equal(option_values[1], "");
	assert_int_equal(run("xu create -p -d -1 a"), 0);
	assert_string_equal(called, "xu create|a");
	assert_string_equal(option_values[0], "-1");
	assert_int_equal(run("xu create -- -p"), 0);
	assert_string_equal(called, "xu create|-p");
	assert_null(option_values[1]);
	assert_int_equal(run("xu create -"), 0);
	assert_string_equal(called, "xu create|-");
	// As getopt_long(3) takes them.
	assert_int_equal(run("xu create -d3 a"), 0);
	assert_string_equal(called, "xu create|a");
	assert_string_equal(option_values[0], "3");
	assert_int_equal(run("xu create -pd 3 a"), 0);
	assert_string_equal(called, "xu create|a");
	assert_string_equal(option_values[0], "3");
	assert_string_equal(option_values[1], "");
	assert_int_equal(run("xu create -pdp a"), 0);
	assert_string_equal(option_values[0], "p");
	assert_int_equal(run("xu create --name=b=c a"), 0);
	assert_string_equal(option_values[2], "b=c");
}

static const struct {
	const char *line;
	int error;
	const char *output;
} wrong[] = {
	{ "xu create", -EINVAL,
	  "xu create: an argument is missing\nUsage: xu create NAME [-d ID] [-p]\nSee 'xu create "
	  "--help'.\n" },
	{ "xu create a b", -EINVAL,
	  "xu create: too many arguments, from 'b' on\nUsage: xu create NAME [-d ID] [-p]\nSee 'xu create "
	  "--help'.\n" },
	{ "xu create a -x", -EINVAL,
	  "xu create: there is no option -x\nUsage: xu create NAME [-d ID] [-p]\nSee 'xu create --help'.\n" },
	{ "xu create a -px", -EINVAL,
	  "xu create: there is no option -px\nUsage: xu create NAME [-d ID] [-p]\nSee 'xu create --help'.\n" },
	{ "xu create a -pd", -EINVAL, "xu create: option -d wants a value behind it: -d ID\n" },
	{ "xu create a -pp", -EINVAL, "xu create: option -p is given twice\n" },
	{ "xu create a -d1 -d", -EINVAL, "xu create: option -d is given twice\n" },
	{ "xu create a --nam=b", -EINVAL,
	  "xu create: there is no option --nam\nUsage: xu create NAME [-d ID] [-p]\nSee 'xu create --help'.\n" },
	{ "xu create a -d", -EINVAL, "xu create: option -d wants a value behind it: -d ID\n" },
	{ "xu create a -p -p", -EINVAL, "xu create: option -p is given twice\n" },
	{ "xu craete a", -ENOENT, "There is no command 'xu craete'. Did you mean 'xu create'?\n" },
	{ "xy list", -ENOENT, "There is no command 'xy'. Did you mean 'xu'?\n" },
	{ "xsatt", -ENOENT, "There is no command 'xsatt'. Did you mean 'xstat'?\n" },
	{ "x", -ENOENT, "'x' is short for several commands: xstat, xu\n" },
	{ "log cl a", -EINVAL, "log clear: too many arguments, from 'a' on\nUsage: log clear\nSee 'log clear --help'.\n" },
	{ "xu ''", -ENOENT, "There is no command 'xu '. See 'xu'.\n" },
	{ "xu lot", -ENOENT, "There is no command 'xu lot'. Did you mean 'xu list'?\n" },
	{ "lug", -ENOENT, "There is no command 'lug'. Did you mean 'log'?\n" },
	{ "sag", -ENOENT, "There is no command 'sag'. See 'help'.\n" }, // two of three letters differ
	{ "frobnicate", -ENOENT, "There is no command 'frobnicate'. See 'help'.\n" },
	{ "destroy 1", -ENOENT, "There is no command 'destroy'. Did you mean 'xu destroy'?\n" },
	{ "xu level", -ENOENT, "There is no command 'xu level'. See 'xu'.\n" },
	{ "xu frobnicate", -ENOENT, "There is no command 'xu frobnicate'. See 'xu'.\n" },
	{ "log cler", -ENOENT, "There is no command 'log cler'. Did you mean 'log clear'?\n" },
	{ "log -x", -EINVAL,
	  "log: there is no option -x\nUsage: log\n       log SUBCOMMAND ...\nSee 'log --help'.\n" },
	{ "xu -x", -EINVAL, "xu: there is no option -x\nUsage: xu SUBCOMMAND ...\nSee 'xu --help'.\n" },
	{ "xu list 'a", -EINVAL, "the quote ' is not closed; close it, or write \\' for the character\n" },
};

static void test_wrong_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(run(wrong[i].line), wrong[i].error);
		assert_string_equal(output, wrong[i].output);
		assert_string_equal(called, "");
	}
}

static void test_help(void **state)
{
	(void)state;
	static const char create_help[] = "Usage: xu create NAME [-d ID] [-p]\n"
					  "\n"
					  "Build a domain.\n"
					  "More about it.\n"
					  "\n"
					  "Options:\n"
					  "  -d ID              the id\n"
					  "  -p                 paused\n"
					  "  --name NAME        a name\n"
					  "  -h, --help         print this and do nothing\n";
	static const char xu_help[] = "Usage: xu SUBCOMMAND ...\n"
				      "\n"
				      "Domains.\n"
				      "\n"
				      "Sub-commands (xu SUBCOMMAND --help tells more):\n"
				      "  create             Build a domain\n"
				      "  destroy            End a domain\n"
				      "  list               Show\n"
				      "  join               Join\n"
				      "  rename             Rename\n";

	assert_int_equal(run("xu create --help"), 0);
	assert_string_equal(output, create_help);
	assert_int_equal(run("xu create a -h"), 0);
	assert_string_equal(output, create_help);
	assert_int_equal(run("xu --help"), 0);
	assert_string_equal(output, xu_help);
	assert_int_equal(run("xu"), 0);
	assert_string_equal(output, xu_help);
	assert_int_equal(run("log --help"), 0);
	assert_non_null(strstr(output, "Usage: log\n       log SUBCOMMAND ...\n"));
	assert_string_equal(called, "");
	assert_int_equal(run("xu create -- --help"), 0);
	assert_string_equal(called, "xu create|--help");
}

// A command whose arguments are another command leaves that one's options alone.
static void test_inner_command(void **state)
{
	(void)state;
	called[0] = output[0] = '\0';
	assert_int_equal(command_run_line(timing_table, "time xu create -d 1"), 0);
	assert_string_equal(called, "time|xu|create|-d|1");
	assert_int_equal(command_run_line(timing_table, "time xu list --help"), 0);
	assert_string_equal(called, "time|xu|list|--help");
	assert_int_equal(command_run_line(timing_table, "time -- xu -h"), 0);
	assert_string_equal(called, "time|xu|-h");
	assert_string_equal(output, "");
	assert_int_equal(command_run_line(timing_table, "time -h xu"), 0);
	assert_non_null(strstr(output, "Usage: time COMMAND ...\n"));
	assert_int_equal(command_run_line(timing_table, "time -p xu"), -EINVAL);
	assert_int_equal(command_run_line(timing_table, "time"), -EINVAL);

	char *inner[] = { "xu", "create", "-d", "1", "virt_domu", NULL };
	assert_int_equal(command_run_words(timing_table, inner), 0);
	assert_string_equal(called, "xu create|virt_domu");
}

// ---- completion ----

static char offered[256];

static void note_offer(const char *candidate, void *context)
{
	(void)context;
	strcat(offered, candidate);
	strcat(offered, " ");
}

#define assert_offers(line, expected) assert_offers_of(table, line, expected)
#define assert_offers_of(table, line, expected)                                                              \
	do {                                                                                                 \
		offered[0] = '\0';                                                                           \
		complete_each(table, line, strlen(line), note_offer, NULL);                                  \
		assert_string_equal(offered, expected);                                                      \
	} while (0)

static void test_candidates(void **state)
{
	(void)state;
	assert_offers("", "help log xstat xu ycat ");
	assert_offers("x", "xstat xu ");
	assert_offers("xu", "xu ");
	assert_offers("xu ", "create destroy list join rename ");
	assert_offers("xu c", "create ");
	assert_offers("xu create ", "virt_domu virt_domd with space ");
	assert_offers("xu create v", "virt_domu virt_domd ");
	assert_offers("xu create virt_domu ", "");
	assert_offers("xu create virt_domu -", "-d -p --name --help ");
	assert_offers("xu create -d1 -pd 1 --name=a v", "virt_domu virt_domd ");
	assert_offers("xu create -pd ", "");
	assert_offers("xu create --name ", "");
	assert_offers("xu create -d ", "");
	assert_offers("xu create -d 1 -p w", "with space ");
	assert_offers("xu create -- -", "");
	assert_offers("xu destroy 1", "1 12 ");
	assert_offers("xu join ", "1 12 sync ");
	assert_offers("xu join 1 ", "1 12 sync ");
	assert_offers("xu rename ", "1 12 sync ");
	assert_offers("xu rename 1 ", "one other ");
	assert_offers("xu list ", "");
	assert_offers("xu nothing ", "");
	assert_offers("log ", "clear level ");
	assert_offers("log level o", "one other ");
	assert_offers("log level one ", "");
	assert_offers("help ", "help log xstat xu ycat ");
	assert_offers("help xu d", "destroy ");
	assert_offers_of(timing_table, "time ", "time xu ");
	assert_offers_of(timing_table, "time xu c", "create ");
	assert_offers_of(timing_table, "time xu create -", "-d -p --name --help ");
	assert_offers("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", "");
}

#define assert_completes(line, start_, text_, count_, longer_)                                               \
	do {                                                                                                 \
		struct completion_result result_;                                                            \
		complete_line(table, line, strlen(line), &result_);                                          \
		assert_int_equal(result_.start, start_);                                                     \
		assert_string_equal(result_.text, text_);                                                    \
		assert_int_equal(result_.count, count_);                                                     \
		assert_int_equal(result_.longer, longer_);                                                   \
	} while (0)

static void test_completion(void **state)
{
	(void)state;
	assert_completes("xu cr", 3, "create ", 1, true);
	assert_completes("xu create vi", 10, "virt_dom", 2, true);
	assert_completes("xu create virt_dom", 10, "virt_dom", 2, false);
	assert_completes("xu create 'with", 10, "with\\ space ", 1, true);
	assert_completes("xu create with\\ s", 10, "with\\ space ", 1, true);
	assert_completes("nothing", 0, "", 0, false);
	assert_completes("ycat /", 5, "/0:/", 2, true);
	assert_completes("xu destroy ", 11, "", 3, false);
}

static void test_listing(void **state)
{
	(void)state;
	output[0] = '\0';
	complete_print(table, "xu create v", 11);
	assert_string_equal(output, "virt_domu  virt_domd\n");
}

static void test_numbers(void **state)
{
	uint64_t value = 99;

	(void)state;
	assert_true(shell_number("0", 10, &value) && value == 0);
	assert_true(shell_number("10", 10, &value) && value == 10);
	assert_true(shell_number("0x1F", 31, &value) && value == 31);
	assert_true(shell_number("0xa", 31, &value) && value == 10);
	assert_true(shell_number("18446744073709551615", UINT64_MAX, &value) && value == UINT64_MAX);
	static const char *const not_numbers[] = {
		"",    " 1",   "1 ", "-1", "+1", "a",    "0x",
		"0xg", "0x-1", "11", "1a", "--", "0x 1", "18446744073709551616"
	};
	for (size_t i = 0; i < ARRAY_SIZE(not_numbers); i++)
		assert_false(shell_number(not_numbers[i], 10, &value));
	assert_false(shell_number("18446744073709551616", UINT64_MAX, &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_dispatch, teardown),
		cmocka_unit_test_teardown(test_options, teardown),
		cmocka_unit_test_teardown(test_wrong_lines, teardown),
		cmocka_unit_test_teardown(test_help, teardown),
		cmocka_unit_test_teardown(test_inner_command, teardown),
		cmocka_unit_test_teardown(test_candidates, teardown),
		cmocka_unit_test_teardown(test_completion, teardown),
		cmocka_unit_test_teardown(test_listing, teardown),
		cmocka_unit_test_teardown(test_numbers, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
