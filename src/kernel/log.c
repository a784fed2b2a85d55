// SPDX-License-Identifier: Apache-2.0
// The log: lines to the console, and to a ring in which new lines push out the oldest.
#include "kernel/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "kernel/console.h"
#include "kernel/task.h"

#define RING_SIZE ((uint64_t)CONFIG_LOG_RING_SIZE)

_Static_assert(CONFIG_LOG_RING_SIZE >= 2 * LOG_LINE_MAX, "a ring for some lines");

// Positions count all bytes ever written; position p is at p % RING_SIZE. Each line ends in a NUL.
static char ring[RING_SIZE];
static uint64_t oldest, next;

#ifdef CONFIG_LOG_LEVEL_DEBUG
static enum log_level greatest_level = LOG_LEVEL_DEBUG;
#else
static enum log_level greatest_level = LOG_LEVEL_INFO;
#endif
static log_printer *printer = kernel_console_write;

void log_set_level(enum log_level level)
{
	greatest_level = level;
}

enum log_level log_get_level(void)
{
	return greatest_level;
}

void log_set_printer(log_printer *new_printer)
{
	printer = new_printer ? new_printer : kernel_console_write;
}

static void drop_oldest_line(void)
{
	while (ring[oldest++ % RING_SIZE])
		;
}

static void keep(const char *line, size_t length)
{
	while (next + length + 1 - oldest > RING_SIZE)
		drop_oldest_line();
	for (size_t i = 0; i < length; i++)
		ring[next++ % RING_SIZE] = line[i];
	ring[next++ % RING_SIZE] = '\0';
}

// The message behind its level; returns the length.
static size_t format_line(char *line, size_t size, enum log_level level, const char *format,
			  va_list arguments)
{
	static const char letters[] = { 'E', 'W', 'I', 'D' };
	int length = vsnprintf(line + 3, size - 3, format, arguments);
	size_t end = 3 + (length < 0 ? 0 : MIN((size_t)length, size - 4));

	line[0] = letters[level];
	line[1] = ':';
	line[2] = ' ';
	for (size_t i = 3; i < end; i++)
		if (line[i] < ' ' || line[i] > '~')
			line[i] = '.';
	return end;
}

void log_message(enum log_level level, const char *format, ...)
{
	char line[LOG_LINE_MAX + 1];
	va_list arguments;

	if (level > greatest_level)
		return;
	va_start(arguments, format);
	size_t length = format_line(line, sizeof(line) - 1, level, format, arguments);
	va_end(arguments);

	unsigned long state = irq_save();
	keep(line, length);
	console_flush();
	line[length] = '\n';
	printer(line, length + 1);
	irq_restore(state);
}

// Copies the line at `position`; returns the position of the next one.
static uint64_t copy_line(uint64_t position, char *line)
{
	unsigned long state = irq_save();

	position = MAX(position, oldest); // pushed out meanwhile
	if (position < next)
		while ((*line++ = ring[position++ % RING_SIZE]))
			;
	else
		*line = '\0';
	irq_restore(state);
	return position;
}

void log_for_each_line(void (*line)(const char *text, void *context), void *context)
{
	uint64_t end = next; // what comes while we are at it isn't waited for

	for (uint64_t position = oldest; position < end;) {
		char text[LOG_LINE_MAX + 1];

		position = copy_line(position, text);
		line(text, context);
	}
}

void log_clear(void)
{
	oldest = next;
}
