// SPDX-License-Identifier: Apache-2.0
// What can stand at the end of a line, by the tables of shell.h. Pure but for the names of domains and
// configurations, which candidates.c asks for.
#pragma once

#include "shell/shell.h"

typedef void complete_offer(const char *candidate, void *context);

// Offers each candidate that begins with the last word of the line's first `length` bytes (at most
// CONFIG_SHELL_LINE_MAX).
void complete_each(const struct command *table, const char *line, size_t length, complete_offer *offer,
		   void *context);

#define COMPLETE_TEXT_MAX (2 * CONFIG_SHELL_LINE_MAX + 2)

struct completion_result {
	size_t start; // where in the line the last word begins: `text` goes in place of what is there
	size_t count; // candidates
	char text[COMPLETE_TEXT_MAX]; // their common beginning, escaped; of a single one all, and a blank
	bool longer; // it is more than was typed
};

void complete_line(const struct command *table, const char *line, size_t length,
		   struct completion_result *result);

// Prints the candidates in columns.
void complete_print(const struct command *table, const char *line, size_t length);

// The names that exist now, for COMPLETE_CONFIG, _DOMAIN, _STORE and _FILE: candidates.c. At least those that
// begin with `prefix`. One that ends in '/' can go on behind it.
void candidates_each(enum completion kind, const char *prefix, complete_offer *offer, void *context);
