// SPDX-License-Identifier: Apache-2.0
// UUIDs of version 4, and their text.
#include "domain/uuid.h"

#include <string.h>

#include "domain/random.h"
#include "kernel/compiler.h"

void uuid_make(uint8_t uuid[16])
{
	uint8_t bytes[RANDOM_BYTES];

	random_make(bytes);
	memcpy(uuid, bytes, 16);
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40); // version 4: random
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80); // the variant of RFC 4122
}

void uuid_print(const uint8_t uuid[16], char text[UUID_TEXT_SIZE])
{
	static const uint8_t groups[] = { 4, 2, 2, 2, 6 }; // bytes
	static const char digits[] = "0123456789abcdef";
	char *at = text;

	for (size_t group = 0; group < ARRAY_SIZE(groups); group++) {
		if (group)
			*at++ = '-';
		for (unsigned int i = 0; i < groups[group]; i++, uuid++) {
			*at++ = digits[*uuid >> 4];
			*at++ = digits[*uuid & 0xf];
		}
	}
	*at = '\0';
}
