// SPDX-License-Identifier: Apache-2.0
// Split virtqueues (Virtio 1.2, 2.7). The device is told of descriptors in memory that it could write as
// well, so the driver keeps what it needs to know of them, chains and owners, in memory of its own.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/registers.h"
#include "drivers/virtio.h"
#include "kernel/compiler.h"
#include "kernel/panic.h"

#define DESCRIPTOR_NEXT  1u
#define DESCRIPTOR_WRITE 2u

#define NONE UINT16_MAX

struct virtqueue_descriptor {
	uint64_t address;
	uint32_t size;
	uint16_t flags, next;
};

struct virtqueue_available {
	uint16_t flags, index;
	uint16_t ring[];
};

struct virtqueue_used {
	uint16_t flags, index;
	struct {
		uint32_t head, written;
	} ring[];
};

struct virtqueue_slot {
	void *token;       // of the request whose chain begins here
	uint32_t writable; // bytes that the device may write of it
	uint16_t next;     // in the chain, or among the free ones; NONE: the last
};

static size_t used_offset(size_t size)
{
	return ROUND_UP(size * sizeof(struct virtqueue_descriptor) + sizeof(struct virtqueue_available) +
				(size + 1) * sizeof(uint16_t),
			PAGE_SIZE);
}

int virtqueue_create(struct virtqueue *queue, uint32_t limit)
{
	uint16_t size = VIRTQUEUE_SIZE_MAX;
	char *pages;

	if (!limit)
		return -EINVAL;
	while (size > limit)
		size /= 2;
	// Descriptors and available ring: one page; used ring: another.
	_Static_assert(VIRTQUEUE_SIZE_MAX * (sizeof(struct virtqueue_descriptor) + sizeof(uint16_t)) + 8 <=
			       4096,
		       "the first page holds them");
	*queue = (struct virtqueue){.size = size, .free_count = size, .order = 1};
	queue->slots = calloc(size, sizeof(*queue->slots));
	pages = page_alloc(queue->order);
	if (!queue->slots || !pages) {
		free(queue->slots);
		page_free(pages, queue->order);
		*queue = (struct virtqueue){0};
		return -ENOMEM;
	}
	memset(pages, 0, PAGE_SIZE << queue->order);
	queue->descriptors = (void *)pages;
	queue->available = (void *)(pages + size * sizeof(struct virtqueue_descriptor));
	queue->used = (void *)(pages + used_offset(size));
	for (uint16_t i = 0; i < size; i++)
		queue->slots[i].next = i + 1 < size ? (uint16_t)(i + 1) : NONE;
	return 0;
}

void virtqueue_destroy(struct virtqueue *queue)
{
	if (!queue->slots)
		return;
	page_free((void *)(uintptr_t)queue->descriptors, queue->order);
	free(queue->slots);
	*queue = (struct virtqueue){0};
}

int virtqueue_add(struct virtqueue *queue, const struct virtqueue_buffer *buffers, unsigned int count,
		  void *token)
{
	uint16_t head = queue->free_head, at = head, last = head;
	uint32_t writable = 0;

	ASSERT(count && token);
	if (count > queue->free_count)
		return -ENOSPC;
	for (unsigned int i = 0; i < count; i++, at = queue->slots[at].next) {
		volatile struct virtqueue_descriptor *descriptor = &queue->descriptors[at];
		bool more = i + 1 < count;

		descriptor->address = buffers[i].address;
		descriptor->size = buffers[i].size;
		descriptor->flags = (uint16_t)((buffers[i].device_writes ? DESCRIPTOR_WRITE : 0) |
					       (more ? DESCRIPTOR_NEXT : 0));
		descriptor->next = more ? queue->slots[at].next : 0;
		writable += buffers[i].device_writes ? buffers[i].size : 0;
		last = at;
	}
	queue->free_head = at;
	queue->free_count = (uint16_t)(queue->free_count - count);
	queue->slots[last].next = NONE;
	queue->slots[head].token = token;
	queue->slots[head].writable = writable;

	queue->available->ring[queue->next_available++ & (queue->size - 1)] = head;
	device_write_barrier();
	queue->available->index = queue->next_available;
	return 0;
}

static void free_chain(struct virtqueue *queue, uint16_t head)
{
	uint16_t last = head;

	queue->slots[head].token = NULL;
	for (queue->free_count++; queue->slots[last].next != NONE; queue->free_count++)
		last = queue->slots[last].next;
	queue->slots[last].next = queue->free_head;
	queue->free_head = head;
}

void *virtqueue_next_answer(struct virtqueue *queue, uint32_t *written)
{
	if (queue->broken || queue->used->index == queue->next_used)
		return NULL;
	device_read_barrier();

	uint16_t slot = queue->next_used & (uint16_t)(queue->size - 1);
	uint32_t head = queue->used->ring[slot].head, bytes = queue->used->ring[slot].written;
	if (head >= queue->size || !queue->slots[head].token || bytes > queue->slots[head].writable) {
		queue->broken = true;
		return NULL;
	}
	void *token = queue->slots[head].token;
	*written = bytes;
	free_chain(queue, (uint16_t)head);
	queue->next_used++;
	return token;
}
