// SPDX-License-Identifier: Apache-2.0
// stdout and stderr: collected to lines, then kernel_console_write(). Half a line is written when the task
// waits, so that a prompt appears without fflush().
#pragma once

// Writes what is collected. May be called from anywhere.
void console_flush(void);
