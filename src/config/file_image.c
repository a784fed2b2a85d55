// SPDX-License-Identifier: Apache-2.0
// A file of a volume as an image source.
#include "config/file_image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/images_folder.h"
#include "storage/fat.h"
#include "storage/fat_stream.h"
#include "storage/mount.h"

struct file_image {
	struct mount *mount; // in use as long as this exists
	struct fat_file *file;
	struct fat_stream *stream; // NULL: none
	char path[]; // absolute
};

static int size_of(void *context, uint64_t *size)
{
	const struct file_image *image = context;

	*size = fat_size(image->file);
	return 0;
}

static int read_at(void *context, void *buffer, size_t size, uint64_t offset)
{
	const struct file_image *image = context;

	if (offset > FAT_FILE_SIZE_MAX)
		return -EINVAL;
	long length = fat_read(image->file, buffer, size, (uint32_t)offset);
	if (length < 0)
		return (int)length;
	return (size_t)length == size ? 0 : -EIO; // the file was made shorter
}

static int begin(void *context, uint64_t offset, uint64_t size)
{
	struct file_image *image = context;

	if (offset > FAT_FILE_SIZE_MAX || size > FAT_FILE_SIZE_MAX - offset)
		return -EINVAL;
	return fat_stream_open(image->file, (uint32_t)offset, (uint32_t)size, &image->stream);
}

static long next(void *context, const void **data)
{
	const struct file_image *image = context;

	return fat_stream_next(image->stream, data);
}

static void end(void *context)
{
	struct file_image *image = context;

	fat_stream_close(image->stream);
	image->stream = NULL;
}

static const struct image_ahead ahead = { begin, next, end };

static int open_file(struct file_image *image)
{
	const char *rest;

	images_folder_wait();
	int error = mount_find(image->path, &image->mount, &rest);

	if (error)
		return error;
	error = fat_open(image->mount->volume, rest, 0, &image->file);
	if (error)
		mount_put(image->mount);
	return error;
}

int file_image_open(const char *path, struct file_image **image, struct image_source *source,
		    struct failure *failure)
{
	const char *folder = path[0] == '/' ? "" : mount_images_folder();
	struct file_image *opened = malloc(sizeof(*opened) + strlen(folder) + strlen(path) + 1);

	if (!opened)
		return failure_set(failure, -ENOMEM, "%.180s: out of memory", path);
	opened->stream = NULL;
	stpcpy(stpcpy(opened->path, folder), path);
	int error = open_file(opened);
	if (error) {
		images_folder_failure(opened->path, error, failure);
		free(opened);
		return error;
	}
	*image = opened;
	*source = (struct image_source){
		.name = opened->path,
		.size = size_of,
		.read = read_at,
		.ahead = &ahead,
		.context = opened,
	};
	return 0;
}

void file_image_close(struct file_image *image)
{
	if (!image)
		return;
	fat_close(image->file); // only read: nothing can be lost
	mount_put(image->mount);
	free(image);
}
