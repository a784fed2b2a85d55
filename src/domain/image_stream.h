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

// Bytes handled at a time, unless the source knows better: small beside 16 MB.
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
	bool ahead;     // the source reads ahead
	bool ended;     // the compressed stream is complete
	z_stream inflate;
	uint8_t *piece; // IMAGE_PIECE bytes, of input where the source doesn't read ahead
	uint8_t *output; // IMAGE_PIECE bytes, of what was inflated
};

// Says that its source couldn't be read at this byte; returns `error`.
int image_read_failed(const struct image_part *part, uint64_t position, int error, struct failure *failure);

// The part must outlive the stream. `ahead`: all of it will be read, so the source may read ahead, and there is one
// such stream of a source at a time. -ENOMEM. May wait.
int image_stream_open(struct image_stream *stream, const struct image_part *part, bool ahead,
		      struct failure *failure);

// The next bytes: how many, 0 at the end; they stay at *data until the next call. A negative errno: -EIO and the like
// from reading, -EBADMSG for a corrupt or truncated file. May wait.
long image_stream_next(struct image_stream *stream, const void **data, struct failure *failure);

void image_stream_close(struct image_stream *stream);
