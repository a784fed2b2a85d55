// SPDX-License-Identifier: Apache-2.0
// Owns directories: walking over their entries, finding, adding and removing them.
#include <errno.h>
#include <string.h>

#include "storage/bytes.h"
#include "storage/fat_internal.h"

// 1980-01-01, the first day there is: there is no clock to ask.
#define NO_DATE (0u << 9 | 1u << 5 | 1u)

static const uint8_t long_units[LONG_UNITS] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};

void fat_directory_init(struct fat_volume *volume, struct fat_directory *directory, uint32_t first)
{
	fat_chain_init(&directory->chain, first ? first : volume->root_cluster);
}

// The sector and offset of a slot. -ENOENT behind the last.
static int locate(struct fat_volume *volume, struct fat_directory *directory, uint32_t index,
		  uint32_t *sector, uint32_t *offset)
{
	uint32_t in_sector = volume->sector_size / ENTRY_SIZE, at = index / in_sector, cluster, count;
	int error;

	*offset = index % in_sector * ENTRY_SIZE;
	if (index >= FAT_DIRECTORY_ENTRIES_MAX)
		return -ENOENT;
	if (!directory->chain.first) {
		*sector = volume->root_start + at;
		return at < volume->root_sectors ? 0 : -ENOENT;
	}
	error = fat_chain_find(volume, &directory->chain, at / volume->cluster_sectors, 1, &cluster, &count);
	if (error || !count)
		return error ? error : -ENOENT;
	*sector = fat_cluster_sector(volume, cluster) + at % volume->cluster_sectors;
	return 0;
}

static int read_slot(struct fat_volume *volume, struct fat_directory *directory, uint32_t index,
		     uint32_t *sector, uint32_t *offset, uint8_t **slot)
{
	int error = locate(volume, directory, index, sector, offset);

	if (!error)
		error = fat_cache_read(volume, *sector, slot);
	*slot = error ? NULL : *slot + *offset;
	return error;
}

static int change_slot(struct fat_volume *volume, struct fat_directory *directory, uint32_t index,
		       uint8_t **slot)
{
	uint32_t sector, offset;
	int error = locate(volume, directory, index, &sector, &offset);

	if (!error)
		error = fat_cache_change(volume, sector, slot);
	*slot = error ? NULL : *slot + offset;
	return error;
}

// ---- Walking ----

static void forget_long_name(struct fat_walk *walk)
{
	walk->parts = 0;
	walk->next_part = 0;
}

// A part of a long name. Whatever is out of order makes the name forgotten: then the short one counts.
static void take_part(struct fat_walk *walk, const uint8_t *slot)
{
	unsigned int order = slot[LONG_ORDER] & (LONG_LAST - 1);

	if (slot[LONG_ORDER] & LONG_LAST) {
		walk->parts = walk->next_part = order;
		walk->checksum = slot[LONG_CHECKSUM];
		walk->name.length = order ? (order - 1) * LONG_UNITS : 0;
	}
	if (!order || order > LONG_PARTS_MAX || order != walk->next_part ||
	    slot[LONG_CHECKSUM] != walk->checksum) {
		forget_long_name(walk);
		return;
	}
	for (unsigned int i = 0; i < LONG_UNITS; i++) {
		unsigned int at = (order - 1) * LONG_UNITS + i;
		uint16_t unit = get_le16(slot + long_units[i]);

		if (at <= FAT_NAME_UNITS)
			walk->name.units[at] = unit;
		if (order == walk->parts && unit && walk->name.length == at && at < FAT_NAME_UNITS)
			walk->name.length = at + 1;
	}
	walk->next_part--;
}

static void take_entry(struct fat_volume *volume, struct fat_walk *walk, const uint8_t *slot,
		       struct fat_entry *entry)
{
	bool has_long = walk->parts && !walk->next_part && walk->name.length &&
			walk->checksum == fat_short_checksum(slot + ENTRY_NAME);

	entry->slots = has_long ? walk->parts + 1 : 1;
	entry->attributes = slot[ENTRY_ATTRIBUTES] & ATTRIBUTE_MASK;
	entry->cluster = get_le16(slot + ENTRY_CLUSTER_LOW);
	if (volume->bits == 32)
		entry->cluster |= (uint32_t)get_le16(slot + ENTRY_CLUSTER_HIGH) << 16;
	entry->size = entry->attributes & ATTRIBUTE_DIRECTORY ? 0 : get_le32(slot + ENTRY_FILE_SIZE);
	entry->date = get_le16(slot + ENTRY_DATE);
	entry->time = get_le16(slot + ENTRY_TIME);
	memcpy(entry->short_name, slot + ENTRY_NAME, FAT_SHORT_SIZE);
	if (has_long)
		entry->name = walk->name;
	else
		fat_name_from_short(&entry->name, slot);
	forget_long_name(walk);
}

static void count_free_slot(struct fat_walk *walk)
{
	if (!walk->free_count++)
		walk->free_start = walk->index;
	if (walk->wanted && walk->gap == FAT_NO_GAP && walk->free_count == walk->wanted)
		walk->gap = walk->free_start;
}

int fat_walk_next(struct fat_volume *volume, struct fat_walk *walk, struct fat_entry *entry)
{
	for (; !walk->ended; walk->index++) {
		uint8_t *slot;

		if (task_should_yield())
			task_yield();
		int error = read_slot(volume, walk->directory, walk->index, &entry->sector, &entry->offset,
				      &slot);
		if (error && error != -ENOENT)
			return error;
		if (error || slot[ENTRY_NAME] == NAME_END) {
			walk->ended = true;
			walk->at_marker = !error;
			break;
		}
		if (slot[ENTRY_NAME] == NAME_DELETED) {
			count_free_slot(walk);
			forget_long_name(walk);
			continue;
		}
		walk->free_count = 0;
		if ((slot[ENTRY_ATTRIBUTES] & ATTRIBUTE_MASK) == ATTRIBUTE_LONG_NAME) {
			take_part(walk, slot);
		} else if (slot[ENTRY_ATTRIBUTES] & ATTRIBUTE_LABEL) {
			forget_long_name(walk);
		} else {
			entry->index = walk->index++;
			take_entry(volume, walk, slot, entry);
			return 0;
		}
	}
	return -ENOENT;
}

int fat_directory_find(struct fat_volume *volume, struct fat_directory *directory,
		       const struct fat_name *name, struct fat_entry *entry)
{
	struct fat_walk walk = {.directory = directory};
	struct fat_name short_name;
	int error;

	while (!(error = fat_walk_next(volume, &walk, entry))) {
		uint8_t slot[ENTRY_SIZE] = {0};

		if (fat_name_equals(&entry->name, name))
			return 0;
		if (entry->slots == 1 || name->length > FAT_SHORT_SIZE + 1)
			continue;
		memcpy(slot, entry->short_name, FAT_SHORT_SIZE);
		fat_name_from_short(&short_name, slot);
		if (fat_name_equals(&short_name, name))
			return 0;
	}
	return error;
}

// ---- Changing ----

static void fill_slot(const struct fat_volume *volume, const struct fat_entry *entry, uint8_t *slot)
{
	slot[ENTRY_ATTRIBUTES] = entry->attributes;
	put_le16(slot + ENTRY_CLUSTER_LOW, (uint16_t)entry->cluster);
	if (volume->bits == 32)
		put_le16(slot + ENTRY_CLUSTER_HIGH, (uint16_t)(entry->cluster >> 16));
	put_le32(slot + ENTRY_FILE_SIZE, entry->size);
	put_le16(slot + ENTRY_DATE, entry->date);
	put_le16(slot + ENTRY_TIME, entry->time);
}

int fat_entry_update(struct fat_volume *volume, const struct fat_entry *entry)
{
	uint8_t *slot;
	int error = fat_cache_change(volume, entry->sector, &slot);

	if (!error)
		fill_slot(volume, entry, slot + entry->offset);
	return error;
}

int fat_directory_allocate(struct fat_volume *volume, uint32_t near, uint32_t *cluster)
{
	int error = fat_allocate(volume, 1, near, cluster);

	for (uint32_t i = 0; i < volume->cluster_sectors && !error; i++) {
		uint8_t *sector;

		error = fat_cache_change(volume, fat_cluster_sector(volume, *cluster) + i, &sector);
		if (!error)
			memset(sector, 0, volume->sector_size);
	}
	return error;
}

static void fill_dots(struct fat_volume *volume, uint8_t *slot, const char *name, uint32_t cluster)
{
	struct fat_entry entry = {.attributes = ATTRIBUTE_DIRECTORY, .cluster = cluster, .date = NO_DATE};

	memcpy(slot + ENTRY_NAME, name, FAT_SHORT_SIZE);
	fill_slot(volume, &entry, slot);
}

int fat_directory_begin(struct fat_volume *volume, uint32_t cluster, uint32_t parent)
{
	uint8_t *sector;
	int error = fat_cache_change(volume, fat_cluster_sector(volume, cluster), &sector);

	if (error)
		return error;
	fill_dots(volume, sector, ".          ", cluster);
	fill_dots(volume, sector + ENTRY_SIZE, "..         ", parent);
	return 0;
}

int fat_directory_set_parent(struct fat_volume *volume, uint32_t cluster, uint32_t parent)
{
	uint8_t *sector;
	int error = fat_cache_change(volume, fat_cluster_sector(volume, cluster), &sector);

	if (error)
		return error;
	if (memcmp(sector + ENTRY_SIZE, "..         ", FAT_SHORT_SIZE)) {
		fat_cache_drop(volume);
		return fat_damaged(volume, "the directory at cluster %u lacks its `..`", cluster);
	}
	fill_dots(volume, sector + ENTRY_SIZE, "..         ", parent);
	return 0;
}

// Lengthens the directory by a cleared cluster: first the cluster, then the link to it.
static int extend(struct fat_volume *volume, struct fat_directory *directory, uint32_t slots)
{
	uint32_t in_cluster = volume->cluster_size / ENTRY_SIZE, last, count, next;
	int error;

	if (!directory->chain.first || slots + in_cluster > FAT_DIRECTORY_ENTRIES_MAX)
		return -ENOSPC;
	error = fat_chain_find(volume, &directory->chain, slots / in_cluster - 1, 1, &last, &count);
	if (!error)
		error = fat_directory_allocate(volume, last, &next);
	if (!error)
		error = fat_cache_sync(volume);
	if (!error)
		error = fat_link(volume, last, next);
	if (!error)
		error = fat_cache_sync(volume);
	return error;
}

// Looks for `slots` free slots, and at the same time for which of the short names nobody has. The walk's gap
// says where.
static int survey(struct fat_volume *volume, struct fat_walk *walk, const struct fat_name *name,
		  uint32_t *taken)
{
	uint8_t candidates[FAT_SHORT_CANDIDATES][FAT_SHORT_SIZE];
	struct fat_entry entry;
	int error;

	for (unsigned int i = 0; i < FAT_SHORT_CANDIDATES; i++)
		fat_short_candidate(name, i, candidates[i]);
	*taken = 0;
	while (!(error = fat_walk_next(volume, walk, &entry)))
		for (unsigned int i = 0; i < FAT_SHORT_CANDIDATES; i++)
			if (!memcmp(candidates[i], entry.short_name, FAT_SHORT_SIZE))
				*taken |= 1u << i;
	return error == -ENOENT ? 0 : error;
}

// Makes room at the end: free slots there are used, then those behind the mark, then further clusters. The
// mark for the end is set anew behind them first.
static int make_room(struct fat_volume *volume, struct fat_walk *walk)
{
	uint32_t start = walk->free_count ? walk->free_start : walk->index, end = start + walk->wanted;
	uint32_t have = walk->index, sector, offset;
	uint8_t *slot;
	int error = 0;

	while (walk->at_marker && have < end + 1 && !error) {
		error = locate(volume, walk->directory, have, &sector, &offset);
		if (!error)
			have++;
	}
	if (error && error != -ENOENT)
		return error;
	while (have < end) {
		error = extend(volume, walk->directory, have);
		if (error)
			return error;
		have += volume->cluster_size / ENTRY_SIZE;
	}
	walk->gap = start;
	if (have == end || !walk->at_marker)
		return 0;
	error = change_slot(volume, walk->directory, end, &slot);
	if (error)
		return error;
	memset(slot, 0, ENTRY_SIZE);
	return fat_cache_sync(volume);
}

static int write_long_name(struct fat_volume *volume, struct fat_directory *directory, uint32_t index,
			   const struct fat_name *name, unsigned int parts, uint8_t checksum)
{
	for (unsigned int i = 0; i < parts; i++) {
		unsigned int order = parts - i;
		uint8_t *slot;
		int error = change_slot(volume, directory, index + i, &slot);

		if (error)
			return error;
		memset(slot, 0, ENTRY_SIZE);
		slot[LONG_ORDER] = (uint8_t)(order | (i ? 0 : LONG_LAST));
		slot[ENTRY_ATTRIBUTES] = ATTRIBUTE_LONG_NAME;
		slot[LONG_CHECKSUM] = checksum;
		for (unsigned int j = 0; j < LONG_UNITS; j++) {
			unsigned int at = (order - 1) * LONG_UNITS + j;

			put_le16(slot + long_units[j], at < name->length    ? name->units[at]
						       : at == name->length ? 0
									    : 0xffff);
		}
	}
	return 0;
}

// In another sector than the short entry, the long name is written before it.
static int write_entry(struct fat_volume *volume, struct fat_directory *directory, uint32_t start,
		       const struct fat_name *name, struct fat_entry *entry)
{
	uint32_t parts = entry->slots - 1, first_sector, offset;
	uint8_t *slot;
	int error = locate(volume, directory, start, &first_sector, &offset);

	entry->index = start + parts;
	if (!error)
		error = locate(volume, directory, entry->index, &entry->sector, &entry->offset);
	if (!error)
		error = write_long_name(volume, directory, start, name, parts,
					fat_short_checksum(entry->short_name));
	if (!error && first_sector != entry->sector)
		error = fat_cache_sync(volume);
	if (!error)
		error = fat_cache_change(volume, entry->sector, &slot);
	if (error)
		return error;
	slot += entry->offset;
	memset(slot, 0, ENTRY_SIZE);
	memcpy(slot + ENTRY_NAME, entry->short_name, FAT_SHORT_SIZE);
	put_le16(slot + ENTRY_CREATION_DATE, entry->date);
	put_le16(slot + ENTRY_ACCESS_DATE, entry->date);
	fill_slot(volume, entry, slot);
	return fat_cache_sync(volume);
}

int fat_directory_insert(struct fat_volume *volume, struct fat_directory *directory,
			 const struct fat_name *name, struct fat_entry *entry)
{
	struct fat_walk walk = {.directory = directory, .gap = FAT_NO_GAP};
	unsigned int nth = 0;
	uint32_t taken;
	int error;

	entry->slots = 1;
	if (!fat_short_exact(name, entry->short_name))
		entry->slots += (name->length + LONG_UNITS - 1) / LONG_UNITS;
	walk.wanted = entry->slots;
	error = survey(volume, &walk, name, &taken);
	if (error)
		return error;
	if (taken == UINT32_MAX)
		return -ENOSPC;
	while (taken >> nth & 1)
		nth++;
	if (entry->slots > 1)
		fat_short_candidate(name, nth, entry->short_name);
	entry->name = *name;
	if (!entry->date)
		entry->date = NO_DATE;
	if (walk.gap == FAT_NO_GAP)
		error = make_room(volume, &walk);
	return error ? error : write_entry(volume, directory, walk.gap, name, entry);
}

int fat_directory_release(struct fat_volume *volume, uint32_t parent, uint32_t first)
{
	struct fat_directory directory;
	struct fat_walk walk = {.directory = &directory};
	struct fat_entry entry;
	int error;

	fat_directory_init(volume, &directory, parent);
	while (!(error = fat_walk_next(volume, &walk, &entry)))
		if (entry.cluster == first)
			return 0;
	if (error == -EBADMSG)
		return 0; // nobody knows what else leads to it
	return error == -ENOENT ? fat_free_chain(volume, first) : error;
}

int fat_directory_remove(struct fat_volume *volume, struct fat_directory *directory,
			 const struct fat_entry *entry)
{
	uint8_t *slot;
	int error = change_slot(volume, directory, entry->index, &slot);

	if (!error) {
		slot[ENTRY_NAME] = NAME_DELETED;
		error = fat_cache_sync(volume);
	}
	for (uint32_t i = 1; i < entry->slots && !error; i++) {
		error = change_slot(volume, directory, entry->index - i, &slot);
		if (!error)
			slot[ENTRY_NAME] = NAME_DELETED;
	}
	return error ? error : fat_cache_sync(volume);
}
