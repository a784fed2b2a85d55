// SPDX-License-Identifier: Apache-2.0
// A disk in memory for fuzz targets, that begins with the target's bytes and is zero behind them.
#pragma once

#include "storage/block.h"

#define MEMORY_DISK_SIZE (2560u * 1024) // enough for a FAT16

// Inserts it anew; bytes behind its size are left out.
struct block_device *memory_disk_insert(const uint8_t *data, size_t size);

// Its bytes, to be changed by the target.
uint8_t *memory_disk_bytes(void);

void memory_disk_pull(void);
