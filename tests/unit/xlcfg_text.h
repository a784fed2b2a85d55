// SPDX-License-Identifier: Apache-2.0
// Configuration files in tests: read, printed and read again, refused, warned of. What begins with KERNEL makes a domain.
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/xlcfg.h"

#define FILE_NAME   "/SD:/dom0/test.cfg"
#define KERNEL      "kernel='Image'\n" // in front of what is tested, which begins in line 2
#define PRINTED_MAX 20000

static inline struct config_file *read_bytes(const char *text, size_t size, struct failure *failure)
{
	// A copy of its own, so that the sanitizer sees a byte read too many.
	char *copy = malloc(size ? size : 1);

	assert_non_null(copy);
	memcpy(copy, text, size);
	struct config_file *file = config_file_read(FILE_NAME, copy, size, failure);
	memset(copy, 'x', size); // nothing of it may be needed any more
	free(copy);
	return file;
}

static inline struct config_file *read_text(const char *text)
{
	struct failure failure = { 0 };
	struct config_file *file = read_bytes(text, strlen(text), &failure);

	if (!file)
		fail_msg("%s", failure.text);
	assert_int_equal(failure.error, 0);
	return file;
}

struct printed {
	char text[PRINTED_MAX];
	size_t length;
};

static inline void write_piece(const char *text, void *context)
{
	struct printed *printed = context;
	size_t length = strlen(text);

	assert_true(printed->length + length < sizeof(printed->text));
	memcpy(printed->text + printed->length, text, length + 1);
	printed->length += length;
}

// What is printed reads to what prints the same, without a warning.
static inline void assert_round_trip(const struct domain_config *config)
{
	static struct printed first, second;

	first.length = second.length = 0;
	config_print(config, write_piece, &first);
	struct config_file *again = read_text(first.text);
	config_print(&again->config, write_piece, &second);
	assert_string_equal(first.text, second.text);
	assert_null(again->warnings);
	config_file_free(again);
}

static inline void assert_warned(const struct config_file *file, const char *words)
{
	for (const struct config_warning *warning = file->warnings; warning; warning = warning->next)
		if (strstr(warning->text, words))
			return;
	fail_msg("no warning has '%s'; the first is '%s'", words,
		 file->warnings ? file->warnings->text : "missing");
}

static inline void warned(const char *text, const char *words)
{
	struct config_file *file = read_text(text);

	assert_warned(file, words);
	config_file_free(file);
}

// `place` is "LINE:COLUMN: " and the beginning of the reason.
static inline void refused(const char *text, const char *place)
{
	char expected[FAILURE_TEXT_MAX];
	struct failure failure = { 0 };

	if (read_bytes(text, strlen(text), &failure))
		fail_msg("accepted: %s", text);
	snprintf(expected, sizeof(expected), FILE_NAME ":%s", place);
	if (strncmp(failure.text, expected, strlen(expected)))
		fail_msg("'%s' begins otherwise than '%s'", failure.text, expected);
	assert_int_equal(failure.error, -EINVAL);
	assert_null(read_bytes(text, strlen(text), NULL));
}

// Reads KERNEL and a text, checks what it makes, and that it can be printed and read again.
#define MAKES(settings, condition)                                                                           \
	do {                                                                                                 \
		struct config_file *made = read_text(KERNEL settings);                                       \
		const struct domain_config *config = &made->config;                                          \
		if (made->warnings)                                                                          \
			fail_msg("%s", made->warnings->text);                                                \
		assert_true(condition);                                                                      \
		assert_round_trip(config);                                                                   \
		config_file_free(made);                                                                      \
	} while (0)

#define TEXT_IS(text, expected) ((text) && !strcmp(text, expected))
