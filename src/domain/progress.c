// SPDX-License-Identifier: Apache-2.0
// The one listener to the progress of creations: of those that its own task makes, not of restarts.
#include "domain/progress.h"

#include <errno.h>

#include "domain/domain.h"
#include "kernel/task.h"

#define INTERVAL MILLISECONDS(100)

static domain_progress_listener *listener;
static struct task *listening; // who builds the domain that it wants to hear of
static uint64_t begun, next_report;

void domain_set_progress(domain_progress_listener *new_listener)
{
	listener = new_listener;
	listening = task_current();
	next_report = 0;
}

void progress_begin(void)
{
	if (listening == task_current())
		begun = time_now();
}

int progress_report(const char *what, uint64_t done, uint64_t total, struct failure *failure)
{
	uint64_t now = time_now();
	const struct domain_progress progress = { what, done, total, now - begun };

	if (!listener || listening != task_current() || now < next_report)
		return 0;
	next_report = now + INTERVAL;
	if (!listener(&progress))
		return 0;
	return failure_set(failure, -EINTR, "stopped while loading the %s", what);
}

bool progress_is_stopped(void)
{
	return listener && listening == task_current() && listener(&(struct domain_progress){ .what = "devices" });
}
