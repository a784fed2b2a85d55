// SPDX-License-Identifier: Apache-2.0
// All configurations that `xu create` can name: the built-in ones, and the files NAME.cfg in the images folder
// of the card. Files are read anew each time, so that a changed one counts at once. Where both have a name, the
// file counts.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config/domain_config.h"
#include "config/xlcfg.h"
#include "kernel/failure.h"

struct file_image;

// A configuration in use, with all that it refers to. It stays as it is until it is released.
struct catalog_entry {
	struct config_source source; // for who keeps it: its release() is catalog_release()
	struct domain_config config;
	const struct config_warning *warnings; // about its file; NULL: none
	bool shadows;                          // there is a built-in one of the same name
	struct config_file *file;              // NULL: built in, as it is
	struct file_image *images[3];          // open files: kernel, ramdisk, partial tree; or NULL
};

// Reads domain_cfgs[]. A configuration that is wrong is left out with a message in the log.
int catalog_init(void);

// Finds a configuration by its name. `more` are settings in a file's syntax, each behind a line end, that count as if they
// stood at the end of it, or NULL. NULL with the reason: -ENOENT, and what catalog_read() says. May wait.
struct catalog_entry *catalog_find(const char *name, const char *more, struct failure *failure);

// Reads a configuration file; a path that doesn't begin with '/' is relative to the images folder. NULL with the reason,
// which has line and column for what is wrong in it: -ENOENT, -EINVAL, -ENOTSUP, -E2BIG, -ENOMEM, or what the card says.
// May wait.
struct catalog_entry *catalog_read(const char *path, const char *more, struct failure *failure);

// Opens the files that the configuration names as images, so that a domain can be built from it; nothing for those
// that are there already. May wait. Errors as for a file; release the entry afterwards as well.
int catalog_open_images(struct catalog_entry *entry, struct failure *failure);

// Closes the files again; the configuration names them as before. May wait.
void catalog_close_images(struct catalog_entry *entry);

// Closes and frees all of it. NULL is allowed. May wait.
void catalog_release(struct catalog_entry *entry);

// Tells each name once: those of the built-in ones, then of the files, in the order of the folder. A file is not
// read for it, so that it may turn out to be wrong. 0, or why the folder can't be read; no folder is no error. May
// wait.
typedef void catalog_visitor(const char *name, void *context);
int catalog_each(catalog_visitor *visit, void *context, struct failure *failure);
