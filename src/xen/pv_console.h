// SPDX-License-Identifier: Apache-2.0
// A guest's own side of its PV console (HVM_PARAM_CONSOLE_PFN, _EVTCHN). A guest links this instead of
// console_io.c: it defines kernel_console_write().
#pragma once

#include <stddef.h>
#include <stdint.h>

// After event_init(). -ENOENT when the domain has no console: output is then dropped.
int pv_console_init(void);

// Waits for input until the deadline: the number of bytes read, or -ETIMEDOUT.
long pv_console_read(char *buffer, size_t size, uint64_t deadline);
