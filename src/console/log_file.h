// SPDX-License-Identifier: Apache-2.0
// What a domain prints, kept in a file of the images' volume: NAME.log, and NAME.log.1, NAME.log.2, ... for what was
// before. Nobody ever waits for it: a task writes what has gathered every CONSOLE_LOG_SECONDS, and not more of each domain
// than its share, so that a domain that prints without end can neither stall others nor wear the card out. What doesn't
// fit is dropped, the oldest first, counted, and said in the file.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Between two writes to the same file.
#define CONSOLE_LOG_SECONDS 2u

struct console_log;

// Starts the task that writes. 0 or -ENOMEM. Before anything else of this header.
int console_log_init(void);

// The log of a domain of this name, which is copied; characters that a FAT volume doesn't take become '_'. Nothing is
// written, nor a file made, before something is put in. NULL: no memory.
struct console_log *console_log_open(const char *name);

// Never waits.
void console_log_put(struct console_log *log, const char *bytes, size_t size);

// Nothing more will be put in: what is there is written at once, whatever its amount, by the task, which then frees the
// log. NULL does nothing. Never waits.
void console_log_close(struct console_log *log);

// Waits until all that was put in so far is written, but not beyond the deadline (of time_now()).
void console_log_flush(uint64_t deadline);
