// SPDX-License-Identifier: Apache-2.0
// Owns open files: reading and writing their bytes.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "storage/fat_internal.h"

// Bytes for which clusters are allocated at a time.
#define WRITE_PIECE (1024u * 1024u)

struct fat_file {
	struct list link; // of the volume
	struct fat_volume *volume;
	unsigned int opened;
	bool writable;
	bool entry_is_stale; // on the medium: its size or cluster
	bool is_unflushed;
	uint32_t parent; // first cluster of its directory, 0: the root
	struct fat_entry entry;
	struct fat_chain chain;
};

static struct fat_file *find_open(const struct fat_volume *volume, const struct fat_entry *entry)
{
	struct fat_file *file;

	LIST_FOR_EACH (file, &volume->files, link)
		if (file->entry.sector == entry->sector && file->entry.offset == entry->offset)
			return file;
	return NULL;
}

bool fat_is_open(const struct fat_volume *volume, const struct fat_entry *entry)
{
	return find_open(volume, entry) != NULL;
}

// ---- Opening and closing ----

static int check_open(const struct fat_volume *volume, const struct fat_place *place, unsigned int flags)
{
	uint8_t attributes = place->entry.attributes;

	if (place->is_root || (place->exists && attributes & ATTRIBUTE_DIRECTORY) ||
	    (!place->exists && place->must_be_directory))
		return -EISDIR;
	if (!place->exists && !(flags & FAT_CREATE))
		return -ENOENT;
	if (place->exists && flags & FAT_EXCLUSIVE)
		return -EEXIST;
	if (flags & FAT_WRITE && volume->read_only)
		return -EROFS;
	if (flags & FAT_WRITE && place->exists && attributes & ATTRIBUTE_READ_ONLY)
		return -EACCES;
	return 0;
}

static int create(struct fat_volume *volume, struct fat_place *place)
{
	struct fat_directory directory;

	place->entry = (struct fat_entry){.attributes = ATTRIBUTE_ARCHIVE};
	fat_directory_init(volume, &directory, place->parent);
	return fat_directory_insert(volume, &directory, &place->name, &place->entry);
}

static int open_place(struct fat_volume *volume, const char *path, unsigned int flags, struct fat_file *fresh,
		      struct fat_file **file)
{
	struct fat_place place;
	int error = fat_find(volume, path, &place);

	if (!error)
		error = check_open(volume, &place, flags);
	if (!error && !place.exists)
		error = create(volume, &place);
	if (error)
		return error;
	*file = find_open(volume, &place.entry);
	if (*file)
		return 0;
	if (!fat_is_cluster(volume, place.entry.cluster)) {
		if (place.entry.size || place.entry.cluster)
			return fat_damaged(volume, "a file begins at cluster %u", place.entry.cluster);
	}
	fresh->volume = volume;
	fresh->parent = place.parent;
	fresh->entry = place.entry;
	fat_chain_init(&fresh->chain, place.entry.cluster);
	list_append(&volume->files, &fresh->link);
	*file = fresh;
	return 0;
}

int fat_open(struct fat_volume *volume, const char *path, unsigned int flags, struct fat_file **result)
{
	struct fat_file *fresh, *file = NULL;
	int error;

	if ((flags & FAT_CREATE && !(flags & FAT_WRITE)) || (flags & FAT_EXCLUSIVE && !(flags & FAT_CREATE)))
		return -EINVAL;
	fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		return -ENOMEM;
	fat_enter(volume);
	error = open_place(volume, path, flags, fresh, &file);
	if (error)
		fat_cache_drop(volume);
	fat_leave(volume);
	if (file != fresh)
		free(fresh);
	if (error)
		return error;
	file->opened++;
	file->writable |= (flags & FAT_WRITE) != 0;
	*result = file;
	return 0;
}

static int sync_file(struct fat_file *file)
{
	struct fat_volume *volume = file->volume;
	int error = 0;

	if (file->is_unflushed && !file->entry_is_stale)
		error = block_flush(&volume->extent);
	if (file->entry_is_stale)
		error = fat_entry_update(volume, &file->entry);
	if (!error)
		error = fat_finish(volume);
	if (!error)
		file->is_unflushed = file->entry_is_stale = false;
	else
		fat_cache_drop(volume);
	return error;
}

int fat_sync(struct fat_file *file)
{
	int error;

	fat_enter(file->volume);
	error = sync_file(file);
	fat_leave(file->volume);
	return error;
}

int fat_close(struct fat_file *file)
{
	struct fat_volume *volume;
	int error = 0;

	if (!file)
		return 0;
	volume = file->volume;
	fat_enter(volume);
	if (file->is_unflushed || file->entry_is_stale)
		error = sync_file(file);
	if (!--file->opened) {
		list_remove(&file->link);
		free(file);
	}
	fat_leave(volume);
	return error;
}

uint32_t fat_size(const struct fat_file *file)
{
	return file->entry.size;
}

// ---- Transfers ----

struct transfer {
	struct fat_volume *volume;
	struct fat_chain *chain;
	bool write;
	uint8_t *buffer;
	uint64_t offset, left; // in the chain
	uint64_t valid;        // bytes of the chain with something in them that is to be kept
};

static int chain_is_short(const struct fat_volume *volume, const struct fat_chain *chain)
{
	return fat_damaged(volume, "the file from cluster %u on is shorter than its size says", chain->first);
}

static bool is_direct(const struct transfer *t)
{
	return !((uintptr_t)t->buffer % BLOCK_BUFFER_ALIGNMENT) && !(t->offset % t->volume->sector_size) &&
	       t->left >= t->volume->sector_size;
}

// Part of a run that the device can't reach the buffer of, or that isn't whole sectors: through the volume's
// own memory.
static int bounce(struct transfer *t, uint32_t sector, uint64_t *size)
{
	struct fat_volume *volume = t->volume;
	uint32_t within = (uint32_t)(t->offset % volume->sector_size), part, count;
	struct block_batch batch = {.extent = &volume->extent};
	int error = 0;

	*size = MIN(*size, (uint64_t)(FAT_BOUNCE_SIZE - within));
	part = (uint32_t)*size;
	count = (within + part + volume->sector_size - 1) / volume->sector_size;
	if (t->write && t->offset - within >= t->valid) {
		memset(volume->bounce, 0, (size_t)count * volume->sector_size);
	} else if (!t->write || (within + part) % volume->sector_size || within) {
		fat_batch_add(volume, &batch, false, sector, count, volume->bounce);
		error = block_batch_finish(&batch);
	}
	if (error)
		return error;
	if (!t->write) {
		memcpy(t->buffer, volume->bounce + within, part);
		return 0;
	}
	memcpy(volume->bounce + within, t->buffer, part);
	batch = (struct block_batch){.extent = &volume->extent};
	fat_batch_add(volume, &batch, true, sector, count, volume->bounce);
	return block_batch_finish(&batch);
}

// The next part that lies in one run.
static int transfer_run(struct transfer *t, struct block_batch *batch)
{
	struct fat_volume *volume = t->volume;
	uint32_t cluster_size = volume->cluster_size, within = (uint32_t)(t->offset % cluster_size), cluster,
		 count;
	uint32_t wanted = (uint32_t)((within + t->left + cluster_size - 1) / cluster_size), sector;
	uint64_t size;
	int error = fat_chain_find(volume, t->chain, (uint32_t)(t->offset / cluster_size), wanted, &cluster,
				   &count);

	if (error)
		return error;
	if (!count)
		return chain_is_short(volume, t->chain);
	sector = fat_cluster_sector(volume, cluster) + within / volume->sector_size;
	size = MIN(t->left, (uint64_t)MIN(count, wanted) * cluster_size - within);
	if (is_direct(t)) {
		size -= size % volume->sector_size;
		fat_batch_add(volume, batch, t->write, sector, (uint32_t)(size / volume->sector_size),
			      t->buffer);
	} else {
		error = bounce(t, sector, &size);
	}
	t->buffer += size;
	t->offset += size;
	t->left -= size;
	return error;
}

static int transfer(struct transfer *t)
{
	struct block_batch batch = {.extent = &t->volume->extent};
	int error = 0, finished;

	while (t->left && !error && !batch.error)
		error = transfer_run(t, &batch);
	finished = block_batch_finish(&batch);
	return error ? error : finished;
}

long fat_read(struct fat_file *file, void *buffer, size_t size, uint32_t offset)
{
	struct transfer t = {
		.volume = file->volume, .chain = &file->chain, .buffer = buffer, .offset = offset};
	int error;

	fat_enter(file->volume);
	if (offset < file->entry.size)
		t.left = MIN((uint64_t)size, (uint64_t)(file->entry.size - offset));
	size = (size_t)t.left;
	error = transfer(&t);
	fat_leave(file->volume);
	return error ? error : (long)size;
}

void fat_read_begin(struct fat_file *file, struct block_batch *batch, void *buffer, uint64_t size, uint32_t offset)
{
	struct fat_volume *volume = file->volume;
	struct transfer t = {.volume = volume, .chain = &file->chain, .buffer = buffer, .offset = offset};
	int error = 0;

	fat_enter(volume);
	*batch = (struct block_batch){.extent = &volume->extent};
	if (size > file->entry.size || offset > file->entry.size - size)
		error = -EIO; // the file was made shorter
	else
		t.left = ROUND_UP(size, volume->sector_size);
	while (t.left && !error && !batch->error)
		error = transfer_run(&t, batch);
	if (!batch->error)
		batch->error = error;
	fat_leave(volume);
}

// ---- Writing ----

static uint32_t clusters_of(const struct fat_volume *volume, uint64_t size)
{
	return (uint32_t)((size + volume->cluster_size - 1) / volume->cluster_size);
}

// The clusters that the file has, up to `needed`, and the last of them; there may be more than its size
// needs.
static int count_clusters(struct fat_file *file, uint32_t needed, uint32_t *have, uint32_t *last)
{
	*have = 0;
	*last = 0;
	while (*have < needed) {
		uint32_t cluster, count;
		int error =
			fat_chain_find(file->volume, &file->chain, *have, needed - *have, &cluster, &count);

		if (error || !count)
			return error;
		*last = cluster + count - 1;
		*have += count;
	}
	return 0;
}

// Makes what was written behind the file's chain part of it.
static int append_chain(struct fat_file *file, uint32_t last, uint32_t first)
{
	int error = fat_cache_sync(file->volume);

	if (!error && last) {
		error = fat_link(file->volume, last, first);
		if (!error)
			error = fat_cache_sync(file->volume);
	} else if (!error) {
		file->entry.cluster = first;
		fat_chain_init(&file->chain, first);
	}
	return error;
}

// Writes into the clusters that the file has, then into new ones; then these become part of the file.
static int write_piece(struct fat_file *file, const uint8_t *buffer, uint32_t size, uint32_t offset)
{
	struct fat_volume *volume = file->volume;
	uint32_t needed = clusters_of(volume, (uint64_t)offset + size), have, last, first = 0;
	struct transfer t = {.volume = volume, .chain = &file->chain, .write = true};
	struct fat_chain fresh;
	uint64_t end;
	int error = count_clusters(file, needed, &have, &last);

	if (error)
		return error;
	end = (uint64_t)have * volume->cluster_size;
	if (end < offset) // what would be in between is somebody else's past
		return chain_is_short(volume, &file->chain);
	if (have < needed) {
		error = fat_allocate(volume, needed - have, last ? last + 1 : 0, &first);
		if (error)
			return error;
	}
	t.buffer = (uint8_t *)(uintptr_t)buffer;
	t.offset = offset;
	t.left = end > offset ? MIN((uint64_t)size, end - offset) : 0;
	t.valid = file->entry.size;
	size -= (uint32_t)t.left;
	error = transfer(&t);
	if (!error && size) {
		fat_chain_init(&fresh, first);
		t.chain = &fresh;
		t.offset -= end;
		t.left = size;
		t.valid = 0;
		error = transfer(&t);
	}
	if (!error && first)
		error = append_chain(file, last, first);
	if (error && error != -ENODEV && first)
		fat_give_back(volume, first);
	return error;
}

long fat_write(struct fat_file *file, const void *buffer, size_t size, uint32_t offset)
{
	const uint8_t *bytes = buffer;
	size_t left = size;
	int error = 0;

	if (!file->writable)
		return -EBADF;
	if (size > FAT_FILE_SIZE_MAX - offset)
		return -EFBIG;
	fat_enter(file->volume);
	if (file->volume->read_only)
		error = -EROFS;
	else if (offset > file->entry.size)
		error = -EINVAL;
	while (left && !error) {
		uint32_t part = (uint32_t)MIN(left, (size_t)(WRITE_PIECE - offset % WRITE_PIECE));

		error = write_piece(file, bytes, part, offset);
		if (error) {
			fat_cache_drop(file->volume); // the new clusters were only taken there
			break;
		}
		file->is_unflushed = true;
		bytes += part;
		left -= part;
		offset += part;
		if (offset > file->entry.size) {
			file->entry.size = offset;
			file->entry_is_stale = true;
		}
	}
	fat_leave(file->volume);
	return error ? error : (long)size;
}

// The entry first, then the end of the chain, then what was behind it.
static int truncate_file(struct fat_file *file, uint32_t size)
{
	struct fat_volume *volume = file->volume;
	uint32_t keep = clusters_of(volume, size), have, last = 0, rest = file->entry.cluster;
	int error = count_clusters(file, keep, &have, &last);

	if (!error && keep)
		error = have == keep
				? fat_next(volume, last, &rest)
				: chain_is_short(volume, &file->chain);
	if (error)
		return error;
	file->entry.size = size;
	if (!keep)
		file->entry.cluster = 0;
	file->entry_is_stale = true;
	error = sync_file(file);
	fat_chain_init(&file->chain, file->entry.cluster);
	if (!error && keep && rest) {
		error = fat_link(volume, last, 0);
		if (!error)
			error = fat_cache_sync(volume);
	}
	if (!error && rest)
		error = keep ? fat_free_chain(volume, rest) : fat_directory_release(volume, file->parent, rest);
	return error ? error : fat_finish(volume);
}

int fat_truncate(struct fat_file *file, uint32_t size)
{
	int error = 0;

	if (!file->writable)
		return -EBADF;
	fat_enter(file->volume);
	if (file->volume->read_only)
		error = -EROFS;
	else if (size > file->entry.size)
		error = -EINVAL;
	else if (size < file->entry.size)
		error = truncate_file(file, size);
	if (error)
		fat_cache_drop(file->volume);
	fat_leave(file->volume);
	return error;
}
