// SPDX-License-Identifier: Apache-2.0
// Images go from their source to the guest in pieces, and Xen copies each piece in place: nothing of the guest needs to
// be mapped. A source that is slow reads the next pieces meanwhile.
#include "domain/load.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "domain/image_stream.h"
#include "domain/progress.h"
#include "kernel/compiler.h"
#include "kernel/log.h"
#include "kernel/task.h"
#include "xen/grant.h"
#include "xen/hypercall.h"

// Loads that are told about: as large, or as long.
#define TOLD_SIZE MIB(4)
#define TOLD_TIME MILLISECONDS(500)

// For pages that are cleared.
#define ZEROS_SIZE (MAGIC_PAGES * PAGE_SIZE)

struct loader {
	struct grant_writer writer;
	domid_t domid;
	const void *zeros; // ZEROS_SIZE bytes
	uint64_t read;     // bytes of files
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

// Writes back the caches of all pages of [start, end).
static int flush(struct loader *loader, const char *what, uint64_t start, uint64_t end)
{
	gfn_t first = gfn_of_address(start);
	gfn_t behind = gfn_of_address(ROUND_UP(end, PAGE_SIZE));
	int error = domctl_flush_cache(loader->domid, first, behind.number - first.number);

	if (error)
		failure_set(loader->failure, error, "%s: Xen can't clean the caches for it: %s", what,
			    error_text(error));
	return error;
}

// What lies behind the last byte in its page is nobody's business.
static int clear_rest(struct loader *loader, const char *what, uint64_t end)
{
	return write_bytes(loader, what, end, loader->zeros, (size_t)(ROUND_UP(end, PAGE_SIZE) - end));
}

// Copies a piece to its place and cleans the pages that are complete now: all that a piece needs is done while the
// next ones are read.
static int load_piece(struct loader *loader, const char *what, uint64_t address, const void *data, size_t size)
{
	uint64_t start = ROUND_DOWN(address, PAGE_SIZE), end = ROUND_DOWN(address + size, PAGE_SIZE);
	int error = write_bytes(loader, what, address, data, size);

	return error || start == end ? error : flush(loader, what, start, end);
}

// Writes a stream to the start of a range, which it must not exceed.
static int load_stream(struct loader *loader, struct image_stream *stream, const struct guest_range *range)
{
	const struct image_part *part = stream->part;
	uint64_t at = range->start;
	const void *data;
	long length;

	while ((length = image_stream_next(stream, &data, loader->failure)) > 0) {
		if ((uint64_t)length > guest_range_end(range) - at)
			return failure_set(loader->failure, -EBADMSG,
					   "%s %s: corrupt, there is more in it than the %" PRIu64
					   " bytes that it announces",
					   part->what, part->source->name, range->size);
		int error = load_piece(loader, part->what, at, data, (size_t)length);
		at += (uint64_t)length;
		if (!error)
			error = progress_report(part->what, stream->taken, part->size, loader->failure);
		if (error)
			return error;
		task_yield(); // to the task that gives the device its next request
	}
	int error = length < 0 ? (int)length : clear_rest(loader, part->what, at);
	if (error || !(at & PAGE_MASK))
		return error;
	return flush(loader, part->what, at, at);
}

static int load_part(struct loader *loader, const struct image_part *part, const struct guest_range *range)
{
	struct image_stream stream;

	progress_begin();
	int error = image_stream_open(&stream, part, true, loader->failure);
	if (error)
		return error;
	error = load_stream(loader, &stream, range);
	image_stream_close(&stream);
	loader->read += stream.taken;
	return error;
}

static int load_tree(struct loader *loader, const struct plan *plan)
{
	static const char what[] = "device tree";
	const struct guest_range *range = &plan->layout.tree;
	int error = write_bytes(loader, what, range->start, plan->tree, range->size);

	if (!error)
		error = clear_rest(loader, what, guest_range_end(range));
	return error ? error : flush(loader, what, range->start, guest_range_end(range));
}

static int clear_magic_pages(struct loader *loader)
{
	static const char what[] = "magic pages";
	uint64_t start = gfn_address(magic_gfn(0)), end = start + MAGIC_PAGES * PAGE_SIZE;
	int error = write_bytes(loader, what, start, loader->zeros, ZEROS_SIZE);

	return error ? error : flush(loader, what, start, end);
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

// "I: 37.4 MB loaded in 0.214 s: 174.7 MB/s", for loads that somebody may have waited for.
static void tell_speed(uint64_t bytes, uint64_t nanoseconds)
{
	uint64_t milliseconds = MAX(nanoseconds / 1000000, 1);
	uint64_t speed = bytes / 100 / milliseconds; // in units of 100 KB/s

	if (bytes < TOLD_SIZE && nanoseconds < TOLD_TIME)
		return;
	log_info("%" PRIu64 ".%" PRIu64 " MB loaded in %" PRIu64 ".%03" PRIu64 " s: %" PRIu64 ".%" PRIu64 " MB/s",
		 bytes / 1000000, bytes / 100000 % 10, milliseconds / 1000, milliseconds % 1000, speed / 10,
		 speed % 10);
}

int load_images(const struct plan *plan, domid_t domid, struct failure *failure)
{
	void *zeros = calloc(1, ZEROS_SIZE);
	struct loader loader = { .domid = domid, .zeros = zeros, .failure = failure };
	uint64_t begin = time_now();

	if (!zeros)
		return failure_set(failure, -ENOMEM, "loading images: out of memory");
	int error = grant_writer_open(&loader.writer, domid);
	if (error) {
		failure_set(failure, error, "loading images: the domain's grant table can't be mapped: %s",
			    error_text(error));
	} else {
		error = load_all(&loader, plan);
		grant_writer_close(&loader.writer);
	}
	free(zeros);
	if (!error)
		tell_speed(loader.read, time_now() - begin);
	return error;
}
