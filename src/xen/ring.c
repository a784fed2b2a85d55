// SPDX-License-Identifier: Apache-2.0
// Byte rings shared with an untrusted peer. The peer may change every byte of the shared page at any time,
// both indices included, so each index is read once into a local copy, and only the copy is checked and used.
// A wrong index costs the peer its own bytes at worst: all accesses stay inside `data`.
//
// Example, size 8: producer 0x00000003, consumer 0xfffffffe (both have run over 2^32): used = 3 - -2 = 5
// bytes, which lie at data[6], data[7], data[0], data[1], data[2].
//
// A peer may spare itself a notification that seems to be of no use. Linux (xb_write() and xb_read() in xenbus_comms.c) sends
// one only if it finds that all it wrote before is taken, or that the ring was full before it took something. So an index
// that was read before our own was written is worth nothing to somebody who wants to wait: both sides write their own index
// first, then read the other's, with a full barrier in between.
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "kernel/compiler.h"
#include "xen/ring.h"

struct indices {
	uint32_t consumer, producer;
};

static bool take_indices(const struct byte_ring *ring, struct indices *indices)
{
	indices->consumer = READ_ONCE(*ring->consumer);
	indices->producer = READ_ONCE(*ring->producer);
	return indices->producer - indices->consumer <= ring->size;
}

// The `count` bytes at `index` are one piece, or two when they run over the end of `data`.
static uint32_t first_piece(const struct byte_ring *ring, uint32_t index, uint32_t count)
{
	return MIN(count, ring->size - (index & (ring->size - 1)));
}

long byte_ring_read(struct byte_ring *ring, void *buffer, size_t size)
{
	struct indices indices;

	if (!take_indices(ring, &indices))
		return -EPROTO;
	smp_rmb(); // the bytes after the producer's index that announced them

	uint32_t count = (uint32_t)MIN(size, (size_t)(indices.producer - indices.consumer));
	uint32_t first = first_piece(ring, indices.consumer, count);
	memcpy(buffer, ring->data + (indices.consumer & (ring->size - 1)), first);
	memcpy((char *)buffer + first, ring->data, count - first);

	smp_mb(); // the bytes are out before the peer may overwrite them
	WRITE_ONCE(*ring->consumer, indices.consumer + count);
	smp_mb(); // the caller's next look at the producer's index is later than this
	return (long)count;
}

long byte_ring_write(struct byte_ring *ring, const void *buffer, size_t size)
{
	struct indices indices;

	if (!take_indices(ring, &indices))
		return -EPROTO;
	smp_mb(); // the peer has taken the bytes that its index gave free

	uint32_t count = (uint32_t)MIN(size, (size_t)(ring->size - (indices.producer - indices.consumer)));
	uint32_t first = first_piece(ring, indices.producer, count);
	memcpy(ring->data + (indices.producer & (ring->size - 1)), buffer, first);
	memcpy(ring->data, (const char *)buffer + first, count - first);

	smp_wmb(); // the bytes before the index that announces them
	WRITE_ONCE(*ring->producer, indices.producer + count);
	smp_mb(); // the caller's next look at the consumer's index is later than this
	return (long)count;
}

long byte_ring_used(const struct byte_ring *ring)
{
	struct indices indices;

	if (!take_indices(ring, &indices))
		return -EPROTO;
	return (long)(indices.producer - indices.consumer);
}

long byte_ring_free(const struct byte_ring *ring)
{
	long used = byte_ring_used(ring);

	return used < 0 ? used : (long)ring->size - used;
}
