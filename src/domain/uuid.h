// SPDX-License-Identifier: Apache-2.0
// Names for domains that no other domain has.
#pragma once

#include <stdint.h>

// A random UUID (RFC 4122, version 4). Different from all others of this start of the machine, and very
// probably from those of other machines; but it can be guessed, so nothing may rely on its being secret: see
// uuid.c.
void uuid_make(uint8_t uuid[16]);
