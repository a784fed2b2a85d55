// SPDX-License-Identifier: Apache-2.0
// Owns the file allocation table: its entries in all three sizes, chains made and freed, the count of free
// clusters.
#include <errno.h>
#include <string.h>

#include "kernel/compiler.h"
#include "storage/bytes.h"
#include "storage/fat_internal.h"

// Entries as FAT32 has them; those of FAT12 and FAT16 are turned into them.
#define ENTRY_FREE 0u
#define ENTRY_BAD  0x0ffffff7u
#define ENTRY_END  0x0fffffffu
#define ENTRY_MASK 0x0fffffffu

static uint64_t entry_offset(const struct fat_volume *volume, uint32_t cluster)
{
	return (uint64_t)cluster * volume->bits / 8;
}

// Byte `offset` of the FAT, in the cache.
static int fat_byte(struct fat_volume *volume, uint64_t offset, bool change, uint8_t **byte)
{
	uint32_t sector = volume->fat_start + (uint32_t)(offset / volume->sector_size);
	int error = change ? fat_cache_change(volume, sector, byte) : fat_cache_read(volume, sector, byte);

	if (!error)
		*byte += offset % volume->sector_size;
	return error;
}

// An entry of FAT12 may begin in one sector and end in the next.
static int get_12(struct fat_volume *volume, uint32_t cluster, uint32_t *value)
{
	uint64_t offset = entry_offset(volume, cluster);
	uint8_t *byte;
	uint32_t both = 0;

	for (unsigned int i = 0; i < 2; i++) {
		int error = fat_byte(volume, offset + i, false, &byte);

		if (error)
			return error;
		both |= (uint32_t)*byte << 8 * i;
	}
	*value = cluster & 1 ? both >> 4 : both & 0xfff;
	return 0;
}

static int set_12(struct fat_volume *volume, uint32_t cluster, uint32_t value)
{
	uint64_t offset = entry_offset(volume, cluster);
	uint32_t shift = cluster & 1 ? 4 : 0, mask = 0xfffu << shift;
	uint8_t *byte;

	for (unsigned int i = 0; i < 2; i++) {
		int error = fat_byte(volume, offset + i, true, &byte);

		if (error)
			return error;
		*byte = (uint8_t)((*byte & ~(mask >> 8 * i)) | (value << shift & mask) >> 8 * i);
	}
	return 0;
}

static int get_entry(struct fat_volume *volume, uint32_t cluster, uint32_t *value)
{
	uint8_t *byte;
	int error;

	if (volume->bits == 12) {
		error = get_12(volume, cluster, value);
	} else {
		error = fat_byte(volume, entry_offset(volume, cluster), false, &byte);
		if (!error)
			*value = volume->bits == 16 ? get_le16(byte) : get_le32(byte) & ENTRY_MASK;
	}
	if (!error && volume->bits != 32 && *value >= (ENTRY_BAD & ((1u << volume->bits) - 1)))
		*value |= ENTRY_MASK & ~((1u << volume->bits) - 1);
	return error;
}

static int set_entry(struct fat_volume *volume, uint32_t cluster, uint32_t value)
{
	uint8_t *byte;
	int error;

	if (volume->bits == 12)
		return set_12(volume, cluster, value & 0xfff);
	error = fat_byte(volume, entry_offset(volume, cluster), true, &byte);
	if (error)
		return error;
	if (volume->bits == 16)
		put_le16(byte, (uint16_t)value);
	else
		put_le32(byte, (get_le32(byte) & ~ENTRY_MASK) | value);
	return 0;
}

int fat_next(struct fat_volume *volume, uint32_t cluster, uint32_t *next)
{
	int error = get_entry(volume, cluster, next);

	if (error)
		return error;
	if (*next > ENTRY_BAD) {
		*next = 0;
		return 0;
	}
	return fat_is_cluster(volume, *next)
		       ? 0
		       : fat_damaged(volume, "cluster %u is followed by %#x", cluster, *next);
}

int fat_adjacent(struct fat_volume *volume, uint32_t cluster, uint32_t *count)
{
	uint32_t size = volume->bits / 8, within;
	uint8_t *bytes;

	*count = 0;
	if (volume->bits == 12)
		return 0;
	within = (uint32_t)(entry_offset(volume, cluster) % volume->sector_size);
	int error = fat_byte(volume, entry_offset(volume, cluster), false, &bytes);
	if (error)
		return error;
	for (; within + size <= volume->sector_size; within += size, bytes += size) {
		uint32_t next = size == 2 ? get_le16(bytes) : get_le32(bytes) & ENTRY_MASK;

		if (next != cluster + *count + 1 || !fat_is_cluster(volume, next))
			break;
		++*count;
	}
	return 0;
}

int fat_link(struct fat_volume *volume, uint32_t cluster, uint32_t next)
{
	return set_entry(volume, cluster, next ? next : ENTRY_END);
}

static void change_free(struct fat_volume *volume, int32_t change)
{
	volume->fsinfo_is_stale = true;
	if (volume->free == FAT_FREE_UNKNOWN)
		return;
	if ((change < 0 && !volume->free) || (change > 0 && volume->free == volume->clusters))
		volume->free = FAT_FREE_UNKNOWN; // FSINFO was wrong
	else
		volume->free += (uint32_t)change;
}

static uint32_t following(const struct fat_volume *volume, uint32_t cluster)
{
	return fat_is_cluster(volume, cluster + 1) ? cluster + 1 : FAT_CLUSTER_FIRST;
}

// The first free cluster from *cluster on, all around. -ENOSPC.
static int find_free(struct fat_volume *volume, uint32_t *cluster)
{
	for (uint32_t tried = 0; tried < volume->clusters; tried++) {
		uint32_t value;
		int error = get_entry(volume, *cluster, &value);

		if (error || value == ENTRY_FREE)
			return error;
		*cluster = following(volume, *cluster);
		if (task_should_yield())
			task_yield();
	}
	return -ENOSPC;
}

int fat_allocate(struct fat_volume *volume, uint32_t count, uint32_t near, uint32_t *first)
{
	uint32_t cluster = fat_is_cluster(volume, near) ? near : volume->search, last = 0;
	int error = 0;

	*first = 0;
	for (uint32_t i = 0; i < count && !error; i++) {
		error = find_free(volume, &cluster);
		if (!error)
			error = set_entry(volume, cluster, ENTRY_END);
		if (!error && last)
			error = set_entry(volume, last, cluster);
		if (error)
			break;
		if (!last)
			*first = cluster;
		last = cluster;
		change_free(volume, -1);
		cluster = following(volume, cluster);
	}
	if (!error) {
		volume->search = cluster;
		return 0;
	}
	if (*first)
		fat_give_back(volume, *first);
	*first = 0;
	return error;
}

int fat_free_chain(struct fat_volume *volume, uint32_t first)
{
	uint32_t cluster = first;

	for (uint32_t freed = 0; cluster && freed < volume->clusters; freed++) {
		uint32_t next;
		int broken = fat_next(volume, cluster, &next), error;

		if (broken && broken != -EBADMSG)
			return broken;
		if (broken && next == ENTRY_FREE)
			return 0; // a loop: it was freed just now
		error = set_entry(volume, cluster, ENTRY_FREE);
		if (error)
			return error;
		change_free(volume, 1);
		if (broken)
			return 0;
		cluster = next;
		if (task_should_yield())
			task_yield();
	}
	return 0;
}

void fat_give_back(struct fat_volume *volume, uint32_t first)
{
	if (!volume->read_only && !fat_free_chain(volume, first))
		fat_cache_sync(volume);
}

int fat_count_free(struct fat_volume *volume)
{
	uint32_t count = 0;

	if (volume->free != FAT_FREE_UNKNOWN)
		return 0;
	for (uint32_t i = 0; i < volume->clusters; i++) {
		uint32_t value;
		int error = get_entry(volume, FAT_CLUSTER_FIRST + i, &value);

		if (error)
			return error;
		if (value == ENTRY_FREE)
			count++;
		if (task_should_yield())
			task_yield();
	}
	volume->free = count;
	volume->fsinfo_is_stale = true;
	return 0;
}

int fat_finish(struct fat_volume *volume)
{
	uint8_t *sector;
	int error = fat_cache_sync(volume);

	if (error || !volume->fsinfo || !volume->fsinfo_is_stale || volume->read_only)
		return error;
	error = fat_cache_change(volume, volume->fsinfo, &sector);
	if (error)
		return error;
	put_le32(sector + FSI_FREE, volume->free);
	put_le32(sector + FSI_NEXT, volume->search);
	volume->fsinfo_is_stale = false;
	return fat_cache_sync(volume);
}
