// SPDX-License-Identifier: Apache-2.0
// The assignments of a configuration file: the grammar of Xen's tools/libs/util/libxlu_cfg_y.y, without a
// meaning of any key yet. What is read depends on nothing but the bytes; time and memory are bounded by them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/arena.h"
#include "config/xlcfg_lexer.h"
#include "kernel/failure.h"

#define XLCFG_FILE_MAX   ((size_t)64 << 10) // bytes
#define XLCFG_VALUES_MAX 4096               // in a file, elements of lists included
#define XLCFG_DEPTH_MAX  8                  // lists within lists

struct xlcfg_value {
	struct xlcfg_value *next; // in a list
	struct xlcfg_position position;
	bool is_list;
	const char *text;                 // of a string or a number, which differ in nothing but the quotes
	struct xlcfg_value *first, *last; // of a list
	uint32_t count;
};

// The last assignment to a key, with what `+=` added to it.
struct xlcfg_setting {
	struct xlcfg_setting *next; // in the order of the file
	const char *key;
	struct xlcfg_position position; // of the key
	struct xlcfg_position replaced; // of an earlier assignment that doesn't count; line 0: there is none
	bool appended;
	struct xlcfg_value *value;
};

// Reads a whole file, of `own` bytes, and what was typed behind it (xlcfg_lexer.h). The settings are in the arena, and stay
// when the bytes go; *settings is NULL where there are none. 0, or -EINVAL, -E2BIG, -ENOMEM with the place and reason in
// `failure`. Yields in large files.
int xlcfg_parse(const char *file, const void *bytes, size_t size, size_t own, struct arena *arena,
		struct xlcfg_setting **settings, struct failure *failure);
