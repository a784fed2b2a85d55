// SPDX-License-Identifier: Apache-2.0
// Virtio (OASIS Virtual I/O Device 1.2): a device behind a transport, and split virtqueues. Everything that a
// device writes is checked before it is used: a device that breaks the protocol is given up, and nothing else
// suffers.
//
// Queues are in ordinary cached memory: a virtual device reads and writes it through the same caches.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/interrupt.h"
#include "kernel/memory.h"

#define VIRTIO_ID_BLOCK 2u

// Feature bits of any device (6).
#define VIRTIO_F_VERSION_1 32u

// ---- Split virtqueues (2.7) ----

// A piece of memory of a request, in the order that the device sees.
struct virtqueue_buffer {
	paddr_t address;
	uint32_t size;
	bool device_writes; // else it reads; all that it reads come first
};

struct virtqueue_descriptor;
struct virtqueue_available;
struct virtqueue_used;

struct virtqueue {
	uint16_t size; // descriptors, a power of two
	uint16_t free_count;
	uint16_t free_head;
	uint16_t next_available; // running index of the next request
	uint16_t next_used;      // running index of the next answer
	bool broken;             // the device wrote what it must not
	unsigned int order;      // of its pages
	volatile struct virtqueue_descriptor *descriptors;
	volatile struct virtqueue_available *available;
	volatile struct virtqueue_used *used;
	struct virtqueue_slot *slots; // ours alone: what is in flight
};

#define VIRTQUEUE_SIZE_MAX 128u

// Makes a queue of at most VIRTQUEUE_SIZE_MAX descriptors, and no more than `limit`, in pages laid out as
// legacy devices want it. -ENOMEM, -EINVAL (limit is 0).
int virtqueue_create(struct virtqueue *queue, uint32_t limit);
void virtqueue_destroy(struct virtqueue *queue); // also one that was never created, if zeroed

// Makes a request available to the device; `token`, not NULL, comes back with its answer. The memory belongs
// to the device until then. -ENOSPC: too many are in flight.
int virtqueue_add(struct virtqueue *queue, const struct virtqueue_buffer *buffers, unsigned int count,
		  void *token);

// The token of the next answered request, NULL where there is none, or when the queue is broken. *written:
// bytes the device says it wrote, at most what it was allowed to.
void *virtqueue_next_answer(struct virtqueue *queue, uint32_t *written);

// ---- A device ----

struct virtio_device;

struct virtio_transport {
	uint64_t (*features)(struct virtio_device *device); // offered
	void (*accept_features)(struct virtio_device *device, uint64_t features);
	uint8_t (*status)(struct virtio_device *device);
	void (*set_status)(struct virtio_device *device, uint8_t status);
	uint8_t (*config)(struct virtio_device *device, uint32_t offset); // a byte of its configuration
	uint32_t (*config_generation)(struct virtio_device *device);
	uint32_t (*queue_limit)(struct virtio_device *device, uint16_t index); // 0: no such queue
	int (*start_queue)(struct virtio_device *device, uint16_t index, const struct virtqueue *queue);
	void (*notify)(struct virtio_device *device, uint16_t index);
	bool (*take_interrupt)(
		struct virtio_device *device); // was it the device's? Quiets it. From a handler.
};

struct virtio_device {
	const struct virtio_transport *transport;
	void *registers; // of the transport; the rest of them with PCI alone
	void *notify_registers, *interrupt_registers, *config_registers;
	uint32_t notify_size, notify_multiplier, notify_offset, config_size;
	bool legacy; // before virtio 1.0
	struct interrupt_line line;
	char place[32]; // for messages
};

// Resets the device, agrees on features: those of `wanted` that are offered are in *agreed. The device is
// left with FEATURES_OK; queues come next, then virtio_start(). -ENODEV: it refuses.
int virtio_negotiate(struct virtio_device *device, uint64_t wanted, uint64_t *agreed);

// A queue of the device, in use.
int virtio_start_queue(struct virtio_device *device, uint16_t index, struct virtqueue *queue);

void virtio_start(struct virtio_device *device);

// The device forgets everything and touches memory no more.
void virtio_reset(struct virtio_device *device);

// `size` bytes of the configuration at `offset`, read as one (2.5.3), at most 8; little-endian.
uint64_t virtio_config(struct virtio_device *device, uint32_t offset, unsigned int size);

// ---- Drivers, each given the device to keep: 0, or a negative errno and the device is the caller's ----

int virtio_block_probe(struct virtio_device *device);

// ---- Where devices are found ----

// Devices in the device tree's `virtio,mmio` nodes (4.2), and on PCI (4.1).
void virtio_mmio_probe(void);
void virtio_pci_probe(void);
