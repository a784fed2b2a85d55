// SPDX-License-Identifier: Apache-2.0
// kernel_console_write() for tests that do without src/xen/console_io.c, which has its own.
#include "kernel/log.h"
#include "model/internal.h"

__attribute__((weak)) void kernel_console_write(const char *text, size_t length)
{
	output_append(text, length);
}
