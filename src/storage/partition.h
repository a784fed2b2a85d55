// SPDX-License-Identifier: Apache-2.0
// Partition tables: GPT (UEFI specification 2.10, chapter 5) and MBR with extended partitions. Everything in
// them is untrusted: what is returned lies within the medium and doesn't overlap.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/failure.h"
#include "storage/block.h"

// Partitions that are looked at; of a table with more, the first ones.
#define PARTITIONS_MAX 32u

struct partition {
	struct block_extent extent;
	unsigned int number; // as other systems count them: from 1, logical ones from 5; 0: no table, the
			     // whole medium
};

// Reads the table of a medium into partitions[PARTITIONS_MAX] and returns how many there are. A medium
// without a table is one partition when it begins with a FAT (or exFAT) file system, else none. Waits. Negative errno:
// -ENOMEM, -EBADMSG (a table damaged beyond repair), what reading says. Logs a warning for what was damaged
// and could be worked around.
int partition_scan(struct block_device *device, struct partition *partitions, struct failure *failure);
