// SPDX-License-Identifier: Apache-2.0
// Byte rings in memory shared with a peer that isn't trusted (xencons_interface, xenstore_domain_interface):
// the one place that reads their indices. An index is read once, checked (producer - consumer <= size), and
// used from the copy; barriers are as Xen's public/io/ring documents ask. Sizes are powers of two; indices
// run freely.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct byte_ring {
	char *data; // shared
	uint32_t size; // of data, a power of two
	uint32_t *consumer, *producer; // shared
};

// Takes up to `size` bytes out. The number taken, or -EPROTO when the indices are impossible. Writes the
// consumer index; the caller notifies the peer. Whoever wants to wait for more calls it until it says 0: only then will
// the peer notify of what comes next.
long byte_ring_read(struct byte_ring *ring, void *buffer, size_t size);

// Puts up to `size` bytes in; the number that fitted, or -EPROTO. Whoever wants to wait for room calls it until it says 0: only
// then will the peer notify of having taken something.
long byte_ring_write(struct byte_ring *ring, const void *buffer, size_t size);

// Bytes that can be read, or -EPROTO; bytes that can be written, or -EPROTO.
long byte_ring_used(const struct byte_ring *ring);
long byte_ring_free(const struct byte_ring *ring);
