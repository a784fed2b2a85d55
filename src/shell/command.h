// SPDX-License-Identifier: Apache-2.0
// From a line to the command that it names, by the tables of shell.h. Pure but for what is printed.
#pragma once

#include "shell/shell.h"

// Runs one line against a table. An empty line does nothing. 0, or a negative errno after saying why: -EINVAL
// the line is wrong, -ENOENT no such command, or what the command returned.
int command_run_line(const struct command *table, const char *line);

// The same for a line that was taken apart: words ended by NULL, which are changed.
int command_run_words(const struct command *table, char **word);

// The entry with this name, or the only one whose name begins so; or NULL. `table` may be NULL.
const struct command *command_find(const struct command *table, const char *name);

// The option of that name, or NULL. `command->options` may be NULL.
const struct command_option *command_find_option(const struct command *command, const char *name);

// Whether what begins with '-' leaves its value to the word behind it: "-d", "-pd" and "--domain", not "-d3".
bool command_option_takes_next(const struct command *command, const char *word);

// The name in the table that was probably meant, or NULL.
const char *command_nearest(const struct command *table, const char *name);

// Prints usage, what the command does, its options or sub-commands. `path` is all the words that lead to it.
void command_help(const struct command *command, const char *path);

// Prints the names in a table and their one-line helps.
void command_print_table(const struct command *table);
