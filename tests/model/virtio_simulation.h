// SPDX-License-Identifier: Apache-2.0
// A virtio block device (Virtio 1.2, 5.2) behind a transport of its own, for the driver: its medium is memory. It can be
// slow, refuse, be silent, or break the protocol.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/virtio.h"

enum virtio_misbehaviour {
	VIRTIO_BEHAVES,
	VIRTIO_FAILS,       // each request with an I/O error
	VIRTIO_UNSUPPORTED, // each request isn't known
	VIRTIO_SILENT,      // takes requests and never answers
	VIRTIO_WRONG_HEAD,  // answers what it wasn't asked
	VIRTIO_TWICE,       // answers everything twice
	VIRTIO_LONG,        // says that it wrote more than it was let
	VIRTIO_NO_QUEUE,
	VIRTIO_REFUSES_FEATURES,
};

struct virtio_simulation {
	struct virtio_device device; // to be probed
	enum virtio_misbehaviour misbehaviour;
	uint64_t latency;  // nanoseconds
	bool no_interrupt; // its interrupts are lost
	uint8_t *medium;   // the caller's
	uint64_t sectors;  // of 512 bytes
	uint32_t block_size, size_max; // in its configuration; 0: the feature isn't offered
	bool read_only, can_flush;
	uint16_t queue_size;

	unsigned int requests, flushes, resets; // so far
	unsigned int in_flight, in_flight_max;
	uint64_t accepted; // features
	uint8_t status;
	bool interrupting;
	struct virtqueue queue; // as the driver gave it
	uint16_t next_available, used;
};

// A device of `sectors` that behaves, answers at once, and has a queue of 64.
void virtio_simulation_init(struct virtio_simulation *simulation, void *medium, uint64_t sectors);
