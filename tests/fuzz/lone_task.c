// SPDX-License-Identifier: Apache-2.0
// The only task of programs without the model never waits.
#include "kernel/panic.h"
#include "kernel/task.h"

void task_yield(void)
{
}

int wait_queue_wait(struct wait_queue *queue, uint64_t deadline)
{
	(void)queue, (void)deadline;
	panic("nothing would wake this task");
}
