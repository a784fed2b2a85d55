// SPDX-License-Identifier: Apache-2.0
// What is followed is what shells and line editors send: text, "\b", "\r", and of escape sequences those that
// erase to the end or move within the row. Colours aren't kept; a program that moves about the whole screen has no
// row to show again.
#include "shell/row.h"

#include <string.h>

#include "kernel/compiler.h"
#include "kernel/log.h"
#include "kernel/task.h"

#define ESCAPE '\033'
#define BELL   '\a'

// A row of the widest terminals; of a longer one its end is kept.
#define TEXT_MAX 256

static struct {
	char text[TEXT_MAX];
	size_t length, cursor; // bytes
	bool begun; // something was written since the last '\n'

	// Of a sequence that isn't complete (ECMA-48): ESC, then CSI's parameters, or a string up to BEL or ESC.
	enum { TEXT, AFTER_ESCAPE, PARAMETERS, STRING } state;
	unsigned int parameter;
} row;

static bool continues_character(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

static void forget_text(void)
{
	row.length = row.cursor = 0;
}

static void move_left(size_t characters)
{
	for (; characters && row.cursor; characters--)
		while (--row.cursor && continues_character(row.text[row.cursor]))
			;
}

static void move_right(size_t characters)
{
	for (; characters && row.cursor < row.length; characters--)
		while (++row.cursor < row.length && continues_character(row.text[row.cursor]))
			;
}

static void put(char byte)
{
	if (row.cursor == TEXT_MAX) {
		memmove(row.text, row.text + TEXT_MAX / 2, TEXT_MAX / 2);
		row.length = row.cursor = TEXT_MAX / 2;
	}
	row.text[row.cursor++] = byte;
	row.length = MAX(row.length, row.cursor);
	row.begun = true;
}

static void end_sequence(unsigned char final)
{
	size_t count = MAX(row.parameter, 1u);

	row.state = TEXT;
	if (final == 'C')
		move_right(count);
	else if (final == 'D')
		move_left(count);
	else if ((final == 'J' || final == 'K') && !row.parameter)
		row.length = row.cursor;
	else if (strchr("ABGHJKdf", final))
		forget_text();
}

static void follow_sequence(unsigned char byte)
{
	switch (row.state) {
	case AFTER_ESCAPE:
		row.parameter = 0;
		if (byte == '[')
			row.state = PARAMETERS;
		else if (byte == ']' || byte == 'P')
			row.state = STRING;
		else if (byte < ' ' || byte > '/') // those are followed by one more
			row.state = TEXT;
		break;
	case PARAMETERS:
		if (byte >= '0' && byte <= '9')
			row.parameter = MIN(row.parameter * 10 + (unsigned int)(byte - '0'), TEXT_MAX);
		else if (byte >= '@')
			end_sequence(byte);
		break;
	default:
		if (byte == BELL)
			row.state = TEXT;
	}
}

static void follow(unsigned char byte)
{
	if (byte == '\n') {
		forget_text();
		row.begun = false;
		row.state = TEXT;
	} else if (byte == ESCAPE) {
		row.state = AFTER_ESCAPE;
	} else if (row.state != TEXT) {
		follow_sequence(byte);
	} else if (byte == '\r') {
		row.cursor = 0;
	} else if (byte == '\b') {
		move_left(1);
	} else if (byte >= ' ' || byte == '\t') {
		put((char)byte);
	}
}

// Of a text with several rows only the last one counts.
static const char *last_row(const char *bytes, size_t length)
{
	const char *end = bytes + length;

	while (end > bytes && end[-1] != '\n')
		end--;
	return end > bytes ? end - 1 : bytes;
}

void row_write(const char *bytes, size_t length)
{
	unsigned long state = irq_save(); // an interrupt handler may log

	for (const char *byte = last_row(bytes, length); byte < bytes + length; byte++)
		follow((unsigned char)*byte);
	kernel_console_write(bytes, length);
	irq_restore(state);
}

void row_end(void)
{
	if (row.begun)
		row_write("\n", 1);
}

void row_interrupt(const char *line, size_t length)
{
	char back[TEXT_MAX];
	size_t columns = 0;

	if (row.begun)
		kernel_console_write("\n", 1);
	kernel_console_write(line, length);
	if (!row.begun)
		return;
	kernel_console_write(row.text, row.length);
	for (size_t i = row.cursor; i < row.length; i++)
		if (!continues_character(row.text[i]))
			back[columns++] = '\b';
	kernel_console_write(back, columns);
}
