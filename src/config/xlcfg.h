// SPDX-License-Identifier: Apache-2.0
// Configuration files in the syntax of xl.cfg(5), read to struct domain_config, and the way back.
// docs/configurations.md lists the keys.
#pragma once

#include <stddef.h>

#include "config/arena.h"
#include "config/domain_config.h"
#include "kernel/failure.h"

#define CONFIG_FILE_SUFFIX ".cfg"

// The length of a configuration file's name without its suffix, in whatever case that is: on FAT the case tells no files
// apart. 0: no configuration file is called so.
size_t config_file_stem(const char *name);

struct config_warning {
	const struct config_warning *next;
	const char *text; // "FILE:LINE:COLUMN: ...", one line
};

// Everything that was read, in one piece of memory.
struct config_file {
	struct domain_config config;           // its images are paths, to be opened by who has the files
	const struct config_warning *warnings; // in the order of the file; NULL: none
	struct arena arena;                    // holds all that `config` and `warnings` point to
};

// Reads the `size` bytes of a file; they may go afterwards. The configuration is named as the file, without
// folders and ".cfg"; `name` names its domain, and without it any number of domains can be made of it. What
// is returned has passed domain_config_find_fault(). End it with config_file_free(). NULL: nothing was read,
// and `failure` says in which file, line and column something is wrong, why, and what to do: -EINVAL,
// -ENOTSUP for what no version of this program will do, -E2BIG, -ENOMEM. Yields in large files.
struct config_file *config_file_read(const char *file, const void *bytes, size_t size,
				     struct failure *failure);

// The same with settings behind the file's `own` bytes and a line end, one in each line: that they replace some of the
// file's is meant, and no warning is given. Of what is wrong in one, its number is said instead of a line.
struct config_file *config_file_read_with(const char *file, const void *bytes, size_t size, size_t own,
					  struct failure *failure);

// The configuration, which stays as long as this one, with `settings` that count instead of its own, each behind a line end.
// Errors as for a file.
struct config_file *config_change(const struct domain_config *config, const char *settings, struct failure *failure);

// Reads the specification of one device, as it stands in the list of `key` ("disk", "vif"); the configuration has
// this device and is fit for nothing else.
struct config_file *config_device_read(const char *key, const char *specification, struct failure *failure);

// NULL is allowed.
void config_file_free(struct config_file *file);

// Takes a piece of a text, NUL-terminated, valid during the call.
typedef void config_writer(const char *text, void *context);

// Writes the configuration as a file that config_file_read() reads to the same configuration, except that an
// image that is no file becomes a comment.
void config_print(const struct domain_config *config, config_writer *write, void *context);
