// SPDX-License-Identifier: Apache-2.0
// Kernel images: which format a file has, and what its headers say. An arm64 Image (Linux,
// Documentation/arch/arm64/booting.rst), the same compressed with gzip, or a uImage (U-Boot, include/image.h)
// of either, or of a program without a header that is to lie at a fixed address. All of it is untrusted:
// every number is checked against the file.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/domain_config.h"
#include "domain/image_stream.h"
#include "kernel/failure.h"

struct kernel_image {
	struct image_part stored;
	uint64_t memory_size; // bytes that it needs in memory, never less than what is loaded
	bool fixed; // lies at guest address `load`, otherwise `text_offset` behind the start of memory
	uint64_t load, text_offset;
	uint64_t entry_offset; // from its first byte
};

// Reads the headers. -ENOEXEC: no kernel, -EIO and the like: can't be read, -ENOMEM; the reason, with the
// file's name, is in `failure`. May wait.
int kernel_image_read(const struct image_source *source, struct kernel_image *image, struct failure *failure);
