// SPDX-License-Identifier: Apache-2.0
// kernel/log.h and kernel/panic.h on the host, and what Dom0 has printed. A panic, like a violation, is written to standard
// error and ends the program.
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sanitizer/common_interface_defs.h>

#include "kernel/compiler.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "kernel/task.h"
#include "model/internal.h"

#define OUTPUT_MAX ((size_t)1 << 20)
#define LINES 256u

static char output[OUTPUT_MAX + 1];
static size_t output_length;
static char lines[LINES][LOG_LINE_MAX + 1];
static size_t line_count;
static enum log_level level = LOG_LEVEL_INFO;
static log_printer *printer;

void output_append(const char *text, size_t length)
{
	if (getenv("MODEL_SHOW_OUTPUT"))
		fwrite(text, 1, length, stderr);
	if (length > OUTPUT_MAX - output_length) // the oldest goes
		output_length = 0;
	if (length > OUTPUT_MAX)
		length = OUTPUT_MAX;
	memcpy(output + output_length, text, length);
	output_length += length;
	output[output_length] = '\0';
}

const char *model_output(void)
{
	return output;
}

void model_output_clear(void)
{
	output_length = 0;
	output[0] = '\0';
}

void output_reset(void)
{
	model_output_clear();
	log_clear();
	level = LOG_LEVEL_INFO;
	printer = NULL;
}

// ---- The log ----

void log_message(enum log_level message_level, const char *format, ...)
{
	static const char letters[] = "EWID";
	char line[LOG_LINE_MAX + 2];
	va_list arguments;
	size_t length;

	if (message_level > level)
		return;
	snprintf(line, sizeof(line), "%c: ", letters[message_level]);
	va_start(arguments, format);
	vsnprintf(line + 3, LOG_LINE_MAX - 3, format, arguments);
	va_end(arguments);
	length = strlen(line);
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '.';
	memcpy(lines[line_count++ % LINES], line, length + 1);
	line[length++] = '\n';
	line[length] = '\0';
	if (printer)
		printer(line, length);
	else
		kernel_console_write(line, length);
}

void log_set_level(enum log_level new_level)
{
	level = new_level;
}

enum log_level log_get_level(void)
{
	return level;
}

void log_set_printer(log_printer *new_printer)
{
	printer = new_printer;
}

void log_for_each_line(void (*line)(const char *text, void *context), void *context)
{
	size_t first = line_count > LINES ? line_count - LINES : 0;

	for (size_t i = first; i < line_count; i++)
		line(lines[i % LINES], context);
}

void log_clear(void)
{
	line_count = 0;
}

// ---- The end ----

static void die(const char *what, const char *format, va_list arguments) __attribute__((noreturn));

static void die(const char *what, const char *format, va_list arguments)
{
	fflush(stdout);
	fprintf(stderr, "%s: ", what);
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\ntask: %s\n", task_name(task_current()));
	__sanitizer_print_stack_trace();
	abort();
}

void panic(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	die("panic", format, arguments);
}

void model_violation(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	die("violation", format, arguments);
}

static void run_child(int error_pipe, void (*function)(void *context), void *context) __attribute__((noreturn));

static void run_child(int error_pipe, void (*function)(void *context), void *context)
{
	dup2(error_pipe, STDERR_FILENO);
	function(context);
	_exit(0);
}

static char *find_message(char *said)
{
	static const char *const marks[] = { "panic: ", "violation: ", "ERROR: " };

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		char *mark = strstr(said, marks[i]);

		if (mark)
			return mark + strlen(marks[i]);
	}
	return said;
}

bool model_panics(void (*function)(void *context), void *context, char *text, size_t size)
{
	char buffer[4096] = "";
	size_t length = 0;
	int ends[2], status;
	ssize_t got;
	char *message;
	pid_t child;

	ASSERT(pipe(ends) == 0);
	fflush(NULL);
	child = fork();
	ASSERT(child >= 0);
	if (child == 0)
		run_child(ends[1], function, context);
	close(ends[1]);
	while (length < sizeof(buffer) - 1 && (got = read(ends[0], buffer + length, sizeof(buffer) - 1 - length)) > 0)
		length += (size_t)got;
	buffer[length] = '\0';
	while (read(ends[0], (char[256]){ 0 }, 256) > 0)
		;
	close(ends[0]);
	waitpid(child, &status, 0);
	message = find_message(buffer);
	message[strcspn(message, "\n")] = '\0';
	snprintf(text, size, "%s", message);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}
