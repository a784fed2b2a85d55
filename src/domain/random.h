// SPDX-License-Identifier: Apache-2.0
// Random numbers, as far as a program without a source of its own can have them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RANDOM_BYTES 32 // the 256 bits that Linux' own generator waits for

// Bytes that no other call returned, at this start of the machine or, very probably, another one's. True:
// nobody can guess them, whatever else was returned before or will be. False: the boot loader left no /chosen
// rng-seed of at least as many bytes, and they are no secret.
bool random_make(uint8_t bytes[RANDOM_BYTES]);
