// SPDX-License-Identifier: Apache-2.0
// How fast files and devices are read.
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/memory.h"
#include "kernel/task.h"
#include "shell/files.h"
#include "shell/words.h"
#include "storage/fat_stream.h"
#include "xen/console_io.h"

#define DEVICE_SIZE MIB(16) // where nothing is said, or what there is

// Of a device: what is read at a time, and before Ctrl-C is looked for.
#define PIECE_ORDER 5
#define PIECE_SIZE  (PAGE_SIZE << PIECE_ORDER)
#define PIECES      64u

static void print_speed(const struct invocation *call, uint64_t bytes, uint64_t nanoseconds)
{
	uint64_t microseconds = MAX(nanoseconds / 1000, 1), speed = bytes * 10 / microseconds;

	shell_print("%s: %" PRIu64 " bytes in %" PRIu64 ".%06" PRIu64 " s: %" PRIu64 ".%" PRIu64 " MB/s\n",
		    call->argv[0], bytes, microseconds / 1000000, microseconds % 1000000, speed / 10, speed % 10);
}

// ---- Files ----

static int read_file(struct fat_file *file)
{
	struct fat_stream *stream;
	const void *data;
	long length = fat_stream_open(file, 0, fat_size(file), &stream);

	if (length)
		return (int)length;
	while ((length = fat_stream_next(stream, &data)) > 0)
		if (console_io_interrupted())
			length = -EINTR;
	fat_stream_close(stream);
	return (int)length;
}

static int bench_file(const struct invocation *call)
{
	struct file_path path;
	struct fat_file *file;
	int error = file_path_find(call, call->argv[0], &path);

	if (error)
		return error;
	error = fat_open(path.volume, path.rest, 0, &file);
	if (!error) {
		uint64_t begin = time_now();

		error = read_file(file);
		if (!error)
			print_speed(call, fat_size(file), time_now() - begin);
		fat_close(file); // nothing was written
	}
	if (error)
		file_refused(call, path.text, error);
	file_path_put(&path);
	return error;
}

// ---- Devices ----

static struct block_device *find_device(const char *name)
{
	struct block_device *device = block_next(NULL);

	while (device && strcmp(device->name, name) != 0)
		device = block_next(device);
	return device;
}

// What is read isn't looked at, so that all transfers may go to the same memory: the driver has as many under way as it
// can.
static int read_blocks(const struct block_extent *extent, uint64_t block, uint64_t count, void *buffer)
{
	uint64_t piece = PIECE_SIZE / extent->device->block_size;
	struct block_batch batch = { .extent = extent };

	for (uint64_t done = 0; done < count && !batch.error; done += piece) {
		block_batch_add(&batch, false, block + done, MIN(piece, count - done), buffer);
		if (done / piece % PIECES == 0 && console_io_interrupted()) {
			block_batch_finish(&batch);
			return -EINTR;
		}
	}
	return block_batch_finish(&batch);
}

static int read_device(const struct invocation *call, struct block_device *device, uint64_t offset, uint64_t size)
{
	struct block_extent extent = block_whole(device);
	uint64_t first = offset / device->block_size, end = (offset + size + device->block_size - 1) / device->block_size;
	void *buffer = page_alloc(PIECE_ORDER);

	if (!buffer)
		return -ENOMEM;
	uint64_t begin = time_now();
	int error = read_blocks(&extent, first, end - first, buffer);
	if (!error)
		print_speed(call, (end - first) * device->block_size, time_now() - begin);
	page_free(buffer, PIECE_ORDER);
	return error;
}

static int bench_device(const struct invocation *call)
{
	struct block_device *device = find_device(call->argv[0]);
	uint64_t numbers[] = { 0, DEVICE_SIZE }; // OFFSET, SIZE

	if (!device) {
		shell_error("%s: '%s' is neither a path nor a device; 'fs mounts' shows both", call->name, call->argv[0]);
		return -ENODEV;
	}
	for (int i = 1; i < call->argc; i++) {
		if (!shell_number(call->argv[i], INT64_MAX / 2, &numbers[i - 1])) {
			shell_error("%s: '%s' is not a number of bytes", call->name, call->argv[i]);
			return -EINVAL;
		}
	}
	uint64_t end = device->blocks * device->block_size;
	if (call->argc < 3 && numbers[0] < end)
		numbers[1] = MIN(DEVICE_SIZE, end - numbers[0]);
	if (numbers[0] + numbers[1] > end) {
		shell_error("%s: '%s' ends before that, at byte %" PRIu64, call->name, call->argv[0], end);
		return -EINVAL;
	}
	int error = read_device(call, device, numbers[0], numbers[1]);
	return error ? file_refused(call, call->argv[0], error) : 0;
}

int fs_bench_command(const struct invocation *call)
{
	if (call->argv[0][0] != '/')
		return bench_device(call);
	if (call->argc == 1)
		return bench_file(call);
	shell_error("%s: a file is read as a whole", call->name);
	return -EINVAL;
}
