// SPDX-License-Identifier: Apache-2.0
// From settings to a configuration: what the files of the reader share.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/words.h"
#include "config/xlcfg.h"
#include "config/xlcfg_parser.h"

#define XLCFG_WARNINGS_MAX 32 // of a file; one with more is hardly meant for this program

struct xlcfg_reader {
	const char *name;                           // of the file, for messages
	struct config_file *file;                   // that is being made
	const struct config_warning **last_warning; // where the next one goes
	unsigned int warnings;
	const struct xlcfg_setting *settings;
	struct failure *failure;
};

// Records what is wrong at a place and returns -EINVAL.
int xlcfg_refuse(struct xlcfg_reader *reader, struct xlcfg_position position, const char *format, ...)
	PRINTF_LIKE(3, 4);

// Adds a warning; the last that is taken says that there are more. 0 or -ENOMEM.
int xlcfg_warn(struct xlcfg_reader *reader, struct xlcfg_position position, const char *format, ...)
	PRINTF_LIKE(3, 4);

// Cleared memory of the file's. NULL with the reason when there is none.
void *xlcfg_alloc(struct xlcfg_reader *reader, size_t count, size_t size);
char *xlcfg_text(struct xlcfg_reader *reader, const char *text, size_t length);

// A whole number from `least` to `most`: decimal, 0x... or, with a 0 in front, octal.
int xlcfg_number(struct xlcfg_reader *reader, const struct xlcfg_value *value, const char *what,
		 int64_t least, int64_t most, int64_t *number);

// Digits of `base` at the beginning of *text, which is moved behind them. False where there are none, or the
// number has more than 64 bits. "0x" may stand in front of base 16.
bool xlcfg_digits(const char **text, unsigned int base, uint64_t *number);

// The word's meaning.
int xlcfg_word(struct xlcfg_reader *reader, struct xlcfg_position position, const char *what,
	       const struct config_word *words, const char *text, unsigned int *meaning);

// A set of CPUs: "all", "0-3,5,^1", "nodes:0".
int xlcfg_cpus(struct xlcfg_reader *reader, const struct xlcfg_value *value, const char *what,
	       struct cpu_set *cpus);

// The specifications of devices: xl-network-configuration(5), xl-disk-configuration(5).
int xlcfg_vif(struct xlcfg_reader *reader, const struct xlcfg_value *value, struct config_vif *vif);
int xlcfg_disk(struct xlcfg_reader *reader, const struct xlcfg_value *value, struct config_disk *disk);
