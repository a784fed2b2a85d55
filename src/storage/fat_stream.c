// SPDX-License-Identifier: Apache-2.0
// Owns pieces of memory that take turns: one is with the caller, the others are with the device.
#include "storage/fat_stream.h"

#include <errno.h>
#include <stdlib.h>

#include "kernel/compiler.h"
#include "kernel/memory.h"
#include "storage/fat_internal.h"

#define PIECES      4u // enough that the device has work while the caller has not yet said that it wants more
#define PIECE_ORDER 5  // 128 KiB
#define PIECE_SIZE  ((uint32_t)PAGE_SIZE << PIECE_ORDER)

// Where reads begin, so that they are whole sectors whatever a sector is.
#define ALIGNMENT 4096u

struct piece {
	uint8_t *buffer;
	struct block_batch batch;
};

struct fat_stream {
	struct fat_file *file;
	uint32_t start;      // aligned place of the first piece
	uint64_t first, end; // bytes that are wanted, from `start`
	uint32_t begun, taken;
	unsigned int used;
	struct piece pieces[PIECES];
};

static uint32_t piece_count(const struct fat_stream *stream)
{
	return (uint32_t)((stream->end + PIECE_SIZE - 1) / PIECE_SIZE);
}

static struct piece *nth_piece(struct fat_stream *stream, uint32_t number)
{
	return &stream->pieces[number % stream->used];
}

int fat_stream_open(struct fat_file *file, uint32_t offset, uint32_t size, struct fat_stream **result)
{
	struct fat_stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return -ENOMEM;
	stream->file = file;
	stream->first = offset % ALIGNMENT;
	stream->start = offset - (uint32_t)stream->first;
	stream->end = stream->first + size;
	for (uint32_t wanted = MIN(piece_count(stream), PIECES); stream->used < wanted; stream->used++) {
		stream->pieces[stream->used].buffer = page_alloc(PIECE_ORDER);
		if (!stream->pieces[stream->used].buffer) {
			fat_stream_close(stream);
			return -ENOMEM;
		}
	}
	*result = stream;
	return 0;
}

static void begin(struct fat_stream *stream)
{
	struct piece *piece = nth_piece(stream, stream->begun);
	uint64_t place = (uint64_t)stream->begun * PIECE_SIZE;

	fat_read_begin(stream->file, &piece->batch, piece->buffer, MIN(PIECE_SIZE, stream->end - place),
		       stream->start + (uint32_t)place);
	stream->begun++;
}

long fat_stream_next(struct fat_stream *stream, const void **data)
{
	uint32_t count = piece_count(stream);

	if (stream->taken == count)
		return 0;
	while (stream->begun < count && stream->begun < stream->taken + stream->used)
		begin(stream);
	struct piece *piece = nth_piece(stream, stream->taken);
	int error = block_batch_finish(&piece->batch);
	if (error) {
		stream->taken = count;
		return error;
	}
	uint64_t place = (uint64_t)stream->taken * PIECE_SIZE;
	uint32_t skipped = stream->taken ? 0 : (uint32_t)stream->first;
	stream->taken++;
	*data = piece->buffer + skipped;
	return (long)(MIN(PIECE_SIZE, stream->end - place) - skipped);
}

void fat_stream_close(struct fat_stream *stream)
{
	if (!stream)
		return;
	for (unsigned int i = 0; i < stream->used; i++) {
		struct piece *piece = &stream->pieces[i];

		if (piece->batch.extent)
			block_batch_finish(&piece->batch); // nobody asks any more
		page_free(piece->buffer, PIECE_ORDER);
	}
	free(stream);
}
