// SPDX-License-Identifier: Apache-2.0
// The file systems on cards and disks: their names and figures; what is in files is in cmd_fs_data.c.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/images_folder.h"
#include "shell/commands.h"
#include "shell/files.h"
#include "shell/words.h"
#include "xen/console_io.h"

// ---- ls, stat ----

// "2025-01-31 12:00", as FAT has it: the year from 1980, two seconds a step.
static void print_time(const struct fat_info *info)
{
	shell_print("%04u-%02u-%02u %02u:%02u", 1980u + (info->date >> 9), info->date >> 5 & 0xfu, info->date & 0x1fu,
		    info->time >> 11, info->time >> 5 & 0x3fu);
}

static void print_entry(const struct fat_info *info)
{
	if (info->directory)
		shell_print("%10s ", "");
	else
		shell_print("%10" PRIu32 " ", info->size);
	print_time(info);
	shell_print(" %s%s\n", info->name, info->directory ? "/" : "");
}

static int list_folder(const struct file_path *path, struct fat_info *info)
{
	struct fat_cursor *cursor;
	int error = fat_list_open(path->volume, path->rest, &cursor);

	if (error)
		return error;
	while (!(error = fat_list_next(cursor, info)) && !console_io_interrupted())
		print_entry(info);
	fat_list_close(cursor);
	return error == -ENOENT ? 0 : error ? error : -EINTR;
}

// A file is listed itself.
static int list(const struct file_path *path, struct fat_info *info)
{
	int error = fat_stat(path->volume, path->rest, info);

	if (error)
		return error;
	if (info->directory)
		return list_folder(path, info);
	print_entry(info);
	return 0;
}

static int show(const struct file_path *path, struct fat_info *info)
{
	int error = fat_stat(path->volume, path->rest, info);

	if (error)
		return error;
	shell_print("Path:    %s\nKind:    %s%s%s\n", path->text, info->directory ? "folder" : "file",
		    info->read_only ? ", read-only" : "", info->hidden ? ", hidden" : "");
	if (!info->directory)
		shell_print("Size:    %" PRIu32 " bytes\n", info->size);
	if (info->date) { // a root has none
		shell_print("Changed: ");
		print_time(info);
		shell_print("\n");
	}
	return 0;
}

static int with_info(const struct invocation *call, int (*use)(const struct file_path *path, struct fat_info *info))
{
	struct fat_info *info = malloc(sizeof(*info));
	struct file_path path;
	int error;

	if (!info)
		return file_refused(call, call->argv[0], -ENOMEM);
	error = file_path_find(call, call->argv[0], &path);
	if (!error) {
		error = use(&path, info);
		if (error)
			file_refused(call, path.text, error);
		file_path_put(&path);
	}
	free(info);
	return error;
}

static int print_mounts(void)
{
	int count = 0;

	images_folder_wait();
	for (const struct mount *mount = mount_next(NULL); mount; mount = mount_next(mount), count++) {
		shell_print("%s %s", mount->name, mount->extent.device->name);
		if (mount->partition)
			shell_print(" partition %u", mount->partition);
		shell_print(" %" PRIu64 " MiB%s\n", mount->extent.count * mount->extent.device->block_size >> 20,
			    mount_is_pulled(mount) ? ", pulled" : "");
	}
	if (!count)
		shell_print("No volume is mounted.\n");
	return 0;
}

static int mounts(const struct invocation *call)
{
	(void)call;
	return print_mounts();
}

static int ls(const struct invocation *call)
{
	return call->argc && strcmp(call->argv[0], "/") ? with_info(call, list) : print_mounts();
}

static int stat(const struct invocation *call)
{
	return with_info(call, show);
}

// ---- df, sync ----

// Each mounted volume in its turn, held while it is used. The first error.
static int each_volume(const struct invocation *call, int (*use)(struct mount *mount))
{
	struct mount *mount;
	const char *rest;
	int result = 0;

	images_folder_wait();
	for (const struct mount *next = mount_next(NULL); next; next = mount_next(next)) {
		int error = mount_find(next->name, &mount, &rest);

		if (!error) {
			error = use(mount);
			mount_put(mount);
		}
		if (error)
			file_refused(call, next->name, error);
		if (!result)
			result = error;
	}
	return result;
}

static int print_space(struct mount *mount)
{
	struct fat_statistics figures;
	int error = fat_statistics(mount->volume, &figures);

	if (error)
		return error;
	uint64_t size = (uint64_t)figures.clusters * figures.cluster_size / KIB(1);
	uint64_t space = (uint64_t)figures.free_clusters * figures.cluster_size / KIB(1);
	shell_print("%-6s FAT%-2u %-11s %11" PRIu64 " %11" PRIu64 " %11" PRIu64 "%s\n", mount->name, figures.bits,
		    figures.label, size, size - space, space, figures.read_only ? " read-only" : "");
	return 0;
}

static int df(const struct invocation *call)
{
	shell_print("%-6s %-5s %-11s %11s %11s %11s\n", "Volume", "Kind", "Label", "KiB", "Used", "Free");
	return each_volume(call, print_space);
}

static int flush(struct mount *mount)
{
	return block_flush(&mount->extent);
}

static int sync(const struct invocation *call)
{
	return each_volume(call, flush);
}

// ---- mkdir, rm, mv ----

static int with_path(const struct invocation *call, int (*use)(struct fat_volume *volume, const char *path))
{
	struct file_path path;
	int error = file_path_find(call, call->argv[0], &path);

	if (error)
		return error;
	error = use(path.volume, path.rest);
	if (error)
		file_refused(call, path.text, error);
	file_path_put(&path);
	return error;
}

static int mkdir(const struct invocation *call)
{
	return with_path(call, fat_make_directory);
}

static int rm(const struct invocation *call)
{
	return with_path(call, fat_delete);
}

static int rename_within(const struct invocation *call, const struct file_path *from, const struct file_path *to)
{
	int error;

	if (from->mount != to->mount) {
		shell_error("%s: the paths are on two volumes; use 'fs cp', then 'fs rm'", call->name);
		return -EXDEV;
	}
	error = fat_rename(from->volume, from->rest, to->rest);
	if (error == -ENOENT)
		return file_refused(call, from->text, error);
	return error ? file_refused(call, to->text, error) : 0;
}

static int mv(const struct invocation *call)
{
	struct file_path from, to;
	int error = file_path_find(call, call->argv[0], &from);

	if (error)
		return error;
	error = file_path_find(call, call->argv[1], &to);
	if (!error) {
		error = rename_within(call, &from, &to);
		file_path_put(&to);
	}
	file_path_put(&from);
	return error;
}

static const struct command_option write_options[] = {
	[FS_WRITE_APPEND] = { "-a", NULL, "behind what the file holds" },
	{ 0 },
};

const struct command fs_commands[] = {
	{
		.name = "bench",
		.arguments = "FILE | DEVICE [OFFSET [SIZE]]",
		.help = "Measure how fast a file or a device is read",
		.details = "A FILE is read as a kernel is, through its volume; of a DEVICE (as 'fs mounts'\n"
			   "names them), SIZE bytes from OFFSET on, 16 MiB where it isn't said, straight\n"
			   "from the driver. Ctrl-C stops it.",
		.run = fs_bench_command,
		.min_arguments = 1,
		.max_arguments = 3,
		.completion = COMPLETE_FILE,
	},
	{
		.name = "cat",
		.arguments = "FILE",
		.help = "Show a text file",
		.details = "Control characters are shown as '?'. Ctrl-C stops it.",
		.run = fs_cat_command,
		.min_arguments = 1,
		.max_arguments = 1,
		.completion = COMPLETE_FILE,
	},
	{
		.name = "cp",
		.arguments = "FROM TO",
		.help = "Copy a file",
		.details = "TO is the path of the copy, which must not exist.\nCtrl-C stops it, and leaves no copy.",
		.run = fs_cp_command,
		.min_arguments = 2,
		.max_arguments = 2,
		.completion = COMPLETE_FILE,
		.rest = COMPLETE_FILE,
	},
	{ .name = "df", .help = "Show the space on each volume", .run = df },
	{
		.name = "ls",
		.arguments = "[PATH]",
		.help = "List a folder, or the volumes",
		.run = ls,
		.max_arguments = 1,
		.completion = COMPLETE_FILE,
	},
	{
		.name = "mkdir",
		.arguments = "PATH",
		.help = "Make a folder",
		.run = mkdir,
		.min_arguments = 1,
		.max_arguments = 1,
		.completion = COMPLETE_FILE,
	},
	{ .name = "mounts", .help = "List the volumes", .run = mounts },
	{
		.name = "mv",
		.arguments = "FROM TO",
		.help = "Rename or move a file or a folder within its volume",
		.details = "TO is the whole new path. A file of that name is replaced, a folder is not.",
		.run = mv,
		.min_arguments = 2,
		.max_arguments = 2,
		.completion = COMPLETE_FILE,
		.rest = COMPLETE_FILE,
	},
	{
		.name = "read",
		.arguments = "FILE [OFFSET [SIZE]]",
		.help = "Show the bytes of a file",
		.details = "256 bytes from the beginning, or SIZE from OFFSET. Ctrl-C stops it.",
		.run = fs_read_command,
		.min_arguments = 1,
		.max_arguments = 3,
		.completion = COMPLETE_FILE,
	},
	{
		.name = "rm",
		.arguments = "PATH",
		.help = "Delete a file or an empty folder",
		.run = rm,
		.min_arguments = 1,
		.max_arguments = 1,
		.completion = COMPLETE_FILE,
	},
	{
		.name = "stat",
		.arguments = "PATH",
		.help = "Tell about a file or a folder",
		.run = stat,
		.min_arguments = 1,
		.max_arguments = 1,
		.completion = COMPLETE_FILE,
	},
	{
		.name = "sum",
		.arguments = "FILE",
		.help = "Compute a file's SHA-256, as sha256sum does",
		.details = "Ctrl-C stops it.",
		.run = fs_sum_command,
		.min_arguments = 1,
		.max_arguments = 1,
		.completion = COMPLETE_FILE,
	},
	{ .name = "sync", .help = "Wait until all that was written is on the media", .run = sync },
	{
		.name = "write",
		.arguments = "[-a] FILE [WORD ...]",
		.help = "Write a line to a file",
		.details = "The words, with a blank between each two, take the place of what the file held.\n"
			   "A new file is made where there is none.",
		.run = fs_write_command,
		.min_arguments = 1,
		.max_arguments = WORDS_MAX,
		.completion = COMPLETE_FILE,
		.options = write_options,
	},
	{ 0 },
};
