// SPDX-License-Identifier: Apache-2.0
// Images that are files of a mounted volume: read at any place, as many at a time as are wanted.
#pragma once

#include "config/domain_config.h"
#include "kernel/failure.h"

struct file_image;

// Opens a file; a path that doesn't begin with '/' is relative to the images folder. `source` reads it until it is
// closed. May wait. -ENOENT, -EISDIR, -ENOMEM, what the card says, with the reason.
int file_image_open(const char *path, struct file_image **image, struct image_source *source,
		    struct failure *failure);

// NULL is allowed. May wait.
void file_image_close(struct file_image *image);
