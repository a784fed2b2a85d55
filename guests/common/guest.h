// SPDX-License-Identifier: Apache-2.0
// What the guests have in common: their start, and the options on their command line (/chosen bootargs).
#pragma once

#include <stdint.h>

// Starts event channels and the console, and prints the banner that names the guest. A guest whose console
// can't be started runs on without output. A panic from here on tells Xen that the domain has crashed.
void guest_start(const char *name);

// The number behind `key=` on the command line, decimal or 0x...; `otherwise` where the key is missing, not a
// number, or above `greatest` (the last two are said).
uint64_t guest_option(const char *key, uint64_t otherwise, uint64_t greatest);

// The next word of a command line at *position, which moves on behind it: its start, and its length in
// *length. NULL at the end.
const char *guest_next_word(const char **position, int *length);
