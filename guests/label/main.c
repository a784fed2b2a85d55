// SPDX-License-Identifier: Apache-2.0
// Tries what a security policy can forbid, and says what Xen answers: for the tests of labels. A line of console input is one
// attempt: the id of a domain to open an event channel to, or `getenforce`, `setenforce`, `lookup`.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/guest.h"
#include "kernel/compiler.h"
#include "kernel/task.h"
#include "xen/event.h"
#include "xen/flask.h"
#include "xen/hypercall.h"
#include "xen/pv_console.h"

static int look_up(void)
{
	uint32_t sid;

	return flask_sid_of_label("system_u:system_r:domU_t", &sid);
}

static int stop_enforcing(void)
{
	return flask_set_enforcing(false);
}

static const struct {
	const char *line;
	int (*run)(void);
} attempts[] = {
	{ "getenforce", flask_get_enforcing },
	{ "setenforce", stop_enforcing },
	{ "lookup", look_up },
};

// The other end need not agree: a port is made that it could bind.
static int open_channel(domid_t domain)
{
	static struct wait_queue queue = WAIT_QUEUE_INITIAL(queue);
	struct event_channel channel;
	int error = event_channel_listen(&channel, domain, &queue);

	if (!error)
		event_channel_close(&channel);
	return error;
}

static void attempt(const char *line)
{
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
		if (strcmp(line, attempts[i].line) == 0) {
			result = attempts[i].run();
			printf("%s: %d (%s)\n", line, result, error_text(MIN(result, 0)));
			return;
		}
	}
	if (isdigit((unsigned char)line[0])) {
		result = open_channel((domid_t)strtoul(line, NULL, 10));
		printf("channel to %s: %d (%s)\n", line, result, error_text(result));
	} else {
		printf("'%s' is nothing to try\n", line);
	}
}

int main(void)
{
	char line[64], input[64];
	size_t length = 0;

	guest_start("label");
	for (;;) {
		long count = pv_console_read(input, sizeof(input), TIME_NEVER);
		if (count < 0)
			return 1; // there is no console
		for (long i = 0; i < count; i++) {
			bool ends = input[i] == '\r' || input[i] == '\n';
			if (!ends)
				line[length++] = input[i];
			if (ends || length == sizeof(line) - 1) {
				line[length] = '\0';
				length = 0;
				attempt(line);
			}
		}
	}
}
