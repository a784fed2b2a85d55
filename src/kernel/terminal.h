// SPDX-License-Identifier: Apache-2.0
// Text from outside (a card, a guest, a configuration) that is shown to a person. Pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Whether a byte of UTF-8 could steer a terminal: a control of ASCII, the ends of lines and tabs among them, or the second
// byte of U+0080 to U+009F. `last` is the byte in front of it, 0 at the start.
static inline bool terminal_is_control(uint8_t last, uint8_t byte)
{
	return byte < ' ' || byte == 0x7f || (last == 0xc2 && byte < 0xa0);
}
