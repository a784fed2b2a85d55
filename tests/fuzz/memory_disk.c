// SPDX-License-Identifier: Apache-2.0
// Owns the disk of the fuzz targets, whose requests are done at once, and pages.
#include "fuzz/memory_disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/memory.h"
#include "kernel/panic.h"

#define BLOCK_SIZE 512u

static uint8_t bytes[MEMORY_DISK_SIZE];

void *page_alloc(unsigned int order)
{
	return aligned_alloc(PAGE_SIZE, PAGE_SIZE << order);
}

void page_free(void *pages, unsigned int order)
{
	(void)order;
	free(pages);
}

static void submit(struct block_device *device, struct block_request *request)
{
	uint8_t *at = bytes + request->block * BLOCK_SIZE;
	size_t size = (size_t)request->count * BLOCK_SIZE;

	ASSERT(request->count && request->count <= device->max_blocks);
	ASSERT(request->block < device->blocks && request->count <= device->blocks - request->block);
	if (request->write)
		memcpy(at, request->buffer, size);
	else
		memcpy(request->buffer, at, size);
	block_request_done(request, 0);
}

static const struct block_operations operations = {.submit = submit};

static struct block_device device = {
	.name = "disk0",
	.block_size = BLOCK_SIZE,
	.blocks = MEMORY_DISK_SIZE / BLOCK_SIZE,
	.max_blocks = 64,
	.operations = &operations,
};

struct block_device *memory_disk_insert(const uint8_t *data, size_t size)
{
	size = MIN(size, sizeof(bytes));
	memcpy(bytes, data, size);
	memset(bytes + size, 0, sizeof(bytes) - size);
	block_register(&device);
	return &device;
}

uint8_t *memory_disk_bytes(void)
{
	return bytes;
}

void memory_disk_pull(void)
{
	block_unregister(&device);
}
