// SPDX-License-Identifier: Apache-2.0
// Names of files to paths, and the configurations in the folder.
#include "config/images_folder.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/domain_config.h"
#include "config/file_image.h"
#include "config/xlcfg.h"
#include "config/xlcfg_parser.h"
#include "kernel/task.h"
#include "storage/fat.h"
#include "storage/mount.h"
#include "xen/hypercall.h"

static bool is_expected;
static struct wait_queue arrival = WAIT_QUEUE_INITIAL(arrival);

void images_folder_expect(void)
{
	is_expected = true;
}

void images_folder_ready(void)
{
	is_expected = false;
	wait_queue_wake(&arrival);
}

void images_folder_wait(void)
{
	WAIT_UNTIL(&arrival, !is_expected);
}

static bool is_on_volume(const char *path)
{
	struct mount *mount;
	const char *rest;
	int error = mount_find(path, &mount, &rest);

	if (!error)
		mount_put(mount);
	return error != -ENOENT;
}

int images_folder_failure(const char *path, int error, struct failure *failure)
{
	const char *why = error_text(error);

	if (error == -ENOENT)
		why = is_on_volume(path) ? "there is no such file" :
					   "no volume is mounted there; 'fs mounts' shows them";
	else if (error == -ENODEV)
		why = "the card is not there";
	else if (error == -EINVAL)
		why = "a file can't be called so: no \"*:<>?\\| and no '..' in its path";
	return failure_set(failure, error, "%.180s: %s", path, why);
}

// Takes the suffix off a name that a configuration can have. False for any other file.
static bool configuration_name(struct fat_info *info)
{
	size_t length = config_file_stem(info->name);

	if (info->directory || info->hidden || info->name[0] == '.')
		return false;
	if (!length || length >= DOMAIN_NAME_MAX)
		return false;
	info->name[length] = '\0';
	for (const char *c = info->name; *c; c++)
		if (!isgraph((unsigned char)*c))
			return false;
	return true;
}

static int visit_all(struct fat_volume *volume, const char *folder,
		     void (*visit)(const char *name, void *context), void *context)
{
	struct fat_cursor *cursor;
	struct fat_info info;
	int error = fat_list_open(volume, folder, &cursor);

	if (error)
		return error;
	while (!(error = fat_list_next(cursor, &info)))
		if (configuration_name(&info))
			visit(info.name, context);
	fat_list_close(cursor);
	return error;
}

int images_folder_each(void (*visit)(const char *name, void *context), void *context, struct failure *failure)
{
	struct mount *mount;
	const char *folder;

	images_folder_wait();
	int error = mount_find(mount_images_folder(), &mount, &folder);

	if (!error) {
		error = visit_all(mount->volume, folder, visit, context);
		mount_put(mount);
	}
	return !error || error == -ENOENT ? 0 : images_folder_failure(mount_images_folder(), error, failure);
}

static void *load(const struct image_source *file, uint64_t size, struct failure *failure)
{
	if (size > XLCFG_FILE_MAX) {
		failure_set(failure, -E2BIG, "%.180s: it has %" PRIu64 " bytes: a configuration has at most %zu",
			    file->name, size, XLCFG_FILE_MAX);
		return NULL;
	}
	void *bytes = malloc((size_t)size);
	if (!bytes) {
		images_folder_failure(file->name, -ENOMEM, failure);
		return NULL;
	}
	int error = file->read(file->context, bytes, (size_t)size, 0);
	if (!error)
		return bytes;
	images_folder_failure(file->name, error, failure);
	free(bytes);
	return NULL;
}

void *images_folder_load(const char *path, size_t *size, struct failure *failure)
{
	struct image_source source;
	struct file_image *file;
	uint64_t bytes_in_file;

	if (file_image_open(path, &file, &source, failure))
		return NULL;
	source.size(source.context, &bytes_in_file); // never fails for a file
	*size = (size_t)bytes_in_file;
	void *bytes = load(&source, bytes_in_file, failure);
	file_image_close(file);
	return bytes;
}
