// SPDX-License-Identifier: Apache-2.0
// What the rooms want of the kernel, for programs without the model.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/console.h"
#include "kernel/log.h"
#include "kernel/panic.h"

void panic(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	abort();
}

// The log's lines tell nothing here.
void kernel_console_write(const char *text, size_t length)
{
	(void)text, (void)length;
}

void console_flush(void)
{
}
