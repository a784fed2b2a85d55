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
	stream->piece = malloc(IMAGE_PIECE);
	if (!stream->piece)
		return -ENOMEM;
	stream->inflate.zalloc = inflate_allocate;
	stream->inflate.zfree = inflate_free;
	if (inflateInit2(&stream->inflate, WINDOW_BITS_GZIP) == Z_OK)
		return 0;
	free(stream->piece);
	return -ENOMEM; // the only reason there is
}

int image_stream_open(struct image_stream *stream, const struct image_part *part, struct failure *failure)
{
	int error = 0;

	memset(stream, 0, sizeof(*stream));
	stream->part = part;
	if (part->compressed)
		error = start_inflate(stream);
	if (error)
		failure_set(failure, error, "%s %s: out of memory", part->what, part->source->name);
	return error;
}

void image_stream_close(struct image_stream *stream)
{
	if (stream->part->compressed) {
		inflateEnd(&stream->inflate);
		free(stream->piece);
	}
}

// The next bytes as they are stored: min(size, what is left), or a negative errno.
static long read_stored(struct image_stream *stream, void *buffer, size_t size, struct failure *failure)
{
	const struct image_part *part = stream->part;
	uint64_t position = part->offset + stream->taken;
	size_t length = (size_t)MIN(size, part->size - stream->taken);

	if (length == 0)
		return 0;
	int error = part->source->read(part->source->context, buffer, length, position);
	if (error)
		return failure_set(failure, error, "%s %s: reading at byte %" PRIu64 " failed: %s",
				   part->what, part->source->name, position, error_text(error));
	stream->taken += length;
	if (part->has_crc)
		stream->crc = (uint32_t)crc32(stream->crc, buffer, (uInt)length);
	if (part->has_crc && stream->taken == part->size && stream->crc != part->crc)
		return failure_set(failure, -EBADMSG,
				   "%s %s: corrupt, its data's CRC is %08" PRIx32 ", not %08" PRIx32,
				   part->what, part->source->name, stream->crc, part->crc);
	return (long)length;
}

static int refill(struct image_stream *stream, struct failure *failure)
{
	long length = read_stored(stream, stream->piece, IMAGE_PIECE, failure);

	if (length == 0)
		return failure_set(failure, -EBADMSG,
				   "%s %s: truncated, the gzip stream goes on behind its end",
				   stream->part->what, stream->part->source->name);
	if (length < 0)
		return (int)length;
	stream->inflate.next_in = stream->piece;
	stream->inflate.avail_in = (uInt)length;
	return 0;
}

// Reads what follows the compressed stream, where the CRC covers it.
static int finish(struct image_stream *stream, struct failure *failure)
{
	long length = 1;

	stream->ended = true;
	while (stream->part->has_crc && length > 0)
		length = read_stored(stream, stream->piece, IMAGE_PIECE, failure);
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

static long read_inflated(struct image_stream *stream, void *buffer, size_t size, struct failure *failure)
{
	z_stream *inflater = &stream->inflate;

	inflater->next_out = buffer;
	inflater->avail_out = (uInt)size;
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
	return (long)(size - inflater->avail_out);
}

long image_stream_read(struct image_stream *stream, void *buffer, size_t size, struct failure *failure)
{
	size = MIN(size, IMAGE_PIECE);
	return stream->part->compressed ? read_inflated(stream, buffer, size, failure) :
					  read_stored(stream, buffer, size, failure);
}
