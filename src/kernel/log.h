// SPDX-License-Identifier: Apache-2.0
// The log: one line per message with its level in front (`E: W: I: D:`), to the console and to a ring of
// CONFIG_LOG_RING_SIZE bytes that the `log` command shows. A line is cut at LOG_LINE_MAX bytes; bytes that
// are not printable are shown as `.`, so that nothing a guest says can steer the terminal.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "kernel/compiler.h"

#define LOG_LINE_MAX 256

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

// Never waits, may be called from an interrupt handler. No newline at the end of `format`.
void log_message(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

#define log_error(...) log_message(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_message(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_message(LOG_LEVEL_DEBUG, __VA_ARGS__)

// Messages above `level` are neither printed nor kept. Default LOG_LEVEL_INFO; LOG_LEVEL_DEBUG with
// CONFIG_LOG_LEVEL_DEBUG.
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

// A line printer that a screen owner (the shell's line editor) installs so that a message doesn't land in the
// middle of a line being edited. NULL: lines go to kernel_console_write(). `line` ends in '\n'; it is valid
// only during the call; the printer must not log.
typedef void log_printer(const char *line, size_t length);
void log_set_printer(log_printer *printer);

// The kept lines, oldest first: calls `line` for each (without '\n', NUL-terminated, valid during the call).
void log_for_each_line(void (*line)(const char *text, void *context), void *context);
void log_clear(void);

// Where the program's output goes; supplied by the program: src/xen/console_io.c in a control domain,
// src/xen/pv_console.c in a guest. Writes all of it, turns '\n' into "\r\n" where the terminal wants it;
// never waits for another task. stdout ends here too.
void kernel_console_write(const char *text, size_t length);
