// SPDX-License-Identifier: Apache-2.0
// Names for domains that no other domain has.
#pragma once

#include <stdint.h>

// A random UUID (RFC 4122, version 4). Different from all others of this start of the machine, and very
// probably from those of other machines; but it can be guessed, so nothing may rely on its being secret: see
// random.h.
void uuid_make(uint8_t uuid[16]);

// "24d092a8-a0f4-4245-9663-9475ca262f26": five groups of hexadecimal digits.
#define UUID_TEXT_SIZE 37 // bytes, with the NUL
void uuid_print(const uint8_t uuid[16], char text[UUID_TEXT_SIZE]);
