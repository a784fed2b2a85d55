// SPDX-License-Identifier: Apache-2.0
// What the files of the FAT file system share. Their order is that of their layers: cache, table, chain,
// directory, then files and paths. For fat*.c only.
//
// How a power cut is survived: a batch of changes to the FAT and to directories is made in the cache, and
// written by fat_cache_sync(), in any order within the batch. So an operation is a few batches, each of which
// leaves a sound volume whatever part of it is written. Extending a file: (1) a chain of free clusters is
// made that nobody refers to, and the data is written there; sync; (2) the end of the file's chain is linked
// to it: one sector; sync; (3) the new size in the directory entry: one sector; sync. Deleting goes the other
// way: the entry first, then its chain.
#pragma once

#include "kernel/task.h"
#include "storage/fat.h"
#include "storage/fat_layout.h"

#define FAT_LINE_SIZE    4096u // of the cache: a page
#define FAT_LINES        16u
#define FAT_BOUNCE_ORDER 3u // 32 KiB for transfers to buffers that the device can't reach
#define FAT_BOUNCE_SIZE  (FAT_LINE_SIZE << FAT_BOUNCE_ORDER)

#define FAT_CLUSTER_FIRST 2u
#define FAT_FREE_UNKNOWN  UINT32_MAX

struct fat_line {
	uint32_t sector; // first; a multiple of the sectors in a line
	uint32_t dirty;  // a bit for each sector
	uint64_t used;   // when, for replacement; 0: empty
	uint8_t *data;
};

struct fat_volume {
	struct block_extent extent;
	struct fat_line lines[FAT_LINES];
	uint64_t uses;
	uint8_t *bounce;

	// From the boot sector, checked. Sectors count from the start of the volume.
	uint32_t sector_size, cluster_sectors, cluster_size;
	uint32_t sectors;
	uint32_t fat_start, fat_sectors;   // of the FAT that is read
	uint32_t fats;                     // that are written: all, from fat_start on, or the one
	uint32_t root_start, root_sectors; // FAT12 and FAT16
	uint32_t root_cluster;             // FAT32; else 0
	uint32_t data_start;
	uint32_t clusters; // FAT_CLUSTER_FIRST to clusters + 1
	uint32_t fsinfo;   // sector; 0: none
	unsigned int bits;
	uint8_t label[11];

	uint32_t free;        // clusters, or FAT_FREE_UNKNOWN
	uint32_t search;      // cluster from which a free one is looked for
	bool fsinfo_is_stale; // the sector lags behind the two above
	bool read_only;

	struct list files; // open
	bool busy;         // an operation is under way
	struct wait_queue turn;
};

// Operations take turns.
void fat_enter(struct fat_volume *volume);
void fat_leave(struct fat_volume *volume);

// Logs that the volume is damaged, and where; -EBADMSG.
int fat_damaged(const struct fat_volume *volume, const char *format, ...) PRINTF_LIKE(2, 3);

// ---- fat_cache.c: sectors of the FAT and of directories ----

int fat_cache_init(struct fat_volume *volume); // -ENOMEM
void fat_cache_end(struct fat_volume *volume);

// The bytes of a sector; valid until the next of these calls.
int fat_cache_read(struct fat_volume *volume, uint32_t sector, uint8_t **data);
// The same, to be changed by the caller: it is written by fat_cache_sync(), or before. -EROFS.
int fat_cache_change(struct fat_volume *volume, uint32_t sector, uint8_t **data);

// Writes what was changed, the FAT to all its copies. After an error the volume is read-only, and the cache
// holds what the medium does.
int fat_cache_sync(struct fat_volume *volume);

// Forgets what was changed.
void fat_cache_drop(struct fat_volume *volume);

// `count` sectors, past the cache, which must not have them. Blocks of the device are not larger than
// sectors.
void fat_batch_add(struct fat_volume *volume, struct block_batch *batch, bool write, uint32_t sector,
		   uint32_t count, void *buffer);

// ---- fat_table.c: the file allocation table ----

static inline bool fat_is_cluster(const struct fat_volume *volume, uint32_t cluster)
{
	return cluster >= FAT_CLUSTER_FIRST && cluster - FAT_CLUSTER_FIRST < volume->clusters;
}

static inline uint32_t fat_cluster_sector(const struct fat_volume *volume, uint32_t cluster)
{
	return volume->data_start + (cluster - FAT_CLUSTER_FIRST) * volume->cluster_sectors;
}

// The cluster after this one, 0 at the end of the chain. -EBADMSG.
int fat_next(struct fat_volume *volume, uint32_t cluster, uint32_t *next);

// How many clusters follow this one side by side in its chain, as far as the sector with its entry tells. For FAT12,
// whose volumes are small, 0.
int fat_adjacent(struct fat_volume *volume, uint32_t cluster, uint32_t *count);

// Makes a chain of free clusters, if possible from `near` on. -ENOSPC.
int fat_allocate(struct fat_volume *volume, uint32_t count, uint32_t near, uint32_t *first);

// Links `cluster` to `next`; 0: the chain ends there.
int fat_link(struct fat_volume *volume, uint32_t cluster, uint32_t next);

// Frees a chain; what follows after damage in it is left.
int fat_free_chain(struct fat_volume *volume, uint32_t first);

// Frees a chain that was allocated and to which nothing leads, after an error; on the medium as well, since the cache may
// have written a part of it. What can't be freed is lost until fsck.fat is run.
void fat_give_back(struct fat_volume *volume, uint32_t first);

int fat_count_free(struct fat_volume *volume);

// Puts the number of free clusters into FSINFO where that lags, and writes everything.
int fat_finish(struct fat_volume *volume);

// ---- fat_chain.c: which cluster is the Nth ----

// A run of clusters that lie side by side.
struct fat_run {
	uint32_t index;   // in the chain
	uint32_t cluster; // the first
	uint32_t count;
};

// What is known of a chain: its beginning, in `used` runs without gaps; but when all are used, the last one
// may be anywhere behind the others. Zero-initialised with `first` set.
#define FAT_RUNS 32
struct fat_chain {
	uint32_t first; // 0: empty
	unsigned int used;
	struct fat_run runs[FAT_RUNS];
};

void fat_chain_init(struct fat_chain *chain, uint32_t first);

// The cluster of that index and how many follow side by side, itself included, up to `wanted`. *count 0: the
// chain is shorter. -EBADMSG.
int fat_chain_find(struct fat_volume *volume, struct fat_chain *chain, uint32_t index, uint32_t wanted,
		   uint32_t *cluster, uint32_t *count);

// ---- fat_name.c: pure functions of names ----

#define FAT_NAME_UNITS 255u
struct fat_name {
	unsigned int length; // UTF-16 units
	uint16_t units[FAT_NAME_UNITS + 1];
};

// `size` bytes of UTF-8 as a name that may be looked for and created. -EINVAL, -ENAMETOOLONG.
int fat_name_parse(struct fat_name *name, const char *text, size_t size);
void fat_name_print(const struct fat_name *name, char text[FAT_NAME_MAX]);
// Whatever the case of letters.
bool fat_name_equals(const struct fat_name *a, const struct fat_name *b);

#define FAT_SHORT_SIZE 11u
void fat_name_from_short(struct fat_name *name, const uint8_t *entry);
uint8_t fat_short_checksum(const uint8_t *name);
// True when the name is a short one as it stands, without a long name.
bool fat_short_exact(const struct fat_name *name, uint8_t *out);
// The Nth candidate for the short name beside a long one, FAT_SHORT_CANDIDATES of them.
#define FAT_SHORT_CANDIDATES 32u
void fat_short_candidate(const struct fat_name *name, unsigned int nth, uint8_t *out);

// ---- fat_directory.c: entries ----

// 2 MiB is the largest directory there is.
#define FAT_DIRECTORY_ENTRIES_MAX 65536u

struct fat_directory {
	struct fat_chain chain; // empty: the root of FAT12 and FAT16
};

void fat_directory_init(struct fat_volume *volume, struct fat_directory *directory, uint32_t first);

// What a short entry and the long name before it say.
struct fat_entry {
	uint32_t sector, offset; // of the short entry
	uint32_t index;          // of the short entry in the directory
	uint32_t slots;          // entries, with those of the long name
	uint8_t attributes;
	uint32_t cluster; // 0: none; else checked
	uint32_t size;    // 0 for directories
	uint16_t date, time;
	uint8_t short_name[FAT_SHORT_SIZE];
	struct fat_name name;
};

// A walk over the entries; `index` says where it goes on.
struct fat_walk {
	struct fat_directory *directory;
	uint32_t index;
	uint32_t wanted; // free slots in a row that are looked for; 0: none
	uint32_t gap;    // where they are, FAT_NO_GAP: not seen yet
	uint32_t free_start, free_count;
	bool at_marker; // it ended at the mark for the end: all behind it is free
	bool ended;
	// The long name that is being put together.
	uint32_t parts, next_part;
	uint8_t checksum;
	struct fat_name name;
};
#define FAT_NO_GAP UINT32_MAX

// 0, or -ENOENT at the end. Labels are left out, `.` and `..` are not.
int fat_walk_next(struct fat_volume *volume, struct fat_walk *walk, struct fat_entry *entry);

// -ENOENT.
int fat_directory_find(struct fat_volume *volume, struct fat_directory *directory,
		       const struct fat_name *name, struct fat_entry *entry);

// Adds an entry of this name with the attributes, cluster and size of `entry`; fills in the rest of it. The
// name isn't there yet. -ENOSPC.
int fat_directory_insert(struct fat_volume *volume, struct fat_directory *directory,
			 const struct fat_name *name, struct fat_entry *entry);

// Removes the entry, its long name afterwards; all of it is written.
int fat_directory_remove(struct fat_volume *volume, struct fat_directory *directory,
			 const struct fat_entry *entry);

// Frees a chain to which an entry of the directory at `parent` (0: the root) led until now. While another one there leads
// to it, it stays: a rename within a directory that was cut leaves two, and nobody may have run fsck.fat. It stays also
// where the directory is damaged.
int fat_directory_release(struct fat_volume *volume, uint32_t parent, uint32_t first);

// Writes cluster, size and attributes of an entry into its place in the cache.
int fat_entry_update(struct fat_volume *volume, const struct fat_entry *entry);

// Makes a chain of one cleared cluster, in the cache.
int fat_directory_allocate(struct fat_volume *volume, uint32_t near, uint32_t *cluster);

// A directory's `.` and `..`, in the cache; the parent's cluster is 0 when it is the root.
int fat_directory_begin(struct fat_volume *volume, uint32_t cluster, uint32_t parent);
// Makes `..` of a directory say so.
int fat_directory_set_parent(struct fat_volume *volume, uint32_t cluster, uint32_t parent);

// ---- fat_path.c ----

// Where a path leads. The directories on the way exist.
struct fat_place {
	uint32_t parent; // first cluster of the directory, 0: the root
	bool is_root;
	bool must_be_directory; // a slash ends the path
	struct fat_name name;   // the last part
	bool exists;
	struct fat_entry entry; // if so
};

// -ENOENT when a directory on the way is missing, -ENOTDIR, -EINVAL, -ENAMETOOLONG.
int fat_find(struct fat_volume *volume, const char *path, struct fat_place *place);

// ---- fat_file.c ----

// Begins to read: block_batch_finish() waits for it, tells of errors as of fat_read(), and comes in any case, before
// the file is closed. The batch is filled here. The buffer and the offset are aligned as fat_read() likes them, and
// the buffer has room for whole sectors: what is behind `size` bytes in the last one is read as well. -EIO: the file
// isn't that long.
void fat_read_begin(struct fat_file *file, struct block_batch *batch, void *buffer, uint64_t size, uint32_t offset);

// True when a file that has its entry there is open.
bool fat_is_open(const struct fat_volume *volume, const struct fat_entry *entry);
