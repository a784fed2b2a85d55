// SPDX-License-Identifier: Apache-2.0
// What the shell's own files know about the terminal besides shell_print().
#pragma once

#include <stdbool.h>

#include "kernel/compiler.h"

// Off at the start: a terminal that is only a pipe, a file or a test gets plain text. Nothing is asked of the
// terminal, since an answer that comes late, or never, would spoil the next line.
void shell_set_colors(bool on);
bool shell_has_colors(void);

// Escape sequences for the prompt and for the end of any colour; "" while colours are off.
const char *shell_prompt_color(void);
const char *shell_no_color(void);

// A line that tells how a long command goes on, at the foot of the output: each call writes over the last
// one's. Cut to a row.
void shell_status(const char *format, ...) PRINTF_LIKE(1, 2);

// Takes it away; does nothing where there is none.
void shell_status_clear(void);
