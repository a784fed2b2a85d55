// SPDX-License-Identifier: Apache-2.0
// What all virtio devices have in common: the way from reset to work (Virtio 1.2, 3.1.1).
#include "drivers/virtio.h"

#include <errno.h>

#include "kernel/task.h"

#define STATUS_ACKNOWLEDGE 0x01u
#define STATUS_DRIVER      0x02u
#define STATUS_DRIVER_OK   0x04u
#define STATUS_FEATURES_OK 0x08u
#define STATUS_FAILED      0x80u

// A device has to be quick about its reset; one that isn't, isn't there.
#define RESET_TIME MILLISECONDS(100)

#define CONFIG_READS_MAX 8u

static void add_status(struct virtio_device *device, uint8_t bit)
{
	device->transport->set_status(device, device->transport->status(device) | bit);
}

void virtio_reset(struct virtio_device *device)
{
	uint64_t deadline = time_now() + RESET_TIME;

	device->transport->set_status(device, 0);
	while (device->transport->status(device) && time_now() < deadline)
		task_sleep(MICROSECONDS(100));
}

int virtio_negotiate(struct virtio_device *device, uint64_t wanted, uint64_t *agreed)
{
	virtio_reset(device);
	add_status(device, STATUS_ACKNOWLEDGE);
	add_status(device, STATUS_DRIVER);
	*agreed = device->transport->features(device);
	if (device->legacy) {
		*agreed &= wanted & UINT32_MAX;
		device->transport->accept_features(device, *agreed);
		return 0;
	}
	*agreed &= wanted | 1ull << VIRTIO_F_VERSION_1;
	device->transport->accept_features(device, *agreed);
	add_status(device, STATUS_FEATURES_OK);
	if (*agreed >> VIRTIO_F_VERSION_1 & 1 && device->transport->status(device) & STATUS_FEATURES_OK)
		return 0;
	add_status(device, STATUS_FAILED);
	return -ENODEV;
}

int virtio_start_queue(struct virtio_device *device, uint16_t index, struct virtqueue *queue)
{
	int error = virtqueue_create(queue, device->transport->queue_limit(device, index));

	if (!error)
		error = device->transport->start_queue(device, index, queue);
	if (error)
		virtqueue_destroy(queue);
	return error;
}

void virtio_start(struct virtio_device *device)
{
	add_status(device, STATUS_DRIVER_OK);
}

static uint64_t read_config(struct virtio_device *device, uint32_t offset, unsigned int size)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < size; i++)
		value |= (uint64_t)device->transport->config(device, offset + i) << (8 * i);
	return value;
}

// A device that changes its configuration all the time gets what it deserves: the last value read.
uint64_t virtio_config(struct virtio_device *device, uint32_t offset, unsigned int size)
{
	uint64_t value = 0;
	uint32_t generation = device->transport->config_generation(device), before = ~generation;

	for (unsigned int i = 0; i < CONFIG_READS_MAX && generation != before; i++) {
		before = generation;
		value = read_config(device, offset, size);
		generation = device->transport->config_generation(device);
	}
	return value;
}
