// SPDX-License-Identifier: Apache-2.0
// Virtio over PCI (Virtio 1.2, 4.1), the present interface, which transitional devices have as well. Its
// registers are in pieces that vendor-specific capabilities name; interrupts come by INTx.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "drivers/pci.h"
#include "drivers/registers.h"
#include "drivers/virtio.h"
#include "kernel/log.h"

#define VENDOR              0x1af4u
#define DEVICE_BLOCK        0x1042u
#define DEVICE_BLOCK_LEGACY 0x1001u

// struct virtio_pci_cap (4.1.4).
#define CAPABILITY_VENDOR     0x09u
#define CAPABILITY_TYPE       3u
#define CAPABILITY_BAR        4u
#define CAPABILITY_OFFSET     8u
#define CAPABILITY_LENGTH     12u
#define CAPABILITY_MULTIPLIER 16u // of notifications

enum piece { COMMON = 1, NOTIFY, INTERRUPT, CONFIG, PIECES };

// struct virtio_pci_common_cfg (4.1.4.3).
#define DEVICE_FEATURE_SELECT 0u
#define DEVICE_FEATURE        4u
#define DRIVER_FEATURE_SELECT 8u
#define DRIVER_FEATURE        12u
#define DEVICE_STATUS         20u
#define CONFIG_GENERATION     21u
#define QUEUE_SELECT          22u
#define QUEUE_SIZE            24u
#define QUEUE_ENABLE          28u
#define QUEUE_NOTIFY_OFFSET   30u
#define QUEUE_DESCRIPTORS     32u // each a low and a high half
#define QUEUE_DRIVER          40u
#define QUEUE_DEVICE          48u
#define COMMON_SIZE           56u

static uint64_t features(struct virtio_device *device)
{
	register_write32(device->registers, DEVICE_FEATURE_SELECT, 0);
	uint64_t low = register_read32(device->registers, DEVICE_FEATURE);
	register_write32(device->registers, DEVICE_FEATURE_SELECT, 1);
	return low | (uint64_t)register_read32(device->registers, DEVICE_FEATURE) << 32;
}

static void accept_features(struct virtio_device *device, uint64_t accepted)
{
	for (uint32_t i = 0; i < 2; i++) {
		register_write32(device->registers, DRIVER_FEATURE_SELECT, i);
		register_write32(device->registers, DRIVER_FEATURE, (uint32_t)(accepted >> (32 * i)));
	}
}

static uint8_t status(struct virtio_device *device)
{
	return register_read8(device->registers, DEVICE_STATUS);
}

static void set_status(struct virtio_device *device, uint8_t value)
{
	register_write8(device->registers, DEVICE_STATUS, value);
}

static uint8_t config(struct virtio_device *device, uint32_t offset)
{
	return offset < device->config_size ? register_read8(device->config_registers, offset) : 0;
}

static uint32_t config_generation(struct virtio_device *device)
{
	return register_read8(device->registers, CONFIG_GENERATION);
}

static uint32_t queue_limit(struct virtio_device *device, uint16_t index)
{
	register_write16(device->registers, QUEUE_SELECT, index);
	return register_read16(device->registers, QUEUE_SIZE);
}

static void set_address(struct virtio_device *device, uint32_t offset, const volatile void *pointer)
{
	paddr_t address = virt_to_phys((const void *)(uintptr_t)pointer);

	register_write32(device->registers, offset, (uint32_t)address);
	register_write32(device->registers, offset + 4, (uint32_t)(address >> 32));
}

static int start_queue(struct virtio_device *device, uint16_t index, const struct virtqueue *queue)
{
	register_write16(device->registers, QUEUE_SELECT, index);
	uint64_t notify =
		(uint64_t)register_read16(device->registers, QUEUE_NOTIFY_OFFSET) * device->notify_multiplier;

	if (notify + sizeof(uint16_t) > device->notify_size)
		return -EINVAL;
	device->notify_offset = (uint32_t)notify;
	register_write16(device->registers, QUEUE_SIZE, queue->size);
	set_address(device, QUEUE_DESCRIPTORS, queue->descriptors);
	set_address(device, QUEUE_DRIVER, queue->available);
	set_address(device, QUEUE_DEVICE, queue->used);
	register_write16(device->registers, QUEUE_ENABLE, 1);
	return 0;
}

static void notify(struct virtio_device *device, uint16_t index)
{
	register_write16(device->notify_registers, device->notify_offset, index);
}

// Reading it quiets the device.
static bool take_interrupt(struct virtio_device *device)
{
	return register_read8(device->interrupt_registers, 0) != 0;
}

static const struct virtio_transport transport = {
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

// Maps what a capability names, if all of it is in its BAR; NULL: it isn't, or can't be had.
static void *map_piece(struct pci_function *function, uint32_t capability, uint32_t size)
{
	uint32_t bar = pci_read_config(function, capability + CAPABILITY_BAR, 1);
	uint64_t offset = pci_read_config(function, capability + CAPABILITY_OFFSET, 4), bar_size;
	char *mapped = bar < PCI_BARS ? pci_map_bar(function, bar, &bar_size) : NULL;

	return mapped && offset + size <= bar_size ? mapped + offset : NULL;
}

// The first capability of each type counts.
static int map_pieces(struct pci_function *function, struct virtio_device *device)
{
	void *pieces[PIECES] = {NULL};
	uint32_t sizes[PIECES] = {0}, at = 0;

	while ((at = pci_find_capability(function, CAPABILITY_VENDOR, at))) {
		uint32_t type = pci_read_config(function, at + CAPABILITY_TYPE, 1);

		if (type < COMMON || type >= PIECES || pieces[type])
			continue;
		sizes[type] = pci_read_config(function, at + CAPABILITY_LENGTH, 4);
		pieces[type] = map_piece(function, at, sizes[type]);
		if (type == NOTIFY)
			device->notify_multiplier = pci_read_config(function, at + CAPABILITY_MULTIPLIER, 4);
	}
	device->registers = pieces[COMMON];
	device->notify_registers = pieces[NOTIFY];
	device->notify_size = sizes[NOTIFY];
	device->interrupt_registers = pieces[INTERRUPT];
	device->config_registers = pieces[CONFIG];
	device->config_size = sizes[CONFIG];
	for (unsigned int i = COMMON; i < PIECES; i++)
		if (!pieces[i] || !sizes[i])
			return -ENOTSUP;
	// 4.1.4.1; an access to device memory at another place would be ours that fails.
	if ((uintptr_t)pieces[COMMON] % 4 || (uintptr_t)pieces[NOTIFY] % 2 || device->notify_multiplier % 2)
		return -EINVAL;
	return sizes[COMMON] < COMMON_SIZE ? -EINVAL : 0;
}

static int probe_function(struct pci_function *function)
{
	struct virtio_device *device = calloc(1, sizeof(*device));

	if (!device)
		return -ENOMEM;
	device->transport = &transport;
	snprintf(device->place, sizeof(device->place), "virtio at %s", function->place);
	int error = map_pieces(function, device);
	if (!error)
		error = pci_interrupt(function, &device->line);
	if (!error) {
		pci_enable_dma(function);
		error = virtio_block_probe(device);
	}
	if (error)
		free(device);
	return error;
}

void virtio_pci_probe(void)
{
	for (struct pci_function *function = pci_next(NULL); function; function = pci_next(function)) {
		if (function->vendor != VENDOR ||
		    (function->device != DEVICE_BLOCK && function->device != DEVICE_BLOCK_LEGACY))
			continue;
		int error = probe_function(function);
		if (error)
			log_error("the virtio disk at %s can't be used: error %d", function->place, error);
	}
}
