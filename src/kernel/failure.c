// SPDX-License-Identifier: Apache-2.0
// The record of an operation's first failure.
#include "kernel/failure.h"

#include <stdarg.h>
#include <stdio.h>

int failure_set(struct failure *failure, int error, const char *format, ...)
{
	if (!failure || failure->error)
		return error;

	va_list arguments;
	va_start(arguments, format);
	vsnprintf(failure->text, sizeof(failure->text), format, arguments);
	va_end(arguments);
	failure->error = error;
	return error;
}
