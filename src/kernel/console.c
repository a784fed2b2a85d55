// SPDX-License-Identifier: Apache-2.0
// The C library's output streams. Interrupts are masked around each write, so that a handler's message never
// lands inside another.
#include "kernel/console.h"

#include <stdio.h>

#include "kernel/log.h"
#include "kernel/task.h"

static char collected[128];
static size_t count;

void console_flush(void)
{
	unsigned long state = irq_save();

	if (count)
		kernel_console_write(collected, count);
	count = 0;
	irq_restore(state);
}

static int put(char c, FILE *stream)
{
	unsigned long state = irq_save();

	(void)stream;
	collected[count++] = c;
	if (c == '\n' || count == sizeof(collected))
		console_flush();
	irq_restore(state);
	return (unsigned char)c;
}

static int flush(FILE *stream)
{
	(void)stream;
	console_flush();
	return 0;
}

static FILE console = FDEV_SETUP_STREAM(put, NULL, flush, _FDEV_SETUP_WRITE);

FILE *const stdout = &console;
FILE *const stderr = &console;
