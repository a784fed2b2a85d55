// SPDX-License-Identifier: Apache-2.0
// JSON (RFC 8259) to the console.
#include "shell/json.h"

#include <inttypes.h>
#include <stdio.h>

#include "shell/shell.h"

// Bytes of a string that are printed at once: each piece is a hypercall.
#define PIECE_SIZE 128u

static void new_line(const struct json *json)
{
	shell_print("\n%*s", (int)json->depth * 4, "");
}

// Up to where the value stands.
static void begin(struct json *json, const char *key)
{
	if (json->has_items)
		shell_print(",");
	if (json->depth)
		new_line(json);
	if (key)
		shell_print("\"%s\": ", key);
	json->has_items = true;
}

void json_open(struct json *json, const char *key, char bracket)
{
	begin(json, key);
	shell_print("%c", bracket);
	json->depth++;
	json->has_items = false;
}

void json_close(struct json *json, char bracket)
{
	json->depth--;
	if (json->has_items)
		new_line(json);
	shell_print("%c%s", bracket, json->depth ? "" : "\n");
	json->has_items = true;
}

// The character at *text, which moves behind it; a byte that isn't UTF-8 counts as Latin-1.
static uint32_t next_character(const char **text)
{
	const unsigned char *at = (const unsigned char *)*text;
	unsigned int more = *at < 0xc2 || *at > 0xf4 ? 0 : *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : 3;
	uint32_t value = more ? *at & (0x3fu >> more) : *at;

	for (unsigned int i = 1; i <= more; i++) {
		if ((at[i] & 0xc0) != 0x80) {
			++*text;
			return *at;
		}
		value = value << 6 | (at[i] & 0x3fu);
	}
	*text += more + 1;
	return value;
}

// What is no printable ASCII is escaped: it could steer the terminal.
void json_text(struct json *json, const char *key, const char *text)
{
	char piece[PIECE_SIZE];
	size_t length = 0;

	if (!text)
		return;
	begin(json, key);
	shell_print("\"");
	while (*text) {
		uint32_t c = next_character(&text);

		if (c == '"' || c == '\\')
			piece[length++] = '\\';
		if (c >= ' ' && c < 0x7f)
			piece[length++] = (char)c;
		else if (c < 0x10000) // beyond, a pair of surrogates
			length += (size_t)snprintf(piece + length, sizeof(piece) - length, "\\u%04" PRIx32, c);
		else
			length += (size_t)snprintf(piece + length, sizeof(piece) - length, "\\u%04" PRIx32 "\\u%04" PRIx32,
						   0xd7c0 + (c >> 10), 0xdc00 | (c & 0x3ff));
		if (length < sizeof(piece) - sizeof("\\\\uXXXX\\uXXXX"))
			continue;
		shell_print("%.*s", (int)length, piece);
		length = 0;
	}
	shell_print("%.*s\"", (int)length, piece);
}

void json_number(struct json *json, const char *key, uint64_t number)
{
	begin(json, key);
	shell_print("%" PRIu64, number);
}

void json_bool(struct json *json, const char *key, bool value)
{
	begin(json, key);
	shell_print(value ? "true" : "false");
}

void json_null(struct json *json, const char *key)
{
	begin(json, key);
	shell_print("null");
}
