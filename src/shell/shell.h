// SPDX-License-Identifier: Apache-2.0
// The shell: a line editor on the console, and a table of commands. Text in, text out: no command does work that the
// layer below should do.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "kernel/compiler.h"
#include "kernel/failure.h"

// Reads and runs lines for ever.
void shell_run(void) __attribute__((noreturn));

// Output of a command. '\n' ends a line.
void shell_print(const char *format, ...) PRINTF_LIKE(1, 2);

// An error for the person, in red where the terminal has colours; a newline is added.
void shell_error(const char *format, ...) PRINTF_LIKE(1, 2);

// Prints the failure's text with what was tried in front: "xu create: configuration 'x' not found: ...", returns its error.
int shell_failure(const char *command, const struct failure *failure);

// What Tab offers for an argument.
enum completion { COMPLETE_NOTHING, COMPLETE_CONFIG, COMPLETE_DOMAIN, COMPLETE_WORDS };

struct command_option {
	const char *name; // "-d"
	const char *value; // "ID", NULL: a switch
	const char *help;
};

struct command {
	const char *name;
	const char *arguments; // "NAME [-d ID] [-p]", for the usage line
	const char *help; // one line
	const char *details; // more for --help, or NULL
	int (*run)(int argc, char **argv); // argv[0] is the command's own name; 0 or a negative errno, after saying why
	int min_arguments, max_arguments; // without argv[0], options included
	enum completion completion;
	const char *const *words; // COMPLETE_WORDS: NULL-terminated
	const struct command_option *options; // ended by a zero name
	const struct command *subcommands; // ended by a zero name
};

// All commands, ended by a zero name: src/shell/commands.c.
extern const struct command shell_commands[];
