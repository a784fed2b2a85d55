// SPDX-License-Identifier: Apache-2.0
// The last CONFIG_SHELL_HISTORY_LINES lines that were entered. Pure data, of fixed size: the heap's figures
// don't change while somebody types.
#pragma once

#include <stddef.h>

struct history {
	char lines[CONFIG_SHELL_HISTORY_LINES][CONFIG_SHELL_LINE_MAX + 1];
	size_t next; // slot of the next line
	size_t count;
};

// Empty lines, and a line that is the last one again, are left out. At most CONFIG_SHELL_LINE_MAX bytes.
void history_add(struct history *history, const char *line);

// The n-th last line, from 1 on; NULL where there is none.
const char *history_line(const struct history *history, size_t back);
