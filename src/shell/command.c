// SPDX-License-Identifier: Apache-2.0
// Dispatch: the words of a line choose a row of the tables, the row says which options and how many arguments
// there may be, and only what agrees with it is run.
#include "shell/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/spelling.h"
#include "shell/words.h"

#define NEAREST_DISTANCE 2 // edits

const struct command *command_find(const struct command *table, const char *name)
{
	const struct command *found = NULL;
	size_t length = strlen(name);
	unsigned int count = 0;

	for (const struct command *command = table; command && command->name; command++) {
		if (!strcmp(command->name, name))
			return command;
		if (length && !strncmp(command->name, name, length)) {
			found = command;
			count++;
		}
	}
	return count == 1 ? found : NULL;
}

// Its short or its long name.
static bool is_name(const struct command_option *option, const char *name)
{
	const char *separator = strchr(option->name, ',');
	size_t length = separator ? (size_t)(separator - option->name) : strlen(option->name);

	if (strlen(name) == length && !strncmp(option->name, name, length))
		return true;
	return separator && !strcmp(separator + strlen(", "), name);
}

const struct command_option *command_find_option(const struct command *command, const char *name)
{
	for (const struct command_option *option = command->options; option && option->name; option++)
		if (is_name(option, name))
			return option;
	return NULL;
}

static const struct command_option *find_letter(const struct command *command, char letter)
{
	return command_find_option(command, (char[]){ '-', letter, '\0' });
}

bool command_option_takes_next(const struct command *command, const char *word)
{
	const struct command_option *option = word[1] == '-' ? command_find_option(command, word) : NULL;

	for (const char *letter = word + 1; word[1] != '-' && *letter && !(option && option->value); letter++) {
		option = find_letter(command, *letter);
		if (option && option->value && letter[1])
			return false;
	}
	return option && option->value;
}

const char *command_nearest(const struct command *table, const char *name)
{
	const char *nearest = NULL;
	unsigned int least = NEAREST_DISTANCE + 1;

	for (const struct command *command = table; command && command->name; command++) {
		unsigned int edits = spelling_distance(command->name, name);
		if (edits < least && 2 * edits <= strlen(command->name)) {
			least = edits;
			nearest = command->name;
		}
	}
	return nearest;
}

void command_print_table(const struct command *table)
{
	for (const struct command *command = table; command && command->name; command++)
		shell_print("  %-18s %s\n", command->name, command->help);
}

static void print_usage(const struct command *command, const char *path)
{
	const char *arguments = command->arguments ? command->arguments : "";

	if (command->run)
		shell_print("Usage: %s%s%s\n", path, *arguments ? " " : "", arguments);
	if (command->subcommands)
		shell_print("%s%s SUBCOMMAND ...\n", command->run ? "       " : "Usage: ", path);
}

static void print_options(const struct command *command)
{
	char name[COMMAND_PATH_MAX];

	shell_print("Options:\n");
	for (const struct command_option *option = command->options; option && option->name; option++) {
		snprintf(name, sizeof(name), "%s%s%s", option->name, option->value ? " " : "",
			 option->value ? option->value : "");
		shell_print(strlen(name) > 18 ? "  %s\n%21s%s\n" : "  %-18s %s%s\n", name, "", option->help);
	}
	shell_print("  %-18s %s\n", "-h, --help", "print this and do nothing");
}

void command_help(const struct command *command, const char *path)
{
	print_usage(command, path);
	shell_print("\n%s.\n", command->help);
	if (command->details)
		shell_print("%s\n", command->details);
	shell_print("\n");
	if (command->subcommands) {
		shell_print("Sub-commands (%s SUBCOMMAND --help tells more):\n", path);
		command_print_table(command->subcommands);
	} else {
		print_options(command);
	}
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1] != '\0';
}

// -v, and -vvv.
static bool are_switches(const struct command *command, const char *word)
{
	if (!is_option(word))
		return false;
	while (*++word)
		if (!find_letter(command, *word))
			return false;
	return true;
}

static bool asks_for_help(const struct command *command, char *const *words)
{
	for (; *words && strcmp(*words, "--"); words++) {
		if (!strcmp(*words, "--help") || !strcmp(*words, "-h"))
			return true;
		if (command->completion == COMPLETE_LINE && !is_option(*words))
			break;
	}
	return false;
}

static int wrong_usage(const struct command *command, const char *path)
{
	print_usage(command, path);
	shell_print("See '%s --help'.\n", path);
	return -EINVAL;
}

// Notes the option of that name. Its value is `attached`, or where that is NULL the word at *next, which moves on then.
static int note_option(const struct command *command, struct invocation *call, const char *name, const char *attached,
		       char **words, int *next)
{
	const struct command_option *option = command_find_option(command, name);

	if (!option) {
		shell_error("%s: there is no option %s", call->name, name);
		return wrong_usage(command, call->name);
	}
	const char **value = &call->options[option - command->options];
	if (*value) {
		shell_error("%s: option %s is given twice", call->name, name);
		return -EINVAL;
	}
	if (attached && !option->value) {
		shell_error("%s: option %s takes no value", call->name, name);
		return -EINVAL;
	}
	if (option->value && !attached && !words[*next]) {
		shell_error("%s: option %s wants a value behind it: %s %s", call->name, name, name,
			    option->value);
		return -EINVAL;
	}
	*value = attached ? attached : option->value ? words[(*next)++] : "";
	return 0;
}

// As getopt_long(3) takes them: --domain 3 and --domain=3, -d 3 and -d3, -p -c and -pc. *next is the word behind.
static int take_options(const struct command *command, struct invocation *call, char **words, int *next)
{
	char *word = words[*next - 1], *equals = word[1] == '-' ? strchr(word, '=') : NULL;
	int error = 0;

	if (equals)
		*equals++ = '\0';
	if (word[1] == '-')
		return note_option(command, call, word, equals, words, next);
	for (const char *letter = word + 1; *letter && !error; letter++) {
		const struct command_option *option = find_letter(command, *letter);
		char name[] = { '-', *letter, '\0' };

		if (option && option->value && letter[1])
			return note_option(command, call, name, letter + 1, words, next);
		error = note_option(command, call, option ? name : word, NULL, words, next);
	}
	return error;
}

// Sorts the words into options and arguments; these are moved to the front of `words`.
static int sort_words(const struct command *command, struct invocation *call, char **words)
{
	bool options_end = false;

	for (int next = 0; words[next];) {
		char *word = words[next++];

		if (options_end || !is_option(word)) {
			words[call->argc++] = word;
			options_end |= command->completion == COMPLETE_LINE;
		} else if (!strcmp(word, "--")) {
			options_end = true;
		} else {
			int error = take_options(command, call, words, &next);
			if (error)
				return error;
		}
	}
	words[call->argc] = NULL;
	call->argv = words;
	return 0;
}

static int run(const struct command *command, const char *path, char **words)
{
	struct invocation call = { .name = path };

	if (asks_for_help(command, words)) {
		command_help(command, path);
		return 0;
	}
	int error = sort_words(command, &call, words);
	if (error)
		return error;
	if (call.argc < command->min_arguments) {
		shell_error("%s: an argument is missing", path);
		return wrong_usage(command, path);
	}
	if (call.argc > command->max_arguments) {
		shell_error("%s: too many arguments, from '%s' on", path, call.argv[command->max_arguments]);
		return wrong_usage(command, path);
	}
	return command->run(&call);
}

static bool has_exactly(const struct command *table, const char *name)
{
	const struct command *found = command_find(table, name);

	return found && !strcmp(found->name, name);
}

// A table that goes by several names counts by the last one.
static bool is_last_name(const struct command *command)
{
	const struct command *other = command + 1;

	while (other->name && other->subcommands != command->subcommands)
		other++;
	return !other->name;
}

// Where there is a sub-command of this name: "'fs ls' or 'xs ls'"; "" where there is none.
static void find_below(const struct command *table, const char *name, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (const struct command *command = table; command && command->name; command++)
		if (has_exactly(command->subcommands, name) && is_last_name(command) && length < size)
			length += (size_t)snprintf(text + length, size - length, "%s'%s %s'", length ? " or " : "",
						   command->name, name);
}

// The names that begin so: "config, console".
static void find_beginning(const struct command *table, const char *word, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (const struct command *command = table; command && command->name; command++)
		if (*word && !strncmp(command->name, word, strlen(word)) && length < size)
			length += (size_t)snprintf(text + length, size - length, "%s%s", length ? ", " : "",
						   command->name);
}

static int unknown(const struct command *table, const char *path, const char *word)
{
	const char *nearest = command_nearest(table, word);
	const char *space = *path ? " " : "";
	char below[2 * COMMAND_PATH_MAX], beginning[4 * COMMAND_PATH_MAX];

	find_below(*path ? NULL : table, word, below, sizeof(below));
	find_beginning(table, word, beginning, sizeof(beginning));
	if (*beginning)
		shell_error("'%s%s%s' is short for several commands: %s", path, space, word, beginning);
	else if (*below)
		shell_error("There is no command '%s'. Did you mean %s?", word, below);
	else if (nearest)
		shell_error("There is no command '%s%s%s'. Did you mean '%s%s%s'?", path, space, word, path,
			    space, nearest);
	else
		shell_error("There is no command '%s%s%s'. See '%s'.", path, space, word,
			    *path ? path : "help");
	return -ENOENT;
}

static int split(struct words *words, const char *line)
{
	struct failure failure = { 0 };
	int error = words_split(words, line, strlen(line), &failure);

	if (error)
		shell_error("%s", failure.text);
	return error;
}

int command_run_line(const struct command *table, const char *line)
{
	static struct words words; // not on the stack, where commands want their room
	int error = split(&words, line);

	return error ? error : command_run_words(table, words.word);
}

int command_run_words(const struct command *table, char **word)
{
	char path[COMMAND_PATH_MAX] = "";
	const struct command *command = NULL;

	for (const struct command *next = table; *word && (next = command_find(next, *word));
	     next = next->subcommands) {
		command = next;
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "%s%s", *path ? " " : "", command->name);
		do // options in front of a sub-command change nothing
			word++;
		while (*word && command->subcommands && are_switches(command, *word));
	}
	if (!command)
		return *word ? unknown(table, path, *word) : 0;
	if (*word && command->subcommands && !is_option(*word))
		return unknown(command->subcommands, path, *word);
	if (command->run)
		return run(command, path, word);
	if (*word && !asks_for_help(command, word)) {
		shell_error("%s: there is no option %s", path, *word);
		return wrong_usage(command, path);
	}
	command_help(command, path);
	return 0;
}
