// SPDX-License-Identifier: Apache-2.0
// The terminal's row that a command's output stands in, so that a line of the log that comes in the middle of it
// gets a row of its own, and what was begun is shown again behind that.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// Writes bytes as they are, a guest's or a command's, and follows what they make of the row. Never waits.
void row_write(const char *bytes, size_t length);

// Goes to the start of a row, unless the cursor is on an empty one.
void row_end(void);

// Writes a line, which ends in '\n', without what the row says being lost.
void row_interrupt(const char *line, size_t length);
