// SPDX-License-Identifier: Apache-2.0
// The tables of keys that xlcfg.c looks into.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/xlcfg_reader.h"

// A key, and where its value goes.
struct xlcfg_key {
	const char *name; // NULL ends the table
	int (*apply)(struct xlcfg_reader *reader, const struct xlcfg_key *key,
		     const struct xlcfg_value *value);
	size_t offset;  // in struct domain_config: of the field
	bool is_number; // from `least` to `most`
	int64_t least, most;
	const struct config_word *words; // that it can be
	// Of a list, each element is written to an array; NULL: it isn't one.
	int (*take_element)(struct xlcfg_reader *reader, const struct xlcfg_value *value, void *element);
	size_t element_size, count_offset;
	bool may_be_list; // or a single value
};

extern const struct xlcfg_key xlcfg_keys[];

// Names only, each ended by NULL.
extern const char *const xlcfg_meaningless_keys[]; // of xl, without a meaning on Arm64
extern const char *const xlcfg_unsupported_keys[]; // of xl, with a meaning that this version doesn't know
