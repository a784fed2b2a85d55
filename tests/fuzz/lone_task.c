// SPDX-License-Identifier: Apache-2.0
// Tasks for programs without the model that have only one, which never waits.
#include "kernel/panic.h"
#include "kernel/task.h"

void task_yield(void)
{
}

bool task_should_yield(void)
{
	return false;
}

void wait_queue_init(struct wait_queue *queue)
{
	list_init(&queue->waiters);
}

int wait_queue_wait(struct wait_queue *queue, uint64_t deadline)
{
	(void)queue, (void)deadline;
	panic("nothing would wake this task");
}

void wait_queue_wake(struct wait_queue *queue)
{
	(void)queue;
}

unsigned long irq_save(void)
{
	return 0;
}

void irq_restore(unsigned long state)
{
	(void)state;
}
