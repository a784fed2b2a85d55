// SPDX-License-Identifier: Apache-2.0
// Values of a configuration file: numbers, words, sets of CPUs.
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/xlcfg_reader.h"

int xlcfg_refuse(struct xlcfg_reader *reader, struct xlcfg_position position, const char *format, ...)
{
	char reason[FAILURE_TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	return xlcfg_fail(reader->failure, -EINVAL, reader->name, position, "%s", reason);
}

int xlcfg_warn(struct xlcfg_reader *reader, struct xlcfg_position position, const char *format, ...)
{
	char text[FAILURE_TEXT_MAX], message[FAILURE_TEXT_MAX];
	va_list arguments;

	if (reader->warnings == XLCFG_WARNINGS_MAX)
		return 0;
	if (++reader->warnings == XLCFG_WARNINGS_MAX)
		format = "there are more warnings, which are left out";
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	xlcfg_message(message, sizeof(message), reader->name, position, "%s", text);

	struct config_warning *warning = xlcfg_alloc(reader, 1, sizeof(*warning));
	if (!warning)
		return -ENOMEM;
	warning->text = xlcfg_text(reader, message, strlen(message));
	if (!warning->text)
		return -ENOMEM;
	*reader->last_warning = warning;
	reader->last_warning = &warning->next;
	return 0;
}

static void *or_fail(struct xlcfg_reader *reader, void *memory)
{
	if (!memory)
		failure_set(reader->failure, -ENOMEM, "%.100s: out of memory", reader->name);
	return memory;
}

void *xlcfg_alloc(struct xlcfg_reader *reader, size_t count, size_t size)
{
	return or_fail(reader, arena_alloc(&reader->file->arena, count, size));
}

char *xlcfg_text(struct xlcfg_reader *reader, const char *text, size_t length)
{
	return or_fail(reader, arena_text(&reader->file->arena, text, length));
}

// ---- Numbers ----

static unsigned int digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned int)(c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (unsigned int)(c - 'A' + 10);
	return 16;
}

bool xlcfg_digits(const char **text, unsigned int base, uint64_t *number)
{
	const char *c = *text;

	if (base == 16 && c[0] == '0' && (c[1] == 'x' || c[1] == 'X'))
		c += 2;
	if (digit(*c) >= base)
		return false;
	for (*number = 0; digit(*c) < base; c++)
		if (__builtin_mul_overflow(*number, base, number) ||
		    __builtin_add_overflow(*number, digit(*c), number))
			return false;
	*text = c;
	return true;
}

static unsigned int base_of(const char *text)
{
	if (text[0] != '0')
		return 10;
	return text[1] == 'x' || text[1] == 'X' ? 16 : 8;
}

int xlcfg_number(struct xlcfg_reader *reader, const struct xlcfg_value *value, const char *what,
		 int64_t least, int64_t most, int64_t *number)
{
	const char *end = value->text;
	bool negative = *end == '-';
	uint64_t magnitude;

	end += negative;
	const char *digits = end;
	if (!xlcfg_digits(&end, base_of(digits), &magnitude) || *end || magnitude > INT64_MAX)
		return xlcfg_refuse(reader, value->position, "%s: '%.40s' is not a number%s", what, value->text,
				    base_of(digits) == 8       ? ": a 0 in front makes it octal" :
				    end > digits && *end != '\0' ? ": it can't have a unit" :
								 "");
	*number = negative ? -(int64_t)magnitude : (int64_t)magnitude;
	if (*number < least || *number > most)
		return xlcfg_refuse(reader, value->position, "%s: %.24s is not from %" PRId64 " to %" PRId64,
				    what, value->text, least, most);
	return 0;
}

// ---- Words ----

int xlcfg_word(struct xlcfg_reader *reader, struct xlcfg_position position, const char *what,
	       const struct config_word *words, const char *text, unsigned int *meaning)
{
	const struct config_word *word = config_word_find(words, text);
	char choices[128];

	if (word) {
		*meaning = word->value;
		return 0;
	}
	config_word_list(words, choices, sizeof(choices));
	return xlcfg_refuse(reader, position, "%s: there is no '%.40s': give %s", what, text, choices);
}

// ---- CPUs ----

int xlcfg_cpus(struct xlcfg_reader *reader, const struct xlcfg_value *value, const char *what,
	       struct cpu_set *cpus)
{
	const char *wrong = cpu_set_parse(value->text, cpus);

	if (!wrong)
		return 0;
	return xlcfg_refuse(reader, value->position,
			    "%s: '%.40s': give numbers from 0 to %d as \"0-3,5,^1\", or \"all\"", what,
			    wrong, CPU_SET_CPUS - 1);
}
