// SPDX-License-Identifier: Apache-2.0
// UUIDs without a random number generator. The pool takes what differs from machine to machine and from start
// to start: seeds that the firmware left in the device tree, where it did, and the time, whose lower bits
// depend on how long everything before took and on when a person typed. That is a few dozen bits at best:
// enough to keep two domains apart, too little for a key.
#include "domain/uuid.h"

#include <libfdt.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "kernel/task.h"

static uint64_t pool[2];
static bool is_seeded;

// The finalizer of MurmurHash3: each bit of the value changes each bit of the result with a chance of a half.
// One-to-one, so that different pools stay different.
static uint64_t mix(uint64_t value)
{
	value = (value ^ value >> 33) * 0xff51afd7ed558ccdu;
	value = (value ^ value >> 33) * 0xc4ceb9fe1a85ec53u;
	return value ^ value >> 33;
}

static void stir(uint64_t value)
{
	pool[0] = mix(pool[0] + value);
	pool[1] = mix((pool[1] ^ pool[0]) + 0x9e3779b97f4a7c15u);
}

static void stir_property(int node, const char *name)
{
	int length = 0;
	const uint8_t *bytes = fdt_getprop(devicetree(), node, name, &length);

	for (int i = 0; bytes && i < length; i++)
		stir(bytes[i]);
}

static void seed(void)
{
	int chosen = fdt_path_offset(devicetree(), "/chosen");

	if (chosen >= 0) {
		stir_property(chosen, "rng-seed");
		stir_property(chosen, "kaslr-seed");
	}
	stir_property(0, "serial-number");
	is_seeded = true;
}

void uuid_make(uint8_t uuid[16])
{
	if (!is_seeded)
		seed();
	stir(time_now());
	memcpy(uuid, pool, 16);
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
