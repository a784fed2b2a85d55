// SPDX-License-Identifier: Apache-2.0
// `xu console` at the prompt: what a guest prints and a person types, whatever either of them does.
#include "shell_session.h"

static int start_known(void **state)
{
	return start(state) || xen_version_init();
}

static void guest_prints(const char *text)
{
	model_guest_print(model_last_domain(), text, strlen(text));
	model_run(MILLISECONDS(5));
}

static void test_console(void **state)
{
	char buffer[64] = "";

	(void)state;
	run("xu create virt_domu -d 1");
	guest_prints("before\n");
	assert_string_equal(typed("xu console virt_domu\r"),
			    "xu console virt_domu\nAttached to a domain console\nbefore\n");
	model_output_clear();
	guest_prints("login: ");
	assert_string_equal(model_output(), "login: ");

	type("root\r\003");
	assert_int_equal(model_guest_type(model_last_domain(), buffer, sizeof(buffer)), 6);
	assert_string_equal(buffer, "root\r\003");
	// What follows the key that detaches is for the shell.
	assert_string_equal(typed("\035kernel"), "\nDetached from console\nuart:~$ kernel");
	type("\003");

	guest_prints("meanwhile");
	assert_string_equal(typed("xu console 1\r\035"),
			    "xu console 1\nAttached to a domain console\nmeanwhile\n"
			    "Detached from console\nuart:~$ ");
	// Another key detaches, and the usual one is for the guest.
	typed("xl console -t pv -n 0 -e ^t 1\r");
	type("\035");
	assert_int_equal(model_guest_type(model_last_domain(), buffer, sizeof(buffer)), 1);
	assert_int_equal(buffer[0], '\035');
	assert_string_equal(typed("\024"), "Detached from console\nuart:~$ ");
	// xl create -c: the console of what was created.
	typed("xl create -q -c virt_domd\r");
	assert_has(model_output(), "Attached to a domain console\n");
	assert_string_equal(typed("\035"), "Detached from console\nuart:~$ ");
}

static void test_console_resets_the_terminal(void **state)
{
	(void)state;
	run("xu create virt_domu -d 1");
	type("xu console 1\r");
	guest_prints("\033[31mred\n");
	assert_string_equal(typed("\035"),
			    "\033\\\017\033[0m\033[?25h\033[?1l\033[?2004lDetached from console\nuart:~$ ");
}

// What a guest has printed of its row, and what the terminal gets behind a line of the log.
static const struct {
	const char *printed, *again;
} rows[] = {
	{ "login: ", "\nW: now\nlogin: " },
	{ "done\n", "W: now\n" },
	{ "", "W: now\n" },
	{ "50 %\r", "\nW: now\n50 %\b\b\b\b" },
	{ "50 %\r60 %", "\nW: now\n60 %" },
	{ "first\r\n# lsx\b \b", "\nW: now\n# ls \b" },
	{ "# caf\u00e9\b", "\nW: now\n# caf\u00e9\b" },
	{ "\033]0;root@guest\007\033[1;32mroot:\033[0m \033[6n", "\nW: now\nroot: " },
	{ "# lists\033[5D\033[2C\033[K", "\nW: now\n# li" },
	{ "# lists\033[5D\033[9C\033[J", "\nW: now\n# lists" },
	{ "\033P unfinished\033\\# ", "\nW: now\n# " },
	{ "\033(B# \033[2J\033[H", "\nW: now\n" },
	{ "\033[1", "W: now\n" },
};

static void test_a_line_of_the_log_leaves_the_guests_row_whole(void **state)
{
	(void)state;
	run("xu create virt_domu -d 1");
	type("xu console 1\r");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		guest_prints("\n");
		guest_prints(rows[i].printed);
		model_output_clear();
		log_warning("now");
		assert_string_equal(model_output(), rows[i].again);
	}
	guest_prints("\n");
	assert_has(typed("\035"), "lDetached from console\nuart:~$ "); // at the start of a row
}

// Of a row without an end, the last part is shown again, and nothing is overrun.
static void test_a_long_row_and_a_line_of_the_log(void **state)
{
	char much[1000 + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(much); i++)
		much[i] = (char)('a' + i % 26);
	much[1000] = '\0';
	run("xu create virt_domu -d 1");
	type("xu console 1\r");
	guest_prints(much);
	model_output_clear();
	log_warning("now");
	const char *again = model_output();
	assert_memory_equal(again, "\nW: now\n", 8);
	assert_in_range(strlen(again + 8), 100, 256);
	assert_string_equal(again + 8, much + 1000 - strlen(again + 8));
	guest_prints("\r\033[2000C\033[3000D+");
	log_warning("then");
	type("\035");
}

static void test_console_overrun(void **state)
{
	static char much[2048];

	(void)state;
	memset(much, 'x', sizeof(much));
	run("xu create virt_domu -d 1");
	for (size_t done = 0; done < CONFIG_CONSOLE_BACKLOG_SIZE + 4096; done += sizeof(much)) {
		model_guest_print(model_last_domain(), much, sizeof(much));
		model_run(MILLISECONDS(10));
	}
	model_output_clear();
	type("xu console 1\r");
	assert_has(model_output(), "Attached to a domain console\n"
				   "Domain console overrun detected. 4096 bytes was lost\nxxxx");
	type("\035");
}

static void test_console_of_a_domain_that_ends(void **state)
{
	(void)state;
	run("xu create virt_domu -d 1");
	type("xu console 1\r");
	model_guest_print(1, "bye\n", 4);
	model_output_clear();
	assert_int_equal(domain_destroy(1, NULL), 0);
	model_run(MILLISECONDS(5));
	assert_string_equal(model_output(), "bye\nThe domain has ended\nDetached from console\nuart:~$ ");
}

static void test_console_of_a_domain_that_breaks_it(void **state)
{
	(void)state;
	run("xu create virt_domu -d 1");
	type("xu console 1\r");
	model_output_clear();
	model_guest_console(1)->out_prod += 5000;
	guest_prints("");
	assert_has(model_output(), "The domain broke its console's ring\nDetached from console\nuart:~$ ");
	assert_has(run("xu console 1"), "The domain broke its console's ring\n");
}

// More is typed than the ring holds while the guest is away: it gets all of it, in order, up to a bound.
static void test_console_input_burst(void **state)
{
	char buffer[4096];
	size_t total = 0;

	(void)state;
	run("xu create virt_domu -d 1");
	type("xu console 1\r");
	for (int i = 0; i < 40; i++)
		type("0123456789012345678901234567890123456789012345678\n");
	for (size_t count; (count = model_guest_type(1, buffer + total, 512)); total += count)
		model_run(MILLISECONDS(5));
	assert_int_equal(total, 2000);
	for (size_t i = 0; i < total; i++)
		assert_int_equal(buffer[i], i % 50 == 49 ? '\n' : (int)('0' + i % 50 % 10));

	for (int i = 0; i < 60; i++)
		type("0123456789012345678901234567890123456789012345678\n");
	assert_has(typed("\035"), "The domain didn't take 1976 bytes of what was typed\n");
}

// A guest that prints all the time: the person gets through to the shell.
static void print_again(void *storm)
{
	static const char text[2048];

	model_guest_print(1, text, sizeof(text));
	if (time_now() < *(uint64_t *)storm)
		model_after(MICROSECONDS(50), print_again, storm);
}

static void test_console_of_a_storm(void **state)
{
	static uint64_t end;

	(void)state;
	run("xu create virt_domu -d 1");
	end = time_now() + SECONDS(2);
	print_again(&end);
	type("xu console 1\r");
	model_run(MILLISECONDS(500));
	model_output_clear();
	type("\035");
	assert_non_null(memmem(model_output(), 1 << 20, "Detached from console\nuart:~$ ", 30));
	assert_has(run("kernel uptime"), "Uptime: ");
	model_run(SECONDS(2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_console),
		TEST(test_console_resets_the_terminal),
		TEST(test_a_line_of_the_log_leaves_the_guests_row_whole),
		TEST(test_a_long_row_and_a_line_of_the_log),
		TEST(test_console_overrun),
		TEST(test_console_of_a_domain_that_ends),
		TEST(test_console_of_a_domain_that_breaks_it),
		TEST(test_console_input_burst),
		TEST(test_console_of_a_storm),
	};
	return cmocka_run_group_tests(tests, start_known, NULL);
}
