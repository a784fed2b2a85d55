// SPDX-License-Identifier: Apache-2.0
// The log: shown, cleared, its level.
#include <errno.h>
#include <string.h>

#include "kernel/log.h"
#include "shell/commands.h"

static const char *const levels[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
	NULL,
};

static void print_line(const char *text, void *unused)
{
	(void)unused;
	shell_print("%s\n", text);
}

int log_command(const struct invocation *call)
{
	(void)call;
	log_for_each_line(print_line, NULL);
	return 0;
}

static int clear(const struct invocation *call)
{
	(void)call;
	log_clear();
	return 0;
}

static int level(const struct invocation *call)
{
	if (!call->argc) {
		shell_print("%s\n", levels[log_get_level()]);
		return 0;
	}
	for (size_t i = 0; levels[i]; i++) {
		if (!strcmp(call->argv[0], levels[i])) {
			log_set_level((enum log_level)i);
			return 0;
		}
	}
	shell_error("%s: there is no level '%s'; the levels are error, warning, info and debug", call->name,
		    call->argv[0]);
	return -EINVAL;
}

const struct command log_commands[] = {
	{ .name = "clear", .help = "Forget the lines kept so far", .run = clear },
	{
		.name = "level",
		.arguments = "[error|warning|info|debug]",
		.help = "Show or set what is printed and kept",
		.details = "Messages of this level and of those in front of it are printed and kept.",
		.run = level,
		.max_arguments = 1,
		.words = levels,
	},
	{ 0 },
};
