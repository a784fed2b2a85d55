// SPDX-License-Identifier: Apache-2.0
// The shell's task: reads a line with the editor, runs it, and keeps the line whole when the log or Xen
// writes to the terminal in between.
#include "shell/shell.h"

#include <errno.h>
#include <string.h>

#include "kernel/devicetree.h"
#include "kernel/log.h"
#include "kernel/task.h"
#include "shell/command.h"
#include "shell/commands.h"
#include "shell/complete.h"
#include "shell/line_editor.h"
#include "shell/output.h"
#include "shell/row.h"
#include "xen/console_io.h"

#define PROMPT "uart:~$ "
#define COLORS_ARGUMENT "colors"

static struct line_editor editor;

// True while the editor works: a line of the log that comes just then, from an interrupt handler, must leave
// it alone.
static volatile bool editing;
static volatile bool written_over;

static uint64_t ready_time; // of the first prompt

const struct history *shell_history(void)
{
	return &editor.history;
}

uint64_t shell_ready_time(void)
{
	return ready_time;
}

static void print_log_line(const char *line, size_t length)
{
	if (editing) {
		kernel_console_write("\n", 1);
		kernel_console_write(line, length);
		written_over = true;
		return;
	}
	bool shown = editor.shown;
	line_editor_hide(&editor);
	shell_status_clear();
	row_interrupt(line, length);
	if (shown)
		line_editor_show(&editor);
}

int shell_sleep(uint64_t nanoseconds)
{
	uint64_t end = time_now() + nanoseconds;

	while (time_now() < end) {
		if (console_io_interrupted())
			return -EINTR;
		task_sleep(MIN(end - time_now(), MILLISECONDS(100)));
	}
	return 0;
}

static void refresh(void)
{
	line_editor_refresh(&editor);
	editing = false;
	if (written_over) {
		written_over = false;
		line_editor_redraw(&editor);
	}
}

static void complete(void)
{
	struct completion_result result;

	complete_line(shell_commands, editor.text, editor.cursor, &result);
	if (result.longer) {
		line_editor_replace(&editor, result.start, result.text);
	} else if (result.count > 1) {
		line_editor_leave(&editor, "");
		complete_print(shell_commands, editor.text, editor.cursor);
		line_editor_show(&editor);
	}
}

// Takes what was typed, byte by byte: what is behind the line's end stays for the command. The event that
// ended it.
static enum line_event take_typed(void)
{
	enum line_event event = LINE_NONE;
	char byte;

	editing = true;
	while (event != LINE_ENTERED && event != LINE_TOO_LONG && console_io_read(&byte, 1)) {
		event = line_editor_input(&editor, byte);
		if (event == LINE_TAB)
			complete();
	}
	refresh();
	return event;
}

static enum line_event read_line(void)
{
	// What Xen has printed up to now is above the prompt.
	while (console_io_wait(0) == -EINTR)
		;
	row_end();
	line_editor_start(&editor, shell_prompt_color(), PROMPT, shell_no_color());
	if (!ready_time)
		ready_time = time_now();
	for (;;) {
		enum line_event event = take_typed();
		if (event == LINE_ENTERED || event == LINE_TOO_LONG)
			return event;
		if (console_io_wait(TIME_NEVER) == -EINTR)
			line_editor_redraw(&editor);
	}
}

static bool bootargs_have(const char *word)
{
	size_t length = strlen(word);

	for (const char *at = devicetree_bootargs(); *at; at += strcspn(at, " "), at += strspn(at, " "))
		if (strcspn(at, " ") == length && !strncmp(at, word, length))
			return true;
	return false;
}

void shell_run(void)
{
	line_editor_init(&editor, kernel_console_write);
	shell_set_colors(bootargs_have(COLORS_ARGUMENT));
	log_set_printer(print_log_line);
	for (;;) {
		if (read_line() == LINE_ENTERED)
			command_run_line(shell_commands, editor.text);
		else
			shell_error("The line is longer than %d bytes and was not run",
				    CONFIG_SHELL_LINE_MAX);
	}
}
