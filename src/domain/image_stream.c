// SPDX-License-Identifier: Apache-2.0
// Reading, inflating and checking images piece by piece.
#include "domain/image_stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "xen/hypercall.h"

#define WINDOW_BITS_GZIP (MAX_WBITS + 16) // zlib.h: expect a gzip header, check its CRC and length at the end

// zlib's memory comes from the heap like everybody's, where it is counted.
static void *inflate_allocate(void *context, unsigned int count, unsigned int size)
{
	(void)context;
	return calloc(count, size);
}

static void inflate_free(void *context, void *block)
{
	(void)context;
	free(block);
}

static int start_inflate(struct image_stream *stream)
{
	stream->output = malloc(IMAGE_PIECE);
	if (!stream->output)
		return -ENOMEM;
	stream->inflate.zalloc = inflate_allocate;
	stream->inflate.zfree = inflate_free;
	if (inflateInit2(&stream->inflate, WINDOW_BITS_GZIP) == Z_OK)
		return 0;
	free(stream->output);
	return -ENOMEM; // the only reason there is
}

static void stop_inflate(struct image_stream *stream)
{
	inflateEnd(&stream->inflate);
	free(stream->output);
}

static int start_reading(struct image_stream *stream)
{
	const struct image_part *part = stream->part;

	if (stream->ahead)
		return part->source->ahead->begin(part->source->context, part->offset, part->size);
	stream->piece = malloc(IMAGE_PIECE);
	return stream->piece ? 0 : -ENOMEM;
}

int image_stream_open(struct image_stream *stream, const struct image_part *part, bool ahead,
		      struct failure *failure)
{
	int error = 0;

	memset(stream, 0, sizeof(*stream));
	stream->part = part;
	stream->ahead = ahead && part->source->ahead;
	if (part->compressed)
		error = start_inflate(stream);
	if (!error) {
		error = start_reading(stream);
		if (error && part->compressed)
			stop_inflate(stream);
	}
	if (error)
		failure_set(failure, error, "%s %s: %s", part->what, part->source->name, error_text(error));
	return error;
}

void image_stream_close(struct image_stream *stream)
{
	if (stream->ahead)
		stream->part->source->ahead->end(stream->part->source->context);
	if (stream->part->compressed)
		stop_inflate(stream);
	free(stream->piece);
}

int image_read_failed(const struct image_part *part, uint64_t position, int error, struct failure *failure)
{
	return failure_set(failure, error, "%s %s: reading at byte %" PRIu64 " failed: %s", part->what,
			   part->source->name, position,
			   error == -ENODEV ? "the card or disk is gone; put it in again" : error_text(error));
}

static long read_piece(struct image_stream *stream, const void **data)
{
	const struct image_part *part = stream->part;
	size_t length = (size_t)MIN(IMAGE_PIECE, part->size - stream->taken);

	if (stream->ahead)
		return part->source->ahead->next(part->source->context, data);
	int error = part->source->read(part->source->context, stream->piece, length,
				       part->offset + stream->taken);
	*data = stream->piece;
	return error ? error : (long)length;
}

// The next bytes as they are stored: how many, or a negative errno.
static long next_stored(struct image_stream *stream, const void **data, struct failure *failure)
{
	const struct image_part *part = stream->part;

	if (stream->taken == part->size)
		return 0;
	long length = read_piece(stream, data);
	if (length <= 0) // a source that says that it has come to its end has lost some
		return image_read_failed(part, part->offset + stream->taken, length ? (int)length : -EIO, failure);
	stream->taken += (uint64_t)length;
	if (part->has_crc)
		stream->crc = (uint32_t)crc32(stream->crc, *data, (uInt)length);
	if (part->has_crc && stream->taken == part->size && stream->crc != part->crc)
		return failure_set(failure, -EBADMSG,
				   "%s %s: corrupt, its data's CRC is %08" PRIx32 ", not %08" PRIx32,
				   part->what, part->source->name, stream->crc, part->crc);
	return length;
}

static int refill(struct image_stream *stream, struct failure *failure)
{
	const void *data;
	long length = next_stored(stream, &data, failure);

	if (length == 0)
		return failure_set(failure, -EBADMSG,
				   "%s %s: truncated, the gzip stream goes on behind its end",
				   stream->part->what, stream->part->source->name);
	if (length < 0)
		return (int)length;
	stream->inflate.next_in = (Bytef *)(uintptr_t)data; // only read
	stream->inflate.avail_in = (uInt)length;
	return 0;
}

// Reads what follows the compressed stream, where the CRC covers it.
static int finish(struct image_stream *stream, struct failure *failure)
{
	const void *data;
	long length = 1;

	stream->ended = true;
	while (stream->part->has_crc && length > 0)
		length = next_stored(stream, &data, failure);
	return length < 0 ? (int)length : 0;
}

static int inflate_error(const struct image_stream *stream, int result, struct failure *failure)
{
	const struct image_part *part = stream->part;

	if (result == Z_MEM_ERROR)
		return failure_set(failure, -ENOMEM, "%s %s: out of memory", part->what, part->source->name);
	return failure_set(failure, -EBADMSG, "%s %s: the gzip stream is corrupt (%s)", part->what,
			   part->source->name,
			   stream->inflate.msg ? stream->inflate.msg : "it makes no sense");
}

static long next_inflated(struct image_stream *stream, const void **data, struct failure *failure)
{
	z_stream *inflater = &stream->inflate;

	inflater->next_out = stream->output;
	inflater->avail_out = IMAGE_PIECE;
	while (inflater->avail_out && !stream->ended) {
		int error = inflater->avail_in ? 0 : refill(stream, failure);

		if (error)
			return error;
		int result = inflate(inflater, Z_NO_FLUSH);
		if (result == Z_STREAM_END)
			error = finish(stream, failure);
		else if (result != Z_OK)
			error = inflate_error(stream, result, failure);
		if (error)
			return error;
	}
	*data = stream->output;
	return (long)(IMAGE_PIECE - inflater->avail_out);
}

long image_stream_next(struct image_stream *stream, const void **data, struct failure *failure)
{
	return stream->part->compressed ? next_inflated(stream, data, failure) :
					  next_stored(stream, data, failure);
}
