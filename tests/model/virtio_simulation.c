// SPDX-License-Identifier: Apache-2.0
// The device's side of a split virtqueue (2.7), and of block requests.
#include "model/virtio_simulation.h"

#include <errno.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/task.h"
#include "model/internal.h"

#define IRQ 100u

#define FEATURES_OK 0x08u

#define TYPE_READ  0u
#define TYPE_WRITE 1u
#define TYPE_FLUSH 4u

struct descriptor {
	uint64_t address;
	uint32_t size;
	uint16_t flags, next;
};

struct header {
	uint32_t type, reserved;
	uint64_t sector;
};

// What is under way: a chain, its end, and the bytes that were written.
struct request {
	struct virtio_simulation *simulation;
	uint16_t head;
	uint32_t written;
	uint8_t *status, answer;
	unsigned int generation; // resets when it came
};

static uint64_t features(struct virtio_device *device)
{
	const struct virtio_simulation *sim = device->registers;

	return 1ull << VIRTIO_F_VERSION_1 | (sim->size_max ? 1u << 1 : 0) | (sim->read_only ? 1u << 5 : 0) |
	       (sim->block_size ? 1u << 6 : 0) | (sim->can_flush ? 1u << 9 : 0);
}

static void accept_features(struct virtio_device *device, uint64_t accepted)
{
	struct virtio_simulation *sim = device->registers;

	if (accepted & ~features(device))
		model_violation("a virtio driver wants features that aren't offered");
	sim->accepted = accepted;
}

static uint8_t get_status(struct virtio_device *device)
{
	const struct virtio_simulation *sim = device->registers;

	return sim->status;
}

static void set_status(struct virtio_device *device, uint8_t status)
{
	struct virtio_simulation *sim = device->registers;

	sim->status = status;
	if (sim->misbehaviour == VIRTIO_REFUSES_FEATURES)
		sim->status &= (uint8_t)~FEATURES_OK;
	if (status)
		return;
	sim->resets++;
	sim->in_flight = 0;
	sim->queue = (struct virtqueue){ 0 };
	sim->next_available = sim->used = 0;
}

static uint8_t config(struct virtio_device *device, uint32_t offset)
{
	const struct virtio_simulation *sim = device->registers;
	uint8_t bytes[24] = { 0 };

	memcpy(bytes, &sim->sectors, 8);
	memcpy(bytes + 8, &sim->size_max, 4);
	memcpy(bytes + 0x14, &sim->block_size, 4);
	return offset < sizeof(bytes) ? bytes[offset] : 0;
}

static uint32_t config_generation(struct virtio_device *device)
{
	(void)device;
	return 1;
}

static uint32_t queue_limit(struct virtio_device *device, uint16_t index)
{
	const struct virtio_simulation *sim = device->registers;

	return index || sim->misbehaviour == VIRTIO_NO_QUEUE ? 0 : sim->queue_size;
}

static int start_queue(struct virtio_device *device, uint16_t index, const struct virtqueue *queue)
{
	struct virtio_simulation *sim = device->registers;

	(void)index;
	sim->queue = *queue;
	return 0;
}

static bool take_interrupt(struct virtio_device *device)
{
	struct virtio_simulation *sim = device->registers;
	bool mine = sim->interrupting;

	sim->interrupting = false;
	return mine;
}

static void answer(struct virtio_simulation *sim, uint32_t head, uint32_t written)
{
	uint16_t *used = (uint16_t *)(uintptr_t)sim->queue.used;
	uint32_t *entry = (uint32_t *)(void *)(used + 2) + 2 * (sim->used % sim->queue.size);

	entry[0] = head;
	entry[1] = written;
	used[1] = ++sim->used;
}

static void finish(void *context)
{
	struct request *request = context;
	struct virtio_simulation *sim = request->simulation;

	if (request->generation == sim->resets) {
		bool wrong = sim->misbehaviour == VIRTIO_WRONG_HEAD;

		*request->status = request->answer;
		sim->in_flight--;
		answer(sim, wrong ? request->head + 1u : request->head,
		       sim->misbehaviour == VIRTIO_LONG ? UINT32_MAX : request->written);
		if (sim->misbehaviour == VIRTIO_TWICE)
			answer(sim, request->head, request->written);
		sim->interrupting = true;
		if (!sim->no_interrupt)
			model_raise_irq(IRQ);
	}
	model_free(request);
}

static uint8_t transfer(struct virtio_simulation *sim, const struct header *header, uint8_t *data, uint32_t size)
{
	uint64_t offset = header->sector * 512;

	if (header->type == TYPE_FLUSH) {
		sim->flushes++;
		return 0;
	}
	if (sim->misbehaviour == VIRTIO_FAILS)
		return 1;
	if (sim->misbehaviour == VIRTIO_UNSUPPORTED)
		return 2;
	if (header->type > TYPE_WRITE || size % 512 || offset > sim->sectors * 512 || size > sim->sectors * 512 - offset)
		model_violation("a virtio driver asks for %u bytes of sector %llu", size,
				(unsigned long long)header->sector);
	if (sim->size_max && size > sim->size_max)
		model_violation("a virtio driver asks for %u bytes at once", size);
	if (header->type == TYPE_READ)
		memcpy(data, sim->medium + offset, size);
	else
		memcpy(sim->medium + offset, data, size);
	return 0;
}

static void carry_out(struct virtio_simulation *sim, uint16_t head)
{
	const struct descriptor *table = (const struct descriptor *)(uintptr_t)sim->queue.descriptors, *at = &table[head];
	const struct header *header = phys_to_virt(at->address);
	struct request *request = model_zalloc(sizeof(*request));
	uint8_t *data = NULL;
	uint32_t size = 0;

	at = &table[at->next];
	if (at->flags & 1) {
		data = phys_to_virt(at->address);
		size = at->size;
		at = &table[at->next];
	}
	*request = (struct request){ .simulation = sim, .head = head, .status = phys_to_virt(at->address),
				     .generation = sim->resets };
	request->answer = transfer(sim, header, data, size);
	request->written = 1 + (header->type == TYPE_READ ? size : 0);
	sim->requests++;
	sim->in_flight++;
	sim->in_flight_max = MAX(sim->in_flight_max, sim->in_flight);
	if (sim->misbehaviour == VIRTIO_SILENT)
		model_free(request);
	else
		model_after(sim->latency, finish, request);
}

static void notify(struct virtio_device *device, uint16_t index)
{
	struct virtio_simulation *sim = device->registers;
	const uint16_t *available = (const uint16_t *)(uintptr_t)sim->queue.available;

	(void)index;
	while (sim->next_available != available[1])
		carry_out(sim, available[2 + sim->next_available++ % sim->queue.size]);
}

static const struct virtio_transport transport = {
	features,	   accept_features, get_status,	 set_status, config,
	config_generation, queue_limit,	    start_queue, notify,     take_interrupt,
};

void virtio_simulation_init(struct virtio_simulation *simulation, void *medium, uint64_t sectors)
{
	*simulation = (struct virtio_simulation){
		.medium = medium,
		.sectors = sectors,
		.can_flush = true,
		.queue_size = 64,
		.device = { .transport = &transport, .registers = simulation, .line = { .irq = IRQ, .edge = true },
			    .place = "simulation" },
	};
}
