// SPDX-License-Identifier: Apache-2.0
// Owns the model's disks. A request that gets memory which a device can't reach is a violation.
#include "model/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/internal.h"

#define MAX_BLOCKS 64u // small, so that requests are split

struct completion {
	struct block_request *request;
	int error;
};

static void complete(void *context)
{
	struct completion *completion = context;

	block_request_done(completion->request, completion->error);
	model_free(completion);
}

static void check(const struct model_disk *disk, const struct block_request *request)
{
	const struct block_device *device = &disk->device;

	if (!request->count || request->count > device->max_blocks || request->block >= device->blocks ||
	    request->count > device->blocks - request->block)
		model_violation("%s: request for %u blocks from %llu", device->name, request->count,
				(unsigned long long)request->block);
	if ((uintptr_t)request->buffer % BLOCK_BUFFER_ALIGNMENT || task_stack_holds(request->buffer))
		model_violation("%s: a device can't use the buffer %p", device->name, request->buffer);
	if (request->write && device->read_only)
		model_violation("%s: write to a read-only device", device->name);
}

static int lose_power(struct model_disk *disk)
{
	disk->struck = true;
	return -EIO;
}

static int transfer(struct model_disk *disk, const struct block_request *request)
{
	uint32_t block_size = disk->device.block_size;
	uint8_t *buffer = request->buffer;

	if (disk->fail_nth && !--disk->fail_nth) {
		disk->struck = true;
		return -EIO;
	}
	if (!disk->cut_after)
		return lose_power(disk);
	for (uint32_t i = 0; i < request->count; i++, buffer += block_size) {
		uint8_t *at = disk->bytes + (request->block + i) * block_size;

		if (!request->write) {
			memcpy(buffer, at, block_size);
			continue;
		}
		if (!disk->cut_after)
			return lose_power(disk);
		if (disk->cut_after != MODEL_DISK_POWERED)
			disk->cut_after--;
		memcpy(at, buffer, block_size);
	}
	*(request->write ? &disk->writes : &disk->reads) += request->count;
	return 0;
}

static void submit(struct block_device *device, struct block_request *request)
{
	struct model_disk *disk = device->driver;
	struct completion *completion;

	check(disk, request);
	disk->requests++;
	if (!disk->latency) {
		block_request_done(request, transfer(disk, request));
		return;
	}
	completion = model_zalloc(sizeof(*completion));
	*completion = (struct completion){request, transfer(disk, request)};
	model_after(disk->latency, complete, completion);
}

static int flush(struct block_device *device)
{
	struct model_disk *disk = device->driver;

	return disk->cut_after ? 0 : lose_power(disk);
}

static const struct block_operations operations = {.submit = submit, .flush = flush};

struct model_disk *model_disk_open(const char *path, uint32_t block_size)
{
	struct model_disk *disk = model_zalloc(sizeof(*disk));
	int file = open(path, O_RDWR | O_CLOEXEC);
	struct stat status;

	if (file < 0 || fstat(file, &status) || status.st_size % block_size)
		model_violation("%s: no image file", path);
	disk->size = (uint64_t)status.st_size;
	disk->bytes = mmap(NULL, disk->size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (disk->bytes == MAP_FAILED)
		model_violation("%s: can't be mapped", path);
	close(file);
	disk->cut_after = MODEL_DISK_POWERED;
	disk->device = (struct block_device){
		.name = "disk0",
		.block_size = block_size,
		.blocks = disk->size / block_size,
		.max_blocks = MAX_BLOCKS,
		.operations = &operations,
		.driver = disk,
	};
	return disk;
}

void model_disk_insert(struct model_disk *disk)
{
	disk->requests = disk->reads = disk->writes = 0;
	disk->struck = false;
	block_register(&disk->device);
}

void model_disk_pull(struct model_disk *disk)
{
	block_unregister(&disk->device);
}

void model_disk_close(struct model_disk *disk)
{
	model_disk_pull(disk);
	munmap(disk->bytes, disk->size);
	model_free(disk);
}
