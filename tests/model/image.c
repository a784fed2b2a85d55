// SPDX-License-Identifier: Apache-2.0
// Images in memory that can fail and take their time, as a card does.
#include <errno.h>
#include <string.h>

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

struct image_source model_image_source(struct model_image *image)
{
	return (struct image_source){
		.name = image->name, .size = image_size, .read = image_read, .context = image
	};
}
