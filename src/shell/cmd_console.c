// SPDX-License-Identifier: Apache-2.0
// xu console: the terminal joined to a domain's console until Ctrl-] or the domain's end. A restart is no end.
//
// Both ways bytes go as they are: a guest's shell needs its escape sequences. What they leave behind in the
// terminal is put right when the person comes back.
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "console/console.h"
#include "domain/departed.h"
#include "domain/domain.h"
#include "kernel/task.h"
#include "shell/commands.h"
#include "shell/domains.h"
#include "shell/row.h"
#include "xen/console_io.h"

#define CTRL(key) ((char)((key) & 0x1f))
#define DETACH    CTRL(']')
#define ESCAPE 0x1b
#define SHIFT_OUT 0x0e

// A slow serial line takes 6 ms for so much; then the other tasks and what is typed have their turn.
#define OUTPUT_PIECE 64

// ST ends a string that is still open; then letters (SI), attributes, cursor, cursor keys and pasting are as
// they were.
#define TERMINAL_RESET "\033\\\017\033[0m\033[?25h\033[?1l\033[?2004l"

struct session {
	struct console *console;
	char input[1024]; // typed, and not yet taken by the guest
	size_t input_length;
	uint64_t dropped; // bytes typed beyond that
	bool changed_terminal; // the guest sent something that may last
	char detach; // byte that ends it
};

// Takes what was typed. True at the key that detaches; what follows it stays for the shell.
static bool take_typed(struct session *s)
{
	char byte;

	while (console_io_read(&byte, 1)) {
		if (byte == s->detach)
			return true;
		if (s->input_length < sizeof(s->input))
			s->input[s->input_length++] = byte;
		else
			s->dropped++;
	}
	return false;
}

static void give_input(struct session *s)
{
	size_t count = console_write(s->console, s->input, s->input_length);

	s->input_length -= count;
	memmove(s->input, s->input + count, s->input_length);
}

// Shows a piece of output. False when there is none.
static bool show_output(struct session *s)
{
	char piece[OUTPUT_PIECE];
	uint64_t lost = console_take_lost(s->console);

	if (lost) {
		row_end();
		shell_print("Domain console overrun detected. %" PRIu64 " bytes was lost\n", lost);
	}
	size_t count = console_read(s->console, piece, sizeof(piece));
	if (!count)
		return false;
	row_write(piece, count);
	s->changed_terminal |= memchr(piece, ESCAPE, count) || memchr(piece, SHIFT_OUT, count);
	return true;
}

// What waits at the beginning is shown before the first key counts; what comes meanwhile is not waited for.
static void show_backlog(struct session *s)
{
	for (size_t shown = 0; shown < CONFIG_CONSOLE_BACKLOG_SIZE && show_output(s); shown += OUTPUT_PIECE)
		task_yield();
}

// Joins both until it ends; says why it did.
static const char *join(struct session *s)
{
	struct console_statistics statistics;

	for (;;) {
		if (take_typed(s))
			return NULL;
		give_input(s);
		if (show_output(s)) {
			task_yield();
			continue;
		}
		console_statistics(s->console, &statistics);
		if (console_is_closed(s->console))
			return "The domain has ended";
		if (statistics.broken)
			return "The domain broke its console's ring";
		console_io_wait(TIME_NEVER); // whatever ends it: everything is looked at again
	}
}

static void leave(const struct session *s, const char *reason)
{
	if (s->changed_terminal)
		shell_print(TERMINAL_RESET);
	row_end();
	if (reason)
		shell_print("%s\n", reason);
	if (s->dropped + s->input_length)
		shell_print("The domain didn't take %" PRIu64 " bytes of what was typed\n",
			    s->dropped + s->input_length);
	shell_print("Detached from console\n");
}

// The console of a domain that there is, or is being restarted; or else of one that ended lately. The caller
// gets a reference.
static struct console *find_console(const struct invocation *call)
{
	const char *text = call->argv[0];
	struct domain *domain = domain_find_by_name(text);
	domid_t id = DOMID_INVALID;

	if (!domain || !domain->restarting) {
		if (domain_resolve(text, &id, NULL)) {
			struct console *departed = departed_take(text);
			if (departed)
				return departed;
		}
		if (domains_argument(call, &id))
			return NULL;
		domain = domain_find(id);
	}
	if (domain && domain->console)
		return console_get(domain->console);
	shell_error("%s: domain %u has no console here: it is neither one that 'xu create' made, nor xen,enhanced",
		    call->name, id);
	return NULL;
}

const struct command_option xu_console_options[] = {
	[XU_CONSOLE_TYPE] = { "-t", "pv", "the kind of console: there is no other" },
	[XU_CONSOLE_NUMBER] = { "-n", "0", "its number: there is no other" },
	[XU_CONSOLE_ESCAPE] = { "-e, --escape", "^KEY", "what detaches: ^] is Ctrl-], the default" },
	{ 0 },
};

// A domain has one console, and that is of this kind.
static int check_options(const struct invocation *call, char *detach)
{
	const char *type = call->options[XU_CONSOLE_TYPE], *number = call->options[XU_CONSOLE_NUMBER];
	const char *escape = call->options[XU_CONSOLE_ESCAPE];

	if ((type && strcmp(type, "pv")) || (number && strcmp(number, "0"))) {
		shell_error("%s: a domain has one console here, the first PV console", call->name);
		return -ENOTSUP;
	}
	*detach = DETACH;
	if (!escape)
		return 0;
	if (strlen(escape) == 1 || (escape[0] == '^' && strlen(escape) == 2)) {
		*detach = escape[1] ? CTRL(escape[1]) : escape[0];
		return 0;
	}
	shell_error("%s: '%s' is no key; give one character, or ^ and one for Ctrl", call->name, escape);
	return -EINVAL;
}

int console_command(const struct invocation *call)
{
	static struct session session;
	char detach;
	int error = check_options(call, &detach);
	struct console *console = error ? NULL : find_console(call);

	if (!console)
		return error ? error : -ENOENT;
	if (console_attach(console, console_io_wake)) {
		shell_error("%s: somebody is attached to the console of '%s'; detach there first", call->name,
			    call->argv[0]);
		console_put(console);
		return -EBUSY;
	}
	session = (struct session){ .console = console, .detach = detach };
	shell_print("Attached to a domain console\n");
	show_backlog(&session);
	leave(&session, join(&session));
	console_detach(session.console);
	console_put(session.console);
	return 0;
}
