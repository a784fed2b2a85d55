// SPDX-License-Identifier: Apache-2.0
// Completion: the words before the last one lead to a place in the tables, which says what the last one can
// be.
#include "shell/complete.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/compiler.h"
#include "shell/command.h"
#include "shell/line_editor.h"
#include "shell/words.h"

// Where the last word of a line stands.
struct place {
	const struct command *table; // sub-commands that it can name, or NULL
	const struct command *command; // whose argument or option it can be, or NULL
	int arguments; // that stand before it
	bool is_value; // of an option
	bool options_end; // behind "--"
};

// Filters candidates by the beginning of the word.
struct filter {
	const char *prefix;
	complete_offer *offer;
	void *context;
};

static void offer_matching(const char *candidate, void *context)
{
	const struct filter *filter = context;

	if (!strncmp(candidate, filter->prefix, strlen(filter->prefix)))
		filter->offer(candidate, filter->context);
}

static void offer_table(const struct command *table, struct filter *filter)
{
	for (; table && table->name; table++)
		offer_matching(table->name, filter);
}

// The names by which it goes, one by one.
static void offer_option(const struct command_option *option, struct filter *filter)
{
	const char *separator = strchr(option->name, ',');
	char name[COMMAND_PATH_MAX];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(option->name, ","), option->name);
	offer_matching(name, filter);
	if (separator)
		offer_matching(separator + strlen(", "), filter);
}

static void offer_options(const struct command *command, struct filter *filter)
{
	for (const struct command_option *option = command->options; option && option->name; option++)
		offer_option(option, filter);
	offer_matching("--help", filter);
}

// Follows the words as command_run_line() does.
static struct place find_place(const struct command *table, char *const *words, int count)
{
	struct place place = { .table = table };

	for (int i = 0; i < count; i++) {
		const struct command *next = command_find(place.table, words[i]);

		if (place.is_value) {
			place.is_value = false;
		} else if (next) {
			place.command = next;
			// `help` takes the names of commands as its arguments: of those that it stands among.
			if (next->completion == COMPLETE_LINE)
				place.table = table;
			else if (next->completion != COMPLETE_COMMAND)
				place.table = next->subcommands;
		} else if (!strcmp(words[i], "--")) {
			place.options_end = true;
		} else if (place.command && !place.options_end && words[i][0] == '-' && words[i][1]) {
			place.is_value = command_option_takes_next(place.command, words[i]);
		} else {
			place.arguments++;
			place.table = NULL;
		}
	}
	return place;
}

static void offer_place(const struct place *place, struct filter *filter)
{
	const struct command *command = place->command;

	if (place->is_value)
		return;
	if (command && !place->options_end && filter->prefix[0] == '-') {
		offer_options(command, filter);
		return;
	}
	offer_table(place->table, filter);
	if (!command || place->arguments >= command->max_arguments)
		return;
	enum completion kind = place->arguments ? command->rest : command->completion;
	for (const char *const *word = command->words; kind != COMPLETE_DOMAIN && word && *word; word++)
		offer_matching(*word, filter);
	candidates_each(kind, filter->prefix, offer_matching, filter);
}

// Splits the line so that the last word, which may be empty, is the one to complete. NULL: there are too many
// words.
static const char *last_word(struct words *words, const char *line, size_t length)
{
	if (words_split(words, line, length, NULL) == -E2BIG)
		return NULL;
	// Other errors don't matter: a word being typed may well have an open quote.
	return words->last_start == length ? "" : words->word[--words->count];
}

void complete_each(const struct command *table, const char *line, size_t length, complete_offer *offer,
		   void *context)
{
	struct words words;
	struct filter filter = { .prefix = last_word(&words, line, length),
				 .offer = offer,
				 .context = context };

	if (!filter.prefix)
		return;
	struct place place = find_place(table, words.word, words.count);
	offer_place(&place, &filter);
}

struct common {
	char text[COMPLETE_TEXT_MAX / 2]; // so that it fits when each character is escaped
	size_t count;
};

static void shorten_common(const char *candidate, void *context)
{
	struct common *common = context;
	size_t at = 0;

	if (common->count++ == 0) {
		at = strnlen(candidate, sizeof(common->text) - 1);
		memcpy(common->text, candidate, at);
	} else {
		while (candidate[at] && candidate[at] == common->text[at])
			at++;
	}
	// No half of a UTF-8 character, as of two that begin with the same byte.
	while (at && ((unsigned char)candidate[at] & 0xc0) == 0x80)
		at--;
	common->text[at] = '\0';
}

// Escapes with backslashes, whatever quotes the word had: it is written anew.
static size_t escape(char *out, const char *text)
{
	size_t length = 0;

	for (; *text; text++) {
		if (words_is_special(*text))
			out[length++] = '\\';
		out[length++] = *text;
	}
	out[length] = '\0';
	return length;
}

void complete_line(const struct command *table, const char *line, size_t length,
		   struct completion_result *result)
{
	struct words words;
	const char *prefix = last_word(&words, line, length);
	struct common common = { .count = 0 };

	*result = (struct completion_result){ .start = words.last_start };
	complete_each(table, line, length, shorten_common, &common);
	result->count = common.count;
	if (!common.count)
		return;
	size_t end = escape(result->text, common.text);
	result->longer = common.count == 1 || strlen(common.text) > strlen(prefix);
	if (common.count == 1 && result->text[end - 1] != '/')
		memcpy(result->text + end, " ", 2);
}

struct columns {
	size_t widest;
	size_t column; // where the next candidate begins
	size_t end; // of what the row holds
};

static void measure(const char *candidate, void *context)
{
	struct columns *columns = context;

	columns->widest = MAX(columns->widest, strlen(candidate));
}

static void print_candidate(const char *candidate, void *context)
{
	struct columns *columns = context;

	if (columns->end && columns->column + columns->widest >= LINE_EDITOR_COLUMNS) {
		shell_print("\n");
		columns->column = columns->end = 0;
	}
	shell_print("%*s%s", (int)(columns->column - columns->end), "", candidate);
	columns->end = columns->column + strlen(candidate);
	columns->column += columns->widest + 2;
}

void complete_print(const struct command *table, const char *line, size_t length)
{
	struct columns columns = { 0 };

	complete_each(table, line, length, measure, &columns);
	complete_each(table, line, length, print_candidate, &columns);
	if (columns.end)
		shell_print("\n");
}
