// SPDX-License-Identifier: Apache-2.0
// The cursor over a configuration file: it never leaves its bytes, and each byte is looked at once.
#include "config/xlcfg_lexer.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "kernel/terminal.h"

#define END_OF_FILE     (-1)
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static void write_message(char *buffer, size_t size, const char *file, struct xlcfg_position position,
			  const char *format, va_list arguments)
{
	int length = position.typed ?
			     snprintf(buffer, size, "setting %u behind %.100s: ", position.line, file) :
			     snprintf(buffer, size, "%.100s:%u:%u: ", file, position.line, position.column);

	vsnprintf(buffer + length, size - (size_t)length, format, arguments);
	uint8_t last = 0;
	for (char *c = buffer; *c; c++) {
		uint8_t byte = (uint8_t)*c;

		if (terminal_is_control(last, byte))
			*c = '?';
		last = byte;
	}
}

void xlcfg_message(char *buffer, size_t size, const char *file, struct xlcfg_position position,
		   const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_message(buffer, size, file, position, format, arguments);
	va_end(arguments);
}

int xlcfg_fail(struct failure *failure, int error, const char *file, struct xlcfg_position position,
	       const char *format, ...)
{
	char text[FAILURE_TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	write_message(text, sizeof(text), file, position, format, arguments);
	va_end(arguments);
	return failure_set(failure, error, "%s", text);
}

void xlcfg_lexer_init(struct xlcfg_lexer *lexer, const char *file, const void *bytes, size_t size, size_t own,
		      struct arena *arena, struct failure *failure)
{
	size_t mark = strlen(BYTE_ORDER_MARK);

	*lexer = (struct xlcfg_lexer){
		.file = file,
		.at = bytes,
		.end = (const char *)bytes + size,
		.own_end = (const char *)bytes + own,
		.position = { 1, 1, false },
		.arena = arena,
		.failure = failure,
	};
	if (size >= mark && !memcmp(bytes, BYTE_ORDER_MARK, mark))
		lexer->at += mark;
}

// The next byte, or END_OF_FILE.
static int peek(const struct xlcfg_lexer *lexer)
{
	return lexer->at < lexer->end ? (unsigned char)*lexer->at : END_OF_FILE;
}

static int take(struct xlcfg_lexer *lexer)
{
	int c = peek(lexer);

	if (c == END_OF_FILE)
		return c;
	lexer->at++;
	lexer->position.column++;
	if (c == '\n') {
		bool typed = lexer->at > lexer->own_end;
		uint32_t line = typed == lexer->position.typed ? lexer->position.line + 1 : 1;

		lexer->position = (struct xlcfg_position){ line, 1, typed };
	}
	return c;
}

static int no_memory(const struct xlcfg_lexer *lexer)
{
	return xlcfg_fail(lexer->failure, -ENOMEM, lexer->file, lexer->position, "out of memory");
}

// ---- Words and numbers ----

static bool is_word(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
}

static bool is_number(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == 'x';
}

static int take_while(struct xlcfg_lexer *lexer, struct xlcfg_token *token, enum xlcfg_sign sign,
		      bool (*belongs)(int c))
{
	const char *start = lexer->at;

	while (belongs(peek(lexer)))
		take(lexer);
	token->sign = sign;
	token->text = arena_text(lexer->arena, start, (size_t)(lexer->at - start));
	return token->text ? 0 : no_memory(lexer);
}

// ---- Strings ----

static int digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = tolower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

// Up to `most` digits that follow. False where there are none.
static bool take_digits(struct xlcfg_lexer *lexer, int base, int most, int *value)
{
	int count = 0;

	for (*value = 0; count < most && digit(peek(lexer)) < base; count++)
		*value = *value * base + digit(take(lexer));
	return count > 0;
}

// What stands behind a backslash, as a byte; -EINVAL.
static int take_escape(struct xlcfg_lexer *lexer)
{
	static const char names[] = "abfnrtv\"'\\", meanings[] = "\a\b\f\n\r\t\v\"'\\";
	struct xlcfg_position start = lexer->position;
	int c = peek(lexer), value = 0;
	const char *name = c > 0 ? strchr(names, c) : NULL;
	bool known = true;

	if (name) {
		take(lexer);
		return (unsigned char)meanings[name - names];
	}
	if (c == 'x') {
		take(lexer);
		known = take_digits(lexer, 16, 2, &value);
	} else {
		known = take_digits(lexer, 8, 3, &value);
	}
	if (!known)
		return xlcfg_fail(
			lexer->failure, -EINVAL, lexer->file, start,
			"unknown escape: there are \\\\ \\\" \\' \\a \\b \\f \\n \\r \\t \\v \\xHH \\NNN");
	if (value == 0 || value > 255)
		return xlcfg_fail(lexer->failure, -EINVAL, lexer->file, start,
				  "an escape of byte %d: give 1 to 255", value);
	return value;
}

static bool ends_line(int c)
{
	return c == '\n' || c == END_OF_FILE;
}

// The string can't be longer than what is left of its line.
static size_t string_bound(const struct xlcfg_lexer *lexer)
{
	size_t left = (size_t)(lexer->end - lexer->at);
	const char *newline = memchr(lexer->at, '\n', left);

	return newline ? (size_t)(newline - lexer->at) : left;
}

static int string_end(const struct xlcfg_lexer *lexer, struct xlcfg_position start, int quote)
{
	return xlcfg_fail(lexer->failure, -EINVAL, lexer->file, start,
			  "the string isn't closed in its line: a %c is missing", quote);
}

// Where the closing quote is, so that the copy is no longer than the string; the end of the line without one.
static size_t string_length(const struct xlcfg_lexer *lexer, int quote)
{
	size_t bound = string_bound(lexer), length = 0;

	while (length < bound && lexer->at[length] != quote)
		length += lexer->at[length] == '\\' ? 2 : 1;
	return length < bound ? length : bound;
}

static int take_string(struct xlcfg_lexer *lexer, struct xlcfg_token *token)
{
	int quote = take(lexer);
	char *text = arena_alloc(lexer->arena, string_length(lexer, quote) + 1, 1);

	if (!text)
		return no_memory(lexer);
	token->sign = XLCFG_STRING;
	token->text = text;
	for (;;) {
		if (ends_line(peek(lexer)))
			return string_end(lexer, token->position, quote);
		if (peek(lexer) == '\0')
			return xlcfg_fail(lexer->failure, -EINVAL, lexer->file, lexer->position,
					  "a byte 0 in a string: this is not a text file");
		int c = take(lexer);
		if (c == quote)
			return 0;
		if (c == '\\') {
			if (ends_line(peek(lexer)))
				return string_end(lexer, token->position, quote);
			c = take_escape(lexer);
			if (c < 0)
				return c;
		}
		*text++ = (char)c;
	}
}

// ---- Everything else ----

static void skip_blanks(struct xlcfg_lexer *lexer)
{
	while (peek(lexer) == ' ' || peek(lexer) == '\t' || peek(lexer) == '\r')
		take(lexer);
	if (peek(lexer) == '#')
		while (!ends_line(peek(lexer)))
			take(lexer);
}

static int unexpected(struct xlcfg_lexer *lexer)
{
	int c = peek(lexer);

	if (c >= 'A' && c <= 'Z')
		return xlcfg_fail(lexer->failure, -EINVAL, lexer->file, lexer->position,
				  "'%c': keys are written in small letters, and strings in quotes", c);
	if (c > 0 && strchr("+-.():", c))
		return xlcfg_fail(lexer->failure, -EINVAL, lexer->file, lexer->position,
				  "'%c' has no place here: write KEY = VALUE, strings in quotes, no Python",
				  c);
	if (isgraph(c))
		return xlcfg_fail(lexer->failure, -EINVAL, lexer->file, lexer->position,
				  "'%c' has no place here: put strings in quotes", c);
	return xlcfg_fail(lexer->failure, -EINVAL, lexer->file, lexer->position,
			  "byte 0x%02x has no place here: is this a text file, with plain quotes?", (unsigned int)c);
}

static int take_sign(struct xlcfg_lexer *lexer, struct xlcfg_token *token)
{
	static const char signs[] = "\n;,[]=";
	static const enum xlcfg_sign meanings[] = { XLCFG_NEWLINE, XLCFG_SEMICOLON, XLCFG_COMMA,
						    XLCFG_OPEN,    XLCFG_CLOSE,     XLCFG_ASSIGN };
	int c = peek(lexer);
	const char *sign = c > 0 ? strchr(signs, c) : NULL;

	if (sign) {
		take(lexer);
		token->sign = meanings[sign - signs];
		return 0;
	}
	if (c == '+' && lexer->end - lexer->at > 1 && lexer->at[1] == '=') {
		take(lexer);
		take(lexer);
		token->sign = XLCFG_APPEND;
		return 0;
	}
	return unexpected(lexer);
}

// "512M" and "64 MB"; but "4 vcpus" lacks a ';'.
static bool is_unit(const struct xlcfg_lexer *lexer, int c, bool is_adjacent)
{
	return lexer->last == XLCFG_NUMBER && ((c >= 'A' && c <= 'Z') || (is_adjacent && c >= 'a' && c <= 'z'));
}

static int read_token(struct xlcfg_lexer *lexer, struct xlcfg_token *token)
{
	const char *end_of_last = lexer->at;

	skip_blanks(lexer);
	*token = (struct xlcfg_token){ .sign = XLCFG_END, .position = lexer->position };

	int c = peek(lexer);
	if (is_unit(lexer, c, lexer->at == end_of_last))
		return xlcfg_fail(lexer->failure, -EINVAL, lexer->file, lexer->position,
				  "'%c' behind a number: numbers have no units, memory is in MiB; hexadecimal digits are a to f",
				  c);
	if (c == END_OF_FILE)
		return 0;
	if (c >= 'a' && c <= 'z')
		return take_while(lexer, token, XLCFG_WORD, is_word);
	if (c >= '0' && c <= '9')
		return take_while(lexer, token, XLCFG_NUMBER, is_number);
	if (c == '"' || c == '\'')
		return take_string(lexer, token);
	return take_sign(lexer, token);
}

int xlcfg_lexer_next(struct xlcfg_lexer *lexer, struct xlcfg_token *token)
{
	int error = read_token(lexer, token);

	lexer->last = token->sign;
	return error;
}
