// SPDX-License-Identifier: Apache-2.0
// Owns what is a name: UTF-8 to and from the UTF-16 of long names, letters without their case, short names
// and those made for long ones.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/compiler.h"
#include "storage/fat_internal.h"

#define BASE_SIZE   8u
#define REPLACEMENT 0xfffdu

// ---- UTF-8 ----

// One character of [*at, end); a malformed sequence is -EINVAL.
static int32_t decode(const char **at, const char *end)
{
	static const struct {
		uint8_t mask, lead;
		uint32_t least;
	} forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
	uint8_t lead = (uint8_t)**at;

	++*at;
	for (unsigned int more = 0; more < ARRAY_SIZE(forms); more++) {
		uint32_t value = lead & (uint8_t)~forms[more].mask;

		if ((lead & forms[more].mask) != forms[more].lead)
			continue;
		for (unsigned int i = 0; i < more; i++) {
			if (*at == end || (**at & 0xc0) != 0x80)
				return -EINVAL;
			value = value << 6 | (uint8_t)(*(*at)++ & 0x3f);
		}
		if (value < forms[more].least || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
			return -EINVAL;
		return (int32_t)value;
	}
	return -EINVAL;
}

static char *encode(char *to, uint32_t value)
{
	if (value < 0x80) {
		*to++ = (char)value;
	} else if (value < 0x800) {
		*to++ = (char)(0xc0 | value >> 6);
		*to++ = (char)(0x80 | (value & 0x3f));
	} else if (value < 0x10000) {
		*to++ = (char)(0xe0 | value >> 12);
		*to++ = (char)(0x80 | (value >> 6 & 0x3f));
		*to++ = (char)(0x80 | (value & 0x3f));
	} else {
		*to++ = (char)(0xf0 | value >> 18);
		*to++ = (char)(0x80 | (value >> 12 & 0x3f));
		*to++ = (char)(0x80 | (value >> 6 & 0x3f));
		*to++ = (char)(0x80 | (value & 0x3f));
	}
	return to;
}

static bool is_allowed(uint32_t value)
{
	return value >= 0x20 && value != 0x7f && !(value < 0x80 && strchr("\"*/:<>?\\|", (int)value));
}

int fat_name_parse(struct fat_name *name, const char *text, size_t size)
{
	const char *at = text, *end = text + size;

	name->length = 0;
	if (!size || end[-1] == ' ' || (end[-1] == '.' && !(size <= 2 && text[0] == '.')))
		return -EINVAL;
	while (at != end) {
		int32_t value = decode(&at, end);
		unsigned int units = value >= 0x10000 ? 2 : 1;

		if (value < 0 || !is_allowed((uint32_t)value))
			return -EINVAL;
		if (name->length + units > FAT_NAME_UNITS)
			return -ENAMETOOLONG;
		if (units == 2) {
			name->units[name->length++] = (uint16_t)(0xd800 + ((value - 0x10000) >> 10));
			value = 0xdc00 + ((value - 0x10000) & 0x3ff);
		}
		name->units[name->length++] = (uint16_t)value;
	}
	return 0;
}

// A name from the medium: what can't be part of one, or would steer a terminal, is replaced.
void fat_name_print(const struct fat_name *name, char text[FAT_NAME_MAX])
{
	for (unsigned int i = 0; i < name->length; i++) {
		uint32_t value = name->units[i];

		if (value >= 0xd800 && value < 0xdc00 && i + 1 < name->length &&
		    name->units[i + 1] >= 0xdc00 && name->units[i + 1] < 0xe000)
			value = 0x10000 + ((value - 0xd800) << 10) + (name->units[++i] - 0xdc00u);
		else if (value >= 0xd800 && value < 0xe000)
			value = REPLACEMENT;
		else if (value == '/' || value < 0x20 || (value >= 0x7f && value < 0xa0))
			value = '?';
		text = encode(text, value);
	}
	*text = '\0';
}

// ---- Case ----

// Upper case where it is a matter of distance in the alphabets of Europe; other letters are as they are.
static uint16_t upper(uint16_t unit)
{
	static const struct {
		uint16_t first, last;
		int16_t distance; // 0: upper and lower case in turn, the lower case is odd
		bool even;
	} ranges[] = {
		{'a', 'z', -32, false},     {0xe0, 0xf6, -32, false},   {0xf8, 0xfe, -32, false},
		{0x100, 0x12f, 0, false},   {0x132, 0x137, 0, false},   {0x139, 0x148, 0, true},
		{0x14a, 0x177, 0, false},   {0x179, 0x17e, 0, true},    {0x3b1, 0x3c1, -32, false},
		{0x3c3, 0x3cb, -32, false}, {0x430, 0x44f, -32, false}, {0x450, 0x45f, -80, false},
		{0x460, 0x481, 0, false},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(ranges); i++) {
		if (unit < ranges[i].first || unit > ranges[i].last)
			continue;
		if (ranges[i].distance)
			return (uint16_t)(unit + ranges[i].distance);
		return (unit & 1) != ranges[i].even ? (uint16_t)(unit - 1) : unit;
	}
	return unit;
}

bool fat_name_equals(const struct fat_name *a, const struct fat_name *b)
{
	if (a->length != b->length)
		return false;
	for (unsigned int i = 0; i < a->length; i++)
		if (upper(a->units[i]) != upper(b->units[i]))
			return false;
	return true;
}

// ---- Short names ----

// Code page 437 from 0x80 on, in which short names without a long one are read.
static const uint16_t code_page[128] = {
	0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8, 0x00ef,
	0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9,
	0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1, 0x00ed, 0x00f3, 0x00fa,
	0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
	0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557,
	0x255d, 0x255c, 0x255b, 0x2510, 0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f,
	0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559,
	0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
	0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4, 0x03a6, 0x0398, 0x03a9, 0x03b4,
	0x221e, 0x03c6, 0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248,
	0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};

static void append_short(struct fat_name *name, const uint8_t *bytes, unsigned int size, bool lower)
{
	while (size && bytes[size - 1] == ' ')
		size--;
	for (unsigned int i = 0; i < size; i++) {
		uint16_t unit = bytes[i] < 0x80 ? bytes[i] : code_page[bytes[i] - 0x80];

		if (lower && unit >= 'A' && unit <= 'Z')
			unit = (uint16_t)(unit + 32);
		name->units[name->length++] = unit;
	}
}

void fat_name_from_short(struct fat_name *name, const uint8_t *entry)
{
	uint8_t bytes[FAT_SHORT_SIZE];

	memcpy(bytes, entry + ENTRY_NAME, sizeof(bytes));
	if (bytes[0] == NAME_IS_E5)
		bytes[0] = 0xe5;
	name->length = 0;
	append_short(name, bytes, BASE_SIZE, entry[ENTRY_CASE] & CASE_LOWER_BASE);
	name->units[name->length++] = '.';
	append_short(name, bytes + BASE_SIZE, FAT_SHORT_SIZE - BASE_SIZE,
		     entry[ENTRY_CASE] & CASE_LOWER_EXTENSION);
	if (name->units[name->length - 1] == '.')
		name->length--;
}

uint8_t fat_short_checksum(const uint8_t *name)
{
	uint8_t sum = 0;

	for (unsigned int i = 0; i < FAT_SHORT_SIZE; i++)
		sum = (uint8_t)((uint8_t)(sum << 7 | sum >> 1) + name[i]);
	return sum;
}

static bool is_short_unit(uint16_t unit)
{
	return (unit >= 'A' && unit <= 'Z') || (unit >= '0' && unit <= '9') ||
	       (unit < 0x80 && unit && strchr("!#$%&'()-@^_`{}~", unit));
}

// Where the extension begins: behind the last dot, or the end. A dot in front begins none.
static unsigned int extension(const struct fat_name *name)
{
	for (unsigned int i = name->length; i-- > 1;)
		if (name->units[i] == '.')
			return i + 1;
	return name->length;
}

bool fat_short_exact(const struct fat_name *name, uint8_t *out)
{
	unsigned int split = extension(name), base = split == name->length ? split : split - 1;

	memset(out, ' ', FAT_SHORT_SIZE);
	if (!base || base > BASE_SIZE || name->length - split > FAT_SHORT_SIZE - BASE_SIZE)
		return false;
	for (unsigned int i = 0; i < name->length; i++) {
		if (i == base && split != name->length)
			continue; // the dot
		if (!is_short_unit(name->units[i]))
			return false;
		out[i < base ? i : BASE_SIZE + i - split] = (uint8_t)name->units[i];
	}
	return true;
}

// Letters in upper case, what isn't allowed as `_`, spaces and dots left out.
static unsigned int squeeze(const uint16_t *units, unsigned int count, uint8_t *out, unsigned int size)
{
	unsigned int used = 0;

	for (unsigned int i = 0; i < count && used < size; i++) {
		uint16_t unit = upper(units[i]);

		if (unit != ' ' && unit != '.')
			out[used++] = is_short_unit(unit) ? (uint8_t)unit : '_';
	}
	return used;
}

// LONGNA~1.EXT to ~9, then LO1A2B~1.EXT with a hash of the long name and of the number. The first: without a
// tail, for names that are short but for their case.
void fat_short_candidate(const struct fat_name *name, unsigned int nth, uint8_t *out)
{
	unsigned int split = extension(name), base = split == name->length ? split : split - 1, used;
	struct fat_name capitals = {.length = name->length};
	char tail[BASE_SIZE + 1];
	uint32_t hash = nth;

	for (unsigned int i = 0; i < name->length; i++) {
		capitals.units[i] = upper(name->units[i]);
		hash = (hash ^ name->units[i]) * 16777619u;
	}
	if (!nth && fat_short_exact(&capitals, out))
		return;
	memset(out, ' ', FAT_SHORT_SIZE);
	squeeze(name->units + split, name->length - split, out + BASE_SIZE, FAT_SHORT_SIZE - BASE_SIZE);
	used = squeeze(name->units, base, out, BASE_SIZE);
	if (nth < 9)
		snprintf(tail, sizeof(tail), "~%u", nth + 1);
	else
		snprintf(tail, sizeof(tail), "%04X~1", (unsigned int)(hash >> 16 ^ hash) & 0xffff);
	used = MIN(used, nth < 9 ? BASE_SIZE - 2 : 2);
	if (!used)
		out[used++] = '_';
	memcpy(out + used, tail, strlen(tail));
	memset(out + used + strlen(tail), ' ', BASE_SIZE - used - strlen(tail));
}
