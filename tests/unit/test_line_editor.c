// SPDX-License-Identifier: Apache-2.0
// The line editor on a small terminal: what each key does, and that after any keys the terminal shows what a
// simple model of the line says.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/compiler.h"
#include "shell/line_editor.h"
#include "unit/terminal.h"

#define PROMPT "uart:~$ "
#define PROMPT_COLUMNS 8u
#define WIDTH (TERMINAL_COLUMNS - 1 - PROMPT_COLUMNS)

#define LEFT "\033[D"
#define RIGHT "\033[C"
#define UP "\033[A"
#define DOWN "\033[B"
#define HOME "\033[H"
#define END "\033[F"
#define DELETE "\033[3~"

static struct terminal terminal;
static struct line_editor editor;

static void output(const char *text, size_t length)
{
	terminal_write(&terminal, text, length);
}

static int setup(void **state)
{
	(void)state;
	terminal_init(&terminal);
	line_editor_init(&editor, output);
	line_editor_start(&editor, "", PROMPT, "");
	return 0;
}

// Types, and returns the last event that wasn't LINE_NONE. A line that was entered is followed by the next
// prompt.
static enum line_event type(const char *keys)
{
	enum line_event last = LINE_NONE;

	for (; *keys; keys++) {
		enum line_event event = line_editor_input(&editor, *keys);
		if (event != LINE_NONE)
			last = event;
		if ((event == LINE_ENTERED || event == LINE_TOO_LONG) && keys[1])
			line_editor_start(&editor, "", PROMPT, "");
	}
	line_editor_refresh(&editor);
	return last;
}

static void next_line(void)
{
	line_editor_start(&editor, "", PROMPT, "");
}

#define assert_shows(text_, column_)                                                                         \
	do {                                                                                                 \
		char row_[TERMINAL_COLUMNS * 4 + 1];                                                         \
		terminal_row(&terminal, row_);                                                               \
		assert_string_equal(row_, text_);                                                            \
		assert_int_equal(terminal.column, column_);                                                  \
	} while (0)

#define assert_text(expected) assert_string_equal(editor.text, expected)

static void test_typing(void **state)
{
	(void)state;
	assert_shows("uart:~$", 8);
	type("xu lst");
	assert_shows("uart:~$ xu lst", 14);
	type(LEFT LEFT "i");
	assert_shows("uart:~$ xu list", 13);
	assert_int_equal(type("\r"), LINE_ENTERED);
	assert_text("xu list");
	assert_string_equal(terminal.above[0], "uart:~$ xu list");
	assert_int_equal(terminal.column, 0);
}

static char written[64];

static void keep_output(const char *text, size_t length)
{
	strncat(written, text, length);
}

// What a pipe sees: nothing but the text itself, and "\b \b".
static void test_plain_output(void **state)
{
	(void)state;
	line_editor_init(&editor, keep_output);
	written[0] = '\0';
	line_editor_start(&editor, "", PROMPT, "");
	type("xu lx\177ist\r");
	assert_string_equal(written, PROMPT "xu list\n");

	written[0] = '\0';
	line_editor_start(&editor, "", PROMPT, "");
	type("ab");
	type("\177");
	type("c\r");
	assert_string_equal(written, PROMPT "ab\b \bc\n");
}

static void test_moves(void **state)
{
	(void)state;
	type("one two_2 three");
	type("\033b");
	assert_int_equal(editor.cursor, 10);
	type("\033[1;5D");
	assert_int_equal(editor.cursor, 4);
	type("\033f");
	assert_int_equal(editor.cursor, 9);
	type("\001");
	assert_int_equal(editor.cursor, 0);
	type("\002");
	assert_int_equal(editor.cursor, 0);
	type("\005");
	assert_int_equal(editor.cursor, 15);
	type("\006");
	assert_int_equal(editor.cursor, 15);
	type(HOME RIGHT "\033[1;5C");
	assert_int_equal(editor.cursor, 3);
	type("\033[4~");
	assert_int_equal(editor.cursor, 15);
	type("\033[1~\033OC\033OC\033OD");
	assert_int_equal(editor.cursor, 1);
	assert_shows("uart:~$ one two_2 three", 9);
}

static void test_deletions(void **state)
{
	(void)state;
	type("one two/three four");
	type("\027");
	assert_text("one two/three ");
	type("\027");
	assert_text("one ");
	type("two/three\033\177");
	assert_text("one two/");
	type(HOME "\033d");
	assert_text(" two/");
	type(DELETE "\004");
	assert_text("wo/");
	type(RIGHT "\025");
	assert_text("o/");
	type(RIGHT "\013");
	assert_text("o");
	type("\004" DELETE);
	assert_text("o");
	type("\b\b");
	assert_text("");
	type("\004\177\013\025\027");
	assert_shows("uart:~$", 8);
}

static void test_history(void **state)
{
	(void)state;
	type("first\rsecond\rsecond\r\r");
	next_line();
	assert_int_equal(editor.history.count, 2);
	type("draft" UP);
	assert_shows("uart:~$ second", 14);
	type(UP UP UP);
	assert_shows("uart:~$ first", 13);
	type("\016");
	assert_shows("uart:~$ second", 14);
	type(DOWN DOWN);
	assert_shows("uart:~$ draft", 13);
	type("\020x\r");
	assert_text("secondx");
	assert_string_equal(history_line(&editor.history, 1), "secondx");
	assert_string_equal(history_line(&editor.history, 2), "second");
	next_line();
	type("new" UP UP UP "\003");
	next_line();
	type(UP);
	assert_text("secondx");
}

static void test_history_is_bounded(void **state)
{
	char line[24];

	(void)state;
	for (int i = 0; i < CONFIG_SHELL_HISTORY_LINES + 5; i++) {
		snprintf(line, sizeof(line), "line%d\r", i);
		type(line);
		next_line();
	}
	for (int i = 0; i < CONFIG_SHELL_HISTORY_LINES + 10; i++)
		type(UP);
	assert_text("line5");
}

static unsigned int count_lines(const char *keys)
{
	unsigned int lines = 0;

	for (; *keys; keys++) {
		if (line_editor_input(&editor, *keys) != LINE_ENTERED)
			continue;
		lines++;
		next_line();
	}
	return lines;
}

static void test_line_ends(void **state)
{
	(void)state;
	assert_int_equal(count_lines("a\rb\r"), 2);
	assert_int_equal(count_lines("a\nb\n"), 2);
	assert_int_equal(count_lines("a\r\nb\r\n"), 2);
	assert_int_equal(count_lines("\r\r\n\n"), 3);
	assert_int_equal(count_lines("a\rx\n"), 2);
}

static void test_interrupt(void **state)
{
	(void)state;
	type("xu destroy 1" LEFT LEFT "\003");
	assert_string_equal(terminal.above[0], "uart:~$ xu destroy 1^C");
	assert_shows("uart:~$", 8);
	assert_text("");
	assert_int_equal(type("\r"), LINE_ENTERED);
	assert_text("");
}

static void test_clear_screen(void **state)
{
	(void)state;
	type("abc" LEFT "\014");
	assert_int_equal(terminal.clears, 1);
	assert_shows("uart:~$ abc", 10);
}

static void test_cut_sequences(void **state)
{
	(void)state;
	assert_int_equal(type("abc\033\r"), LINE_ENTERED);
	assert_text("abc");
	next_line();
	assert_int_equal(type("abc\033[1;\r"), LINE_ENTERED);
	assert_text("abc");
	next_line();
	type("ab\033\033[Dc");
	assert_text("acb");
	type("\033[[A\033[200~\033[?1;2c\033[1;2;3;4;5;6;7;8;9m\033OP\033x");
	assert_text("acb");
	type("\033[\303\244");
	assert_text("ac\303\244b");
}

static void test_utf8(void **state)
{
	(void)state;
	type("gr\303\274n \342\202\254 \360\237\220\222");
	assert_shows("uart:~$ gr\303\274n \342\202\254 \360\237\220\222", 16);
	type("\177\177" LEFT LEFT LEFT "\177");
	assert_text("grn \342\202\254");
	assert_shows("uart:~$ grn \342\202\254", 10);
	type(END "\177\003");
	// Not UTF-8, cut, overlong, a surrogate, beyond Unicode, a control character of C1, a lone
	// continuation.
	type("a\377b\303c\300\257d\355\240\200e\364\220\200\200f\302\233g\200h\340\200\200i");
	assert_text("abcdefghi");
}

static void fill(size_t count)
{
	for (size_t i = 0; i < count; i++)
		line_editor_input(&editor, (char)('a' + i % 26));
	line_editor_refresh(&editor);
}

static void test_too_long(void **state)
{
	(void)state;
	fill(CONFIG_SHELL_LINE_MAX);
	assert_int_equal(terminal.bells, 0);
	fill(1);
	assert_int_equal(terminal.bells, 1);
	assert_int_equal(editor.length, CONFIG_SHELL_LINE_MAX);
	assert_int_equal(type("\r"), LINE_TOO_LONG);
	assert_int_equal(editor.history.count, 0);

	next_line();
	fill(CONFIG_SHELL_LINE_MAX + 1);
	type("\177");
	assert_int_equal(type("\r"), LINE_ENTERED);

	next_line();
	fill(CONFIG_SHELL_LINE_MAX - 1);
	type("\303\274");
	assert_int_equal(editor.length, CONFIG_SHELL_LINE_MAX - 1);
}

static void test_scrolling(void **state)
{
	(void)state;
	fill(WIDTH);
	assert_int_equal(terminal.column, TERMINAL_COLUMNS - 1);
	fill(1);
	assert_int_equal(terminal.row[PROMPT_COLUMNS], '<');
	type(HOME);
	assert_int_equal(terminal.row[PROMPT_COLUMNS], 'a');
	assert_int_equal(terminal.row[TERMINAL_COLUMNS - 2], '>');
	assert_int_equal(terminal.column, PROMPT_COLUMNS);
	type("\013");
	assert_shows("uart:~$", 8);
}

static void test_replace(void **state)
{
	(void)state;
	type("xu cre virt" LEFT LEFT LEFT LEFT LEFT);
	line_editor_replace(&editor, 3, "create ");
	line_editor_refresh(&editor);
	assert_shows("uart:~$ xu create  virt", 18);
	type("\003");
	fill(CONFIG_SHELL_LINE_MAX);
	line_editor_replace(&editor, CONFIG_SHELL_LINE_MAX, "x");
	assert_int_equal(editor.length, CONFIG_SHELL_LINE_MAX);
}

static void test_output_in_between(void **state)
{
	(void)state;
	type("xu list" LEFT LEFT);
	line_editor_hide(&editor);
	line_editor_hide(&editor);
	assert_shows("", 0);
	output("I: a message\n", 13);
	line_editor_show(&editor);
	line_editor_show(&editor);
	assert_string_equal(terminal.above[0], "I: a message");
	assert_shows("uart:~$ xu list", 13);

	output("(XEN) a message\n", 16);
	line_editor_redraw(&editor);
	assert_string_equal(terminal.above[0], "uart:~$ xu li(XEN) a message");
	assert_shows("uart:~$ xu list", 13);
}

static void test_colors(void **state)
{
	(void)state;
	type("\r");
	line_editor_start(&editor, "\033[1;32m", PROMPT, "\033[0m");
	type("abc");
	assert_shows("uart:~$ abc", 11);
	line_editor_hide(&editor);
	assert_shows("", 0);
}

// --- random keys against a model -----------------------------------------------------------------------

struct model {
	uint32_t text[CONFIG_SHELL_LINE_MAX];
	size_t length, cursor;
};

static size_t model_bytes(const struct model *m)
{
	char ignored[4];
	size_t bytes = 0;

	for (size_t i = 0; i < m->length; i++)
		bytes += terminal_encode(m->text[i], ignored);
	return bytes;
}

static void model_insert(struct model *m, uint32_t point)
{
	char ignored[4];

	if (model_bytes(m) + terminal_encode(point, ignored) > CONFIG_SHELL_LINE_MAX)
		return;
	memmove(&m->text[m->cursor + 1], &m->text[m->cursor], (m->length - m->cursor) * sizeof(m->text[0]));
	m->text[m->cursor++] = point;
	m->length++;
}

static void model_erase(struct model *m, size_t start, size_t end)
{
	memmove(&m->text[start], &m->text[end], (m->length - end) * sizeof(m->text[0]));
	m->length -= end - start;
	m->cursor = start;
}

static void model_left(struct model *m)
{
	m->cursor -= m->cursor > 0;
}

static void model_right(struct model *m)
{
	m->cursor += m->cursor < m->length;
}

static void model_home(struct model *m)
{
	m->cursor = 0;
}

static void model_end(struct model *m)
{
	m->cursor = m->length;
}

static void model_backspace(struct model *m)
{
	if (m->cursor)
		model_erase(m, m->cursor - 1, m->cursor);
}

static void model_delete(struct model *m)
{
	if (m->cursor < m->length)
		model_erase(m, m->cursor, m->cursor + 1);
}

static void model_erase_to_start(struct model *m)
{
	model_erase(m, 0, m->cursor);
}

static void model_erase_to_end(struct model *m)
{
	model_erase(m, m->cursor, m->length);
}

static void model_nothing(struct model *m)
{
	(void)m;
}

static const struct {
	const char *keys;
	void (*act)(struct model *model);
	unsigned int weight;
} random_keys[] = {
	{ LEFT, model_left, 20 },          { RIGHT, model_right, 10 },
	{ HOME, model_home, 2 },           { END, model_end, 2 },
	{ "\001", model_home, 1 },         { "\177", model_backspace, 10 },
	{ DELETE, model_delete, 6 },       { "\025", model_erase_to_start, 1 },
	{ "\013", model_erase_to_end, 1 }, { "\033[99~", model_nothing, 1 },
	{ "\200", model_nothing, 1 },
};

static void assert_screen_is(const struct model *m)
{
	char row[TERMINAL_COLUMNS * 4 + 1];

	terminal_row(&terminal, row);
	assert_memory_equal(row, PROMPT, PROMPT_COLUMNS - 1);
	assert_true(terminal.column >= PROMPT_COLUMNS && terminal.column < TERMINAL_COLUMNS);
	// The first character shown, from where the cursor stands.
	size_t left = m->cursor - (terminal.column - PROMPT_COLUMNS);
	if (m->length <= WIDTH)
		assert_int_equal(left, 0);
	for (unsigned int i = 0; i < WIDTH; i++) {
		uint32_t expected = left + i < m->length ? m->text[left + i] : ' ';
		if (i == 0 && left > 0)
			expected = '<';
		if (i == WIDTH - 1 && left + WIDTH < m->length)
			expected = '>';
		assert_int_equal(terminal.row[PROMPT_COLUMNS + i], expected);
	}
	if (m->cursor < m->length) // the cursor is on its character, not on a marker
		assert_int_equal(terminal.row[terminal.column], m->text[m->cursor]);
}

static void random_key(struct model *model)
{
	static const uint32_t points[] = { 'a', 'Z', '0', ' ', '-', 0xe4, 0x20ac, 0x1f412 };
	unsigned int total = 60;
	char keys[8] = "";

	for (size_t i = 0; i < ARRAY_SIZE(random_keys); i++)
		total += random_keys[i].weight;
	unsigned int choice = (unsigned int)rand() % total;
	for (size_t i = 0; i < ARRAY_SIZE(random_keys); i++) {
		if (choice < random_keys[i].weight) {
			type(random_keys[i].keys);
			random_keys[i].act(model);
			return;
		}
		choice -= random_keys[i].weight;
	}
	uint32_t point = points[(unsigned int)rand() % ARRAY_SIZE(points)];
	terminal_encode(point, keys);
	type(keys);
	model_insert(model, point);
}

static void test_random_edits(void **state)
{
	struct model model = { .length = 0 };

	srand(2);
	for (int i = 0; i < 50000; i++) {
		if (i % 2000 == 0) {
			setup(state);
			model = (struct model){ .length = 0 };
		}
		random_key(&model);
		assert_screen_is(&model);
	}
}

// Any bytes: the terminal gets nothing that it doesn't understand, and the line stays a valid string.
static void test_random_bytes(void **state)
{
	srand(3);
	for (int i = 0; i < 300000; i++) {
		if (i % 1000 == 0)
			setup(state);
		char byte = (char)(rand() % 4 ? rand() % 256 : "\033[O;1~ABCD\r\n"[rand() % 13]);
		enum line_event event = line_editor_input(&editor, byte);
		if (event == LINE_ENTERED || event == LINE_TOO_LONG)
			next_line();
		if (i % 7 == 0)
			line_editor_refresh(&editor);
		assert_true(editor.length <= CONFIG_SHELL_LINE_MAX && editor.cursor <= editor.length);
		assert_int_equal(strlen(editor.text), editor.length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_typing, setup),
		cmocka_unit_test_setup(test_plain_output, setup),
		cmocka_unit_test_setup(test_moves, setup),
		cmocka_unit_test_setup(test_deletions, setup),
		cmocka_unit_test_setup(test_history, setup),
		cmocka_unit_test_setup(test_history_is_bounded, setup),
		cmocka_unit_test_setup(test_line_ends, setup),
		cmocka_unit_test_setup(test_interrupt, setup),
		cmocka_unit_test_setup(test_clear_screen, setup),
		cmocka_unit_test_setup(test_cut_sequences, setup),
		cmocka_unit_test_setup(test_utf8, setup),
		cmocka_unit_test_setup(test_too_long, setup),
		cmocka_unit_test_setup(test_scrolling, setup),
		cmocka_unit_test_setup(test_replace, setup),
		cmocka_unit_test_setup(test_output_in_between, setup),
		cmocka_unit_test_setup(test_colors, setup),
		cmocka_unit_test_setup(test_random_edits, setup),
		cmocka_unit_test_setup(test_random_bytes, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
