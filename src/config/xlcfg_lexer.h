// SPDX-License-Identifier: Apache-2.0
// xl.cfg(5) taken apart into words, numbers, strings and signs: the syntax of Xen's
// tools/libs/util/libxlu_cfg_l.l. Differences, all towards taking more: lines may end in CR LF, the file may
// begin with UTF-8's byte-order mark, its last line may be a comment without an end; the escapes \xHH and
// \NNN are what xl's manual of them means.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/arena.h"
#include "kernel/compiler.h"
#include "kernel/failure.h"

// Both count from 1; a column is a byte. Behind a file's own lines there may be what was typed behind its name, a setting
// in each line, counted from 1 again.
struct xlcfg_position {
	uint32_t line, column;
	bool typed;
};

// What a person calls a line there.
static inline const char *xlcfg_unit(struct xlcfg_position position)
{
	return position.typed ? "setting" : "line";
}

enum xlcfg_sign {
	XLCFG_END,
	XLCFG_NEWLINE, // a comment is part of it
	XLCFG_SEMICOLON,
	XLCFG_COMMA,
	XLCFG_OPEN,
	XLCFG_CLOSE,
	XLCFG_ASSIGN,
	XLCFG_APPEND,
	XLCFG_WORD,
	XLCFG_NUMBER,
	XLCFG_STRING,
};

struct xlcfg_token {
	enum xlcfg_sign sign;
	struct xlcfg_position position;
	const char *text; // of words, numbers and strings, the quotes and escapes resolved; in the arena
};

struct xlcfg_lexer {
	const char *file;               // its name, for messages
	const char *at, *end;           // what isn't read yet
	const char *own_end;            // of the file's own bytes
	struct xlcfg_position position; // of `at`
	enum xlcfg_sign last;           // that was read
	struct arena *arena;
	struct failure *failure;
};

// Reads `size` bytes at `bytes`, which stay until the last token is read. The first `own` are the file's; if there are more,
// a line end comes first.
void xlcfg_lexer_init(struct xlcfg_lexer *lexer, const char *file, const void *bytes, size_t size, size_t own,
		      struct arena *arena, struct failure *failure);

// The next token; XLCFG_END again and again at the end. 0, -EINVAL or -ENOMEM with the reason in the
// lexer's failure: nothing more can be read then.
int xlcfg_lexer_next(struct xlcfg_lexer *lexer, struct xlcfg_token *token);

// Writes "FILE:LINE:COLUMN: TEXT" or "setting N behind FILE: TEXT", with '?' for what could steer a terminal.
void xlcfg_message(char *buffer, size_t size, const char *file, struct xlcfg_position position,
		   const char *format, ...) PRINTF_LIKE(5, 6);

// Records such a message as the failure and returns `error`.
int xlcfg_fail(struct failure *failure, int error, const char *file, struct xlcfg_position position,
	       const char *format, ...) PRINTF_LIKE(5, 6);
