// SPDX-License-Identifier: Apache-2.0
// The folder that configurations and images are in (mount_images_folder()): the configuration files there.
#pragma once

#include <stddef.h>

#include "kernel/failure.h"

// Media are looked for while other things start already: from the first call to the second one, who asks for a file or
// for the names waits.
void images_folder_expect(void);
void images_folder_ready(void);

// Waits until the media are known.
void images_folder_wait(void);

// Says why a file or folder can't be had, and returns the error.
int images_folder_failure(const char *path, int error, struct failure *failure);

// Tells the name of each configuration file, without its suffix, in the order of the folder; hidden files and names
// that no configuration can have are left out. 0, or why the folder can't be read; where there is none, there are no
// files. May wait.
int images_folder_each(void (*visit)(const char *name, void *context), void *context, struct failure *failure);

// The whole of a file of at most XLCFG_FILE_MAX bytes, to be given to free(). Paths as for file_image_open(). NULL
// with the reason. May wait.
void *images_folder_load(const char *path, size_t *size, struct failure *failure);
