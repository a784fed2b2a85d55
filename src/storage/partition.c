// SPDX-License-Identifier: Apache-2.0
// Owns the reading of partition tables.
#include "storage/partition.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "kernel/compiler.h"
#include "kernel/log.h"
#include "kernel/memory.h"
#include "storage/bytes.h"
#include "storage/fat_layout.h"

// Logical partitions of one medium; a chain of them that is longer is a loop, or as useful.
#define LOGICAL_MAX 64u

enum { MBR_TABLE = 446, MBR_ENTRY = 16, MBR_ENTRIES = 4, MBR_SIGNATURE = 510 };
enum {
	TYPE_EMPTY = 0,
	TYPE_EXTENDED = 0x05,
	TYPE_EXTENDED_LBA = 0x0f,
	TYPE_EXTENDED_LINUX = 0x85,
	TYPE_GPT = 0xee
};

enum { GPT_HEADER_MIN = 92, GPT_ENTRY_MIN = 128, GPT_ENTRY_MAX = 4096, GPT_ENTRIES_MAX = 1024 };
#define GPT_PIECE 4096u // of the entries, read at a time: a page, and a multiple of every block size

struct scan {
	struct block_device *device;
	struct block_extent whole;
	struct partition *found;
	unsigned int count;
	uint8_t *block; // a page: one of the device, or GPT_PIECE
	struct failure *failure;
};

static int read_block(struct scan *scan, uint64_t block)
{
	int error = block_read(&scan->whole, block, 1, scan->block);

	if (error)
		failure_set(scan->failure, error, "%s: block %llu can't be read", scan->device->name,
			    (unsigned long long)block);
	return error;
}

static bool overlaps(const struct scan *scan, uint64_t first, uint64_t count)
{
	for (unsigned int i = 0; i < scan->count; i++) {
		const struct block_extent *other = &scan->found[i].extent;

		if (first < other->first + other->count && other->first < first + count)
			return true;
	}
	return false;
}

static void add(struct scan *scan, unsigned int number, uint64_t first, uint64_t count)
{
	const char *why = NULL;

	if (!count || first >= scan->whole.count || count > scan->whole.count - first)
		why = "doesn't lie within the medium";
	else if (overlaps(scan, first, count))
		why = "overlaps with another";
	if (why) {
		log_warning("storage: %s: partition %u %s; it is left alone", scan->device->name, number,
			    why);
		return;
	}
	if (scan->count == PARTITIONS_MAX)
		return;
	scan->found[scan->count] = (struct partition){scan->whole, number};
	scan->found[scan->count].extent.first = first;
	scan->found[scan->count++].extent.count = count;
}

// ---- MBR ----

struct mbr_entry {
	uint8_t status, type;
	uint32_t first, count;
};

static struct mbr_entry mbr_entry(const uint8_t *block, unsigned int index)
{
	const uint8_t *at = block + MBR_TABLE + index * MBR_ENTRY;

	return (struct mbr_entry){at[0], at[4], get_le32(at + 8), get_le32(at + 12)};
}

static bool is_extended(uint8_t type)
{
	return type == TYPE_EXTENDED || type == TYPE_EXTENDED_LBA || type == TYPE_EXTENDED_LINUX;
}

static bool has_signature(const uint8_t *block)
{
	return get_le16(block + MBR_SIGNATURE) == 0xaa55;
}

// A FAT's first block ends in the same signature, with code where the table would be.
static bool is_mbr(const uint8_t *block)
{
	bool any = false;

	for (unsigned int i = 0; i < MBR_ENTRIES; i++) {
		struct mbr_entry entry = mbr_entry(block, i);

		if (entry.status & 0x7f)
			return false;
		if (entry.type != TYPE_EMPTY && entry.first && entry.count)
			any = true;
	}
	return any;
}

// The start of a BIOS parameter block (see fat_layout.h): bytes per sector, sectors per cluster, FATs, media.
static bool looks_like_fat(const uint8_t *block)
{
	uint16_t sector = get_le16(block + 11);
	uint8_t cluster = block[13];

	return sector >= 512 && sector <= 4096 && !(sector & (sector - 1)) && cluster &&
	       !(cluster & (cluster - 1)) && get_le16(block + 14) && block[16] && block[21] >= 0xf0;
}

// An extended partition is a chain of tables, each with one partition, relative to itself, and the place of
// the next table, relative to the extended partition.
static int scan_extended(struct scan *scan, const struct mbr_entry *extended)
{
	uint64_t at = extended->first;
	unsigned int number = 5;

	for (unsigned int i = 0; i < LOGICAL_MAX; i++) {
		uint64_t next = 0;
		int error;

		if (at >= scan->whole.count) {
			log_warning("storage: %s: the extended partition leads out of the medium",
				    scan->device->name);
			return 0;
		}
		error = read_block(scan, at);
		if (error)
			return error;
		if (!has_signature(scan->block))
			return 0;
		for (unsigned int j = 0; j < 2; j++) {
			struct mbr_entry entry = mbr_entry(scan->block, j);

			if (is_extended(entry.type))
				next = (uint64_t)extended->first + entry.first;
			else if (entry.type != TYPE_EMPTY)
				add(scan, number++, at + entry.first, entry.count);
		}
		if (next <= extended->first)
			return 0;
		at = next;
	}
	log_warning("storage: %s: more than %u logical partitions; the others are left alone",
		    scan->device->name, LOGICAL_MAX);
	return 0;
}

static int scan_mbr(struct scan *scan)
{
	struct mbr_entry extended = {0};
	int error = 0;

	for (unsigned int i = 0; i < MBR_ENTRIES; i++) {
		struct mbr_entry entry = mbr_entry(scan->block, i);

		if (is_extended(entry.type))
			extended = entry;
		else if (entry.type != TYPE_EMPTY)
			add(scan, i + 1, entry.first, entry.count);
	}
	if (extended.first)
		error = scan_extended(scan, &extended);
	return error;
}

// ---- GPT ----

struct gpt {
	uint64_t first_usable, last_usable;
	uint64_t table; // block
	uint32_t entries, entry_size, crc;
};

// Reads and checks the header at `block`. -EBADMSG.
static int gpt_header(struct scan *scan, uint64_t block, struct gpt *gpt)
{
	uint8_t *header = scan->block;
	uint32_t size, crc;

	if (block >= scan->whole.count)
		return -EBADMSG;
	if (block_read(&scan->whole, block, 1, header))
		return -EBADMSG; // as good as damaged: there is another
	size = get_le32(header + 12);
	crc = get_le32(header + 16);
	if (memcmp(header, "EFI PART", 8) || size < GPT_HEADER_MIN || size > scan->device->block_size)
		return -EBADMSG;
	put_le32(header + 16, 0);
	if (crc32(0, header, size) != crc || get_le64(header + 24) != block)
		return -EBADMSG;
	*gpt = (struct gpt){
		.first_usable = get_le64(header + 40),
		.last_usable = get_le64(header + 48),
		.table = get_le64(header + 72),
		.entries = get_le32(header + 80),
		.entry_size = get_le32(header + 84),
		.crc = get_le32(header + 88),
	};
	if (gpt->first_usable > gpt->last_usable || gpt->last_usable >= scan->whole.count ||
	    gpt->entry_size < GPT_ENTRY_MIN || gpt->entry_size > GPT_ENTRY_MAX ||
	    gpt->entry_size & (gpt->entry_size - 1) || gpt->entries > GPT_ENTRIES_MAX)
		return -EBADMSG;
	return 0;
}

static void gpt_entry(struct scan *scan, const struct gpt *gpt, unsigned int number, const uint8_t *entry)
{
	static const uint8_t unused[16];
	uint64_t first = get_le64(entry + 32), last = get_le64(entry + 40);

	if (!memcmp(entry, unused, sizeof(unused)))
		return;
	if (first < gpt->first_usable || last > gpt->last_usable || first > last)
		log_warning(
			"storage: %s: partition %u doesn't lie within the usable blocks; it is left alone",
			scan->device->name, number);
	else
		add(scan, number, first, last - first + 1);
}

// Goes through the entries: for their checksum, then for what is in them.
static int gpt_entries(struct scan *scan, const struct gpt *gpt, bool take)
{
	uint32_t size = gpt->entries * gpt->entry_size, crc = 0;
	uint32_t blocks = GPT_PIECE / scan->device->block_size;

	for (uint32_t done = 0; done < size; done += GPT_PIECE) {
		uint32_t length = MIN(size - done, GPT_PIECE);
		uint64_t block = gpt->table + (uint64_t)(done / GPT_PIECE) * blocks;
		uint32_t count = (length + scan->device->block_size - 1) / scan->device->block_size;

		if (block_read(&scan->whole, block, count, scan->block))
			return -EBADMSG;
		crc = (uint32_t)crc32(crc, scan->block, length);
		for (uint32_t at = 0; take && at < length; at += gpt->entry_size)
			gpt_entry(scan, gpt, (done + at) / gpt->entry_size + 1, scan->block + at);
	}
	return crc == gpt->crc ? 0 : -EBADMSG;
}

static int try_gpt(struct scan *scan, uint64_t header)
{
	struct gpt gpt;
	int error = gpt_header(scan, header, &gpt);

	if (!error)
		error = gpt_entries(scan, &gpt, false);
	if (!error)
		error = gpt_entries(scan, &gpt, true);
	if (error)
		scan->count = 0;
	return error;
}

// The backup's header is in the medium's last block; or, where an image is smaller than the card that it was
// written to, in the last block that the protective MBR covers.
static int scan_gpt(struct scan *scan, uint64_t protected)
{
	if (!try_gpt(scan, 1))
		return 0;
	if (try_gpt(scan, scan->whole.count - 1) && try_gpt(scan, protected))
		return failure_set(scan->failure, -EBADMSG,
				   "%s: the partition table (GPT) and its backup are damaged; repair it with "
				   "gdisk, or write the card again",
				   scan->device->name);
	log_warning(
		"storage: %s: the partition table (GPT) is damaged, its backup is used; repair it with gdisk",
		scan->device->name);
	return 0;
}

static bool find_protective(const uint8_t *block, uint64_t *last)
{
	for (unsigned int i = 0; i < MBR_ENTRIES; i++) {
		struct mbr_entry entry = mbr_entry(block, i);

		if (entry.type == TYPE_GPT) {
			*last = (uint64_t)entry.first + entry.count - 1;
			return true;
		}
	}
	return false;
}

static int scan_medium(struct scan *scan)
{
	uint64_t last = 0;
	int error = read_block(scan, 0);

	if (error)
		return error;
	if (!has_signature(scan->block)) {
		try_gpt(scan, 1); // which may have lost its protective MBR
		return 0;
	}
	if (is_mbr(scan->block))
		return find_protective(scan->block, &last) ? scan_gpt(scan, last) : scan_mbr(scan);
	if (looks_like_fat(scan->block) || fat_is_exfat(scan->block))
		add(scan, 0, 0, scan->whole.count);
	return 0;
}

int partition_scan(struct block_device *device, struct partition *partitions, struct failure *failure)
{
	struct scan scan = {
		.device = device, .whole = block_whole(device), .found = partitions, .failure = failure};
	int error;

	scan.block = page_alloc(0);
	if (!scan.block)
		return failure_set(failure, -ENOMEM, "%s: no memory to read the partition table",
				   device->name);
	error = scan_medium(&scan);
	page_free(scan.block, 0);
	return error ? error : (int)scan.count;
}
