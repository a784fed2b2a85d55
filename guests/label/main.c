// SPDX-License-Identifier: Apache-2.0
// Tries what a security policy can forbid, and says what Xen answers: for the tests of labels. A line of console input is one
// attempt, WORD or WORD DOMAIN, as the table has them. The answers are errnos; of `copy` a GNTST_*.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/guest.h"
#include "common/lines.h"
#include "kernel/compiler.h"
#include "kernel/memory.h"
#include "xen/event.h"
#include "xen/flask.h"
#include "xen/hypercall.h"
#include "xen/public.h"

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

// From the page that the domain grants to Dom0 for its console, so that it fails in any case: where the policy forbids it with
// GNTST_permission_denied, otherwise with GNTST_general_error.
static int copy_page(domid_t domain)
{
	static struct gnttab_copy copy;
	static uint32_t word;

	copy = (struct gnttab_copy){
		.source = { .u.ref = GNTTAB_RESERVED_CONSOLE, .domid = domain },
		.dest = { .u.gmfn = virt_to_phys(&word) >> PAGE_SHIFT,
			  .domid = DOMID_SELF,
			  .offset = (uint16_t)(virt_to_phys(&word) % PAGE_SIZE) },
		.len = sizeof(word),
		.flags = GNTCOPY_source_gref,
	};
	long result = xen_hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_copy, (uintptr_t)&copy, 1, 0, 0);
	return result ? (int)result : copy.status;
}

static int get_enforcing(domid_t domain)
{
	(void)domain;
	return flask_get_enforcing();
}

static int stop_enforcing(domid_t domain)
{
	(void)domain;
	return flask_set_enforcing(false);
}

static int look_up(domid_t domain)
{
	uint32_t sid;

	(void)domain;
	return flask_sid_of_label("system_u:system_r:domU_t", &sid);
}

static const struct {
	const char *word;
	int (*run)(domid_t domain);
} attempts[] = {
	{ "channel", open_channel }, { "copy", copy_page },  { "getenforce", get_enforcing },
	{ "setenforce", stop_enforcing }, { "lookup", look_up },
};

static void attempt(char *line, unsigned long received)
{
	size_t length = strcspn(line, " ");

	(void)received;
	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
		if (strlen(attempts[i].word) == length && strncmp(line, attempts[i].word, length) == 0) {
			printf("%s: %d\n", line, attempts[i].run((domid_t)strtoul(line + length, NULL, 10)));
			return;
		}
	}
	printf("'%s' is nothing to try\n", line);
}

int main(void)
{
	guest_start("label");
	lines_serve(attempt);
	return 1;
}
