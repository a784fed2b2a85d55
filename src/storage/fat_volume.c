// SPDX-License-Identifier: Apache-2.0
// Owns a volume: its boot sector read and checked, the turns of those who use it, its statistics.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/memory.h"
#include "kernel/panic.h"
#include "storage/bytes.h"
#include "storage/fat_internal.h"

// Fewer clusters make a FAT12, or a FAT16.
#define FAT12_CLUSTERS 4085u
#define FAT16_CLUSTERS 65525u
#define FAT32_CLUSTERS 0x0ffffff5u

void fat_enter(struct fat_volume *volume)
{
	WAIT_UNTIL(&volume->turn, !volume->busy);
	volume->busy = true;
}

void fat_leave(struct fat_volume *volume)
{
	volume->busy = false;
	wait_queue_wake(&volume->turn);
}

static bool is_power_of_two(uint32_t value)
{
	return value && !(value & (value - 1));
}

// The boot sector's numbers. False: this is no FAT.
static bool parse(struct fat_volume *volume, const uint8_t *boot, uint64_t available, const char **why)
{
	uint32_t reserved = get_le16(boot + BPB_RESERVED), root_entries = get_le16(boot + BPB_ROOT_ENTRIES);
	uint32_t flags = 0, version = 0, fats = boot[BPB_FATS];
	bool is_fat32 = !get_le16(boot + BPB_FAT_SIZE_16);
	uint64_t start;

	*why = NULL;
	volume->sector_size = get_le16(boot + BPB_SECTOR_SIZE);
	volume->cluster_sectors = boot[BPB_CLUSTER_SECTORS];
	if (get_le16(boot + BPB_SIGNATURE) != 0xaa55 || !is_power_of_two(volume->sector_size) ||
	    volume->sector_size < BLOCK_SIZE_MIN || volume->sector_size > BLOCK_SIZE_MAX ||
	    !is_power_of_two(volume->cluster_sectors) || !reserved || !fats || boot[BPB_MEDIA] < 0xf0)
		return false;

	*why = "its boot sector contradicts itself";
	volume->sectors = get_le16(boot + BPB_SECTORS_16);
	if (!volume->sectors)
		volume->sectors = get_le32(boot + BPB_SECTORS_32);
	volume->fat_sectors = is_fat32 ? get_le32(boot + BPB_FAT_SIZE_32) : get_le16(boot + BPB_FAT_SIZE_16);
	volume->cluster_size = volume->cluster_sectors * volume->sector_size;
	volume->root_start = reserved + fats * volume->fat_sectors;
	volume->root_sectors = (root_entries * ENTRY_SIZE + volume->sector_size - 1) / volume->sector_size;
	start = reserved + (uint64_t)fats * volume->fat_sectors + volume->root_sectors;
	if (start >= volume->sectors || !volume->fat_sectors || is_fat32 != !root_entries)
		return false;
	volume->data_start = (uint32_t)start;
	volume->clusters = (volume->sectors - volume->data_start) / volume->cluster_sectors;
	if (volume->sector_size < volume->extent.device->block_size) {
		*why = "its sectors are smaller than the medium's blocks";
		return false;
	}
	if ((uint64_t)volume->sectors * volume->sector_size > available) {
		*why = "it is larger than its partition";
		return false;
	}

	if (is_fat32) {
		flags = get_le16(boot + BPB_FLAGS);
		version = get_le16(boot + BPB_VERSION);
		volume->root_cluster = get_le32(boot + BPB_ROOT_CLUSTER);
		volume->fsinfo = get_le16(boot + BPB_FSINFO);
		if (volume->fsinfo >= reserved)
			volume->fsinfo = 0;
	}
	volume->bits = is_fat32 ? 32 : volume->clusters < FAT12_CLUSTERS ? 12 : 16;
	if ((uint64_t)volume->fat_sectors * volume->sector_size * 8 / volume->bits <
		    (uint64_t)volume->clusters + FAT_CLUSTER_FIRST ||
	    !volume->clusters || volume->clusters >= (is_fat32 ? FAT32_CLUSTERS : FAT16_CLUSTERS) ||
	    version || (is_fat32 && !fat_is_cluster(volume, volume->root_cluster)) ||
	    (flags & FLAG_ONE_FAT && (flags & FLAG_FAT_MASK) >= fats))
		return false;
	memcpy(volume->label, boot + (is_fat32 ? BPB_LABEL_32 : BPB_LABEL_16), sizeof(volume->label));
	volume->fats = flags & FLAG_ONE_FAT ? 1 : fats;
	volume->fat_start =
		reserved + (flags & FLAG_ONE_FAT ? (flags & FLAG_FAT_MASK) * volume->fat_sectors : 0);
	return true;
}

static int read_boot_sector(struct fat_volume *volume, struct failure *failure)
{
	const struct block_extent *extent = &volume->extent;
	const char *why;
	int error = block_read(extent, 0, 1, volume->bounce);

	if (error)
		return failure_set(failure, error, "%s: the volume at block %llu can't be read",
				   extent->device->name, (unsigned long long)extent->first);
	if (parse(volume, volume->bounce, extent->count * extent->device->block_size, &why))
		return 0;
	if (fat_is_exfat(volume->bounce))
		return failure_set(failure, -ENOTSUP,
				   "%s: the volume at block %llu is exFAT, which isn't read here: format it as FAT32",
				   extent->device->name, (unsigned long long)extent->first);
	return failure_set(
		failure, -EINVAL, "%s: there is no FAT file system that can be used at block %llu%s%s",
		extent->device->name, (unsigned long long)extent->first, why ? ": " : "", why ? why : "");
}

// Its numbers are hints.
static int read_fsinfo(struct fat_volume *volume)
{
	uint8_t *sector;
	int error;

	volume->free = FAT_FREE_UNKNOWN;
	volume->search = FAT_CLUSTER_FIRST;
	if (!volume->fsinfo)
		return 0;
	error = fat_cache_read(volume, volume->fsinfo, &sector);
	if (error)
		return error;
	if (get_le32(sector + FSI_LEAD) != FSI_LEAD_SIGNATURE ||
	    get_le32(sector + FSI_STRUCTURE) != FSI_STRUCTURE_SIGNATURE) {
		volume->fsinfo = 0;
		return 0;
	}
	if (get_le32(sector + FSI_FREE) <= volume->clusters)
		volume->free = get_le32(sector + FSI_FREE);
	if (fat_is_cluster(volume, get_le32(sector + FSI_NEXT)))
		volume->search = get_le32(sector + FSI_NEXT);
	return 0;
}

static void destroy(struct fat_volume *volume)
{
	fat_cache_end(volume);
	page_free(volume->bounce, FAT_BOUNCE_ORDER);
	free(volume);
}

int fat_mount(const struct block_extent *extent, struct fat_volume **result, struct failure *failure)
{
	struct fat_volume *volume = calloc(1, sizeof(*volume));
	int error;

	if (!volume)
		return failure_set(failure, -ENOMEM, "%s: no memory to mount a volume", extent->device->name);
	volume->extent = *extent;
	volume->read_only = extent->device->read_only;
	list_init(&volume->files);
	wait_queue_init(&volume->turn);
	volume->bounce = page_alloc(FAT_BOUNCE_ORDER);
	error = volume->bounce ? fat_cache_init(volume) : -ENOMEM;
	if (error)
		failure_set(failure, error, "%s: no memory to mount a volume", extent->device->name);
	if (!error)
		error = read_boot_sector(volume, failure);
	if (!error) {
		error = read_fsinfo(volume);
		if (error)
			failure_set(failure, error, "%s: the volume's FSINFO sector can't be read",
				    extent->device->name);
	}
	if (error)
		destroy(volume);
	else
		*result = volume;
	return error;
}

int fat_unmount(struct fat_volume *volume)
{
	int error;

	ASSERT(list_is_empty(&volume->files));
	fat_enter(volume);
	error = fat_finish(volume);
	destroy(volume);
	return error;
}

int fat_statistics(struct fat_volume *volume, struct fat_statistics *statistics)
{
	int error;

	fat_enter(volume);
	error = fat_count_free(volume);
	*statistics = (struct fat_statistics){
		.bits = volume->bits,
		.cluster_size = volume->cluster_size,
		.clusters = volume->clusters,
		.free_clusters = volume->free,
		.read_only = volume->read_only,
	};
	for (unsigned int i = 0; i < sizeof(volume->label); i++)
		statistics->label[i] =
			(char)(volume->label[i] < 0x20 || volume->label[i] > 0x7e ? '?' : volume->label[i]);
	for (unsigned int i = sizeof(volume->label); i-- > 0 && statistics->label[i] == ' ';)
		statistics->label[i] = '\0';
	fat_leave(volume);
	return error;
}
