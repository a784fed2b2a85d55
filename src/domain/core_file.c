// SPDX-License-Identifier: Apache-2.0
// A core on a FAT volume.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config/images_folder.h"
#include "domain/core.h"
#include "storage/fat.h"
#include "storage/mount.h"

#define PATH_SIZE 256

static int write_file(void *file, const void *bytes, size_t size, uint64_t offset)
{
	long length = fat_write(file, bytes, size, (uint32_t)offset);

	return length < 0 ? (int)length : 0;
}

static int check_room(struct fat_volume *volume, const char *path, uint64_t size, struct failure *failure)
{
	struct fat_statistics statistics;
	int error = fat_statistics(volume, &statistics);

	if (error)
		return images_folder_failure(path, error, failure);
	uint64_t room = (uint64_t)statistics.free_clusters * statistics.cluster_size;
	if (size > FAT_FILE_SIZE_MAX)
		return failure_set(failure, -EFBIG, "%.150s: the core has %" PRIu64 " MiB, more than a file on FAT can have",
				   path, size >> 20);
	if (size > room)
		return failure_set(failure, -ENOSPC,
				   "%.150s: the core has %" PRIu64 " MiB, and the volume %" PRIu64 " MiB left", path,
				   size >> 20, room >> 20);
	return 0;
}

static int write_core(domid_t id, struct fat_volume *volume, const char *rest, const char *path,
		      bool (*interrupted)(void), struct failure *failure)
{
	struct fat_file *file;
	int error = fat_delete(volume, rest);

	if (!error || error == -ENOENT)
		error = fat_open(volume, rest, FAT_WRITE | FAT_CREATE, &file);
	if (error)
		return images_folder_failure(path, error, failure);
	error = core_write(id, &(struct core_sink){ write_file, file }, interrupted, failure);
	int close_error = fat_close(file);
	if (!error && close_error)
		error = images_folder_failure(path, close_error, failure);
	if (error)
		fat_delete(volume, rest);
	return error;
}

int core_write_file(domid_t id, const char *path, bool (*interrupted)(void), struct failure *failure)
{
	char whole[PATH_SIZE];
	struct mount *mount;
	const char *rest;
	uint64_t size;

	images_folder_wait();
	int length = snprintf(whole, sizeof(whole), "%s%s", path[0] == '/' ? "" : mount_images_folder(), path);
	if (length >= PATH_SIZE)
		return failure_set(failure, -ENAMETOOLONG, "%.60s...: the path is too long", path);
	int error = core_size(id, &size, failure);
	if (error)
		return error;
	error = mount_find(whole, &mount, &rest);
	if (error)
		return images_folder_failure(whole, error, failure);
	error = check_room(mount->volume, whole, size, failure);
	if (!error)
		error = write_core(id, mount->volume, rest, whole, interrupted, failure);
	mount_put(mount);
	return error;
}
