// SPDX-License-Identifier: Apache-2.0
// The editor's keys, and what they do to the text. The screen is line_screen.c's.
#include "shell/line_editor.h"

#include <ctype.h>
#include <string.h>

#include "kernel/compiler.h"
#include "shell/line_screen.h"

#define ESCAPE '\033'
#define BACKSPACE '\b'
#define DELETE '\177'
#define CONTROL(letter) ((letter) & 0x1f)

typedef void edit(struct line_editor *editor);

static bool is_continuation(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

static size_t previous_character(const struct line_editor *e, size_t at)
{
	while (at > 0 && is_continuation(e->text[--at]))
		;
	return at;
}

static size_t next_character(const struct line_editor *e, size_t at)
{
	while (at < e->length && is_continuation(e->text[++at]))
		;
	return at;
}

static bool is_word(char byte)
{
	return isalnum((unsigned char)byte) || byte == '_' || (unsigned char)byte >= 0x80;
}

// The beginning of the word before the cursor, and the end of the one behind it.
static size_t word_start(const struct line_editor *e)
{
	size_t at = e->cursor;

	while (at > 0 && !is_word(e->text[at - 1]))
		at--;
	while (at > 0 && is_word(e->text[at - 1]))
		at--;
	return at;
}

static size_t word_end(const struct line_editor *e)
{
	size_t at = e->cursor;

	while (at < e->length && !is_word(e->text[at]))
		at++;
	while (at < e->length && is_word(e->text[at]))
		at++;
	return at;
}

static void move_to_start(struct line_editor *e)
{
	e->cursor = 0;
}

static void move_to_end(struct line_editor *e)
{
	e->cursor = e->length;
}

static void move_left(struct line_editor *e)
{
	e->cursor = previous_character(e, e->cursor);
}

static void move_right(struct line_editor *e)
{
	e->cursor = next_character(e, e->cursor);
}

static void move_word_left(struct line_editor *e)
{
	e->cursor = word_start(e);
}

static void move_word_right(struct line_editor *e)
{
	e->cursor = word_end(e);
}

// Takes [start, end) out; the cursor goes there.
static void erase(struct line_editor *e, size_t start, size_t end)
{
	memmove(e->text + start, e->text + end, e->length - end + 1);
	e->length -= end - start;
	e->cursor = start;
	e->too_long = false;
}

static void erase_left(struct line_editor *e)
{
	erase(e, previous_character(e, e->cursor), e->cursor);
}

static void erase_right(struct line_editor *e)
{
	erase(e, e->cursor, next_character(e, e->cursor));
}

static void erase_to_start(struct line_editor *e)
{
	erase(e, 0, e->cursor);
}

static void erase_to_end(struct line_editor *e)
{
	erase(e, e->cursor, e->length);
}

static void erase_word_left(struct line_editor *e)
{
	erase(e, word_start(e), e->cursor);
}

static void erase_word_right(struct line_editor *e)
{
	erase(e, e->cursor, word_end(e));
}

// What blanks separate, as terminals do by themselves at Ctrl-W.
static void erase_argument_left(struct line_editor *e)
{
	size_t at = e->cursor;

	while (at > 0 && e->text[at - 1] == ' ')
		at--;
	while (at > 0 && e->text[at - 1] != ' ')
		at--;
	erase(e, at, e->cursor);
}

static void insert(struct line_editor *e, const char *bytes, size_t count)
{
	if (e->length + count > CONFIG_SHELL_LINE_MAX) {
		e->too_long = true;
		line_screen_bell(e);
		return;
	}
	memmove(e->text + e->cursor + count, e->text + e->cursor, e->length - e->cursor + 1);
	memcpy(e->text + e->cursor, bytes, count);
	e->length += count;
	e->cursor += count;
}

static void set_text(struct line_editor *e, const char *text)
{
	strcpy(e->text, text);
	e->length = strlen(text);
	e->cursor = e->length;
	e->too_long = false;
}

// Shows the history's line `back`, 0 being the draft.
static void recall(struct line_editor *e, size_t back)
{
	const char *line = back ? history_line(&e->history, back) : e->draft;

	if (!line)
		return;
	if (!e->history_back)
		strcpy(e->draft, e->text);
	set_text(e, line);
	e->history_back = back;
}

static void recall_older(struct line_editor *e)
{
	recall(e, e->history_back + 1);
}

static void recall_newer(struct line_editor *e)
{
	if (e->history_back)
		recall(e, e->history_back - 1);
}

static void clear(struct line_editor *e)
{
	set_text(e, "");
	e->history_back = 0;
}

static void interrupt(struct line_editor *e)
{
	line_editor_leave(e, "^C");
	clear(e);
	line_editor_show(e);
}

static void clear_screen(struct line_editor *e)
{
	line_screen_clear(e);
}

static const struct {
	char key;
	edit *edit;
} control_keys[] = {
	{ CONTROL('A'), move_to_start },  { CONTROL('B'), move_left },
	{ CONTROL('C'), interrupt },      { CONTROL('D'), erase_right },
	{ CONTROL('E'), move_to_end },    { CONTROL('F'), move_right },
	{ BACKSPACE, erase_left },        { DELETE, erase_left },
	{ CONTROL('K'), erase_to_end },   { CONTROL('L'), clear_screen },
	{ CONTROL('N'), recall_newer },   { CONTROL('P'), recall_older },
	{ CONTROL('U'), erase_to_start }, { CONTROL('W'), erase_argument_left },
};

// What terminals send behind the ESC (ECMA-48 and xterm's, rxvt's and the Linux console's own).
static const struct {
	const char *sequence;
	edit *edit;
} sequences[] = {
	{ "[A", recall_older },        { "[B", recall_newer },       { "[C", move_right },
	{ "[D", move_left },           { "[F", move_to_end },        { "[H", move_to_start },
	{ "OA", recall_older },        { "OB", recall_newer },       { "OC", move_right },
	{ "OD", move_left },           { "OF", move_to_end },        { "OH", move_to_start },
	{ "[1~", move_to_start },      { "[3~", erase_right },       { "[4~", move_to_end },
	{ "[7~", move_to_start },      { "[8~", move_to_end },       { "[1;3C", move_word_right },
	{ "[1;3D", move_word_left },   { "[1;5C", move_word_right }, { "[1;5D", move_word_left },
	{ "[3;5~", erase_word_right }, { "Oc", move_word_right },    { "Od", move_word_left },
	{ "b", move_word_left },       { "d", erase_word_right },    { "f", move_word_right },
	{ "\b", erase_word_left },     { "\177", erase_word_left },
};

static enum line_event enter(struct line_editor *e)
{
	line_editor_leave(e, "");
	if (e->too_long)
		return LINE_TOO_LONG;
	history_add(&e->history, e->text);
	return LINE_ENTERED;
}

static enum line_event control(struct line_editor *e, char byte)
{
	bool after_cr = e->after_cr;

	e->after_cr = byte == '\r';
	if (byte == '\n' && after_cr) // CR and LF together end one line
		return LINE_NONE;
	if (byte == '\r' || byte == '\n')
		return enter(e);
	if (byte == '\t')
		return LINE_TAB;
	if (byte == ESCAPE) {
		e->in_sequence = true;
		e->sequence_length = 0;
		return LINE_NONE;
	}
	for (size_t i = 0; i < ARRAY_SIZE(control_keys); i++)
		if (control_keys[i].key == byte)
			control_keys[i].edit(e);
	return LINE_NONE;
}

// Whether the sequence so far is complete: ESC [ parameters final, ESC O letter, ESC letter. The Linux
// console's function keys send ESC [ [ letter.
static bool sequence_is_complete(const struct line_editor *e, char byte)
{
	if (e->sequence[0] == '[')
		return e->sequence_length > 1 && byte >= '@' && !(e->sequence_length == 2 && byte == '[');
	return e->sequence[0] != 'O' || e->sequence_length == 2;
}

static void sequence_byte(struct line_editor *e, char byte)
{
	if (e->sequence_length < LINE_EDITOR_SEQUENCE_MAX)
		e->sequence[e->sequence_length] = byte;
	e->sequence_length++;
	if (!sequence_is_complete(e, byte))
		return;

	e->in_sequence = false;
	if (e->sequence_length > LINE_EDITOR_SEQUENCE_MAX)
		return;
	e->sequence[e->sequence_length] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(sequences); i++)
		if (!strcmp(sequences[i].sequence, e->sequence))
			sequences[i].edit(e);
}

// The number of bytes of the UTF-8 character that begins so; 0: none does.
static size_t character_size(unsigned char first)
{
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

// Unicode 15, table 3-7, less the control characters of U+0080..U+009F.
static bool second_is_valid(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xc2:
		return second >= 0xa0;
	case 0xe0:
		return second >= 0xa0;
	case 0xed:
		return second <= 0x9f;
	case 0xf0:
		return second >= 0x90;
	case 0xf4:
		return second <= 0x8f;
	default:
		return true;
	}
}

static void utf8_byte(struct line_editor *e, char byte)
{
	if (!is_continuation(byte)) {
		e->character_size = character_size((unsigned char)byte);
		e->character_length = 0;
	} else if (e->character_length == 1 &&
		   !second_is_valid((unsigned char)e->character[0], (unsigned char)byte)) {
		e->character_size = 0;
	}
	if (!e->character_size)
		return;
	e->character[e->character_length++] = byte;
	if (e->character_length == e->character_size) {
		insert(e, e->character, e->character_size);
		e->character_size = 0;
	}
}

enum line_event line_editor_input(struct line_editor *e, char byte)
{
	bool is_ascii = (unsigned char)byte < 0x80;
	bool is_control = (unsigned char)byte < ' ' || byte == DELETE;

	// A control character in the middle of a sequence means that its end got lost; ESC DEL and ESC BS are
	// keys.
	if (e->in_sequence && is_ascii &&
	    (!is_control || (!e->sequence_length && (byte == DELETE || byte == BACKSPACE)))) {
		sequence_byte(e, byte);
		return LINE_NONE;
	}
	e->in_sequence = false;
	if (is_ascii)
		e->character_size = 0;
	if (is_control)
		return control(e, byte);
	e->after_cr = false;
	if (is_ascii)
		insert(e, &byte, 1);
	else
		utf8_byte(e, byte);
	return LINE_NONE;
}

void line_editor_replace(struct line_editor *e, size_t start, const char *text)
{
	size_t length = strlen(text);

	if (e->length - (e->cursor - start) + length > CONFIG_SHELL_LINE_MAX) {
		line_screen_bell(e);
		return;
	}
	erase(e, start, e->cursor);
	insert(e, text, length);
}

void line_editor_init(struct line_editor *e, void (*output)(const char *text, size_t length))
{
	memset(e, 0, sizeof(*e));
	e->output = output;
}

void line_editor_start(struct line_editor *e, const char *before, const char *prompt, const char *after)
{
	e->prompt_before = before;
	e->prompt = prompt;
	e->prompt_after = after;
	clear(e);
	line_editor_show(e);
}
