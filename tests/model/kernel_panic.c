// SPDX-License-Identifier: Apache-2.0
// kernel/panic.h on the host, and violations: the message and where, on standard error; then the program
// ends.
#include "kernel/panic.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sanitizer/common_interface_defs.h>

#include "kernel/compiler.h"
#include "kernel/task.h"
#include "model/internal.h"

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

static void run_child(int error_pipe, void (*function)(void *context), void *context)
	__attribute__((noreturn));

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
	while (length < sizeof(buffer) - 1 &&
	       (got = read(ends[0], buffer + length, sizeof(buffer) - 1 - length)) > 0)
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
