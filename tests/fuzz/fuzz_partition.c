// SPDX-License-Identifier: Apache-2.0
// Partition tables: whatever a medium holds, the partitions found lie within it and don't overlap.
#include <string.h>
#include <zlib.h>

#include "fuzz/fuzz.h"
#include "fuzz/memory_disk.h"
#include "storage/bytes.h"
#include "storage/partition.h"

static void scan(struct block_device *device)
{
	struct partition partitions[PARTITIONS_MAX];
	struct failure failure = {0};
	int count = partition_scan(device, partitions, &failure);

	FUZZ_CHECK(count <= (int)PARTITIONS_MAX && (count < 0) == (failure.error < 0));
	for (int i = 0; i < count; i++) {
		const struct block_extent *a = &partitions[i].extent;

		FUZZ_CHECK(a->count && a->first < device->blocks && a->count <= device->blocks - a->first);
		for (int j = 0; j < i; j++) {
			const struct block_extent *b = &partitions[j].extent;

			FUZZ_CHECK(a->first >= b->first + b->count || b->first >= a->first + a->count);
		}
	}
}

// The checksums of a GPT made right, which no fuzzer guesses.
static void seal(uint8_t *header)
{
	uint64_t table = get_le64(header + 72);
	uint64_t size = (uint64_t)get_le32(header + 80) * get_le32(header + 84);

	memcpy(header, "EFI PART", 8);
	put_le32(header + 12, 92);
	memcpy(header + 24, (uint8_t[8]){1}, 8);
	if (table < MEMORY_DISK_SIZE / 512 && size <= MEMORY_DISK_SIZE - table * 512)
		put_le32(header + 88, (uint32_t)crc32(0, memory_disk_bytes() + table * 512, (uInt)size));
	put_le32(header + 16, 0);
	put_le32(header + 16, (uint32_t)crc32(0, header, 92));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct block_device *device = memory_disk_insert(data, size);

	scan(device);
	seal(memory_disk_bytes() + 512);
	scan(device);
	memory_disk_pull();
	return 0;
}
