// SPDX-License-Identifier: Apache-2.0
// The commands of `vchan`. `start` and `stop` are zephyr-dom0-xt's.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kernel/compiler.h"
#include "shell/commands.h"
#include "shell/domains.h"
#include "shell/words.h"
#include "vchan/channels.h"
#include "xen/console_io.h"
#include "xen/hypercall.h"

#define RING_SIZE_DEFAULT 16384u

enum { OPEN_ECHO, OPEN_SIZE };

static const struct command_option open_options[] = {
	[OPEN_ECHO] = {"-e, --echo", NULL, "send back all that comes, to one client after another"},
	[OPEN_SIZE] = {"-s, --size", "BYTES", "of the buffer each way, 1024 to 262144, rounded up; 16384"},
	{ 0 },
};

static const struct command_option connect_options[] = {
	[OPEN_ECHO] = {"-e, --echo", NULL, "send back all that comes"},
	{ 0 },
};

// Opens a channel; its number.
static int open_channel(const struct invocation *call, const struct channel_request *request,
			unsigned int *id)
{
	struct failure failure = {0};

	return channels_open(request, id, &failure) ? shell_failure(call, &failure) : 0;
}

static int open_command(const struct invocation *call)
{
	uint64_t size = RING_SIZE_DEFAULT;
	unsigned int id;
	domid_t peer;
	int error = domains_argument(call, &peer);

	if (error)
		return error;
	if (call->options[OPEN_SIZE] &&
	    (!shell_number(call->options[OPEN_SIZE], VCHAN_RING_MAX, &size) || !size)) {
		shell_error("%s: '%s' is no size from 1 to %u", call->name, call->options[OPEN_SIZE],
			    VCHAN_RING_MAX);
		return -EINVAL;
	}
	const struct channel_request request = {VCHAN_SERVER, peer, call->argv[1], size,
						call->options[OPEN_ECHO]};
	error = open_channel(call, &request, &id);
	if (!error)
		shell_print("vchan %u: waiting for domain %u at %s\n", id, peer, request.path);
	return error;
}

static int connect_command(const struct invocation *call)
{
	unsigned int id;
	domid_t peer;
	int error = domains_argument(call, &peer);

	if (error)
		return error;
	const struct channel_request request = {VCHAN_CLIENT, peer, call->argv[1], 0,
						call->options[OPEN_ECHO]};
	error = open_channel(call, &request, &id);
	if (!error)
		shell_print("vchan %u: connected to domain %u at %s\n", id, peer, request.path);
	return error;
}

// ---- The echo server of `start` ----

// Of `start`, wherever it is in the list; 0: none.
static unsigned int echo_server;

static int start_command(const struct invocation *call)
{
	char path[VCHAN_PATH_MAX];
	domid_t peer = 0;

	if (echo_server) {
		shell_error("%s: the server has been started already, as vchan %u; 'vchan stop' ends it",
			    call->name, echo_server);
		return -EALREADY;
	}
	int error = call->argc ? domains_argument(call, &peer) : 0;
	if (error)
		return error;
	snprintf(path, sizeof(path), "/local/domain/%u/echo", peer);
	const struct channel_request request = {VCHAN_SERVER, peer, path, RING_SIZE_DEFAULT, true};
	error = open_channel(call, &request, &echo_server);
	if (!error)
		shell_print("Echo server opened at %s\n", path);
	return error;
}

static int stop_command(const struct invocation *call)
{
	if (!echo_server) {
		shell_error("%s: the server isn't started; 'vchan list' shows what there is", call->name);
		return -ENOENT;
	}
	channels_close(echo_server);
	echo_server = 0;
	return 0;
}

// ---- Data ----

static int id_argument(const struct invocation *call, unsigned int *id)
{
	uint64_t number;

	if (!shell_number(call->argv[0], UINT32_MAX, &number)) {
		shell_error("%s: '%s' is no number of a channel; 'vchan list' shows them", call->name,
			    call->argv[0]);
		return -EINVAL;
	}
	*id = (unsigned int)number;
	return 0;
}

static int refused(const struct invocation *call, unsigned int id, int error)
{
	const char *reason = error == -ENOENT     ? "there is no such channel; 'vchan list' shows them"
			     : error == -EBUSY    ? "it sends back by itself all that comes"
			     : error == -ENOTCONN ? "the other domain has closed its end"
			     : error == -EPROTO   ? "the other domain broke the protocol; close it"
						  : error_text(error);

	shell_error("%s: vchan %u: %s", call->name, id, reason);
	return error;
}

// What a domain sends can't steer the terminal. A piece at a time: each is a hypercall.
static void print_bytes(const char *bytes, size_t size)
{
	char text[256];
	size_t length = 0;

	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == '\n' || bytes[i] == '\t' || (bytes[i] >= ' ' && bytes[i] <= '~'))
			text[length++] = bytes[i];
		else
			length += (size_t)snprintf(text + length, sizeof(text) - length, "\\x%02x",
						   (unsigned char)bytes[i]);
		text[length] = '\0';
		if (length < sizeof(text) - sizeof("\\xNN") && i + 1 < size)
			continue;
		shell_print("%s", text);
		length = 0;
	}
}

static int read_command(const struct invocation *call)
{
	char buffer[4096];
	unsigned int id;
	int error = id_argument(call, &id);

	if (error)
		return error;
	long count = channels_read(id, buffer, sizeof(buffer), console_io_interrupted);
	if (count < 0)
		return count == -EINTR ? 0 : refused(call, id, (int)count);
	print_bytes(buffer, (size_t)count);
	return 0;
}

static int write_all(const struct invocation *call, unsigned int id, const char *text, size_t size)
{
	while (size) {
		long count = channels_write(id, text, size, console_io_interrupted);

		if (count < 0)
			return refused(call, id, (int)count);
		text += count;
		size -= (size_t)count;
	}
	return 0;
}

static int write_command(const struct invocation *call)
{
	unsigned int id;
	int error = id_argument(call, &id);

	for (int i = 1; !error && i < call->argc; i++) {
		error = write_all(call, id, call->argv[i], strlen(call->argv[i]));
		if (!error)
			error = write_all(call, id, i + 1 < call->argc ? " " : "\n", 1);
	}
	return error;
}

static int close_command(const struct invocation *call)
{
	unsigned int id;
	int error = id_argument(call, &id);

	if (error)
		return error;
	error = channels_close(id);
	if (error)
		return refused(call, id, error);
	if (id == echo_server)
		echo_server = 0;
	return 0;
}

static void print_channel(const struct channel_info *info, void *unused)
{
	static const char *const states[] = {
		[VCHAN_WAITING] = "waiting", [VCHAN_OPEN] = "open",   [VCHAN_CLOSED] = "closed",
		[VCHAN_BROKEN] = "broken",   [VCHAN_ENDED] = "ended",
	};

	(void)unused;
	shell_print("%-3u %-6u %-7s%s %-8s %12" PRIu64 " %12" PRIu64 "  %s\n", info->id, info->request.peer,
		    info->request.role == VCHAN_SERVER ? "server" : "client",
		    info->request.echo ? " e" : "  ", states[info->state], info->received, info->sent,
		    info->request.path);
}

static int list_command(const struct invocation *call)
{
	(void)call;
	shell_print("%-3s %-6s %-9s %-8s %12s %12s  %s\n", "ID", "Domain", "Role", "State", "Received",
		    "Sent", "Path");
	channels_each(print_channel, NULL);
	return 0;
}

const struct command vchan_commands[] = {
	{
		.name = "close",
		.arguments = "ID",
		.help = "Close a channel",
		.run = close_command,
		.min_arguments = 1,
		.max_arguments = 1,
	},
	{
		.name = "connect",
		.arguments = "DOMAIN PATH [-e]",
		.help = "Connect to a server that a program in the domain runs",
		.details = "The path is absolute: a program's data/x is at /local/domain/ID/data/x.",
		.run = connect_command,
		.min_arguments = 2,
		.max_arguments = 2,
		.completion = COMPLETE_DOMAIN,
		.options = connect_options,
	},
	{ .name = "list", .help = "Show the channels; e: they echo", .run = list_command },
	{
		.name = "open",
		.arguments = "DOMAIN PATH [-e] [-s BYTES]",
		.help = "Be the server for a program in the domain",
		.run = open_command,
		.min_arguments = 2,
		.max_arguments = 2,
		.completion = COMPLETE_DOMAIN,
		.options = open_options,
	},
	{
		.name = "read",
		.arguments = "ID",
		.help = "Show what has come; waits for it, until Ctrl-C",
		.run = read_command,
		.min_arguments = 1,
		.max_arguments = 1,
	},
	{
		.name = "start",
		.arguments = "[DOMAIN]",
		.help = "Start the echo server for a domain, or for Dom0",
		.run = start_command,
		.max_arguments = 1,
		.completion = COMPLETE_DOMAIN,
	},
	{ .name = "stop", .help = "Stop the echo server", .run = stop_command },
	{
		.name = "write",
		.arguments = "ID WORD ...",
		.help = "Send the words and a line end",
		.run = write_command,
		.min_arguments = 2,
		.max_arguments = WORDS_MAX,
	},
	{ 0 },
};
