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
	size_t offset, count_offset; // in struct domain_config: of the field, of the length of a list
	bool is_list, may_be_list, is_number;
	int64_t least, most; // of a number
	const struct config_word *words;
};

extern const struct xlcfg_key xlcfg_keys[];

// Names only, each ended by NULL.
extern const char *const xlcfg_meaningless_keys[]; // of xl, without a meaning on Arm64
extern const char *const xlcfg_unsupported_keys[]; // of xl, with a meaning that this version doesn't know
