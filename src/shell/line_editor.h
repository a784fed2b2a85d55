// SPDX-License-Identifier: Apache-2.0
// A line of text edited on a terminal. Pure: bytes come in by line_editor_input(), the screen is written
// through a callback. What the keys change is a model (text and cursor); line_editor_refresh() then writes
// the difference between what the terminal shows and what it should show.
//
// Nothing is asked of the terminal but "\r", "\b" and "\n": the cursor moves right by writing what is there,
// and text is erased with spaces. So what a dumb terminal, a pipe or a log file gets is plain text. A line
// that doesn't fit is shown in part, between `<` and `>`, on one row of LINE_EDITOR_COLUMNS, so that it is
// right on any terminal at least that wide.
//
// The text is valid UTF-8 without control characters; whatever else is typed is dropped. Each code point
// counts as one column.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "shell/history.h"

#define LINE_EDITOR_COLUMNS 80 // the last one holds at most the cursor
#define LINE_EDITOR_SEQUENCE_MAX 8 // bytes of an escape sequence that is known, without the ESC

enum line_event {
	LINE_NONE,
	LINE_ENTERED, // the line is complete: in `text`, until line_editor_start()
	LINE_TOO_LONG, // it would be, but something typed did not fit
	LINE_TAB, // completion is wanted
};

struct line_editor {
	void (*output)(const char *text, size_t length);
	struct history history;

	char text[CONFIG_SHELL_LINE_MAX + 1]; // NUL-terminated
	size_t length, cursor; // bytes
	bool too_long; // something was dropped since the last deletion
	size_t history_back; // the line shown is the history's n-th last; 0: it is none
	char draft[CONFIG_SHELL_LINE_MAX + 1]; // what was being typed when the history was entered

	// Decoding.
	char sequence[LINE_EDITOR_SEQUENCE_MAX + 1];
	size_t sequence_length; // may exceed LINE_EDITOR_SEQUENCE_MAX: then it isn't kept
	bool in_sequence;
	char character[4]; // the beginning of a UTF-8 character
	size_t character_length, character_size;
	bool after_cr;

	// The screen.
	bool shown;
	const char *prompt; // plain text
	const char *prompt_before, *prompt_after; // escape sequences around it, of no width
	size_t left; // first character of `text` that is shown
	char row[LINE_EDITOR_COLUMNS * 4]; // what the terminal shows behind the prompt
	size_t row_length; // bytes
	size_t column; // of the terminal's cursor, in characters of `row`
	char pending[128]; // output not yet handed on
	size_t pending_length;
};

void line_editor_init(struct line_editor *editor, void (*output)(const char *text, size_t length));

// Begins an empty line: writes the prompt. The strings must stay; before and after may be "".
void line_editor_start(struct line_editor *editor, const char *before, const char *prompt, const char *after);

// One byte typed. LINE_ENTERED: the terminal's cursor is at the start of a new row, and the line is in the
// history. Changes show at line_editor_refresh().
enum line_event line_editor_input(struct line_editor *editor, char byte);
void line_editor_refresh(struct line_editor *editor);

// Puts `text` in place of the bytes [start, cursor).
void line_editor_replace(struct line_editor *editor, size_t start, const char *text);

// For output in between: hide leaves the cursor at the start of an empty row, show writes prompt and line
// again. Both do nothing when it is so already.
void line_editor_hide(struct line_editor *editor);
void line_editor_show(struct line_editor *editor);

// Leaves the line on the screen, with `mark` behind it where there is room, and goes to the next row; hidden
// afterwards. Does nothing where it is hidden.
void line_editor_leave(struct line_editor *editor, const char *mark);

// Somebody else has written to the terminal and left the cursor at the start of a row.
void line_editor_redraw(struct line_editor *editor);
