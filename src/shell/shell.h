// SPDX-License-Identifier: Apache-2.0
// The shell: a line editor on the console, and a table of commands. Text in, text out: no command does work
// that the layer below should do. This header is what a command needs; a new command is a row in a table and
// a function.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/compiler.h"
#include "kernel/failure.h"

// Reads and runs lines for ever.
void shell_run(void) __attribute__((noreturn));

// Output of a command. '\n' ends a line. A call prints at most SHELL_PRINT_MAX bytes, the rest is cut: more than the
// longest path of the store and what is shown beside it.
#define SHELL_PRINT_MAX 3328
void shell_print(const char *format, ...) PRINTF_LIKE(1, 2);

// An error for the person, in red where colours are on; a newline is added. What could steer the terminal becomes '?'.
void shell_error(const char *format, ...) PRINTF_LIKE(1, 2);

// What Tab offers for an argument.
enum completion {
	COMPLETE_NOTHING,
	COMPLETE_CONFIG,
	COMPLETE_DOMAIN,
	COMPLETE_COMMAND,
	COMPLETE_STORE,
	COMPLETE_FILE,
	COMPLETE_CONFIG_FILE,
	COMPLETE_LINE, // another command with all that belongs to it: behind the first argument there are no options
};

#define COMMAND_OPTIONS_MAX 8
#define COMMAND_PATH_MAX 64 // bytes of "xu create" and the like, with the NUL

struct command_option {
	const char *name; // '-' and one letter, "--" and a long name, or both: "-d, --domain"
	const char *value; // "ID", NULL: a switch
	const char *help;
};

// One call of a command, its options taken apart.
struct invocation {
	const char *name; // all the words that lead to the command: "xu create", for messages
	int argc;
	char **argv; // arguments without the options, ended by NULL; argv[0] is the first
	// Parallel to the command's table of options: NULL where the option wasn't given, "" for a switch.
	const char *options[COMMAND_OPTIONS_MAX];
};

struct command {
	const char *name;
	const char *arguments; // "NAME [-d ID] [-p]", for the usage line; NULL: none
	const char *help; // one line, no full stop
	const char *details; // more lines for --help, or NULL
	// 0 or a negative errno, after saying why. NULL: there are only sub-commands.
	int (*run)(const struct invocation *call);
	uint8_t min_arguments, max_arguments; // options not included
	enum completion completion : 8, rest : 8; // of the first argument, and of those behind it
	const char *const *words; // that Tab offers as well, but for a domain; ended by NULL; or NULL
	// Ended by an empty name, at most COMMAND_OPTIONS_MAX; or NULL. With sub-commands: what may stand in front of
	// those and changes nothing.
	const struct command_option *options;
	const struct command *subcommands; // ended by an empty name; or NULL
};

// All commands, ended by an empty name: commands.c.
extern const struct command shell_commands[];

// "xu create: TEXT", and returns the failure's error.
int shell_failure(const struct invocation *call, const struct failure *failure);

// The number that an option has, from `least` to `most`; *value stays where it isn't given. `what` is for the message:
// "number of seconds". 0, or -EINVAL after saying why.
int shell_number_option(const struct invocation *call, unsigned int option, const char *what, uint64_t least,
			uint64_t most, uint64_t *value);

// A whole number, decimal or 0x..., up to `max`. False when `text` is anything else.
bool shell_number(const char *text, uint64_t max, uint64_t *value);
