// SPDX-License-Identifier: Apache-2.0
// The slice is what can be set: a timer that comes has itself started anew for the slice as it is then.
#include "xen/credit_ticks.h"

#include "kernel/compiler.h"
#include "kernel/task.h"
#include "xen/cpupool.h"

#define LONGEST_MS     ((uint32_t)XEN_SYSCTL_CSCHED_TSLICE_MAX)
#define SHORT_MS       30u               // Xen's own choice
#define TICKS_OF_SLICE 3                 // CSCHED_TICKS_PER_TSLICE of common/sched/credit.c
#define LATENESS       MILLISECONDS(100) // of a timer, in a machine that is emulated on a busy one

static int set_slice(const struct credit_ticks *ticks, uint32_t slice_ms)
{
	struct scheduler_settings settings = ticks->usual;

	settings.slice_ms = slice_ms;
	settings.rate_limit_us = MIN(settings.rate_limit_us, slice_ms * 1000); // or Xen refuses it
	return sysctl_set_scheduler(ticks->pool, XEN_SCHEDULER_CREDIT, &settings);
}

int credit_ticks_begin(struct credit_ticks *ticks, uint32_t pool)
{
	struct cpupool found;
	int error = cpupool_next(pool, &found);

	*ticks = (struct credit_ticks){ .pool = pool };
	if (error || found.id != pool || found.scheduler != XEN_SCHEDULER_CREDIT)
		return error;
	ticks->are_there = true;
	return sysctl_get_scheduler(pool, XEN_SCHEDULER_CREDIT, &ticks->usual);
}

int credit_ticks_before_joining(const struct credit_ticks *ticks)
{
	return ticks->are_there ? set_slice(ticks, LONGEST_MS) : 0;
}

int credit_ticks_before_leaving(struct credit_ticks *ticks)
{
	uint32_t short_ms = MIN(ticks->usual.slice_ms, SHORT_MS);

	if (!ticks->are_there || time_now() < ticks->none_until)
		return 0;
	// However long the slice was until now: a timer comes within the longest, and from then on often.
	int error = set_slice(ticks, short_ms);
	if (error)
		return error;
	task_sleep(MILLISECONDS(LONGEST_MS) + LATENESS);
	ticks->none_until = time_now() + MILLISECONDS(LONGEST_MS) / TICKS_OF_SLICE;
	error = set_slice(ticks, LONGEST_MS);
	if (!error)
		task_sleep(MILLISECONDS(short_ms) + LATENESS);
	return error;
}

int credit_ticks_end(const struct credit_ticks *ticks)
{
	return ticks->are_there ? sysctl_set_scheduler(ticks->pool, XEN_SCHEDULER_CREDIT, &ticks->usual) : 0;
}
