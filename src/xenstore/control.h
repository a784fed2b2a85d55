// SPDX-License-Identifier: Apache-2.0
// The commands of the CONTROL request.
#pragma once

#include <stddef.h>

// Runs the command in `arguments`, `count` strings one after the other, and writes its answer, a NUL-terminated text. -EINVAL: no
// such command, or wrong arguments.
int control_run(const char *arguments, unsigned int count, char *answer, size_t size);
