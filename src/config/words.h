// SPDX-License-Identifier: Apache-2.0
// The words that stand for choices in xl.cfg(5): for the reader and for the printer.
#pragma once

#include <stddef.h>

struct config_word {
	const char *word; // NULL ends a table
	unsigned int value;
};

extern const struct config_word config_gic_words[], config_tee_words[], config_action_words[], config_console_log_words[],
	config_disk_format_words[], config_disk_backend_words[], config_disk_protocol_words[];

// Case doesn't count, as with xl. NULL: no such word.
const struct config_word *config_word_find(const struct config_word *words, const char *text);

// The word for a value of the table's type.
const char *config_word_of(const struct config_word *words, unsigned int value);

// "a, b or c" into `buffer`, cut where it is too small.
void config_word_list(const struct config_word *words, char *buffer, size_t size);
