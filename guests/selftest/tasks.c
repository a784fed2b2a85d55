// SPDX-License-Identifier: Apache-2.0
// Tasks, sleeping and wait queues.
#include <errno.h>

#include "kernel/compiler.h"
#include "kernel/memory.h"
#include "kernel/task.h"
#include "selftest/selftest.h"

// How late a task may come: the machine, or its emulation, may be busy with others.
#define LATENESS_MAX SECONDS(10)

void test_clock(void)
{
	uint64_t before = time_now(), least = UINT64_MAX;

	for (int i = 0; i < 1000; i++) {
		uint64_t now = time_now();

		CHECK(now >= before);
		if (now > before)
			least = MIN(least, now - before);
		before = now;
	}
	CHECK(least < MILLISECONDS(1));
}

// ---- Tasks ----

static unsigned int ran;

static void count_run(void *argument)
{
	ran += *(unsigned int *)argument;
	task_yield();
	ran += *(unsigned int *)argument;
}

static void count_task(const struct task_info *info, void *context)
{
	CHECK(info->stack_used <= info->stack_size);
	++*(unsigned int *)context;
}

static unsigned int count_tasks(void)
{
	unsigned int count = 0;

	task_for_each(count_task, &count);
	return count;
}

void test_tasks(void)
{
	unsigned int one = 1, before = count_tasks();
	struct memory_usage start, end;

	task_yield();
	for (int round = 0; round < 20; round++) {
		if (round == 1)
			memory_usage(&start); // tables for the stacks are there now
		ran = 0;
		for (int i = 0; i < 50; i++)
			CHECK(task_create("counts", count_run, &one));
		CHECK(count_tasks() == before + 50);
		for (int i = 0; i < 4; i++)
			task_yield();
		CHECK(ran == 100);
		CHECK(count_tasks() == before);
	}
	memory_usage(&end);
	CHECK(start.free_pages == end.free_pages);
	CHECK(start.heap_used == end.heap_used && start.heap_blocks == end.heap_blocks);
}

static char order[16];
static unsigned int ordered;

static void note_turns(void *name)
{
	for (int i = 0; i < 3; i++) {
		order[ordered++] = *(char *)name;
		task_yield();
	}
}

void test_yield(void)
{
	static char names[] = "ab";

	ordered = 0;
	task_create("a", note_turns, &names[0]);
	task_create("b", note_turns, &names[1]);
	while (ordered < 6)
		task_yield();
	for (unsigned int i = 0; i < 6; i++)
		CHECK(order[i] == names[i % 2]);

	uint64_t start = time_now();
	task_yield();
	bool at_once = task_should_yield(); // where the host took the CPU away for so long
	CHECK(!at_once || time_now() - start >= MILLISECONDS(1));
	while (!task_should_yield())
		;
	CHECK(time_now() - start >= MILLISECONDS(1));
	CHECK(time_now() - start < LATENESS_MAX);

	start = time_now();
	task_yield();
	task_create("a", note_turns, &names[0]); // ready, so that it is sooner
	while (!task_should_yield())
		;
	CHECK(time_now() - start >= MICROSECONDS(10));
	task_yield();
	CHECK(ordered > 6);
	while (ordered < 9)
		task_yield();

	task_share(); // with nobody
	task_create("b", note_turns, &names[1]);
	start = time_now();
	while (time_now() - start < MICROSECONDS(100))
		;
	task_share();
	CHECK(ordered == 12);
	CHECK(time_now() - start >= MICROSECONDS(1700)); // sixteen times as long
}

static void set_errno(void *unused)
{
	(void)unused;
	CHECK(errno == 0);
	errno = ENOSPC;
	task_yield();
	CHECK(errno == ENOSPC);
}

void test_task_errno(void)
{
	errno = EDOM;
	task_create("errno", set_errno, NULL);
	task_yield();
	CHECK(errno == EDOM);
	task_yield();
	CHECK(errno == EDOM);
	errno = 0;
}

// ---- Sleeping ----

// The machine, or its emulation, may take the CPU away for tens of milliseconds: the deadlines are further apart.
#define SLEEP_STEP MILLISECONDS(100)

static uint64_t sleep_start;

static void sleep_and_note(void *argument)
{
	const unsigned int *steps = argument;
	uint64_t deadline = sleep_start + *steps * SLEEP_STEP, now = time_now();

	task_sleep(deadline > now ? deadline - now : 0);
	order[ordered++] = (char)('0' + *steps);
}

void test_sleep(void)
{
	static unsigned int steps[] = { 3, 1, 4, 2 };
	uint64_t idle = task_idle_time();

	ordered = 0;
	sleep_start = time_now();
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		task_create("sleeps", sleep_and_note, &steps[i]);
	while (ordered < ARRAY_SIZE(steps) && time_now() - sleep_start < LATENESS_MAX)
		task_sleep(SLEEP_STEP);
	CHECK(time_now() - sleep_start >= 4 * SLEEP_STEP);
	CHECK(task_idle_time() > idle);
	CHECK(ordered == 4 && order[0] == '1' && order[1] == '2' && order[2] == '3' && order[3] == '4');
}

// ---- Wait queues ----

static struct wait_queue queue = WAIT_QUEUE_INITIAL(queue);
static bool condition;
static unsigned int woken;

static void wait_for_condition(void *unused)
{
	(void)unused;
	WAIT_UNTIL(&queue, condition);
	woken++;
}

void test_wait_queue(void)
{
	condition = false;
	woken = 0;
	for (int i = 0; i < 5; i++)
		task_create("waits", wait_for_condition, NULL);
	task_yield();
	wait_queue_wake(&queue); // for nothing
	task_sleep(MILLISECONDS(2));
	CHECK(woken == 0);
	condition = true;
	wait_queue_wake(&queue);
	CHECK(woken == 0);
	task_yield();
	CHECK(woken == 5);
	CHECK(list_is_empty(&queue.waiters));
}

static void wake_later(void *unused)
{
	(void)unused;
	task_sleep(MILLISECONDS(5));
	condition = true;
	wait_queue_wake(&queue);
}

void test_wait_deadline(void)
{
	uint64_t start = time_now();

	condition = false;
	CHECK(WAIT_UNTIL_DEADLINE(&queue, condition, start + MILLISECONDS(10)) == -ETIMEDOUT);
	CHECK(time_now() - start >= MILLISECONDS(10) && time_now() - start < LATENESS_MAX);
	CHECK(WAIT_UNTIL_DEADLINE(&queue, condition, 0) == -ETIMEDOUT);
	task_create("wakes", wake_later, NULL);
	CHECK(WAIT_UNTIL_DEADLINE(&queue, condition, time_now() + LATENESS_MAX) == 0);
	CHECK(time_now() - start < LATENESS_MAX);
	CHECK(WAIT_UNTIL_DEADLINE(&queue, condition, 0) == 0);
	CHECK(list_is_empty(&queue.waiters));
	task_yield();
}
