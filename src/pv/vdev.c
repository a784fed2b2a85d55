// SPDX-License-Identifier: Apache-2.0
// Names of disks: docs/man/xen-vbd-interface.7.
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "pv/pv.h"

// Disks and partitions of a kind, and where their numbers lie.
static const struct kind {
	const char *prefix;
	uint32_t disks, partitions;
} kinds[] = {
	{ "xvd", 1 << 20, 256 },
	{ "sd", 16, 16 },
	{ "hd", 4, 64 },
};

// Linux's block majors (Documentation/admin-guide/devices.txt).
#define MAJOR_HDA 3u
#define MAJOR_SD  8u
#define MAJOR_HDC 22u
#define MAJOR_XVD 202u
#define EXTENDED  (1u << 28)

static uint32_t xvd_number(uint32_t disk, uint32_t partition)
{
	return disk < 16 && partition < 16 ? MAJOR_XVD << 8 | disk << 4 | partition
					   : EXTENDED | disk << 8 | partition;
}

static uint32_t number_of(const struct kind *kind, uint32_t disk, uint32_t partition)
{
	if (kind->prefix[0] == 'x')
		return xvd_number(disk, partition);
	if (kind->prefix[0] == 's')
		return MAJOR_SD << 8 | disk << 4 | partition;
	return (disk < 2 ? MAJOR_HDA : MAJOR_HDC) << 8 | (disk & 1) << 6 | partition;
}

// Digits without a 0 in front, below `limit`.
static bool parse_digits(const char **text, uint32_t limit, uint32_t *number)
{
	const char *start = *text;

	*number = 0;
	while (**text >= '0' && **text <= '9' && *number < limit)
		*number = *number * 10 + (uint32_t)(*(*text)++ - '0');
	return *text != start && *number < limit && (*start != '0' || *text == start + 1);
}

// "b", "z", "aa": a, b, ... z, aa, ab, ...
static bool parse_letters(const char **text, uint32_t limit, uint32_t *disk)
{
	uint32_t number = 0; // from 1

	while (**text >= 'a' && **text <= 'z' && number <= limit)
		number = number * 26 + (uint32_t)(*(*text)++ - 'a') + 1;
	*disk = number - 1;
	return number && number <= limit;
}

static bool parse_name(const char *vdev, const struct kind *kind, uint32_t *number)
{
	size_t length = strlen(kind->prefix);
	const char *text = vdev + length;
	uint32_t disk, partition = 0;

	if (strncmp(vdev, kind->prefix, length) || !parse_letters(&text, kind->disks, &disk))
		return false;
	if (*text && (*text == '0' || !parse_digits(&text, kind->partitions, &partition) || *text))
		return false;
	*number = number_of(kind, disk, partition);
	return true;
}

// "d3p2"
static bool parse_numbered(const char *vdev, uint32_t *number)
{
	uint32_t disk, partition;
	const char *text = vdev + 1;

	if (*vdev != 'd' || !parse_digits(&text, 1 << 20, &disk) || *text++ != 'p' ||
	    !parse_digits(&text, 256, &partition) || *text)
		return false;
	*number = xvd_number(disk, partition);
	return true;
}

bool pv_disk_number(const char *vdev, uint32_t *number)
{
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (parse_name(vdev, &kinds[i], number))
			return true;
	if (parse_numbered(vdev, number))
		return true;
	if (*vdev < '0' || *vdev > '9')
		return false;
	unsigned long plain = strtoul(vdev, &end, 0);
	*number = (uint32_t)plain;
	return !*end && plain <= INT32_MAX;
}
