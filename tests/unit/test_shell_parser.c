// SPDX-License-Identifier: Apache-2.0
// A line taken apart into words.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/compiler.h"
#include "shell/words.h"

static struct words words;
static struct failure failure;

static int split(const char *line)
{
	failure = (struct failure){ 0 };
	return words_split(&words, line, strlen(line), &failure);
}

static const struct {
	const char *line;
	const char *words[6];
} lines[] = {
	{ "", { NULL } },
	{ "  \t ", { NULL } },
	{ "xu", { "xu" } },
	{ "  xu \t create  a\t", { "xu", "create", "a" } },
	{ "'a b' \"c d\"", { "a b", "c d" } },
	{ "a'b'\"c\"d", { "abcd" } },
	{ "'' \"\" x", { "", "", "x" } },
	{ "a\\ b \\' \\\" \\\\", { "a b", "'", "\"", "\\" } },
	{ "'a\\b' 'c\"d'", { "a\\b", "c\"d" } },
	{ "\"a\\\"b\\\\c\\d'\"", { "a\"b\\c\\d'" } },
	{ "\303\244 '\342\202\254 '", { "\303\244", "\342\202\254 " } },
};

static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		int count = 0;

		assert_int_equal(split(lines[i].line), 0);
		for (; lines[i].words[count]; count++) {
			assert_true(count < words.count);
			assert_string_equal(words.word[count], lines[i].words[count]);
		}
		assert_int_equal(words.count, count);
		assert_null(words.word[count]);
	}
}

static void test_errors(void **state)
{
	(void)state;
	assert_int_equal(split("xu create 'my domain"), -EINVAL);
	assert_string_equal(failure.text,
			    "the quote ' is not closed; close it, or write \\' for the character");
	assert_int_equal(words.count, 3);
	assert_string_equal(words.word[2], "my domain");
	assert_int_equal(words.open_quote, '\'');

	assert_int_equal(split("echo \"a\\\""), -EINVAL);
	assert_non_null(strstr(failure.text, "the quote \" is not closed"));

	assert_int_equal(split("a b\\"), -EINVAL);
	assert_string_equal(failure.text, "nothing follows the \\ at the end; write \\\\ for the character");
	assert_int_equal(words.count, 2);
}

static void test_too_many(void **state)
{
	(void)state;
	assert_int_equal(split("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"), 0);
	assert_int_equal(words.count, WORDS_MAX);
	assert_int_equal(split("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 "), 0);
	assert_int_equal(split("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"), -E2BIG);
	assert_string_equal(failure.text, "a line has at most 16 words");
}

static void test_last_word(void **state)
{
	(void)state;
	split("xu cre");
	assert_int_equal(words.last_start, 3);
	split("xu create ");
	assert_int_equal(words.last_start, 10);
	split("xu 'a b");
	assert_int_equal(words.last_start, 3);
	split("xu a\\ b");
	assert_int_equal(words.last_start, 3);
	split("");
	assert_int_equal(words.last_start, 0);
}

// Any line of any length fits: the words lie inside, one behind the other, each ended.
static void test_random_lines(void **state)
{
	static const char characters[] = " \t'\"\\ab\303";

	(void)state;
	srand(4);
	for (int i = 0; i < 100000; i++) {
		char line[CONFIG_SHELL_LINE_MAX];
		size_t length = (size_t)rand() % (sizeof(line) + 1);

		for (size_t j = 0; j < length; j++)
			line[j] = characters[(size_t)rand() % (sizeof(characters) - 1)];
		int error = words_split(&words, line, length, NULL);
		assert_true(error == 0 || error == -EINVAL || error == -E2BIG);
		assert_true(words.count <= WORDS_MAX && words.last_start <= length);
		const char *end = words.text;
		for (int j = 0; j < words.count; j++) {
			assert_ptr_equal(words.word[j], end);
			end += strlen(end) + 1;
			assert_true(end <= words.text + sizeof(words.text));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),        cmocka_unit_test(test_errors),
		cmocka_unit_test(test_too_many),     cmocka_unit_test(test_last_word),
		cmocka_unit_test(test_random_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
