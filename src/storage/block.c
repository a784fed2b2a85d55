// SPDX-License-Identifier: Apache-2.0
// Owns the list of block devices, and how transfers are split, submitted and waited for.
#include "storage/block.h"

#include <errno.h>

#include "kernel/compiler.h"
#include "kernel/panic.h"

static struct list devices = LIST_INITIAL(devices);
static unsigned int arrivals;
static struct wait_queue arrived = WAIT_QUEUE_INITIAL(arrived);

// A device keeps its place among the others when its medium is changed, and so what is mounted of it its name.
static void insert(struct block_device *device)
{
	struct list *position = devices.next;

	while (position != &devices && LIST_ENTRY(position, struct block_device, link)->number < device->number)
		position = position->next;
	list_insert_before(position, &device->link);
}

void block_register(struct block_device *device)
{
	ASSERT(device->block_size >= BLOCK_SIZE_MIN && device->block_size <= BLOCK_SIZE_MAX);
	ASSERT(!(device->block_size & (device->block_size - 1)) && device->max_blocks && !device->present);
	device->present = true;
	if (!device->generation++) {
		static unsigned int count;

		device->number = count++;
		wait_queue_init(&device->idle);
	}
	insert(device);
	arrivals++;
	wait_queue_wake(&arrived);
}

void block_unregister(struct block_device *device)
{
	if (!device->present)
		return;
	device->present = false;
	list_remove(&device->link);
}

struct block_device *block_next(const struct block_device *previous)
{
	struct list *next = previous ? previous->link.next : devices.next;

	return next == &devices ? NULL : LIST_ENTRY(next, struct block_device, link);
}

unsigned int block_arrivals(void)
{
	return arrivals;
}

void block_wait_for_arrival(unsigned int seen)
{
	WAIT_UNTIL(&arrived, arrivals != seen);
}

struct block_extent block_whole(struct block_device *device)
{
	return (struct block_extent){device, device->generation, 0, device->blocks};
}

void block_request_done(struct block_request *request, int error)
{
	request->error = error;
	request->done = true;
	wait_queue_wake(request->queue);
}

static int check(const struct block_extent *extent, bool write)
{
	if (!extent->device->present || extent->generation != extent->device->generation)
		return -ENODEV;
	return write && extent->device->read_only ? -EROFS : 0;
}

static void keep_first(int *error, int another)
{
	if (!*error)
		*error = another;
}

// A request that was never used has no queue.
static void await(struct block_batch *batch, struct block_request *request)
{
	if (!request->queue)
		return;
	WAIT_UNTIL(request->queue, request->done);
	keep_first(&batch->error, request->error);
	request->queue = NULL;
}

static void submit(struct block_batch *batch, bool write, uint64_t block, uint32_t count, void *buffer)
{
	struct block_device *device = batch->extent->device;
	struct block_request *request = &batch->requests[batch->next];

	await(batch, request);
	keep_first(&batch->error, check(batch->extent, write)); // it may have been pulled meanwhile
	if (batch->error)
		return;
	batch->next = (batch->next + 1) % BLOCK_BATCH_REQUESTS;
	*request = (struct block_request){
		.write = write,
		.block = batch->extent->first + block,
		.count = count,
		.buffer = buffer,
		.queue = &device->idle,
	};
	list_init(&request->link);
	device->operations->submit(device, request);
}

void block_batch_add(struct block_batch *batch, bool write, uint64_t block, uint64_t count, void *buffer)
{
	const struct block_extent *extent = batch->extent;

	ASSERT(!((uintptr_t)buffer % BLOCK_BUFFER_ALIGNMENT));
	if (block > extent->count || count > extent->count - block) {
		keep_first(&batch->error, -EINVAL);
		return;
	}
	while (count && !batch->error) {
		uint32_t part = (uint32_t)MIN(count, (uint64_t)extent->device->max_blocks);

		submit(batch, write, block, part, buffer);
		block += part;
		count -= part;
		buffer = (char *)buffer + (size_t)part * extent->device->block_size;
	}
}

int block_batch_finish(struct block_batch *batch)
{
	for (unsigned int i = 0; i < BLOCK_BATCH_REQUESTS; i++)
		await(batch, &batch->requests[(batch->next + i) % BLOCK_BATCH_REQUESTS]);
	return batch->error;
}

static int transfer(const struct block_extent *extent, bool write, uint64_t block, uint64_t count,
		    void *buffer)
{
	struct block_batch batch = {.extent = extent};

	block_batch_add(&batch, write, block, count, buffer);
	return block_batch_finish(&batch);
}

int block_read(const struct block_extent *extent, uint64_t block, uint64_t count, void *buffer)
{
	return transfer(extent, false, block, count, buffer);
}

int block_write(const struct block_extent *extent, uint64_t block, uint64_t count, const void *buffer)
{
	return transfer(extent, true, block, count, (void *)(uintptr_t)buffer);
}

int block_flush(const struct block_extent *extent)
{
	struct block_device *device = extent->device;
	int error = check(extent, false);

	if (error || !device->operations->flush)
		return error;
	return device->operations->flush(device);
}
