// SPDX-License-Identifier: Apache-2.0
// A line taken apart into words: blanks separate; '...' keeps everything; "..." keeps everything but \" and
// \\; outside of quotes a backslash keeps the next character. Pure.
#pragma once

#include <stddef.h>

#include "kernel/failure.h"

#define WORDS_MAX 16 // of a line

struct words {
	int count;
	char *word[WORDS_MAX + 1]; // ended by NULL; they lie in `text`
	// For completion: where in the line the last word begins (the line's length, and an empty last word
	// isn't counted, when the line ends between words), and the quote that is still open there, or 0.
	size_t last_start;
	char open_quote;
	char text[CONFIG_SHELL_LINE_MAX + 1];
};

// `length` is at most CONFIG_SHELL_LINE_MAX. -EINVAL: a quote is not closed, or nothing follows a backslash;
// the words are there nevertheless. -E2BIG: more than WORDS_MAX words. `failure` may be NULL.
int words_split(struct words *words, const char *line, size_t length, struct failure *failure);

// Whether `character` must be escaped outside of quotes.
int words_is_special(char character);
