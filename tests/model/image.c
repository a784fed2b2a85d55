// SPDX-License-Identifier: Apache-2.0
// Images in memory that can fail and take their time, as a card does.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/task.h"
#include "model/internal.h"

static int image_size(void *context, uint64_t *size)
{
	const struct model_image *image = context;

	*size = image->size;
	return image->size_error;
}

static int image_read(void *context, void *buffer, size_t size, uint64_t offset)
{
	struct model_image *image = context;

	if (offset > image->size || size > image->size - offset)
		model_violation("%s has %llu bytes; %zu are read at %llu", image->name,
				(unsigned long long)image->size, size, (unsigned long long)offset);
	image->reads++;
	image->bytes += size;
	if (image->read_time)
		task_sleep(image->read_time);
	if (fault_strikes(FAULT_IMAGE_READ, "read of %s at %llu", image->name, (unsigned long long)offset))
		return -EIO;
	if (image->read_error)
		return image->read_error;
	memcpy(buffer, (const char *)image->data + offset, size);
	return 0;
}

// Each piece has memory of its own, and none behind it.
struct model_ahead {
	uint64_t at, end;
	void *piece;
};

static int image_begin(void *context, uint64_t offset, uint64_t size)
{
	struct model_image *image = context;

	if (image->ahead)
		model_violation("%s is read ahead twice at a time", image->name);
	image->ahead = calloc(1, sizeof(*image->ahead));
	if (!image->ahead)
		return -ENOMEM;
	image->ahead->at = offset;
	image->ahead->end = offset + size;
	return 0;
}

static long image_next(void *context, const void **data)
{
	struct model_image *image = context;
	struct model_ahead *ahead = image->ahead;
	uint64_t length = MIN(image->ahead_piece ? image->ahead_piece : KIB(64), ahead->end - ahead->at);

	free(ahead->piece);
	ahead->piece = length ? malloc(length) : NULL;
	if (!length)
		return 0;
	if (!ahead->piece)
		return -ENOMEM;
	int error = image_read(context, ahead->piece, length, ahead->at);
	ahead->at += length;
	*data = ahead->piece;
	return error ? error : (long)length;
}

static void image_end(void *context)
{
	struct model_image *image = context;

	free(image->ahead->piece);
	free(image->ahead);
	image->ahead = NULL;
}

static const struct image_ahead image_ahead = { image_begin, image_next, image_end };

struct image_source model_image_source(struct model_image *image)
{
	return (struct image_source){
		.name = image->name, .size = image_size, .read = image_read, .ahead = &image_ahead,
		.context = image
	};
}
