// SPDX-License-Identifier: Apache-2.0
// Things that happen at a time of their own: what Xen finishes later, what a guest does while Dom0 waits.
#include "kernel/task.h"
#include "model/internal.h"

struct timer {
	struct list link;
	uint64_t at;
	void (*function)(void *context);
	void *context;
};

static struct list timers = LIST_INITIAL(timers); // in order of time

void model_after(uint64_t nanoseconds, void (*function)(void *context), void *context)
{
	struct timer *timer = model_zalloc(sizeof(*timer));
	struct list *position = timers.next;

	timer->at = time_now() + nanoseconds;
	timer->function = function;
	timer->context = context;
	while (position != &timers && LIST_ENTRY(position, struct timer, link)->at <= timer->at)
		position = position->next;
	list_insert_before(position, &timer->link);
}

uint64_t timers_next(void)
{
	return list_is_empty(&timers) ? TIME_NEVER : LIST_ENTRY(timers.next, struct timer, link)->at;
}

void timers_run(void)
{
	while (timers_next() <= time_now()) {
		struct timer *timer = LIST_ENTRY(timers.next, struct timer, link);

		list_remove(&timer->link);
		task_enter_interrupt();
		timer->function(timer->context);
		task_leave_interrupt();
		model_free(timer);
	}
}

void timers_reset(void)
{
	while (!list_is_empty(&timers)) {
		struct timer *timer = LIST_ENTRY(timers.next, struct timer, link);

		list_remove(&timer->link);
		model_free(timer);
	}
}
