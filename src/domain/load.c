// SPDX-License-Identifier: Apache-2.0
// Images go from their source to the guest in pieces, through one buffer here, and Xen copies each piece in
// place: nothing of the guest needs to be mapped.
#include "domain/load.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "domain/image_stream.h"
#include "domain/progress.h"
#include "kernel/compiler.h"
#include "kernel/task.h"
#include "xen/grant.h"
#include "xen/hypercall.h"

struct loader {
	struct grant_writer writer;
	domid_t domid;
	uint8_t *buffer; // IMAGE_PIECE bytes
	struct failure *failure;
};

static int write_bytes(struct loader *loader, const char *what, uint64_t address, const void *data,
		       size_t size)
{
	int error = grant_writer_write(&loader->writer, address, data, size);

	if (error)
		failure_set(loader->failure, error,
			    "%s: writing to the domain's memory at 0x%" PRIx64 " failed: %s", what, address,
			    error_text(error));
	return error;
}

// Writes back the caches of all pages of a range.
static int flush(struct loader *loader, const char *what, const struct guest_range *range)
{
	gfn_t first = gfn_of_address(range->start);
	gfn_t end = gfn_of_address(ROUND_UP(guest_range_end(range), PAGE_SIZE));
	int error = domctl_flush_cache(loader->domid, first, end.number - first.number);

	if (error)
		failure_set(loader->failure, error, "%s: Xen can't clean the caches for it: %s", what,
			    error_text(error));
	return error;
}

// What lies behind the last byte in its page is nobody's business.
static int clear_rest(struct loader *loader, const char *what, uint64_t end)
{
	size_t rest = (size_t)(ROUND_UP(end, PAGE_SIZE) - end);

	memset(loader->buffer, 0, rest);
	return write_bytes(loader, what, end, loader->buffer, rest);
}

// Writes a stream to the start of a range, which it must not exceed.
static int load_stream(struct loader *loader, struct image_stream *stream, const struct guest_range *range)
{
	const struct image_part *part = stream->part;
	uint64_t loaded = 0;
	long length;

	while ((length = image_stream_read(stream, loader->buffer, IMAGE_PIECE, loader->failure)) > 0) {
		if ((uint64_t)length > range->size - loaded)
			return failure_set(loader->failure, -EBADMSG,
					   "%s %s: corrupt, there is more in it than the %" PRIu64
					   " bytes that it announces",
					   part->what, part->source->name, range->size);
		int error = write_bytes(loader, part->what, range->start + loaded, loader->buffer,
					(size_t)length);
		loaded += (uint64_t)length;
		if (!error)
			error = progress_report(part->what, loaded, range->size, loader->failure);
		if (error)
			return error;
		if (task_should_yield())
			task_yield();
	}
	return length < 0 ? (int)length : clear_rest(loader, part->what, range->start + loaded);
}

static int load_part(struct loader *loader, const struct image_part *part, const struct guest_range *range)
{
	struct image_stream stream;
	int error = image_stream_open(&stream, part, loader->failure);

	if (error)
		return error;
	error = load_stream(loader, &stream, range);
	image_stream_close(&stream);
	return error ? error : flush(loader, part->what, range);
}

static int load_tree(struct loader *loader, const struct plan *plan)
{
	static const char what[] = "device tree";
	const struct guest_range *range = &plan->layout.tree;
	int error = write_bytes(loader, what, range->start, plan->tree, range->size);

	if (!error)
		error = clear_rest(loader, what, guest_range_end(range));
	return error ? error : flush(loader, what, range);
}

static int clear_magic_pages(struct loader *loader)
{
	static const char what[] = "magic pages";
	const struct guest_range range = { gfn_address(magic_gfn(0)), MAGIC_PAGES * PAGE_SIZE };

	memset(loader->buffer, 0, range.size);
	int error = write_bytes(loader, what, range.start, loader->buffer, range.size);
	return error ? error : flush(loader, what, &range);
}

static int load_all(struct loader *loader, const struct plan *plan)
{
	int error = clear_magic_pages(loader);

	if (!error)
		error = load_part(loader, &plan->kernel.stored, &plan->layout.kernel);
	if (!error && plan->ramdisk.size)
		error = load_part(loader, &plan->ramdisk, &plan->layout.ramdisk);
	return error ? error : load_tree(loader, plan);
}

int load_images(const struct plan *plan, domid_t domid, struct failure *failure)
{
	struct loader loader = { .domid = domid, .buffer = malloc(IMAGE_PIECE), .failure = failure };

	if (!loader.buffer)
		return failure_set(failure, -ENOMEM, "loading images: out of memory");
	int error = grant_writer_open(&loader.writer, domid);
	if (error) {
		failure_set(failure, error, "loading images: the domain's grant table can't be mapped: %s",
			    error_text(error));
	} else {
		error = load_all(&loader, plan);
		grant_writer_close(&loader.writer);
	}
	free(loader.buffer);
	return error;
}
