// SPDX-License-Identifier: Apache-2.0
// What the rooms want of the kernel, for programs without the model.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/console.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "kernel/task.h"

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

// ---- Tasks: there is one; who waits, and for what, is in lone_task.c or lone_guest.c ----

bool task_should_yield(void)
{
	return false;
}

void wait_queue_init(struct wait_queue *queue)
{
	list_init(&queue->waiters);
}

void wait_queue_wake(struct wait_queue *queue)
{
	(void)queue;
}

unsigned long irq_save(void)
{
	return 0;
}

void irq_restore(unsigned long state)
{
	(void)state;
}
