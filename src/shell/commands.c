// SPDX-License-Identifier: Apache-2.0
// The table of all commands.
#include "shell/commands.h"

#include "shell/words.h"

// What xl(1) takes in front of a command, but for the dry run.
static const struct command_option xl_options[] = {
	{ "-v", NULL, "" }, { "-f", NULL, "" }, { "-t", NULL, "" }, { "-T", NULL, "" }, { 0 },
};

const struct command shell_commands[] = {
	{ .name = "clear", .help = "Clear the screen", .run = clear_command },
	{ .name = "fs", .help = "The files on cards and disks", .subcommands = fs_commands },
	{
		.name = "help",
		.arguments = "[COMMAND ...]",
		.help = "List the commands, or tell about one",
		.run = help_command,
		.max_arguments = WORDS_MAX,
		.completion = COMPLETE_COMMAND,
	},
	{ .name = "history", .help = "Show the lines entered so far", .run = history_command },
	{ .name = "kernel",
	  .help = "Thin Dom0 itself: version, tasks, memory, power",
	  .subcommands = kernel_commands },
	{ .name = "log",
	  .help = "Show the log, clear it, choose its level",
	  .run = log_command,
	  .subcommands = log_commands },
	{ .name = "shell", .help = "Settings of this shell", .subcommands = shell_own_commands },
	{ .name = "vchan", .help = "Byte streams to and from programs in other domains", .subcommands = vchan_commands },
	{ .name = "xl",
	  .help = "The same as xu, for hands that know Xen's own tool",
	  .options = xl_options,
	  .subcommands = xu_commands },
	{ .name = "xs", .help = "The store: its nodes, watches, quotas and figures", .subcommands = xs_commands },
	{ .name = "xstat",
	  .help = "State of the domains, the machine and Xen",
	  .subcommands = xstat_commands },
	{ .name = "xu",
	  .help = "Create, show, control and destroy domains",
	  .options = xl_options,
	  .subcommands = xu_commands },
	{ 0 },
};
