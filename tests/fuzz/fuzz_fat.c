// SPDX-License-Identifier: Apache-2.0
// FAT volumes: whatever is on them, everything can be listed and read, and files be made, changed and
// deleted, without harm and in bounded time.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "fuzz/memory_disk.h"
#include "storage/fat.h"

#define PATH_MAX_BYTES 1024u
#define DEPTH_MAX      4u

static unsigned int budget; // operations left

static void use_file(struct fat_volume *volume, const char *path)
{
	static uint8_t buffer[10000] __attribute__((aligned(BLOCK_BUFFER_ALIGNMENT)));
	struct fat_file *file;
	uint32_t offset = 0;
	long size;

	if (fat_open(volume, path, budget % 2 ? FAT_WRITE : 0, &file))
		return;
	while ((size = fat_read(file, buffer, sizeof(buffer) - offset % 3, offset)) > 0 &&
	       offset < MEMORY_DISK_SIZE) {
		FUZZ_CHECK(offset + (uint64_t)size <= fat_size(file));
		offset += (uint32_t)size;
	}
	if (budget % 2) {
		fat_write(file, buffer, 3000, fat_size(file) / 2);
		fat_truncate(file, fat_size(file) / 3);
	}
	fat_close(file);
	if (budget % 3 == 0)
		fat_delete(volume, path);
	else if (budget % 5 == 0)
		fat_rename(volume, path, "a renamed file");
}

static void use_directory(struct fat_volume *volume, const char *path, unsigned int depth)
{
	struct fat_info *info = malloc(sizeof(*info));
	char below[PATH_MAX_BYTES];
	struct fat_cursor *cursor;

	FUZZ_CHECK(info);
	if (fat_list_open(volume, path, &cursor)) {
		free(info);
		return;
	}
	while (budget && !fat_list_next(cursor, info)) {
		budget--;
		FUZZ_CHECK(strlen(info->name) < sizeof(info->name) && !strchr(info->name, '/'));
		if ((size_t)snprintf(below, sizeof(below), "%s/%s", path, info->name) >= sizeof(below))
			continue;
		if (!info->directory)
			use_file(volume, below);
		else if (depth < DEPTH_MAX)
			use_directory(volume, below, depth + 1);
	}
	fat_list_close(cursor);
	free(info);
}

static void use_volume(struct fat_volume *volume)
{
	struct fat_statistics statistics;
	struct fat_file *file;
	char text[64] = "something to write";

	fat_statistics(volume, &statistics);
	use_directory(volume, "", 0);
	if (!fat_open(volume, "a new file with a long name", FAT_WRITE | FAT_CREATE, &file)) {
		fat_write(file, text, sizeof(text), fat_size(file));
		fat_close(file);
	}
	fat_make_directory(volume, "directory");
	fat_rename(volume, "a new file with a long name", "directory/file");
	fat_rename(volume, "directory", "directory/below");
	fat_delete(volume, "directory/file");
	fat_delete(volume, "directory");
	if (!fat_statistics(volume, &statistics))
		FUZZ_CHECK(statistics.free_clusters <= statistics.clusters);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct block_extent extent = block_whole(memory_disk_insert(data, size));
	struct failure failure = {0};
	struct fat_volume *volume;

	budget = 100;
	if (!fat_mount(&extent, &volume, &failure)) {
		use_volume(volume);
		fat_unmount(volume);
	}
	memory_disk_pull();
	return 0;
}
