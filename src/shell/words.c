// SPDX-License-Identifier: Apache-2.0
// The splitting of a line into words, character by character.
//
// Example: xu  create "my domain" -d\ 1   gives  [xu] [create] [my domain] [-d 1].
#include "shell/words.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct splitter {
	const char *line;
	size_t length, position;
	char *out; // where the next decoded character goes
	char quote; // '\'', '"' or 0
};

static bool is_blank(char character)
{
	return character == ' ' || character == '\t';
}

int words_is_special(char character)
{
	return is_blank(character) || character == '\'' || character == '"' || character == '\\';
}

// A backslash at `position` escapes the next character here.
static bool escapes(const struct splitter *s)
{
	char next = s->position + 1 < s->length ? s->line[s->position + 1] : '\0';

	if (s->line[s->position] != '\\' || s->quote == '\'')
		return false;
	return s->quote != '"' || next == '"' || next == '\\';
}

// Decodes one word. -EINVAL: it ends in a lone backslash.
static int split_word(struct splitter *s)
{
	for (; s->position < s->length; s->position++) {
		char character = s->line[s->position];

		if (escapes(s)) {
			if (++s->position == s->length)
				return -EINVAL;
			*s->out++ = s->line[s->position];
		} else if (s->quote ? character == s->quote : character == '\'' || character == '"') {
			s->quote = s->quote ? '\0' : character;
		} else if (!s->quote && is_blank(character)) {
			return 0;
		} else {
			*s->out++ = character;
		}
	}
	return 0;
}

int words_split(struct words *words, const char *line, size_t length, struct failure *failure)
{
	struct splitter s = { .line = line, .length = length, .out = words->text };
	int error = 0;

	words->count = 0;
	for (;;) {
		while (s.position < length && is_blank(line[s.position]))
			s.position++;
		words->last_start = s.position;
		if (s.position == length)
			break;
		if (words->count == WORDS_MAX) {
			error = failure_set(failure, -E2BIG, "a line has at most %d words", WORDS_MAX);
			break;
		}
		words->word[words->count++] = s.out;
		error = split_word(&s);
		*s.out++ = '\0';
		if (error || s.position == length)
			break;
	}
	words->word[words->count] = NULL;
	words->open_quote = s.quote;
	if (s.quote)
		return failure_set(failure, -EINVAL,
				   "the quote %c is not closed; close it, or write \\%c for the character",
				   s.quote, s.quote);
	if (error == -EINVAL)
		return failure_set(failure, error,
				   "nothing follows the \\ at the end; write \\\\ for the character");
	return error;
}
