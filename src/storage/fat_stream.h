// SPDX-License-Identifier: Apache-2.0
// A file read from one place to another at the device's full speed: while one piece is used, the next ones are
// being read, straight into memory of the stream.
#pragma once

#include <stdint.h>

#include "storage/fat.h"

struct fat_stream;

// Bytes [offset, offset + size), which must lie in the file; it stays open until the stream is closed. -ENOMEM.
int fat_stream_open(struct fat_file *file, uint32_t offset, uint32_t size, struct fat_stream **stream);

// The next bytes: their number, 0 behind the last one, or an error as of fat_read(), which ends the stream. They
// stay at *data until the next call. Waits.
long fat_stream_next(struct fat_stream *stream, const void **data);

// Waits until the device is done with the stream's memory. NULL does nothing.
void fat_stream_close(struct fat_stream *stream);
