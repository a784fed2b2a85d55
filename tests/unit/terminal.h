// SPDX-License-Identifier: Apache-2.0
// A terminal of 80 columns for the tests of the line editor: shows one row, the one with the cursor, and
// keeps those above it. It understands no more than the editor may write; everything else fails the test.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TERMINAL_COLUMNS 80

struct terminal {
	uint32_t row[TERMINAL_COLUMNS]; // code points
	unsigned int column;
	unsigned int rows_above, bells, clears;
	char above[8][TERMINAL_COLUMNS * 4 + 1]; // the last rows above, [0] the nearest, without blanks at the end
	char escape[8]; // a sequence that isn't complete
	size_t escape_length;
	uint32_t point; // of a UTF-8 character that isn't complete
	unsigned int missing; // bytes of it
};

static inline void terminal_fail(const char *why, unsigned int value)
{
	fprintf(stderr, "terminal: %s (0x%x)\n", why, value);
	abort();
}

static inline void terminal_clear_row(struct terminal *t)
{
	for (unsigned int i = 0; i < TERMINAL_COLUMNS; i++)
		t->row[i] = ' ';
}

static inline void terminal_init(struct terminal *t)
{
	memset(t, 0, sizeof(*t));
	terminal_clear_row(t);
}

static inline size_t terminal_encode(uint32_t point, char *out)
{
	if (point < 0x80) {
		out[0] = (char)point;
		return 1;
	}
	size_t size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	for (size_t i = size - 1; i > 0; i--, point >>= 6)
		out[i] = (char)(0x80 | (point & 0x3f));
	out[0] = (char)((0xf00 >> size & 0xff) | point);
	return size;
}

// The row with the cursor as UTF-8, without the blanks at its end.
static inline void terminal_row(const struct terminal *t, char out[TERMINAL_COLUMNS * 4 + 1])
{
	unsigned int end = TERMINAL_COLUMNS;
	size_t length = 0;

	while (end > 0 && t->row[end - 1] == ' ')
		end--;
	for (unsigned int i = 0; i < end; i++)
		length += terminal_encode(t->row[i], out + length);
	out[length] = '\0';
}

static inline void terminal_new_row(struct terminal *t)
{
	memmove(t->above[1], t->above[0], sizeof(t->above) - sizeof(t->above[0]));
	terminal_row(t, t->above[0]);
	t->rows_above++;
	terminal_clear_row(t);
	t->column = 0;
}

static inline void terminal_character(struct terminal *t, uint32_t point)
{
	// The last column is never written: what terminals do with the cursor behind it differs.
	if (t->column >= TERMINAL_COLUMNS - 1)
		terminal_fail("a character in the last column", point);
	t->row[t->column++] = point;
}

static inline void terminal_escape(struct terminal *t, char byte)
{
	t->escape[t->escape_length++] = byte;
	if (t->escape_length == sizeof(t->escape))
		terminal_fail("a long escape sequence", (unsigned char)byte);
	if (t->escape_length < 3 || byte < '@')
		return;
	if (!strncmp(t->escape, "\033[2J", t->escape_length)) {
		terminal_clear_row(t);
		t->clears++;
	} else if (!strncmp(t->escape, "\033[H", t->escape_length)) {
		t->column = 0;
	} else if (byte != 'm') {
		terminal_fail("an escape sequence", (unsigned char)byte);
	}
	t->escape_length = 0;
}

static inline void terminal_byte(struct terminal *t, unsigned char byte)
{
	if (t->escape_length) {
		terminal_escape(t, (char)byte);
	} else if (t->missing) {
		if ((byte & 0xc0) != 0x80)
			terminal_fail("a cut character", byte);
		t->point = t->point << 6 | (byte & 0x3f);
		if (!--t->missing)
			terminal_character(t, t->point);
	} else if (byte == 033) {
		terminal_escape(t, (char)byte);
	} else if (byte == '\r') {
		t->column = 0;
	} else if (byte == '\n') {
		terminal_new_row(t);
	} else if (byte == '\a') {
		t->bells++;
	} else if (byte == '\b') {
		if (!t->column--)
			terminal_fail("a step left of the row", byte);
	} else if (byte < ' ' || byte == 0x7f || (byte >= 0x80 && byte < 0xc2) || byte > 0xf4) {
		terminal_fail("a byte that no terminal should get", byte);
	} else if (byte < 0x80) {
		terminal_character(t, byte);
	} else {
		t->missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
		t->point = byte & (0x3fu >> t->missing);
	}
}

static inline void terminal_write(struct terminal *t, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		terminal_byte(t, (unsigned char)bytes[i]);
}
