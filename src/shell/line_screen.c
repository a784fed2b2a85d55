// SPDX-License-Identifier: Apache-2.0
// What the line editor writes to the terminal: the difference between the row that it shows and the row that
// it should show.
//
// Example: the row shows "xu lst" with the cursor behind the "l"; "i" is typed. Wanted is "xu list" with the
// cursor behind the "i". Both begin with "xu l", where the cursor is: "ist" is written, then "\b\b". A
// character typed at the end is written as it is, and Backspace there is "\b \b".
#include "shell/line_screen.h"

#include <string.h>

#include "kernel/compiler.h"

#define CLEAR_TERMINAL "\033[H\033[2J"

static bool begins_character(char byte)
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}

static size_t count_characters(const char *text, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += begins_character(text[i]);
	return count;
}

// The offset of character `index`, or `length`.
static size_t find_character(const char *text, size_t length, size_t index)
{
	size_t at = 0;

	while (at < length && (!begins_character(text[at]) || index-- > 0))
		at++;
	return at;
}

static void flush(struct line_editor *e)
{
	if (e->pending_length)
		e->output(e->pending, e->pending_length);
	e->pending_length = 0;
}

static void put(struct line_editor *e, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (e->pending_length == sizeof(e->pending))
			flush(e);
		e->pending[e->pending_length++] = text[i];
	}
}

static void put_string(struct line_editor *e, const char *text)
{
	put(e, text, strlen(text));
}

static void put_times(struct line_editor *e, char byte, size_t count)
{
	while (count-- > 0)
		put(e, &byte, 1);
}

static size_t prompt_columns(const struct line_editor *e)
{
	return count_characters(e->prompt, strlen(e->prompt));
}

// Moves the terminal's cursor within the row that is shown.
static void move_to(struct line_editor *e, size_t column)
{
	if (column < e->column)
		put_times(e, '\b', e->column - column);
	size_t from = find_character(e->row, e->row_length, e->column);
	size_t to = find_character(e->row, e->row_length, column);
	if (from < to)
		put(e, e->row + from, to - from);
	e->column = column;
}

// Chooses the part of the text that is shown so that the cursor is inside and no `<` or `>` lies on it: stays
// as it is where that will do, else the cursor comes to the middle.
static void scroll(struct line_editor *e, size_t total, size_t cursor, size_t width)
{
	bool fits = total <= width;
	bool inside = cursor >= e->left + (e->left > 0) && cursor <= e->left + width - 2;

	if (fits)
		e->left = 0;
	else if (!inside)
		e->left = cursor > width / 2 ? cursor - width / 2 : 0;
}

// The row as it should be; returns its length in bytes.
static size_t compose(const struct line_editor *e, char *row, size_t total, size_t width)
{
	size_t start = find_character(e->text, e->length, e->left);
	size_t end = find_character(e->text, e->length, e->left + width);
	size_t length = 0;

	if (e->left > 0) {
		row[length++] = '<';
		start = find_character(e->text, e->length, e->left + 1);
	}
	bool more = e->left + width < total;
	if (more)
		end = find_character(e->text, e->length, e->left + width - 1);
	memcpy(row + length, e->text + start, end - start);
	length += end - start;
	if (more)
		row[length++] = '>';
	return length;
}

// The first byte of the first character in which the two rows differ.
static size_t common_length(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t shorter = MIN(a_length, b_length), at = 0;

	while (at < shorter && a[at] == b[at])
		at++;
	while (at > 0 &&
	       ((at < a_length && !begins_character(a[at])) || (at < b_length && !begins_character(b[at]))))
		at--;
	return at;
}

static void update(struct line_editor *e)
{
	size_t width = LINE_EDITOR_COLUMNS - 1 - prompt_columns(e);
	size_t total = count_characters(e->text, e->length);
	size_t cursor = count_characters(e->text, e->cursor);
	char wanted[sizeof(e->row)];

	scroll(e, total, cursor, width);
	size_t length = compose(e, wanted, total, width);
	size_t same = common_length(e->row, e->row_length, wanted, length);
	if (same < length || same < e->row_length) {
		size_t old_columns = count_characters(e->row, e->row_length);
		move_to(e, count_characters(wanted, same));
		put(e, wanted + same, length - same);
		e->column = count_characters(wanted, length);
		if (old_columns > e->column) {
			put_times(e, ' ', old_columns - e->column);
			put_times(e, '\b', old_columns - e->column);
		}
		memcpy(e->row, wanted, length);
		e->row_length = length;
	}
	move_to(e, cursor - e->left);
}

void line_editor_refresh(struct line_editor *e)
{
	if (e->shown)
		update(e);
	flush(e);
}

void line_editor_show(struct line_editor *e)
{
	if (e->shown)
		return;
	e->shown = true;
	e->row_length = 0;
	e->column = 0;
	put_string(e, e->prompt_before);
	put_string(e, e->prompt);
	put_string(e, e->prompt_after);
	line_editor_refresh(e);
}

void line_editor_hide(struct line_editor *e)
{
	if (!e->shown)
		return;
	put_string(e, "\r");
	put_times(e, ' ', prompt_columns(e) + count_characters(e->row, e->row_length));
	put_string(e, "\r");
	flush(e);
	e->shown = false;
}

void line_editor_redraw(struct line_editor *e)
{
	if (!e->shown)
		return;
	e->shown = false;
	put_string(e, "\r");
	line_editor_show(e);
}

void line_editor_leave(struct line_editor *e, const char *mark)
{
	if (!e->shown)
		return;
	update(e);
	size_t end = count_characters(e->row, e->row_length);
	move_to(e, end);
	if (prompt_columns(e) + end + strlen(mark) < LINE_EDITOR_COLUMNS)
		put_string(e, mark);
	put_string(e, "\n");
	flush(e);
	e->shown = false;
}

void line_screen_clear(struct line_editor *e)
{
	put_string(e, CLEAR_TERMINAL);
	e->shown = false;
	line_editor_show(e);
}

void line_screen_bell(struct line_editor *e)
{
	put_string(e, "\a");
}
