// SPDX-License-Identifier: Apache-2.0
// The history's ring of lines.
#include "shell/history.h"

#include <string.h>

void history_add(struct history *history, const char *line)
{
	const char *last = history_line(history, 1);

	if (!*line || (last && !strcmp(line, last)))
		return;
	strcpy(history->lines[history->next], line);
	history->next = (history->next + 1) % CONFIG_SHELL_HISTORY_LINES;
	if (history->count < CONFIG_SHELL_HISTORY_LINES)
		history->count++;
}

const char *history_line(const struct history *history, size_t back)
{
	if (back == 0 || back > history->count)
		return NULL;
	size_t slot = (history->next + CONFIG_SHELL_HISTORY_LINES - back) % CONFIG_SHELL_HISTORY_LINES;
	return history->lines[slot];
}
