// SPDX-License-Identifier: Apache-2.0
// An image's bytes one after the other, decompressed and checked on the way, so that no more than a piece of
// it is ever in this program's memory.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#include "config/domain_config.h"
#include "kernel/failure.h"

// Bytes handled at a time: large enough for a card's throughput, small beside 16 MB.
#define IMAGE_PIECE 65536u

// Bytes [offset, offset + size) of a source, which must be there.
struct image_part {
	const char *what; // for messages: "kernel", "ramdisk"
	const struct image_source *source;
	uint64_t offset, size;
	bool compressed; // gzip
	bool has_crc;
	uint32_t crc; // CRC-32 of the part as it is stored
};

struct image_stream {
	const struct image_part *part;
	uint64_t taken; // bytes of the part that were read
	uint32_t crc;   // of them
	bool ended;     // the compressed stream is complete
	z_stream inflate;
	uint8_t *piece; // of compressed input
};

// The part must outlive the stream. -ENOMEM.
int image_stream_open(struct image_stream *stream, const struct image_part *part, struct failure *failure);

// The next `size` bytes, at most IMAGE_PIECE; at the end fewer, down to 0. A negative errno: -EIO and the
// like from reading, -EBADMSG for a corrupt or truncated file. May wait.
long image_stream_read(struct image_stream *stream, void *buffer, size_t size, struct failure *failure);

void image_stream_close(struct image_stream *stream);
