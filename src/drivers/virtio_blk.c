// SPDX-License-Identifier: Apache-2.0
// Virtio block devices (Virtio 1.2, 5.2). Requests go to the device as they come, as many as its queue holds,
// the rest wait here. A task of its own finishes them; what failed is tried again. A device that breaks the protocol, or is silent for a
// minute, is reset and given up: what it was asked for fails, and so does all that follows.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/virtio.h"
#include "kernel/compiler.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "kernel/task.h"
#include "storage/block.h"

#define FEATURE_SIZE_MAX   1u // longest piece of memory
#define FEATURE_READ_ONLY  5u
#define FEATURE_BLOCK_SIZE 6u
#define FEATURE_FLUSH      9u

#define CONFIG_CAPACITY   0x00u // 512-byte sectors
#define CONFIG_SIZE_MAX   0x08u
#define CONFIG_BLOCK_SIZE 0x14u

#define TYPE_READ  0u
#define TYPE_WRITE 1u
#define TYPE_FLUSH 4u

#define STATUS_OK          0u
#define STATUS_UNSUPPORTED 2u
#define STATUS_UNANSWERED  0xffu

#define SECTOR_SHIFT      9u
#define BUFFERS_MAX       3u // a request's: header, data, status
#define SLOTS             (VIRTQUEUE_SIZE_MAX / BUFFERS_MAX)
#define TRANSFER_SIZE_MAX MIB(8)
#define ANSWER_TIME       SECONDS(60)
#define TRIES             3u // of a transfer

// Between looks for answers without an interrupt. One that comes while the last one isn't ended yet gets
// stuck in QEMU's GICv2 until the next one of any kind: the deadline's, if no other.
#define LOOK_TIME MILLISECONDS(5)

// What surrounds the data of a request, in memory that the device reads and writes.
struct slot {
	struct {
		uint32_t type, reserved;
		uint64_t sector;
	} header;
	volatile uint8_t status;
	struct block_request *request; // NULL: a flush
	unsigned int tries;
	struct flush *flush;
	struct list link; // free, or in flight
};

struct flush {
	bool done;
	int error;
	struct wait_queue queue;
};

struct virtio_block {
	struct block_device block;
	struct virtio_device *device;
	struct virtqueue queue;
	struct interrupt interrupt;
	struct slot slots[SLOTS];
	struct list free, busy; // slots
	struct list waiting;    // requests
	bool can_flush;
	bool interrupted;
	struct wait_queue events;
};

// ---- Requests ----

static void release(struct virtio_block *disk, struct slot *slot, int error)
{
	list_remove(&slot->link);
	list_append(&disk->free, &slot->link);
	if (slot->request) {
		block_request_done(slot->request, error);
		return;
	}
	slot->flush->error = error;
	slot->flush->done = true;
	wait_queue_wake(&slot->flush->queue);
}

// Hands what a slot holds to the device; false: no room in its queue.
static bool hand_over(struct virtio_block *disk, struct slot *slot)
{
	const struct block_request *request = slot->request;
	struct virtqueue_buffer buffers[BUFFERS_MAX];
	unsigned int count = 0;

	slot->status = STATUS_UNANSWERED;
	slot->tries++;
	buffers[count++] =
		(struct virtqueue_buffer){virt_to_phys(&slot->header), sizeof(slot->header), false};
	if (request)
		buffers[count++] =
			(struct virtqueue_buffer){virt_to_phys(request->buffer),
						  request->count * disk->block.block_size, !request->write};
	buffers[count++] =
		(struct virtqueue_buffer){virt_to_phys((const void *)(uintptr_t)&slot->status), 1, true};
	return !virtqueue_add(&disk->queue, buffers, count, slot);
}

static bool start(struct virtio_block *disk, uint32_t type, struct block_request *request,
		  struct flush *flush)
{
	if (list_is_empty(&disk->free))
		return false;
	struct slot *slot = LIST_ENTRY(disk->free.next, struct slot, link);
	slot->request = request;
	slot->flush = flush;
	slot->tries = 0;
	slot->header.type = type;
	slot->header.sector = request ? request->block * (disk->block.block_size >> SECTOR_SHIFT) : 0;
	if (!hand_over(disk, slot))
		return false;
	if (list_is_empty(&disk->busy))
		wait_queue_wake(&disk->events); // for LOOK_TIME
	list_remove(&slot->link);
	list_append(&disk->busy, &slot->link);
	disk->device->transport->notify(disk->device, 0);
	return true;
}

static bool start_request(struct virtio_block *disk, struct block_request *request)
{
	return start(disk, request->write ? TYPE_WRITE : TYPE_READ, request, NULL);
}

static void start_waiting(struct virtio_block *disk)
{
	struct block_request *request;

	LIST_FOR_EACH (request, &disk->waiting, link) {
		if (!start_request(disk, request))
			return;
		list_remove(&request->link);
	}
}

static int check(const struct block_device *block, const struct block_request *request)
{
	if (!block->present)
		return -ENODEV;
	if (request->write && block->read_only)
		return -EROFS;
	return !request->count || request->count > block->max_blocks || request->block >= block->blocks ||
			       request->count > block->blocks - request->block
		       ? -EINVAL
		       : 0;
}

static void submit(struct block_device *block, struct block_request *request)
{
	struct virtio_block *disk = block->driver;
	int error = check(block, request);

	list_init(&request->link);
	if (error)
		block_request_done(request, error);
	else if (!list_is_empty(&disk->waiting) || !start_request(disk, request))
		list_append(&disk->waiting, &request->link);
}

static int flush_disk(struct block_device *block)
{
	struct virtio_block *disk = block->driver;
	struct flush flush = {0};

	if (!disk->can_flush)
		return block->present ? 0 : -ENODEV;
	wait_queue_init(&flush.queue);
	while (block->present && !start(disk, TYPE_FLUSH, NULL, &flush))
		task_sleep(MILLISECONDS(1));
	if (!block->present)
		return -ENODEV;
	WAIT_UNTIL(&flush.queue, flush.done);
	return flush.error;
}

static const struct block_operations operations = {.submit = submit, .flush = flush_disk};

// ---- Answers ----

static void handle_interrupt(void *argument)
{
	struct virtio_block *disk = argument;

	if (!disk->device->transport->take_interrupt(disk->device))
		return;
	disk->interrupted = true;
	wait_queue_wake(&disk->events);
}

static int slot_error(const struct slot *slot)
{
	uint8_t status = slot->status;

	if (status == STATUS_OK)
		return 0;
	return status == STATUS_UNSUPPORTED ? -EOPNOTSUPP : -EIO;
}

// True: the device has it again.
static bool try_again(struct virtio_block *disk, struct slot *slot, int error)
{
	const struct block_request *request = slot->request;

	if (error != -EIO || !request)
		return false;
	if (slot->tries < TRIES && hand_over(disk, slot)) {
		log_debug("%s: %s of block %llu again after error %d", disk->block.name,
			  request->write ? "write" : "read", (unsigned long long)request->block, error);
		disk->device->transport->notify(disk->device, 0);
		return true;
	}
	log_error("%s: %s of %u blocks at %llu failed: error %d", disk->block.name,
		  request->write ? "write" : "read", request->count, (unsigned long long)request->block, error);
	return false;
}

static void give_up(struct virtio_block *disk, int error)
{
	struct slot *slot;
	struct block_request *request;

	block_unregister(&disk->block);
	virtio_reset(disk->device);
	interrupt_detach(&disk->interrupt);
	LIST_FOR_EACH (slot, &disk->busy, link)
		release(disk, slot, error);
	LIST_FOR_EACH (request, &disk->waiting, link) {
		list_remove(&request->link);
		block_request_done(request, error);
	}
}

// Takes all answers that there are; false: none came. Buffers are handed back only here.
static bool take_answers(struct virtio_block *disk)
{
	uint32_t written;
	struct slot *slot = virtqueue_next_answer(&disk->queue, &written);
	bool any = slot;

	for (; slot; slot = virtqueue_next_answer(&disk->queue, &written)) {
		int error = slot_error(slot);

		if (!try_again(disk, slot, error))
			release(disk, slot, error);
	}
	if (any)
		start_waiting(disk);
	return any;
}

static void serve(void *argument)
{
	struct virtio_block *disk = argument;

	for (uint64_t heard = time_now();;) {
		bool idle = list_is_empty(&disk->busy);
		uint64_t deadline = idle ? TIME_NEVER : time_now() + LOOK_TIME;

		WAIT_UNTIL_DEADLINE(&disk->events, disk->interrupted || (idle && !list_is_empty(&disk->busy)),
				    deadline);
		disk->interrupted = false;
		if (take_answers(disk) || idle)
			heard = time_now();
		if (!disk->queue.broken && time_now() - heard < ANSWER_TIME)
			continue;
		log_error("%s (%s) %s: it is given up", disk->block.name, disk->device->place,
			  disk->queue.broken ? "answers what it wasn't asked" : "doesn't answer any more");
		give_up(disk, disk->queue.broken ? -EIO : -ETIMEDOUT);
		return;
	}
}

// ---- Start ----

static uint32_t block_size(struct virtio_block *disk, uint64_t features)
{
	uint64_t size =
		features >> FEATURE_BLOCK_SIZE & 1 ? virtio_config(disk->device, CONFIG_BLOCK_SIZE, 4) : 512;

	return size < 512 || size > 4096 || (size & (size - 1)) ? 512 : (uint32_t)size;
}

static uint32_t blocks_per_request(struct virtio_block *disk, uint64_t features)
{
	uint64_t size = TRANSFER_SIZE_MAX;

	if (features >> FEATURE_SIZE_MAX & 1)
		size = MIN(size, virtio_config(disk->device, CONFIG_SIZE_MAX, 4));
	return (uint32_t)(size / disk->block.block_size);
}

static void describe(struct virtio_block *disk, uint64_t features)
{
	static char next_letter = 'a';
	struct block_device *block = &disk->block;
	uint64_t sectors = virtio_config(disk->device, CONFIG_CAPACITY, 8);

	snprintf(block->name, sizeof(block->name), "vd%c", next_letter++);
	block->block_size = block_size(disk, features);
	block->blocks = sectors / (block->block_size >> SECTOR_SHIFT);
	block->max_blocks = blocks_per_request(disk, features);
	block->read_only = features >> FEATURE_READ_ONLY & 1;
	block->operations = &operations;
	block->driver = disk;
	disk->can_flush = features >> FEATURE_FLUSH & 1;
}

static int start_device(struct virtio_block *disk)
{
	uint64_t features, wanted = 1u << FEATURE_SIZE_MAX | 1u << FEATURE_READ_ONLY |
				    1u << FEATURE_BLOCK_SIZE | 1u << FEATURE_FLUSH;
	int error = virtio_negotiate(disk->device, wanted, &features);

	if (!error)
		error = virtio_start_queue(disk->device, 0, &disk->queue);
	if (error)
		return error;
	if (disk->queue.size < BUFFERS_MAX)
		return -ENODEV;
	describe(disk, features);
	return disk->block.max_blocks ? 0 : -ENODEV;
}

static int start_task(struct virtio_block *disk)
{
	int error = interrupt_attach(&disk->interrupt, disk->device->line, handle_interrupt, disk);

	if (error)
		return error;
	virtio_start(disk->device);
	if (task_create(disk->block.name, serve, disk))
		return 0;
	interrupt_detach(&disk->interrupt);
	return -ENOMEM;
}

int virtio_block_probe(struct virtio_device *device)
{
	struct virtio_block *disk = calloc(1, sizeof(*disk));

	if (!disk)
		return -ENOMEM;
	disk->device = device;
	list_init(&disk->free);
	list_init(&disk->busy);
	list_init(&disk->waiting);
	wait_queue_init(&disk->events);
	for (size_t i = 0; i < ARRAY_SIZE(disk->slots); i++)
		list_append(&disk->free, &disk->slots[i].link);
	int error = start_device(disk);
	if (!error)
		error = start_task(disk);
	if (error) {
		virtio_reset(device);
		virtqueue_destroy(&disk->queue);
		free(disk);
		return error;
	}
	log_info("%s: %llu MB%s, %s", disk->block.name,
		 (unsigned long long)(disk->block.blocks * disk->block.block_size >> 20),
		 disk->block.read_only ? ", read-only" : "", device->place);
	block_register(&disk->block);
	return 0;
}
