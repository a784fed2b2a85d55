// SPDX-License-Identifier: Apache-2.0
// What the commands of `fs` share: paths of files as they are typed, and their errors.
#pragma once

#include "shell/complete.h"
#include "shell/shell.h"
#include "storage/mount.h"

// A path taken apart. The volume stays mounted until file_path_put().
struct file_path {
	const char *text; // as it was typed
	struct mount *mount;
	struct fat_volume *volume; // the mount's
	const char *rest; // of the path, in the volume
};

// 0, or an error after saying why; then there is nothing to put.
int file_path_find(const struct invocation *call, const char *text, struct file_path *path);
void file_path_put(struct file_path *path);

// "fs cat: /SD:/x: there is no such file or folder"; returns the error.
int file_refused(const struct invocation *call, const char *text, int error);

// Mount points, and what is in the folder that `prefix` leads to before its last '/'; folders with a '/' behind them.
void files_offer(const char *prefix, complete_offer *offer, void *context);

// The same; for what doesn't begin with '/', the files of the images folder whose names end in ".cfg".
void files_offer_configurations(const char *prefix, complete_offer *offer, void *context);

// Of `fs`, those that go through what is in files: cmd_fs_data.c.
int fs_cat_command(const struct invocation *call);
int fs_read_command(const struct invocation *call);
int fs_cp_command(const struct invocation *call);
int fs_write_command(const struct invocation *call);
int fs_sum_command(const struct invocation *call);

int fs_bench_command(const struct invocation *call); // cmd_fs_bench.c

// The place of `fs write`'s option.
enum { FS_WRITE_APPEND };
