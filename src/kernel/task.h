// SPDX-License-Identifier: Apache-2.0
// Cooperative tasks on one CPU. A task runs until it waits; so every function between two waits is atomic
// and nothing in this program needs a lock. Only interrupt handlers run in between: they wake queues and set
// flags, nothing else. Rule: no task runs longer than a millisecond without task_yield().
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/list.h"

struct task;

// Deadlines are absolute, in nanoseconds of time_now().
#define TIME_NEVER UINT64_MAX
#define MICROSECONDS(n) ((uint64_t)(n) * 1000u)
#define MILLISECONDS(n) ((uint64_t)(n) * 1000000u)
#define SECONDS(n) ((uint64_t)(n) * 1000000000u)

// Nanoseconds since the virtual counter's start, monotonic.
uint64_t time_now(void);

// The same when whoever started this program handed over to it.
uint64_t time_of_entry(void);

// Starts a task that runs entry(argument) and ends when that returns. `name` is copied (at most 15 bytes).
// The stack has CONFIG_TASK_STACK_SIZE bytes and a guard page on either side. NULL when memory is short. The
// handle is valid until the task has ended; nobody may keep it longer.
struct task *task_create(const char *name, void (*entry)(void *argument), void *argument);

struct task *task_current(void);
const char *task_name(const struct task *task);

// Lets every other task that can run do so first; handles nothing else. Cheap where nobody waits.
void task_yield(void);

void task_sleep(uint64_t nanoseconds);

// True once per millisecond of uninterrupted running of this task; while others are ready, as soon as it has run for
// half as long as they did since its last turn, but for 10 microseconds. A long copy or scan calls
// `if (task_should_yield()) task_yield();` in its loop, whose rounds are short against that.
bool task_should_yield(void);

// In the place of task_yield(), after a call of Xen's that can't be made shorter: if others want to run, they have the
// CPU for sixteen times as long as that took, or 16 milliseconds.
void task_share(void);

struct wait_queue {
	struct list waiters;
};

#define WAIT_QUEUE_INITIAL(queue) { LIST_INITIAL((queue).waiters) }

void wait_queue_init(struct wait_queue *queue);

// Waits until the queue is woken or the deadline has passed: 0 or -ETIMEDOUT. Spurious wake-ups happen, so
// the caller checks its condition again: use the macros below. A queue must outlive its waiters.
int wait_queue_wait(struct wait_queue *queue, uint64_t deadline);

// Wakes all waiters; never waits, may be called from an interrupt handler.
void wait_queue_wake(struct wait_queue *queue);

// Waits for `condition`, which is evaluated again after each wake-up. No wake-up between the evaluation and
// the wait is lost provided that the condition is changed by a task; a condition changed by an interrupt
// handler must be evaluated with interrupts masked, as the macros do; wait_queue_wait() lets them in while it
// waits.
#define WAIT_UNTIL(queue, condition) ((void)WAIT_UNTIL_DEADLINE(queue, condition, TIME_NEVER))

// 0, or -ETIMEDOUT when the deadline passed with the condition still false.
#define WAIT_UNTIL_DEADLINE(queue, condition, deadline)                                                      \
	({                                                                                                   \
		int wait_result_ = 0;                                                                        \
		unsigned long wait_irq_ = irq_save();                                                        \
		while (!(condition)) {                                                                       \
			wait_result_ = wait_queue_wait(queue, deadline);                                     \
			if (wait_result_ && !(condition))                                                    \
				break;                                                                       \
			wait_result_ = 0;                                                                    \
		}                                                                                            \
		irq_restore(wait_irq_);                                                                      \
		wait_result_;                                                                                \
	})

// For `kernel tasks`: calls `each` for every task, running one first.
struct task_info {
	const char *name;
	const char *state; // "running", "ready", "waiting", "sleeping"
	uint64_t cpu_time; // nanoseconds that it ran
	size_t stack_size; // bytes
	size_t stack_used; // bytes, high-water mark
};
void task_for_each(void (*each)(const struct task_info *info, void *context), void *context);

// Nanoseconds that the CPU slept in WFI since the start.
uint64_t task_idle_time(void);

// Interrupt masking around data that a handler shares; nests. On the host: nothing.
unsigned long irq_save(void);
void irq_restore(unsigned long state);
