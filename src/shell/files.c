// SPDX-License-Identifier: Apache-2.0
// Paths of files: found, refused in words, completed.
#include "shell/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/images_folder.h"
#include "config/xlcfg.h"
#include "xen/hypercall.h"

static const struct {
	int error;
	const char *text;
} texts[] = {
	{ -ENOENT, "there is no such file or folder" },
	{ -ENOTDIR, "a part of the path is a file, not a folder" },
	{ -EISDIR, "this is a folder, not a file" },
	{ -EEXIST, "there is something of that name already" },
	{ -ENOTEMPTY, "the folder isn't empty" },
	{ -EBUSY, "the file is in use" },
	{ -EACCES, "the file is read-only" },
	{ -EINVAL, "this can't be done with this name; FAT has no \\ : * ? \" < > | in names" },
	{ -ENAMETOOLONG, "the name is too long" },
	{ -ENOSPC, "the volume is full" },
	{ -EROFS, "the volume can't be written to" },
	{ -EFBIG, "FAT has no files larger than 4 GB" },
	{ -ENODEV, "the card was pulled" },
	{ -EBADMSG, "the volume is damaged here; 'log' tells more, fsck.fat on another system repairs it" },
	{ -EINTR, "stopped" },
};

int file_refused(const struct invocation *call, const char *text, int error)
{
	const char *reason = error_text(error);

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].error == error)
			reason = texts[i].text;
	shell_error("%s: %s: %s", call->name, text, reason);
	return error;
}

int file_path_find(const struct invocation *call, const char *text, struct file_path *path)
{
	path->text = text;
	images_folder_wait();
	int error = mount_find(text, &path->mount, &path->rest);

	if (error == -ENODEV)
		return file_refused(call, text, error);
	if (error) {
		const struct mount *first = mount_next(NULL);

		shell_error("%s: %s: no volume is mounted there%s%s%s", call->name, text,
			    first ? ": a path begins with one, as " : ", nor elsewhere", first ? first->name : "",
			    first ? "/ does; 'fs mounts' shows them" : "");
		return error;
	}
	path->volume = path->mount->volume;
	return 0;
}

void file_path_put(struct file_path *path)
{
	mount_put(path->mount);
}

// ---- Completion ----

static void offer_mounts(complete_offer *offer, void *context)
{
	char path[MOUNT_NAME_MAX + 1];

	for (const struct mount *mount = mount_next(NULL); mount; mount = mount_next(mount)) {
		snprintf(path, sizeof(path), "%s/", mount->name);
		offer(path, context);
	}
}

// All that is in the folder. `shown` is how it was typed, without the last slash.
static void offer_folder(struct fat_volume *volume, const char *folder, const char *shown, complete_offer *offer,
			 void *context)
{
	struct {
		struct fat_info info;
		char path[CONFIG_SHELL_LINE_MAX + FAT_NAME_MAX + 2];
	} *work = malloc(sizeof(*work)); // too much for the stack
	struct fat_cursor *cursor;

	if (work && !fat_list_open(volume, folder, &cursor)) {
		while (!fat_list_next(cursor, &work->info)) {
			snprintf(work->path, sizeof(work->path), "%s/%s%s", shown, work->info.name,
				 work->info.directory ? "/" : "");
			offer(work->path, context);
		}
		fat_list_close(cursor);
	}
	free(work);
}

void files_offer(const char *prefix, complete_offer *offer, void *context)
{
	char folder[CONFIG_SHELL_LINE_MAX + 1];
	const char *slash = strrchr(prefix, '/'), *rest;
	struct mount *mount;

	if (!slash || slash == prefix) {
		offer_mounts(offer, context);
		return;
	}
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - prefix), prefix);
	if (mount_find(folder, &mount, &rest))
		return;
	offer_folder(mount->volume, rest, folder, offer, context);
	mount_put(mount);
}

static bool is_configuration(const struct fat_info *info)
{
	return !info->directory && config_file_stem(info->name);
}

void files_offer_configurations(const char *prefix, complete_offer *offer, void *context)
{
	struct fat_info *info;
	struct fat_cursor *cursor;
	struct mount *mount;
	const char *folder;

	if (prefix[0] == '/') {
		files_offer(prefix, offer, context);
		return;
	}
	if (mount_find(mount_images_folder(), &mount, &folder))
		return;
	info = malloc(sizeof(*info)); // much for the stack
	if (info && !fat_list_open(mount->volume, folder, &cursor)) {
		while (!fat_list_next(cursor, info))
			if (is_configuration(info))
				offer(info->name, context);
		fat_list_close(cursor);
	}
	free(info);
	mount_put(mount);
}
