// SPDX-License-Identifier: Apache-2.0
// The PE/COFF headers of a kernel that is an EFI program as well, as far as they say how long its file is.
#pragma once

#include <stdint.h>

#include "domain/image_stream.h"
#include "kernel/failure.h"

// *end: where in the part the last section's data ends, 0 where there are no PE headers at `offset`. It may
// lie behind the end of the part. A negative errno when reading fails. May wait.
int pe_file_end(const struct image_part *part, uint32_t offset, uint64_t *end, struct failure *failure);
