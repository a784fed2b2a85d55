// SPDX-License-Identifier: Apache-2.0
// Faults on purpose, to see that the kernel reports them: for tests and the shell's `kernel crash`.
#pragma once

// Names of the kinds, NULL-terminated.
extern const char *const kernel_test_faults[];

// Commits the fault. Returns only when there is none of that name.
void kernel_test_fault(const char *kind);
