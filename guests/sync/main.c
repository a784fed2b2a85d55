// SPDX-License-Identifier: Apache-2.0
// Two tasks that speak in turn, each waiting for the other. `period=MS` on the command line sets the pause
// after a line.
#include <stdio.h>

#include "common/guest.h"
#include "kernel/cpu.h"
#include "kernel/task.h"

struct speaker {
	const char *name;
	const struct speaker *next;
};

static const struct speaker thread_a, thread_b;
static const struct speaker thread_a = { .name = "thread_a", .next = &thread_b };
static const struct speaker thread_b = { .name = "thread_b", .next = &thread_a };

static const struct speaker *turn = &thread_a;
static struct wait_queue turn_changed = WAIT_QUEUE_INITIAL(turn_changed);
static uint64_t period;

static void speak(void *argument)
{
	const struct speaker *self = argument;

	for (;;) {
		WAIT_UNTIL(&turn_changed, turn == self);
		printf("%s: Hello World from cpu %u on xenvm!\n", self->name, (unsigned int)cpu_id());
		task_sleep(period);
		turn = self->next;
		wait_queue_wake(&turn_changed);
	}
}

int main(void)
{
	guest_start("sync");
	period = MILLISECONDS(guest_option("period", 500, 3600000));
	if (!task_create(thread_b.name, speak, (void *)&thread_b)) {
		printf("no memory for %s\n", thread_b.name);
		return 1;
	}
	speak((void *)&thread_a);
	return 0;
}
