// SPDX-License-Identifier: Apache-2.0
// Commands about the shell itself: help, clear, history, shell colors.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "shell/command.h"
#include "shell/commands.h"
#include "shell/output.h"

int help_command(const struct invocation *call)
{
	const char *own_name = strrchr(call->name, ' '); // of `xu help`
	const struct command *command = NULL, *table = own_name ? xu_commands : shell_commands;
	char path[COMMAND_PATH_MAX] = "";

	if (own_name)
		snprintf(path, sizeof(path), "%.*s", (int)(own_name - call->name), call->name);
	if (!call->argc) {
		shell_print("Commands:\n");
		command_print_table(table);
		shell_print("\n'COMMAND --help' tells more about one; Tab completes what is typed.\n");
		return 0;
	}
	for (int i = 0; i < call->argc; i++) {
		command = command_find(table, call->argv[i]);
		if (!command) {
			shell_error("%s: there is no command '%s%s%s'; '%s' lists them all", call->name, path,
				    *path ? " " : "", call->argv[i], call->name);
			return -ENOENT;
		}
		snprintf(path + strlen(path), sizeof(path) - strlen(path), "%s%s", *path ? " " : "",
			 command->name);
		table = command->subcommands;
	}
	command_help(command, path);
	return 0;
}

int clear_command(const struct invocation *call)
{
	(void)call;
	shell_print("\033[H\033[2J");
	return 0;
}

int history_command(const struct invocation *call)
{
	const struct history *history = shell_history();

	(void)call;
	for (size_t back = history->count; back > 0; back--)
		shell_print("%s\n", history_line(history, back));
	return 0;
}

static const char *const on_off[] = { "on", "off", NULL };

static int colors(const struct invocation *call)
{
	if (!call->argc) {
		shell_print("%s\n", shell_has_colors() ? "on" : "off");
		return 0;
	}
	bool on = !strcmp(call->argv[0], "on");
	if (!on && strcmp(call->argv[0], "off")) {
		shell_error("%s: '%s' is neither on nor off", call->name, call->argv[0]);
		return -EINVAL;
	}
	shell_set_colors(on);
	return 0;
}

const struct command shell_own_commands[] = {
	{
		.name = "colors",
		.arguments = "[on|off]",
		.help = "Show or set whether the prompt and errors are in colour",
		.details = "They are plain at the start, since what reads them may be a file or a test;\n"
			   "the word 'colors' in Dom0's boot arguments has them in colour from the start.",
		.run = colors,
		.max_arguments = 1,
		.words = on_off,
	},
	{ 0 },
};
