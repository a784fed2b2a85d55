// SPDX-License-Identifier: Apache-2.0
// A disk of the model: an image file that the program under test and other programs (fsck.fat, mtools) see
// alike. It can take its time, fail, lose its power or be pulled.
#pragma once

#include <stdint.h>

#include "storage/block.h"

struct model_disk {
	struct block_device device; // registered by model_disk_insert()
	uint8_t *bytes;
	uint64_t size;

	uint64_t latency;   // nanoseconds per request; 0: done at once
	uint64_t fail_nth;  // counts down with each request; the one that makes it 0 fails with -EIO
	uint64_t cut_after; // blocks that are still written before power is cut; MODEL_DISK_POWERED: it isn't
	bool struck;        // the request failed, or power was cut

	uint64_t requests, reads, writes; // since the insertion; the latter two in blocks
};
#define MODEL_DISK_POWERED UINT64_MAX

// Opens the image file, whose size is a multiple of the block size.
struct model_disk *model_disk_open(const char *path, uint32_t block_size);

// As block_register() and block_unregister() are called by a driver.
void model_disk_insert(struct model_disk *disk);
void model_disk_pull(struct model_disk *disk);

// Pulls it, where it is inserted, and closes the file.
void model_disk_close(struct model_disk *disk);
