// SPDX-License-Identifier: Apache-2.0
// Sections of a PE file (Microsoft, PE Format): each has a header that says where its data lies in the file.
#include "domain/image_pe.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>

#include "kernel/compiler.h"

struct coff_header {
	char magic[4]; // "PE\0\0"
	uint16_t machine, section_count;
	uint32_t time, symbols, symbol_count;
	uint16_t optional_size, characteristics;
};

struct section_header {
	char name[8];
	uint32_t memory_size, address, data_size, data_offset;
	uint32_t relocations, line_numbers;
	uint16_t relocation_count, line_number_count;
	uint32_t characteristics;
};

_Static_assert(sizeof(struct coff_header) == 24, "");
_Static_assert(sizeof(struct section_header) == 40, "");

// Linux has two or three. A file with more is not looked at further than this.
#define SECTIONS_MAX 16u

// Reads at an offset of the part; *found says whether it has as much.
static int read_at(const struct image_part *part, uint64_t offset, void *buffer, size_t size, bool *found,
		   struct failure *failure)
{
	*found = offset <= part->size && size <= part->size - offset;
	if (!*found)
		return 0;
	int error = part->source->read(part->source->context, buffer, size, part->offset + offset);
	return error ? image_read_failed(part, part->offset + offset, error, failure) : 0;
}

int pe_file_end(const struct image_part *part, uint32_t offset, uint64_t *end, struct failure *failure)
{
	struct coff_header coff;
	bool found;
	int error = read_at(part, offset, &coff, sizeof(coff), &found, failure);

	*end = 0;
	if (error || !found || memcmp(coff.magic, "PE\0\0", sizeof(coff.magic)) != 0)
		return error;

	uint64_t at = (uint64_t)offset + sizeof(coff) + le16toh(coff.optional_size);
	unsigned int count = MIN(le16toh(coff.section_count), SECTIONS_MAX);
	for (unsigned int i = 0; i < count; i++) {
		struct section_header section;

		error = read_at(part, at + i * sizeof(section), &section, sizeof(section), &found, failure);
		if (error || !found)
			return error;
		*end = MAX(*end, (uint64_t)le32toh(section.data_offset) + le32toh(section.data_size));
	}
	return 0;
}
