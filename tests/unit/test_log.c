// SPDX-License-Identifier: Apache-2.0
// kernel/log.c: what is printed, what is kept, and what a hostile message can do.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/log.h"
#include "model/model.h"

static char kept[CONFIG_LOG_RING_SIZE + 1]; // the lines, each with '\n'
static size_t kept_length;
static unsigned int lines;

static void note(const char *text, void *context)
{
	assert_ptr_equal(context, &lines);
	assert_true(strlen(text) <= LOG_LINE_MAX);
	kept_length += (size_t)snprintf(kept + kept_length, sizeof(kept) - kept_length, "%s\n", text);
	lines++;
}

static const char *kept_lines(void)
{
	kept_length = 0;
	lines = 0;
	kept[0] = '\0';
	log_for_each_line(note, &lines);
	return kept;
}

static int start(void **state)
{
	(void)state;
	model_start(NULL);
	return 0;
}

static void lines_have_their_level(void **state)
{
	static const char expected[] = "E: one 1\nW: two\nI: three\n";

	(void)state;
	log_error("one %d", 1);
	log_warning("two");
	log_info("three");
	log_debug("four");
	assert_string_equal(model_output(), expected);
	assert_string_equal(kept_lines(), expected);

	log_set_level(LOG_LEVEL_ERROR);
	assert_int_equal(log_get_level(), LOG_LEVEL_ERROR);
	log_warning("five");
	log_error("six");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("seven");
	assert_string_equal(kept_lines() + strlen(expected), "E: six\nD: seven\n");
	log_clear();
	assert_string_equal(kept_lines(), "");
}

static void xsa_198_nothing_steers_the_terminal(void **state)
{
	(void)state;
	log_info("%s", "a\033[2Jb\nc\rd\te\x7f\xff\x80.");
	assert_string_equal(kept_lines(), "I: a.[2Jb.c.d.e....\n");
	assert_string_equal(model_output(), kept);
}

static void long_lines_are_cut(void **state)
{
	static char text[LOG_LINE_MAX * 2];

	(void)state;
	for (size_t length = LOG_LINE_MAX - 10; length < sizeof(text); length++) {
		memset(text, 'x', length);
		text[length] = '\0';
		log_clear();
		model_output_clear();
		log_info("%s", text);
		size_t shown = strlen(kept_lines());
		assert_true(shown == length + 4 || (shown > LOG_LINE_MAX - 4 && shown <= LOG_LINE_MAX + 1));
		assert_string_equal(model_output(), kept);
	}
}

// Lines of all lengths, several times around: the newest are there, whole and in order.
static void old_lines_make_room(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++)
		log_info("%d %.*s", i, i % 200,
			 "................................................................"
			 "................................................................"
			 "........................................................................");
	kept_lines();
	assert_true(kept_length > CONFIG_LOG_RING_SIZE - LOG_LINE_MAX && kept_length <= CONFIG_LOG_RING_SIZE);
	char *position = kept;
	for (int i = 20000 - (int)lines; i < 20000; i++) {
		char start_of_line[16];

		snprintf(start_of_line, sizeof(start_of_line), "I: %d ", i);
		assert_memory_equal(position, start_of_line, strlen(start_of_line));
		position = strchr(position, '\n') + 1;
	}
	assert_string_equal(position, "");
}

static void log_more(const char *text, void *context)
{
	(void)text;
	++*(unsigned int *)context;
	for (int i = 0; i < 200; i++) // pushes out what isn't shown yet
		log_info("while being shown, a line that is somewhat longer than the others %d", i);
}

static void showing_while_logging_ends(void **state)
{
	unsigned int shown = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		log_info("line %d", i);
	log_for_each_line(log_more, &shown);
	assert_in_range(shown, 1, 100);
}

static char printed[400];

static void print_elsewhere(const char *line, size_t length)
{
	snprintf(printed, sizeof(printed), "<%.*s>", (int)length, line);
}

static void a_screen_owner_prints(void **state)
{
	(void)state;
	log_set_printer(print_elsewhere);
	log_info("for the owner");
	assert_string_equal(printed, "<I: for the owner\n>");
	assert_string_equal(model_output(), "");
	log_set_printer(NULL);
	log_info("for all");
	assert_string_equal(model_output(), "I: for all\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lines_have_their_level, start),
		cmocka_unit_test_setup(xsa_198_nothing_steers_the_terminal, start),
		cmocka_unit_test_setup(long_lines_are_cut, start),
		cmocka_unit_test_setup(old_lines_make_room, start),
		cmocka_unit_test_setup(showing_while_logging_ends, start),
		cmocka_unit_test_setup(a_screen_owner_prints, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
