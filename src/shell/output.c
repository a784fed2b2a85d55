// SPDX-License-Identifier: Apache-2.0
// The commands' output, piece by piece in one hypercall each, and the colours.
#include "shell/output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/log.h"
#include "kernel/terminal.h"
#include "shell/row.h"
#include "shell/shell.h"

#define RED "\033[1;31m"
#define GREEN "\033[1;32m"
#define NORMAL "\033[0m"

static bool colors;

void shell_set_colors(bool on)
{
	colors = on;
}

bool shell_has_colors(void)
{
	return colors;
}

const char *shell_prompt_color(void)
{
	return colors ? GREEN : "";
}

const char *shell_no_color(void)
{
	return colors ? NORMAL : "";
}

static char text[SHELL_PRINT_MAX + 1];

static void print(const char *format, va_list arguments)
{
	int length = vsnprintf(text, sizeof(text), format, arguments);

	if (length > 0)
		row_write(text, MIN((size_t)length, sizeof(text) - 1));
}

// What is quoted in a message may come from a card's file or a guest.
static void print_error(const char *format, va_list arguments)
{
	uint8_t last = 0;

	vsnprintf(text, sizeof(text), format, arguments);
	for (char *at = text; *at; at++) {
		uint8_t byte = (uint8_t)*at;

		if (byte != '\n' && terminal_is_control(last, byte))
			*at = '?';
		last = byte;
	}
	row_write(text, strlen(text));
}

void shell_print(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(format, arguments);
	va_end(arguments);
}

void shell_error(const char *format, ...)
{
	va_list arguments;

	shell_print("%s", colors ? RED : "");
	va_start(arguments, format);
	print_error(format, arguments);
	va_end(arguments);
	shell_print("%s\n", shell_no_color());
}

// The status line; it leaves the last column of a row free, where some terminals wrap.
static char status[80];
static size_t status_length; // 0: none is shown

void shell_status(const char *format, ...)
{
	va_list arguments;

	shell_status_clear();
	va_start(arguments, format);
	vsnprintf(status, sizeof(status), format, arguments);
	va_end(arguments);
	status_length = strlen(status);
	kernel_console_write(status, status_length);
}

void shell_status_clear(void)
{
	if (!status_length)
		return;
	char blanks[sizeof(status) + 1];
	memset(blanks, ' ', sizeof(blanks));
	blanks[0] = blanks[status_length + 1] = '\r';
	kernel_console_write(blanks, status_length + 2);
	status_length = 0;
}

int shell_failure(const struct invocation *call, const struct failure *failure)
{
	shell_error("%s: %s", call->name, failure->text);
	return failure->error;
}

int shell_number_option(const struct invocation *call, unsigned int option, const char *what, uint64_t least,
			uint64_t most, uint64_t *value)
{
	const char *digits = call->options[option];
	uint64_t number;

	if (!digits)
		return 0;
	if (shell_number(digits, most, &number) && number >= least) {
		*value = number;
		return 0;
	}
	shell_error("%s: '%s' is not a %s from %" PRIu64 " to %" PRIu64, call->name, digits, what, least, most);
	return -EINVAL;
}

bool shell_number(const char *digits, uint64_t max, uint64_t *value)
{
	bool hexadecimal = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
	const char *first = digits + (hexadecimal ? 2 : 0);
	char *end;

	// strtoull() takes signs and spaces in front; here it must begin with a digit.
	if (!(*first >= '0' && *first <= '9') &&
	    !(hexadecimal && ((*first >= 'a' && *first <= 'f') || (*first >= 'A' && *first <= 'F'))))
		return false;
	errno = 0;
	unsigned long long number = strtoull(first, &end, hexadecimal ? 16 : 10);
	if (errno || *end || number > max)
		return false;
	*value = number;
	return true;
}
