// SPDX-License-Identifier: Apache-2.0
// FAT12, FAT16 and FAT32 with long names, read and write (Microsoft's FAT specification 1.03, "fatgen103").
//
// Names are UTF-8; they are found whatever their case, and kept as they were given. Paths go down from the
// root, `a/b/c`; further slashes do no harm; "" is the root. What is on the medium is untrusted.
//
// Every function may wait, and any number of tasks may use a volume: each operation is done as a whole before
// the next begins. Errors that all may return: -EIO, -ENODEV (the medium is gone), -ETIMEDOUT, -ENOMEM,
// -EBADMSG (the volume is damaged there; the log says how); those that write besides: -EROFS, -ENOSPC. After
// an error in writing its own structures, a volume is read-only until it is mounted again.
//
// What is cut by a loss of power: the file being written may miss what was written to it since fat_sync(),
// and space may be lost until fsck.fat is run; nothing else. A rename that is cut may leave both names.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/failure.h"
#include "storage/block.h"

struct fat_volume;
struct fat_file;

// 255 UTF-16 units as UTF-8, and NUL.
#define FAT_NAME_MAX 768

#define FAT_FILE_SIZE_MAX UINT32_MAX

// -EINVAL: there is no FAT file system; quietly, as another may be there. -ENOTSUP: it is exFAT. The volume is the
// caller's.
int fat_mount(const struct block_extent *extent, struct fat_volume **volume, struct failure *failure);

// All its files are closed (our bug otherwise). 0, or an error in writing what was left to write; it is gone
// anyhow.
int fat_unmount(struct fat_volume *volume);

struct fat_statistics {
	unsigned int bits;     // 12, 16, 32
	uint32_t cluster_size; // bytes
	uint32_t clusters, free_clusters;
	char label[12];
	bool read_only;
};
int fat_statistics(struct fat_volume *volume, struct fat_statistics *statistics);

// ---- Files ----

enum {
	FAT_WRITE = 1,     // -EACCES for a read-only file
	FAT_CREATE = 2,    // with FAT_WRITE: makes an empty file where there is none
	FAT_EXCLUSIVE = 4, // with FAT_CREATE: -EEXIST where there is one
};

// -ENOENT, -ENOTDIR (a part of the path is a file), -EISDIR, -EINVAL (a name that FAT can't hold, or flags),
// -ENAMETOOLONG. A file that is open already is the same file: what one writes the other reads.
int fat_open(struct fat_volume *volume, const char *path, unsigned int flags, struct fat_file **file);

// Writes what fat_sync() would; the handle is gone even when that fails. NULL does nothing.
int fat_close(struct fat_file *file);

uint32_t fat_size(const struct fat_file *file);

// Reads up to `size` bytes (at most LONG_MAX) at `offset`: their number, fewer at the end of the file only. A
// buffer of 512 bytes or more is from the heap, the page allocator or the image, and on no stack: one that is
// aligned to BLOCK_BUFFER_ALIGNMENT, with an offset that is a multiple of 4096, goes to the device directly, and
// fastest; any other is copied to.
long fat_read(struct fat_file *file, void *buffer, size_t size, uint32_t offset);

// Writes `size` bytes at `offset`, at most the file's size: their number, all of them, or an error: then a
// part may be written, and the file is as long as that. The buffer is one as for fat_read(). -EFBIG, -EBADF (not
// opened with FAT_WRITE).
long fat_write(struct fat_file *file, const void *buffer, size_t size, uint32_t offset);

// Makes the file shorter. -EINVAL when it isn't as long as that.
int fat_truncate(struct fat_file *file, uint32_t size);

// Everything written so far, and the new size, are on the medium afterwards.
int fat_sync(struct fat_file *file);

// ---- Names ----

struct fat_info {
	bool directory, read_only, hidden;
	uint32_t size;
	uint16_t date, time; // of the last change, as FAT has them: local time
	char name[FAT_NAME_MAX];
};
int fat_stat(struct fat_volume *volume, const char *path, struct fat_info *info);

// Goes through a directory, without `.` and `..`; what is created or deleted meanwhile may or may not be
// seen.
struct fat_cursor;
int fat_list_open(struct fat_volume *volume, const char *path, struct fat_cursor **cursor);
// 0, or -ENOENT at the end.
int fat_list_next(struct fat_cursor *cursor, struct fat_info *info);
void fat_list_close(struct fat_cursor *cursor);

// -EBUSY for a file that is open, -ENOTEMPTY for a directory with something in it, -EACCES for what is
// read-only, -EINVAL for the root.
int fat_delete(struct fat_volume *volume, const char *path);

// Moves a file or a directory within the volume. A file takes the place of another one of that name, at once.
// -EEXIST: the new name is a directory, or the old one; -EBUSY, -EACCES as fat_delete() for either; -EINVAL:
// into itself.
int fat_rename(struct fat_volume *volume, const char *from, const char *to);

// -EEXIST.
int fat_make_directory(struct fat_volume *volume, const char *path);
