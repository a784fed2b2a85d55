// SPDX-License-Identifier: Apache-2.0
// The hypervisor's console as this domain's terminal (CONSOLEIO_write, CONSOLEIO_read, VIRQ_CONSOLE), and
// notice of what Xen itself prints there (VIRQ_CON_RING). Defines kernel_console_write().
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "kernel/task.h"

// Binds the VIRQs. Output works before.
int console_io_init(void);

// Takes what was typed: 0..size bytes, never waits.
size_t console_io_read(char *buffer, size_t size);

// Waits until something was typed, the deadline passed (-ETIMEDOUT), or Xen has printed (-EINTR, once per
// print; a line editor redraws its line).
int console_io_wait(uint64_t deadline);

// Makes console_io_wait() return -EINTR, the next one where none waits: for somebody who waits for a second
// thing beside input. May be called from an interrupt handler.
void console_io_wake(void);

// Ctrl-C typed during a long operation: takes pending input and says whether it holds 0x03. The rest is kept
// for console_io_read().
bool console_io_interrupted(void);
