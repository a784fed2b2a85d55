// SPDX-License-Identifier: Apache-2.0
// xs: the store by hand, with the rights of domain 0. `xs ls` is in cmd_xs_ls.c, quotas and figures are in
// cmd_xs_stats.c.
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/task.h"
#include "shell/commands.h"
#include "shell/store.h"
#include "shell/words.h"
#include "xen/console_io.h"
#include "xen/hypercall.h"

// How long a key is not looked at while nothing happens.
#define KEY_POLL MILLISECONDS(50)

// ---- Paths, values, permissions ----

int store_path_argument(const struct invocation *call, const char *text, char path[XS_PATH_MAX + 1])
{
	size_t length = strlen(text);

	if (length > 1 && text[length - 1] == '/')
		length--;
	if ((text[0] != '/' && text[0] != '@') || length > XS_PATH_MAX) {
		shell_error("%s: '%s' is not a path: it begins with '/', or with '@' for a special node",
			    call->name, text);
		return -EINVAL;
	}
	memcpy(path, text, length);
	path[length] = '\0';
	return 0;
}

int store_refused(const struct invocation *call, const char *path, int error)
{
	static const struct {
		int error;
		const char *text;
	} texts[] = {
		{ -ENOENT, "there is no such node; 'xs ls' shows those there are" },
		{ -EINVAL, "the store takes no such path: letters, digits and - _ @ between single slashes" },
		{ -E2BIG, "the value is too long" },
		{ -EAGAIN, "others change the same all the time; try again" },
	};
	const char *text = error_text(error);

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].error == error)
			text = texts[i].text;
	shell_error("%s: %s: %s", call->name, path, text);
	return error;
}

void store_print_value(const char *value, size_t size)
{
	static const char escapes[] = "\tt\nn\rr\\\\";
	char text[5 * 64];

	for (size_t i = 0, at = 0; i <= size; i++) {
		if (i == size || at + sizeof("\\xff") > sizeof(text)) {
			shell_print("%.*s", (int)at, text);
			at = 0;
			if (i == size)
				break;
		}
		unsigned char byte = (unsigned char)value[i];
		const char *escape = byte ? strchr(escapes, byte) : NULL;
		if (escape && (escape - escapes) % 2 == 0) {
			text[at++] = '\\';
			text[at++] = escape[1];
		} else if (isprint(byte)) {
			text[at++] = (char)byte;
		} else {
			static const char digits[] = "0123456789abcdef";
			text[at++] = '\\';
			text[at++] = 'x';
			text[at++] = digits[byte >> 4];
			text[at++] = digits[byte & 15];
		}
	}
}

const char store_access_letters[] = {
	[XS_ACCESS_NONE] = 'n',
	[XS_ACCESS_READ] = 'r',
	[XS_ACCESS_WRITE] = 'w',
	[XS_ACCESS_READ | XS_ACCESS_WRITE] = 'b',
	'\0',
};

int store_print_permissions(xs_transaction_t transaction, const char *path)
{
	struct xs_permission list[STORE_PERMISSIONS_MAX];
	size_t count;
	int error = xs_get_permissions(transaction, path, list, ARRAY_SIZE(list), &count);

	if (error)
		return error;
	for (size_t i = 0; i < MIN(count, ARRAY_SIZE(list)); i++)
		shell_print("%s%c%u", i ? "," : "", store_access_letters[list[i].access], list[i].domid);
	if (count > ARRAY_SIZE(list))
		shell_print(",...");
	return 0;
}

// ---- Nodes ----

static char path[XS_PATH_MAX + 1]; // of the command that runs: there is one at a time

static int read(const struct invocation *call)
{
	static char value[XS_VALUE_MAX + 1];

	for (int i = 0; i < call->argc; i++) {
		int error = store_path_argument(call, call->argv[i], path);
		if (error)
			return error;
		long size = xs_read(XS_NO_TRANSACTION, path, value, sizeof(value));
		if (size < 0)
			return store_refused(call, path, (int)size);
		store_print_value(value, (size_t)size);
		shell_print("\n");
	}
	return 0;
}

static int write(const struct invocation *call)
{
	int error = store_path_argument(call, call->argv[0], path);

	if (error)
		return error;
	error = xs_write(XS_NO_TRANSACTION, path, call->argv[1], strlen(call->argv[1]));
	return error ? store_refused(call, path, error) : 0;
}

// Does the same with each argument, until it fails with one.
static int for_each_path(const struct invocation *call,
			 int (*action)(xs_transaction_t transaction, const char *path))
{
	for (int i = 0; i < call->argc; i++) {
		int error = store_path_argument(call, call->argv[i], path);
		if (error)
			return error;
		error = action(XS_NO_TRANSACTION, path);
		if (error)
			return store_refused(call, path, error);
	}
	return 0;
}

// The store itself takes the removal of nothing for done.
static int remove_existing(xs_transaction_t transaction, const char *node)
{
	char nothing[1];
	long size = xs_read(transaction, node, nothing, sizeof(nothing));

	return size < 0 && size != -ERANGE ? (int)size : xs_rm(transaction, node);
}

static int rm(const struct invocation *call)
{
	return for_each_path(call, remove_existing);
}

static int mkdir(const struct invocation *call)
{
	return for_each_path(call, xs_mkdir);
}

// ---- chmod ----

static int parse_permission(const struct invocation *call, const char *text, struct xs_permission *permission)
{
	const char *letter = text[0] ? strchr(store_access_letters, text[0]) : NULL;
	uint64_t domid;

	if (!letter || !shell_number(text + 1, UINT16_MAX, &domid)) {
		shell_error("%s: '%s' is not a permission: n, r, w or b (none, read, write, both) and a "
			    "domain's id, as r5",
			    call->name, text);
		return -EINVAL;
	}
	*permission = (struct xs_permission){ .domid = (domid_t)domid,
					      .access = (uint8_t)(letter - store_access_letters) };
	return 0;
}

static int chmod(const struct invocation *call)
{
	struct xs_permission list[WORDS_MAX];
	size_t count = 0;
	int error = store_path_argument(call, call->argv[0], path);

	for (; !error && call->argv[count + 1]; count++)
		error = parse_permission(call, call->argv[count + 1], &list[count]);
	if (error)
		return error;
	error = xs_set_permissions(XS_NO_TRANSACTION, path, list, count);
	struct xs_permission owner;
	if (error == -ENOENT && !xs_get_permissions(XS_NO_TRANSACTION, path, &owner, 1, &count)) {
		shell_error("%s: there is no domain %u, which would be the owner; 'xu list' shows those "
			    "there are",
			    call->name, list[0].domid);
		return error;
	}
	return error ? store_refused(call, path, error) : 0;
}

// ---- watch ----

enum { OPTION_COUNT };

static const struct command_option watch_options[] = {
	[OPTION_COUNT] = { "-n", "COUNT", "end after so many events; otherwise Ctrl-C does" },
	{ 0 },
};

static int watch(const struct invocation *call)
{
	struct wait_queue queue = WAIT_QUEUE_INITIAL(queue);
	const char *text = call->options[OPTION_COUNT];
	uint64_t left = UINT64_MAX;
	struct xs_watch *events;
	int error = store_path_argument(call, call->argv[0], path);

	if (error)
		return error;
	if (text && (!shell_number(text, UINT32_MAX, &left) || !left)) {
		shell_error("%s: '%s' is not a number of events; take one from 1 on", call->name, text);
		return -EINVAL;
	}
	error = xs_watch_open(path, XS_DEPTH_ALL, &queue, &events);
	if (error)
		return store_refused(call, path, error);
	while (left && !console_io_interrupted()) {
		if (xs_watch_take(events, path, sizeof(path))) {
			shell_print("%s\n", path);
			left--;
			task_yield();
		} else {
			wait_queue_wait(&queue, time_now() + KEY_POLL);
		}
	}
	xs_watch_close(events);
	return 0;
}

static const struct command_option ls_options[] = {
	[STORE_LS_FULL] = { "-f", NULL, "whole paths, one node a line" },
	[STORE_LS_PERMISSIONS] = { "-p", NULL, "permissions as well" },
	{ 0 },
};

#define PERMISSIONS_DETAILS                                                                                  \
	"A permission is n, r, w or b (none, read, write, both) and a domain's id. The\n"                    \
	"first names the owner, and what all may whom no other one names: n0 r5."

const struct command xs_commands[] = {
	{
		.name = "ls",
		.arguments = "[-f] [-p] [PATH]",
		.help = "Show a node's children, and all that is below them",
		.details = "All of it is of the same moment. Ctrl-C ends it.\n" PERMISSIONS_DETAILS,
		.run = store_ls_command,
		.max_arguments = 1,
		.completion = COMPLETE_STORE,
		.options = ls_options,
	},
	{
		.name = "read",
		.arguments = "PATH ...",
		.help = "Show the values of nodes",
		.details = "Bytes that can't be printed are shown as \\t, \\n, \\r, \\\\ and \\xNN.",
		.run = read,
		.min_arguments = 1,
		.max_arguments = WORDS_MAX,
		.completion = COMPLETE_STORE,
		.rest = COMPLETE_STORE,
	},
	{
		.name = "write",
		.arguments = "PATH VALUE",
		.help = "Set a node's value, and make the node where there is none",
		.run = write,
		.min_arguments = 2,
		.max_arguments = 2,
		.completion = COMPLETE_STORE,
	},
	{
		.name = "mkdir",
		.arguments = "PATH ...",
		.help = "Make nodes, and those above them",
		.run = mkdir,
		.min_arguments = 1,
		.max_arguments = WORDS_MAX,
		.completion = COMPLETE_STORE,
		.rest = COMPLETE_STORE,
	},
	{
		.name = "rm",
		.arguments = "PATH ...",
		.help = "Remove nodes with all that is below them",
		.run = rm,
		.min_arguments = 1,
		.max_arguments = WORDS_MAX,
		.completion = COMPLETE_STORE,
		.rest = COMPLETE_STORE,
	},
	{
		.name = "chmod",
		.arguments = "PATH PERMISSION ...",
		.help = "Set a node's permissions",
		.details = PERMISSIONS_DETAILS,
		.run = chmod,
		.min_arguments = 2,
		.max_arguments = WORDS_MAX,
		.completion = COMPLETE_STORE,
	},
	{
		.name = "watch",
		.arguments = "PATH [-n COUNT]",
		.help = "Show the paths that change at a node and below, one a line",
		.details = "The first is the path itself, at once. Ctrl-C ends it.",
		.run = watch,
		.min_arguments = 1,
		.max_arguments = 1,
		.completion = COMPLETE_STORE,
		.options = watch_options,
	},
	{
		.name = "quota",
		.arguments = "[DOMAIN [QUOTA LIMIT]]",
		.help = "Show or set what a domain may take of the store",
		.details = "Without DOMAIN, or with 'default': what new domains get. A LIMIT of 0 is none.",
		.run = store_quota_command,
		.max_arguments = 3,
		.completion = COMPLETE_DOMAIN,
	},
	{
		.name = "stats",
		.help = "Show how large and how busy the store is, and who uses it",
		.details =
			"Outst. is how many watch events a domain hasn't read. State is 'on', 'off' when\n"
			"it isn't connected, 'broken' after it has violated the protocol.",
		.run = store_stats_command,
	},
	{ 0 },
};
