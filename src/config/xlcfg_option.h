// SPDX-License-Identifier: Apache-2.0
// The specification of a device: options in one text, with commas between them. A position within the text
// isn't told, since its escapes have been resolved; messages quote the option.
#pragma once

#include "config/xlcfg_reader.h"

#define XLCFG_OPTION_MAX 256 // bytes of NAME=VALUE, with the NUL

// One option while it is read.
struct xlcfg_option {
	struct xlcfg_reader *reader;
	struct xlcfg_position position;
	void *device;
	const char *value;
	size_t offset; // of the field in the device
};

struct xlcfg_option_kind {
	const char *name; // with the '=' where it has a value
	int (*take)(const struct xlcfg_option *option);
	size_t offset;
};

// The part of a specification up to its comma, copied without the blanks in front; *text is moved behind the
// comma. 0 or -EINVAL.
int xlcfg_option_next(struct xlcfg_reader *reader, struct xlcfg_position position, const char **text,
		      char part[XLCFG_OPTION_MAX]);

// The kind that a part is of; its value is what follows the name. NULL: none.
const struct xlcfg_option_kind *xlcfg_option_find(const struct xlcfg_option_kind *kinds, size_t count,
						  const char *part, const char **value);

// For tables: the field is a text, or a flag to set or clear.
const char **xlcfg_option_field(const struct xlcfg_option *option);
int xlcfg_option_text(const struct xlcfg_option *option);
int xlcfg_option_set(const struct xlcfg_option *option);
int xlcfg_option_clear(const struct xlcfg_option *option);
