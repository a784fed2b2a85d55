// SPDX-License-Identifier: Apache-2.0
// Virtio over MMIO (Virtio 1.2, 4.2), found in the device tree: the present interface (version 2) and the
// legacy one (version 1, 4.2.4). A machine may have many such windows with nothing behind them.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "drivers/registers.h"
#include "drivers/virtio.h"
#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "kernel/log.h"

#define MAGIC               0x000u
#define MAGIC_VALUE         0x74726976u
#define VERSION             0x004u
#define DEVICE_ID           0x008u
#define DEVICE_FEATURES     0x010u
#define DEVICE_FEATURES_SEL 0x014u
#define DRIVER_FEATURES     0x020u
#define DRIVER_FEATURES_SEL 0x024u
#define GUEST_PAGE_SIZE     0x028u // legacy
#define QUEUE_SEL           0x030u
#define QUEUE_NUM_MAX       0x034u
#define QUEUE_NUM           0x038u
#define QUEUE_ALIGN         0x03cu // legacy
#define QUEUE_PFN           0x040u // legacy
#define QUEUE_READY         0x044u
#define QUEUE_NOTIFY        0x050u
#define INTERRUPT_STATUS    0x060u
#define INTERRUPT_ACK       0x064u
#define STATUS              0x070u
#define QUEUE_DESC          0x080u // each a low and a high half
#define QUEUE_DRIVER        0x090u
#define QUEUE_DEVICE        0x0a0u
#define CONFIG_GENERATION   0x0fcu
#define CONFIG              0x100u

static uint32_t get(struct virtio_device *device, uint32_t offset)
{
	return register_read32(device->registers, offset);
}

static void set(struct virtio_device *device, uint32_t offset, uint32_t value)
{
	register_write32(device->registers, offset, value);
}

static void set_address(struct virtio_device *device, uint32_t offset, const volatile void *pointer)
{
	paddr_t address = virt_to_phys((const void *)(uintptr_t)pointer);

	set(device, offset, (uint32_t)address);
	set(device, offset + 4, (uint32_t)(address >> 32));
}

static uint64_t features(struct virtio_device *device)
{
	set(device, DEVICE_FEATURES_SEL, 0);
	uint64_t low = get(device, DEVICE_FEATURES);
	set(device, DEVICE_FEATURES_SEL, 1);
	return low | (uint64_t)get(device, DEVICE_FEATURES) << 32;
}

static void accept_features(struct virtio_device *device, uint64_t accepted)
{
	set(device, DRIVER_FEATURES_SEL, 0);
	set(device, DRIVER_FEATURES, (uint32_t)accepted);
	set(device, DRIVER_FEATURES_SEL, 1);
	set(device, DRIVER_FEATURES, (uint32_t)(accepted >> 32));
}

static uint8_t status(struct virtio_device *device)
{
	return (uint8_t)get(device, STATUS);
}

static void set_status(struct virtio_device *device, uint8_t value)
{
	set(device, STATUS, value);
}

static uint8_t config(struct virtio_device *device, uint32_t offset)
{
	return register_read8(device->registers, CONFIG + offset);
}

static uint32_t config_generation(struct virtio_device *device)
{
	return device->legacy ? 0 : get(device, CONFIG_GENERATION);
}

static uint32_t queue_limit(struct virtio_device *device, uint16_t index)
{
	set(device, QUEUE_SEL, index);
	return get(device, QUEUE_NUM_MAX);
}

static int start_queue(struct virtio_device *device, uint16_t index, const struct virtqueue *queue)
{
	set(device, QUEUE_SEL, index);
	set(device, QUEUE_NUM, queue->size);
	if (device->legacy) {
		paddr_t frame = virt_to_phys((const void *)(uintptr_t)queue->descriptors) >> PAGE_SHIFT;

		if (frame > UINT32_MAX)
			return -ERANGE;
		set(device, GUEST_PAGE_SIZE, (uint32_t)PAGE_SIZE);
		set(device, QUEUE_ALIGN, (uint32_t)PAGE_SIZE);
		set(device, QUEUE_PFN, (uint32_t)frame);
		return 0;
	}
	set_address(device, QUEUE_DESC, queue->descriptors);
	set_address(device, QUEUE_DRIVER, queue->available);
	set_address(device, QUEUE_DEVICE, queue->used);
	set(device, QUEUE_READY, 1);
	return 0;
}

static void notify(struct virtio_device *device, uint16_t index)
{
	set(device, QUEUE_NOTIFY, index);
}

static bool take_interrupt(struct virtio_device *device)
{
	uint32_t pending = get(device, INTERRUPT_STATUS);

	if (pending)
		set(device, INTERRUPT_ACK, pending);
	return pending != 0;
}

static const struct virtio_transport mmio = {
	.features = features,
	.accept_features = accept_features,
	.status = status,
	.set_status = set_status,
	.config = config,
	.config_generation = config_generation,
	.queue_limit = queue_limit,
	.start_queue = start_queue,
	.notify = notify,
	.take_interrupt = take_interrupt,
};

static int probe_window(int node, char *registers, paddr_t address)
{
	struct virtio_device found = {.transport = &mmio, .registers = registers}, *device;
	uint32_t version = get(&found, VERSION);

	if (get(&found, MAGIC) != MAGIC_VALUE || get(&found, DEVICE_ID) != VIRTIO_ID_BLOCK)
		return 0;
	if (version != 1 && version != 2)
		return -ENOTSUP;
	found.legacy = version == 1;
	int error = devicetree_irq(node, 0, &found.line.irq, &found.line.edge);
	if (error)
		return error;
	snprintf(found.place, sizeof(found.place), "virtio-mmio at %#llx", (unsigned long long)address);
	device = malloc(sizeof(*device));
	if (!device)
		return -ENOMEM;
	*device = found;
	error = virtio_block_probe(device);
	if (error)
		free(device);
	return error;
}

static int probe_node(int node, paddr_t address, uint64_t size)
{
	paddr_t page = ROUND_DOWN(address, PAGE_SIZE);

	if (size < CONFIG)
		return -EINVAL;
	char *mapped = memory_map(page, ROUND_UP(address + size, PAGE_SIZE) - page, MEMORY_DEVICE);
	return mapped ? probe_window(node, mapped + (address - page), address) : -ENOMEM;
}

// Several windows share a page: it stays mapped.
void virtio_mmio_probe(void)
{
	for (int node = -1; (node = devicetree_find(node, "virtio,mmio")) >= 0;) {
		paddr_t address = 0;
		uint64_t size;
		int error = devicetree_reg(node, 0, &address, &size);

		if (!error)
			error = probe_node(node, address, size);
		if (error)
			log_error("virtio-mmio at %#llx can't be used: error %d", (unsigned long long)address,
				  error);
	}
}
