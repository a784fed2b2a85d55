// SPDX-License-Identifier: Apache-2.0
// The one listener to the progress of creations.
#include "domain/progress.h"

#include <errno.h>

#include "domain/domain.h"
#include "kernel/task.h"

#define INTERVAL MILLISECONDS(100)

static domain_progress *listener;
static uint64_t next_report;

void domain_set_progress(domain_progress *progress)
{
	listener = progress;
	next_report = 0;
}

int progress_report(const char *what, uint64_t done, uint64_t total, struct failure *failure)
{
	if (!listener || time_now() < next_report)
		return 0;
	next_report = time_now() + INTERVAL;
	if (!listener(what, done, total))
		return 0;
	return failure_set(failure, -EINTR, "stopped while loading the %s", what);
}
