// SPDX-License-Identifier: Apache-2.0
// Block devices: what a driver offers to the partition and file-system layers above. Everything above this
// header is a function of bytes and runs on the host against an image file.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/list.h"
#include "kernel/task.h"

struct block_device;

// Buffers are accessed by devices: from the heap or the page allocator, aligned to a cache line, so that no
// line of them is shared with anything else.
#define BLOCK_BUFFER_ALIGNMENT 64u

// Block sizes that a device may have, bytes.
#define BLOCK_SIZE_MIN 512u
#define BLOCK_SIZE_MAX 4096u

// One transfer. The caller owns it and its buffer until it is done.
struct block_request {
	struct list link; // for the driver's queue
	bool write;
	uint64_t block; // first, in units of the device's block size
	uint32_t count; // blocks; 1 to the device's max_blocks
	void *buffer;   // count * block_size bytes, see BLOCK_BUFFER_ALIGNMENT
	bool done;
	int error;                // when done: 0, -EIO, -ENODEV (the medium is gone), -EROFS, -ETIMEDOUT
	struct wait_queue *queue; // woken when done
};

struct block_operations {
	// Starts a transfer, which block_request_done() ends, in any order. Never waits; may be done at once.
	void (*submit)(struct block_device *device, struct block_request *request);
	// Waits until everything written so far is on the medium. 0 or a negative errno. NULL: it always is.
	int (*flush)(struct block_device *device);
};

// Filled by the driver, which owns it; it is never freed, so that what a file system remembers of a medium
// that was pulled stays readable.
struct block_device {
	struct list link;
	char name[16];       // "mmc0", "vda"
	uint32_t block_size; // bytes, a power of two, BLOCK_SIZE_MIN to BLOCK_SIZE_MAX
	uint64_t blocks;
	uint32_t max_blocks; // per request, at least 1
	bool read_only;
	bool present;        // false after the medium was pulled
	uint32_t generation; // counted up by block_register(): another medium
	unsigned int number; // in the order of the devices' first media
	const struct block_operations *operations;
	void *driver;
	struct wait_queue idle; // of the tasks that wait for transfers
};

// ---- For drivers ----

// A medium is there. The device is listed from now on; a second time after block_unregister(): another
// medium.
void block_register(struct block_device *device);

// The medium is gone: what is submitted from now on fails with -ENODEV. The driver ends what is under way.
void block_unregister(struct block_device *device);

// Ends a transfer. May be called from an interrupt handler.
void block_request_done(struct block_request *request, int error);

// ---- For the layers above ----

// First device after `previous` (NULL: the first), in the order of their first media; NULL: there are no more.
struct block_device *block_next(const struct block_device *previous);

// A range of a medium: a partition, or all of it. What is read or written outside of it, or after the medium
// was changed, fails.
struct block_extent {
	struct block_device *device;
	uint32_t generation;
	uint64_t first; // block of the device
	uint64_t count; // blocks
};

// How many media came so far, and the wait for more than that.
unsigned int block_arrivals(void);
void block_wait_for_arrival(unsigned int seen);

struct block_extent block_whole(struct block_device *device);

// Several transfers under way at once. Zero-initialised with the extent set.
#define BLOCK_BATCH_REQUESTS 8
struct block_batch {
	const struct block_extent *extent;
	int error; // of those that are done, the first
	unsigned int next;
	struct block_request requests[BLOCK_BATCH_REQUESTS];
};

// Starts transfers of `count` blocks from `block` of the extent, as many as the device wants it split into.
// Waits while too many are under way. Errors are told by block_batch_finish(): -EINVAL outside of the extent,
// -ENODEV, -EROFS, and what the device says. The buffer is the device's until then.
void block_batch_add(struct block_batch *batch, bool write, uint64_t block, uint64_t count, void *buffer);

// Waits for all transfers; 0 or the first error.
int block_batch_finish(struct block_batch *batch);

// One transfer of any length, and its end. Errors as above.
int block_read(const struct block_extent *extent, uint64_t block, uint64_t count, void *buffer);
int block_write(const struct block_extent *extent, uint64_t block, uint64_t count, const void *buffer);
int block_flush(const struct block_extent *extent);
