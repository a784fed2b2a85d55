// SPDX-License-Identifier: Apache-2.0
// The guests' common start, and their command line.
#include "common/guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/devicetree.h"
#include "kernel/panic.h"
#include "kernel/task.h"
#include "version.h"
#include "xen/event.h"
#include "xen/hvm.h"
#include "xen/public.h"
#include "xen/pv_console.h"

#define CONSOLE_TIME SECONDS(30) // for a control domain to start

// A domain that Xen started runs before there is a control domain, which gives it a store and a console. That it
// is to get them is known by the store's event channel.
static bool will_have_console(void)
{
	uint64_t port = 0;

	return !hvm_param_get(DOMID_SELF, HVM_PARAM_STORE_EVTCHN, &port) && port;
}

static void find_console(void)
{
	uint64_t deadline = time_now() + CONSOLE_TIME;

	while (pv_console_init() == -ENOENT && will_have_console() && time_now() < deadline)
		task_sleep(MILLISECONDS(10));
}

void guest_start(const char *name)
{
	panic_crashes_domain();
	if (event_init() == 0)
		find_console();
	printf("*** Booting Thin Dom0 guest %s " THIN_DOM0_VERSION " ***\n", name);
}

const char *guest_next_word(const char **position, int *length)
{
	const char *word = *position + strspn(*position, " ");

	*length = (int)strcspn(word, " ");
	*position = word + *length;
	return *length ? word : NULL;
}

uint64_t guest_option(const char *key, uint64_t otherwise, uint64_t greatest)
{
	size_t key_length = strlen(key);
	const char *position = devicetree_bootargs(), *word;
	int length;

	while ((word = guest_next_word(&position, &length))) {
		if (strncmp(word, key, key_length) != 0 || word[key_length] != '=')
			continue;
		char *end;
		errno = 0;
		uint64_t value = strtoull(word + key_length + 1, &end, 0);
		if (errno == 0 && end == position && end != word + key_length + 1 && value <= greatest)
			return value;
		printf("'%.*s' is not a number up to %llu: using %llu\n", length, word,
		       (unsigned long long)greatest, (unsigned long long)otherwise);
	}
	return otherwise;
}
