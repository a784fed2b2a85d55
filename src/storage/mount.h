// SPDX-License-Identifier: Apache-2.0
// The mount table: the FAT volumes of all media under names. With CONFIG_FS_MULTI_PARTITION they are `/0:`,
// `/1:`, ... in the order of media and partitions; without it the first one is `/SD:` and the others are left
// alone.
//
// A path is `/0:/folder/file`. What is behind the mount point is fat.h's; paths that aren't below one are
// -ENOENT. Media come and go: a volume whose medium was pulled answers -ENODEV until mount_all() or
// mount_follow() has mounted what came after it.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "storage/fat.h"

#define MOUNTS_MAX     16u
#define MOUNT_NAME_MAX 8u // "/15:" and NUL

struct mount {
	char name[MOUNT_NAME_MAX]; // "/SD:"
	struct fat_volume *volume;
	struct block_extent extent;
	unsigned int partition; // as other systems count them; 0: the whole medium
	unsigned int users;     // of mount_find()
};

// Looks at all media and mounts what isn't mounted yet; what was pulled and isn't in use is forgotten first.
// Logs what was found, and where the folder of the images is: the two lines `I: storage: ...`. The number of
// volumes. Waits.
int mount_all(void);

// Calls mount_all() whenever a medium comes, after the first `seen` of block_arrivals(), and when nobody uses
// one that was pulled any more, so that the same card has the same names again. Never returns.
_Noreturn void mount_follow(unsigned int seen);

// Unmounts what isn't in use. 0, -EBUSY where something is, or an error in writing the rest.
int mount_none(void);

// Mounted volumes in the order of their names; NULL: there are no more. The entry is valid until the next
// wait.
const struct mount *mount_next(const struct mount *previous);

// Its medium is gone.
bool mount_is_pulled(const struct mount *mount);

// The volume that a path is on, and the rest of the path in it (part of `path`). It stays mounted until
// mount_put(). -ENOENT; -ENODEV: the volume's medium was pulled.
int mount_find(const char *path, struct mount **mount, const char **rest);
void mount_put(struct mount *mount);

// The folder of images and configurations, as a path with a slash at the end: "/0:/dom0/".
const char *mount_images_folder(void);
