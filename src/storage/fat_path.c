// SPDX-License-Identifier: Apache-2.0
// Owns paths, and what is done to names: list, stat, delete, rename, make a directory.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "storage/fat_internal.h"

static bool is_directory(const struct fat_entry *entry)
{
	return entry->attributes & ATTRIBUTE_DIRECTORY;
}

// `.` and `..` of a directory; in a path they aren't names.
static bool is_dots(const struct fat_name *name)
{
	return name->length && name->length <= 2 && name->units[0] == '.' &&
	       name->units[name->length - 1] == '.';
}

// The next part of a path, and where the rest begins. False at the end.
static bool take_part(const char **path, const char **part, size_t *size)
{
	*path += strspn(*path, "/");
	*part = *path;
	*size = strcspn(*path, "/");
	*path += *size;
	return *size;
}

static int enter(struct fat_volume *volume, const struct fat_place *place, uint32_t *cluster)
{
	if (place->is_root) {
		*cluster = 0;
		return 0;
	}
	if (!place->exists)
		return -ENOENT;
	if (!is_directory(&place->entry))
		return -ENOTDIR;
	*cluster = place->entry.cluster;
	if (fat_is_cluster(volume, *cluster))
		return 0;
	return fat_damaged(volume, "a directory begins at cluster %u", *cluster);
}

// fat_find(), but -EINVAL when the path leads through the directory at cluster `avoid`.
static int find(struct fat_volume *volume, const char *path, uint32_t avoid, struct fat_place *place)
{
	const char *part;
	size_t size;

	*place = (struct fat_place){.is_root = true};
	while (take_part(&path, &part, &size)) {
		struct fat_directory directory;
		int error = enter(volume, place, &place->parent);

		if (!error && place->parent && place->parent == avoid)
			error = -EINVAL;
		if (!error)
			error = fat_name_parse(&place->name, part, size);
		if (!error && is_dots(&place->name))
			error = -EINVAL;
		if (error)
			return error;
		place->is_root = false;
		place->must_be_directory = *path == '/';
		fat_directory_init(volume, &directory, place->parent);
		error = fat_directory_find(volume, &directory, &place->name, &place->entry);
		if (error && error != -ENOENT)
			return error;
		place->exists = !error;
	}
	if (place->exists && place->must_be_directory && !is_directory(&place->entry))
		return -ENOTDIR;
	return 0;
}

int fat_find(struct fat_volume *volume, const char *path, struct fat_place *place)
{
	return find(volume, path, 0, place);
}

// ---- Looking ----

static void fill_info(const struct fat_entry *entry, struct fat_info *info)
{
	*info = (struct fat_info){
		.directory = is_directory(entry),
		.read_only = entry->attributes & ATTRIBUTE_READ_ONLY,
		.hidden = entry->attributes & ATTRIBUTE_HIDDEN,
		.size = entry->size,
		.date = entry->date,
		.time = entry->time,
	};
	fat_name_print(&entry->name, info->name);
}

int fat_stat(struct fat_volume *volume, const char *path, struct fat_info *info)
{
	struct fat_place place;
	int error;

	fat_enter(volume);
	error = fat_find(volume, path, &place);
	fat_leave(volume);
	if (!error && place.is_root)
		*info = (struct fat_info){.directory = true, .name = "/"};
	else if (!error && place.exists)
		fill_info(&place.entry, info);
	else if (!error)
		error = -ENOENT;
	return error;
}

struct fat_cursor {
	struct fat_volume *volume;
	struct fat_directory directory;
	struct fat_walk walk;
};

int fat_list_open(struct fat_volume *volume, const char *path, struct fat_cursor **result)
{
	struct fat_cursor *cursor = calloc(1, sizeof(*cursor));
	struct fat_place place;
	uint32_t cluster;
	int error;

	if (!cursor)
		return -ENOMEM;
	fat_enter(volume);
	error = fat_find(volume, path, &place);
	if (!error)
		error = enter(volume, &place, &cluster);
	fat_leave(volume);
	if (error) {
		free(cursor);
		return error;
	}
	cursor->volume = volume;
	fat_directory_init(volume, &cursor->directory, cluster);
	cursor->walk.directory = &cursor->directory;
	*result = cursor;
	return 0;
}

int fat_list_next(struct fat_cursor *cursor, struct fat_info *info)
{
	struct fat_entry entry;
	int error;

	fat_enter(cursor->volume);
	do
		error = fat_walk_next(cursor->volume, &cursor->walk, &entry);
	while (!error && is_dots(&entry.name));
	fat_leave(cursor->volume);
	if (!error)
		fill_info(&entry, info);
	return error;
}

void fat_list_close(struct fat_cursor *cursor)
{
	free(cursor);
}

// ---- Changing ----

static int check_empty(struct fat_volume *volume, const struct fat_place *place)
{
	struct fat_directory directory;
	struct fat_walk walk = {.directory = &directory};
	struct fat_entry entry;
	uint32_t cluster;
	int error = enter(volume, place, &cluster);

	if (error)
		return error;
	fat_directory_init(volume, &directory, cluster);
	while (!(error = fat_walk_next(volume, &walk, &entry)))
		if (!is_dots(&entry.name))
			return -ENOTEMPTY;
	return error == -ENOENT ? 0 : error;
}

// What may be removed, or replaced.
static int check_removable(struct fat_volume *volume, const struct fat_place *place)
{
	if (place->is_root)
		return -EINVAL;
	if (!place->exists)
		return -ENOENT;
	if (place->entry.attributes & ATTRIBUTE_READ_ONLY)
		return -EACCES;
	if (fat_is_open(volume, &place->entry))
		return -EBUSY;
	return volume->read_only ? -EROFS : 0;
}

static int free_chain_of(struct fat_volume *volume, uint32_t parent, const struct fat_entry *entry)
{
	int error = 0;

	if (entry->cluster && !fat_is_cluster(volume, entry->cluster))
		fat_damaged(volume, "a file that was removed began at cluster %u", entry->cluster);
	else if (entry->cluster)
		error = fat_directory_release(volume, parent, entry->cluster);
	return error ? error : fat_finish(volume);
}

static int remove_entry(struct fat_volume *volume, const struct fat_place *place)
{
	struct fat_directory directory;

	fat_directory_init(volume, &directory, place->parent);
	return fat_directory_remove(volume, &directory, &place->entry);
}

static int delete (struct fat_volume *volume, const char *path)
{
	struct fat_place place;
	int error = fat_find(volume, path, &place);

	if (!error)
		error = check_removable(volume, &place);
	if (!error && is_directory(&place.entry))
		error = check_empty(volume, &place);
	if (!error)
		error = remove_entry(volume, &place);
	if (!error)
		error = free_chain_of(volume, place.parent, &place.entry);
	return error;
}

// Ends an operation: what an error left in the cache is not to be written.
static int leave(struct fat_volume *volume, int error)
{
	if (error)
		fat_cache_drop(volume);
	fat_leave(volume);
	return error;
}

int fat_delete(struct fat_volume *volume, const char *path)
{
	fat_enter(volume);
	return leave(volume, delete (volume, path));
}

static int make_directory(struct fat_volume *volume, const char *path)
{
	struct fat_directory directory;
	struct fat_place place;
	struct fat_entry entry = {.attributes = ATTRIBUTE_DIRECTORY};
	int error = fat_find(volume, path, &place);

	if (error)
		return error;
	if (place.is_root || place.exists)
		return -EEXIST;
	if (volume->read_only)
		return -EROFS;
	error = fat_directory_allocate(volume, 0, &entry.cluster);
	if (!error)
		error = fat_directory_begin(volume, entry.cluster, place.parent);
	if (!error)
		error = fat_cache_sync(volume);
	if (error)
		return error;
	fat_directory_init(volume, &directory, place.parent);
	error = fat_directory_insert(volume, &directory, &place.name, &entry);
	if (error && !volume->read_only)
		free_chain_of(volume, place.parent, &entry);
	return error ? error : fat_finish(volume);
}

int fat_make_directory(struct fat_volume *volume, const char *path)
{
	fat_enter(volume);
	return leave(volume, make_directory(volume, path));
}

// The file at `to` gives its place: one sector is written, and its name leads to the other file.
static int take_place(struct fat_volume *volume, const struct fat_place *from, struct fat_place *to)
{
	struct fat_entry old = to->entry;
	int error;

	to->entry.cluster = from->entry.cluster;
	to->entry.size = from->entry.size;
	to->entry.attributes = from->entry.attributes;
	to->entry.date = from->entry.date;
	to->entry.time = from->entry.time;
	error = fat_entry_update(volume, &to->entry);
	if (!error)
		error = fat_cache_sync(volume);
	if (!error)
		error = remove_entry(volume, from);
	return error ? error : free_chain_of(volume, to->parent, &old);
}

static int add_place(struct fat_volume *volume, const struct fat_place *from, struct fat_place *to)
{
	struct fat_directory directory;
	struct fat_entry entry = from->entry;
	int error;

	fat_directory_init(volume, &directory, to->parent);
	error = fat_directory_insert(volume, &directory, &to->name, &entry);
	if (error)
		return error;
	if (is_directory(&entry) && from->parent != to->parent) {
		error = fat_directory_set_parent(volume, entry.cluster, to->parent);
		if (!error)
			error = fat_cache_sync(volume);
	}
	if (!error)
		return remove_entry(volume, from);
	if (!volume->read_only) // back to where it was
		fat_directory_remove(volume, &directory, &entry);
	return error;
}

static bool is_same_entry(const struct fat_place *a, const struct fat_place *b)
{
	return a->exists && b->exists && a->entry.sector == b->entry.sector &&
	       a->entry.offset == b->entry.offset;
}

static int rename_place(struct fat_volume *volume, const char *from_path, const char *to_path)
{
	struct fat_place from, to;
	int error = fat_find(volume, from_path, &from);

	if (!error)
		error = check_removable(volume, &from);
	if (!error)
		error = find(volume, to_path, is_directory(&from.entry) ? from.entry.cluster : 0, &to);
	if (error)
		return error;
	if (to.is_root)
		return -EEXIST;
	if (to.must_be_directory && !is_directory(&from.entry))
		return -ENOTDIR;
	if (!to.exists || is_same_entry(&from, &to)) // the second: letters in another case
		return add_place(volume, &from, &to);
	if (is_directory(&to.entry) || is_directory(&from.entry))
		return -EEXIST;
	error = check_removable(volume, &to);
	return error ? error : take_place(volume, &from, &to);
}

int fat_rename(struct fat_volume *volume, const char *from, const char *to)
{
	fat_enter(volume);
	return leave(volume, rename_place(volume, from, to));
}
