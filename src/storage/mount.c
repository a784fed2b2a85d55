// SPDX-License-Identifier: Apache-2.0
// Owns the mount table.
#include "storage/mount.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "storage/partition.h"

#ifdef CONFIG_FS_MULTI_PARTITION
#define VOLUMES_MAX MOUNTS_MAX
#define DRIVE_NAME  CONFIG_DOM_STORAGE_FATFS_LOGICAL_DRIVE_NAME
#else
#define VOLUMES_MAX 1u
#define DRIVE_NAME  "SD"
#endif

// A place without a volume is free. The Nth is `/N:`.
static struct mount mounts[MOUNTS_MAX];

// Who changes the table takes turns.
static bool is_changing;
static struct wait_queue changed = WAIT_QUEUE_INITIAL(changed);

static void begin_change(void)
{
	WAIT_UNTIL(&changed, !is_changing);
	is_changing = true;
}

static void end_change(void)
{
	is_changing = false;
	wait_queue_wake(&changed);
}

bool mount_is_pulled(const struct mount *mount)
{
	const struct block_device *device = mount->extent.device;

	return !device->present || device->generation != mount->extent.generation;
}

static bool is_mounted(const struct block_extent *extent)
{
	for (unsigned int i = 0; i < MOUNTS_MAX; i++) {
		const struct mount *mount = &mounts[i];

		if (mount->volume && !mount_is_pulled(mount) && mount->extent.device == extent->device &&
		    mount->extent.first == extent->first)
			return true;
	}
	return false;
}

static int unmount_volume(struct mount *mount)
{
	struct fat_volume *volume = mount->volume;

	mount->volume = NULL;
	return fat_unmount(volume);
}

static void forget_pulled(void)
{
	for (unsigned int i = 0; i < MOUNTS_MAX; i++)
		if (mounts[i].volume && !mounts[i].users && mount_is_pulled(&mounts[i]))
			unmount_volume(&mounts[i]); // what it still had to write is lost with the medium
}

static struct mount *free_place(void)
{
	for (unsigned int i = 0; i < VOLUMES_MAX; i++) {
		if (mounts[i].volume)
			continue;
#ifdef CONFIG_FS_MULTI_PARTITION
		snprintf(mounts[i].name, sizeof(mounts[i].name), "/%u:", i);
#else
		snprintf(mounts[i].name, sizeof(mounts[i].name), "/" DRIVE_NAME ":");
#endif
		return &mounts[i];
	}
	return NULL;
}

static void mount_partition(const struct partition *partition)
{
	struct failure failure = {0};
	struct mount *mount = free_place();
	struct fat_volume *volume;
	int error;

	if (!mount || is_mounted(&partition->extent))
		return;
	error = fat_mount(&partition->extent, &volume, &failure);
	if (error == -EINVAL) { // another file system
		log_debug("storage: %s", failure.text);
		return;
	}
	if (error == -ENOTSUP) {
		log_warning("storage: %s", failure.text);
		return;
	}
	if (error) {
		log_error("storage: %s", failure.text);
		return;
	}
	mount->volume = volume;
	mount->extent = partition->extent;
	mount->partition = partition->number;
	mount->users = 0;
}

static bool has_volumes(const struct block_device *device)
{
	for (unsigned int i = 0; i < MOUNTS_MAX; i++)
		if (mounts[i].volume && mounts[i].extent.device == device && !mount_is_pulled(&mounts[i]))
			return true;
	return false;
}

static void mount_device(struct block_device *device)
{
	struct partition *partitions = calloc(PARTITIONS_MAX, sizeof(*partitions));
	struct failure failure = {0};
	int count;

	if (!partitions) {
		log_error("storage: %s: no memory to look for partitions", device->name);
		return;
	}
	if (!has_volumes(device)) // else that was said before
		log_info("storage: block count %" PRIu64 ", Sector size %u, Memory Size(MB) %u",
			 device->blocks, device->block_size,
			 (unsigned int)(device->blocks * device->block_size >> 20));
	count = partition_scan(device, partitions, &failure);
	if (count < 0)
		log_error("storage: %s", failure.text);
	for (int i = 0; i < count; i++)
		mount_partition(&partitions[i]);
	free(partitions);
}

// The device from which the search would go on may be pulled while it is looked at: then it begins again, and finds what was
// mounted already.
static void mount_devices(void)
{
	struct block_device *device = NULL;

	while ((device = block_next(device))) {
		uint32_t generation = device->generation;

		mount_device(device);
		if (!device->present || device->generation != generation) {
			log_warning("storage: %s: the medium was pulled while it was looked at",
				    device->name);
			device = NULL;
		}
	}
}

static void tell_images_folder(void)
{
	struct mount *mount;
	struct fat_info info;
	const char *rest;
	int error = mount_find(mount_images_folder(), &mount, &rest);

	if (!error) {
		error = fat_stat(mount->volume, rest, &info);
		mount_put(mount);
		if (error == -ENOENT) {
			log_warning("storage: mounted, but there is no binaries folder %s",
				    mount_images_folder());
			return;
		}
	}
	if (error)
		log_warning("storage: no medium with a FAT volume for the binaries folder %s",
			    mount_images_folder());
	else
		log_info("storage: mounted, binaries folder %s", mount_images_folder());
}

int mount_all(void)
{
	int count = 0;

	begin_change();
	forget_pulled();
	mount_devices();
	end_change();
	tell_images_folder();
	for (unsigned int i = 0; i < MOUNTS_MAX; i++)
		count += mounts[i].volume != NULL;
	return count;
}

static bool pulled_is_used(void)
{
	for (unsigned int i = 0; i < MOUNTS_MAX; i++)
		if (mounts[i].users && mount_is_pulled(&mounts[i]))
			return true;
	return false;
}

void mount_follow(unsigned int seen)
{
	for (;;) {
		block_wait_for_arrival(seen);
		WAIT_UNTIL(&changed, !pulled_is_used());
		seen = block_arrivals();
		mount_all();
	}
}

int mount_none(void)
{
	int error = 0;

	begin_change();
	for (unsigned int i = 0; i < MOUNTS_MAX; i++) {
		int result = 0;

		if (mounts[i].volume)
			result = mounts[i].users ? -EBUSY : unmount_volume(&mounts[i]);
		if (!error)
			error = result;
	}
	end_change();
	return error;
}

const struct mount *mount_next(const struct mount *previous)
{
	const struct mount *mount = previous ? previous + 1 : mounts;

	while (mount < mounts + MOUNTS_MAX && !mount->volume)
		mount++;
	return mount < mounts + MOUNTS_MAX ? mount : NULL;
}

int mount_find(const char *path, struct mount **mount, const char **rest)
{
	for (unsigned int i = 0; i < MOUNTS_MAX; i++) {
		size_t length = strlen(mounts[i].name);

		if (!mounts[i].volume || strncmp(path, mounts[i].name, length) ||
		    (path[length] && path[length] != '/'))
			continue;
		if (mount_is_pulled(&mounts[i]))
			return -ENODEV;
		mounts[i].users++;
		*mount = &mounts[i];
		*rest = path + length;
		return 0;
	}
	return -ENOENT;
}

void mount_put(struct mount *mount)
{
	ASSERT(mount->users);
	if (!--mount->users)
		wait_queue_wake(&changed);
}

// The drive's name may be given as "0" or as "/0:"; an empty folder is the volume's root.
const char *mount_images_folder(void)
{
	static const char name[] = DRIVE_NAME, images[] = CONFIG_DOM_STORAGE_FATFS_DIR;
	static char folder[sizeof(name) + sizeof(images) +
			   sizeof("/:"
				  "/"
				  "/")];
	const char *drive = name + strspn(name, "/");

	snprintf(folder, sizeof(folder), "/%.*s:/%s%s", (int)strcspn(drive, ":/"), drive, images,
		 *images ? "/" : "");
	return folder;
}
