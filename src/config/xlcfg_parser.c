// SPDX-License-Identifier: Apache-2.0
// KEY = VALUE, KEY += VALUE; a list within a list is a place on a small stack, not a call.
#include "config/xlcfg_parser.h"

#include <errno.h>
#include <string.h>

#include "kernel/task.h"

struct parser {
	struct xlcfg_lexer lexer;
	struct xlcfg_token token; // the current one
	struct xlcfg_setting *first, *last;
	unsigned int values;
};

#define FAIL(parser, position, ...)                                                                          \
	xlcfg_fail((parser)->lexer.failure, -EINVAL, (parser)->lexer.file, position, __VA_ARGS__)

static int no_memory(const struct parser *parser)
{
	return xlcfg_fail(parser->lexer.failure, -ENOMEM, parser->lexer.file, parser->token.position,
			  "out of memory");
}

static int advance(struct parser *parser)
{
	return xlcfg_lexer_next(&parser->lexer, &parser->token);
}

static int advance_over_newlines(struct parser *parser)
{
	int error;

	do
		error = advance(parser);
	while (!error && parser->token.sign == XLCFG_NEWLINE);
	return error;
}

// ---- Values ----

// Lists that are open, the outermost first.
struct nest {
	struct xlcfg_value *lists[XLCFG_DEPTH_MAX];
	unsigned int depth;
	struct xlcfg_value *outermost; // value, list or not
};

static int add_value(struct parser *parser, struct nest *nest)
{
	const struct xlcfg_token *token = &parser->token;
	struct xlcfg_value *value = arena_alloc(parser->lexer.arena, 1, sizeof(*value));

	if (!value)
		return no_memory(parser);
	if (++parser->values > XLCFG_VALUES_MAX)
		return xlcfg_fail(parser->lexer.failure, -E2BIG, parser->lexer.file, token->position,
				  "more than %d values in a file", XLCFG_VALUES_MAX);
	value->position = token->position;
	value->text = token->text;
	value->is_list = token->sign == XLCFG_OPEN;

	if (nest->depth) {
		struct xlcfg_value *list = nest->lists[nest->depth - 1];

		if (list->last)
			list->last->next = value;
		else
			list->first = value;
		list->last = value;
		list->count++;
	} else {
		nest->outermost = value;
	}
	if (!value->is_list)
		return 0;
	if (nest->depth == XLCFG_DEPTH_MAX)
		return FAIL(parser, token->position, "lists within lists are taken %d deep at most",
			    XLCFG_DEPTH_MAX);
	nest->lists[nest->depth++] = value;
	return 0;
}

static int no_value(const struct parser *parser, const struct nest *nest)
{
	const struct xlcfg_token *token = &parser->token;

	if (token->sign == XLCFG_WORD)
		return FAIL(parser, token->position, "'%.40s' stands where a value belongs: put it in quotes",
			    token->text);
	if (nest->depth && token->sign == XLCFG_END)
		return FAIL(parser, nest->lists[nest->depth - 1]->position,
			    "the list isn't closed: a ] is missing");
	return FAIL(parser, token->position, "a value is missing here: a number, a \"string\" or a [ list ]");
}

static int no_separator(const struct parser *parser, const struct nest *nest)
{
	if (parser->token.sign == XLCFG_END)
		return FAIL(parser, nest->lists[nest->depth - 1]->position,
			    "the list isn't closed: a ] is missing");
	return FAIL(parser, parser->token.position, "a comma or a ] is missing before this");
}

static int parse_value(struct parser *parser, struct xlcfg_value **value)
{
	struct nest nest = { .depth = 0 };
	bool value_is_next = true;

	do {
		int error = nest.depth ? advance_over_newlines(parser) : advance(parser);
		enum xlcfg_sign sign = parser->token.sign;

		if (error)
			return error;
		if (sign == XLCFG_CLOSE && nest.depth) {
			nest.depth--;
			value_is_next = false;
		} else if (!value_is_next && sign != XLCFG_COMMA) {
			return no_separator(parser, &nest);
		} else if (!value_is_next) {
			value_is_next = true;
		} else if (sign == XLCFG_STRING || sign == XLCFG_NUMBER || sign == XLCFG_OPEN) {
			error = add_value(parser, &nest);
			if (error)
				return error;
			value_is_next = sign == XLCFG_OPEN;
		} else {
			return no_value(parser, &nest);
		}
	} while (nest.depth);
	*value = nest.outermost;
	return 0;
}

// ---- Settings ----

static struct xlcfg_setting *find(const struct parser *parser, const char *key)
{
	for (struct xlcfg_setting *setting = parser->first; setting; setting = setting->next)
		if (!strcmp(setting->key, key))
			return setting;
	return NULL;
}

static void append(struct xlcfg_value *to, struct xlcfg_value *value)
{
	// Pieces of a text hang together like the elements of a list until join() makes one of them.
	struct xlcfg_value *first = value->is_list ? value->first : value;
	struct xlcfg_value *last = value->is_list ? value->last : value;

	if (!first)
		return;
	if (to->last)
		to->last->next = first;
	else
		to->first = first;
	to->last = last;
	to->count += value->is_list ? value->count : 1;
}

static int store(struct parser *parser, const struct xlcfg_token *key, bool appended,
		 struct xlcfg_value *value)
{
	struct xlcfg_setting *setting = find(parser, key->text);

	if (setting && appended) {
		if (setting->value->is_list != value->is_list)
			return FAIL(parser, value->position, "+= wants %s, as what '%.40s' has from %s %u",
				    value->is_list ? "a single value" : "a list", key->text,
				    xlcfg_unit(setting->position), setting->position.line);
		setting->appended = true;
		append(setting->value, value);
		return 0;
	}
	if (setting) {
		setting->replaced = setting->position;
	} else {
		setting = arena_alloc(parser->lexer.arena, 1, sizeof(*setting));
		if (!setting)
			return no_memory(parser);
		if (parser->last)
			parser->last->next = setting;
		else
			parser->first = setting;
		parser->last = setting;
	}
	setting->key = key->text;
	setting->position = key->position;
	setting->appended = appended;
	setting->value = value;
	return 0;
}

// One text of a text and all that was added to it, done once, so that many small pieces cost no more than
// their sum.
static int join(struct parser *parser, struct xlcfg_value *value)
{
	size_t length = strlen(value->text);

	for (const struct xlcfg_value *piece = value->first; piece; piece = piece->next)
		length += strlen(piece->text);
	char *text = arena_alloc(parser->lexer.arena, length + 1, 1), *end = text;
	if (!text)
		return no_memory(parser);
	end = stpcpy(end, value->text);
	for (const struct xlcfg_value *piece = value->first; piece; piece = piece->next)
		end = stpcpy(end, piece->text);
	value->text = text;
	return 0;
}

static int join_all(struct parser *parser)
{
	int error = 0;

	for (struct xlcfg_setting *setting = parser->first; setting && !error; setting = setting->next)
		if (!setting->value->is_list && setting->value->first)
			error = join(parser, setting->value);
	return error;
}

static int parse_setting(struct parser *parser)
{
	struct xlcfg_token key = parser->token;
	struct xlcfg_value *value = NULL;
	int error = advance(parser);

	if (error)
		return error;
	if (parser->token.sign != XLCFG_ASSIGN && parser->token.sign != XLCFG_APPEND)
		return FAIL(parser, parser->token.position, "'=' is missing behind '%.40s'", key.text);
	bool appended = parser->token.sign == XLCFG_APPEND;

	error = parse_value(parser, &value);
	if (error || (error = store(parser, &key, appended, value)) || (error = advance(parser)))
		return error;
	switch (parser->token.sign) {
	case XLCFG_END:
	case XLCFG_NEWLINE:
	case XLCFG_SEMICOLON:
		return 0;
	default:
		return FAIL(parser, parser->token.position,
			    "the value ends before this: a new line or ';' is missing");
	}
}

int xlcfg_parse(const char *file, const void *bytes, size_t size, size_t own, struct arena *arena,
		struct xlcfg_setting **settings, struct failure *failure)
{
	struct parser parser = { .values = 0 };

	if (size > XLCFG_FILE_MAX)
		return xlcfg_fail(failure, -E2BIG, file, (struct xlcfg_position){ 1, 1, false },
				  "the file has %zu bytes, more than %zu: is it a configuration?", size,
				  XLCFG_FILE_MAX);
	xlcfg_lexer_init(&parser.lexer, file, bytes, size, own, arena, failure);
	for (;;) {
		int error = advance(&parser);

		if (!error && parser.token.sign == XLCFG_END)
			break;
		if (!error && parser.token.sign == XLCFG_WORD)
			error = parse_setting(&parser);
		else if (!error && parser.token.sign != XLCFG_NEWLINE && parser.token.sign != XLCFG_SEMICOLON)
			error = FAIL(&parser, parser.token.position,
				     "a key is missing here: a line is KEY = VALUE");
		if (error)
			return error;
		if (task_should_yield())
			task_yield();
	}
	*settings = parser.first;
	return join_all(&parser);
}
