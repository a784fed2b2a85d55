// SPDX-License-Identifier: Apache-2.0
// The scheduler. Tasks that can run stand in `ready`, in the order in which they became so; tasks with a
// deadline in `sleepers`, the earliest first. A task that waits runs the scheduler itself: it lets the CPU
// sleep until there is somebody to run, and goes over to them. There is no idle task and no tick: the timer
// is set for the next deadline before the CPU sleeps, and only then.
//
// Interrupts are masked in all of this file; handlers reach it through wait_queue_wake().
#include "kernel/task.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/console.h"
#include "kernel/panic.h"
#include "kernel/stack.h"
#include "kernel/start.h"
#include "kernel/sysreg.h"
#include "kernel/task_switch.h"
#include "kernel/timer.h"

#define NAME_SIZE 16u

// The thread pointer's first words are the ABI's (ELF for AArch64, variant 1), the C library's variables
// follow.
#define TLS_HEAD 16u

#define DAIF_IRQ (1u << 7)

// While others are ready, a task that works for long is to yield when it had half as much time as they since its
// last turn, so that it gets a third of the time however many they are; and not sooner than after this many ticks,
// 10 microseconds, far more than a switch takes.
#define SLICE_LEAST (timer_ticks_per_millisecond() / 100)

// How much longer than what couldn't be stopped others may run behind it. So less than one of a hundred of a busy guest's
// requests wait for such a thing, and what consists of them takes that much longer at worst.
#define OTHERS_SHARE 16u

enum task_state { TASK_READY, TASK_RUNNING, TASK_WAITING, TASK_SLEEPING, TASK_ENDED };

struct task {
	struct list all;
	struct list ready; // alone in other states
	struct list waiter; // of a wait queue, alone when woken
	struct list sleeper; // alone without a deadline
	uint64_t deadline;
	enum task_state state;
	bool woken;
	uintptr_t sp; // while it doesn't run
	uint64_t ticks; // that it ran until started_at
	uint64_t others_start; // the others' time when it ran last
	struct stack stack;
	void (*entry)(void *argument);
	void *argument;
	char name[NAME_SIZE];
	char tls[] __attribute__((aligned(16)));
};

extern const char tls_start[], tls_data_end[], tls_end[]; // link.ld

char boot_tls[128] __attribute__((aligned(16))); // until there is a task

static struct list tasks = LIST_INITIAL(tasks);
static struct list ready = LIST_INITIAL(ready);
static struct list sleepers = LIST_INITIAL(sleepers);
static struct task *current;
static struct task *ended; // waits for somebody else's stack to be freed on
static uint64_t started_at; // ticks: since when `current` runs
static uint64_t slice_start; // ticks: since when it does so without having given others a chance
static uint64_t slice; // ticks: how long it may while others are ready
static uint64_t idle_ticks;

// ---- Interrupt masking ----

unsigned long irq_save(void)
{
	unsigned long state = sysreg_read(daif);

	__asm__ volatile("msr daifset, #2" ::: "memory");
	return state;
}

void irq_restore(unsigned long state)
{
	if (!(state & DAIF_IRQ))
		__asm__ volatile("msr daifclr, #2" ::: "memory");
}

static size_t tls_size(void)
{
	return TLS_HEAD + (size_t)(tls_end - tls_start);
}

// ---- Queues ----

static void make_ready(struct task *task)
{
	list_remove(&task->sleeper);
	task->state = TASK_READY;
	list_append(&ready, &task->ready);
}

static uint64_t next_deadline(void)
{
	return list_is_empty(&sleepers) ? TIME_NEVER :
					  LIST_ENTRY(sleepers.next, struct task, sleeper)->deadline;
}

static void insert_sleeper(struct task *task, uint64_t deadline)
{
	struct list *position = sleepers.next;

	task->deadline = deadline;
	if (deadline == TIME_NEVER)
		return;
	while (position != &sleepers && LIST_ENTRY(position, struct task, sleeper)->deadline <= deadline)
		position = position->next;
	list_insert_before(position, &task->sleeper);
}

static void wake_expired(void)
{
	uint64_t now;

	if (list_is_empty(&sleepers))
		return;
	now = time_now();
	while (next_deadline() <= now)
		make_ready(LIST_ENTRY(sleepers.next, struct task, sleeper));
}

// ---- Switching ----

// A task that has ended is on its own stack until another one runs.
static void reap(void)
{
	struct task *task = ended;

	if (!task)
		return;
	ended = NULL;
	list_remove(&task->all);
	stack_destroy(task->stack);
	free(task);
}

static void arrive(void)
{
	current->state = TASK_RUNNING;
	started_at = timer_ticks();
	slice_start = started_at;
	slice = MAX((started_at - idle_ticks - current->others_start) / 2, SLICE_LEAST);
	reap();
}

// Sleeps until an interrupt is pending, and lets it in. WFI also ends with interrupts masked, so one that
// comes after the look at `ready` isn't slept over.
static void idle(void)
{
	uint64_t start = timer_ticks();

	timer_set(next_deadline());
	dsb(sy);
	__asm__ volatile("wfi" ::: "memory");
	irq_restore(0);
	isb();
	irq_save();
	idle_ticks += timer_ticks() - start;
	wake_expired();
}

// Gives the CPU away; `current` has its new state and is in the queues that it belongs to.
static void schedule(void)
{
	struct task *from = current;

	console_flush();
	uint64_t now = timer_ticks();

	from->ticks += now - started_at;
	from->others_start = now - idle_ticks;
	wake_expired();
	while (list_is_empty(&ready))
		idle();
	current = LIST_ENTRY(ready.next, struct task, ready);
	list_remove(&current->ready);
	if (current != from) {
		sysreg_write(tpidr_el0, (uintptr_t)current->tls);
		task_switch(&from->sp, current->sp);
	}
	arrive();
}

// switch.S comes here for a task's first time.
void task_run(struct task *task)
{
	arrive();
	irq_restore(0);
	task->entry(task->argument);
	irq_save();
	task->state = TASK_ENDED;
	ended = task;
	schedule();
	__builtin_unreachable();
}

// ---- Tasks ----

struct task *task_create(const char *name, void (*entry)(void *argument), void *argument)
{
	struct task *task = calloc(1, sizeof(*task) + tls_size());
	struct stack stack = task ? stack_create() : (struct stack){ 0, 0 };

	if (!stack.start) {
		free(task);
		return NULL;
	}
	list_init(&task->ready);
	list_init(&task->waiter);
	list_init(&task->sleeper);
	task->entry = entry;
	task->argument = argument;
	task->stack = stack;
	strncpy(task->name, name, NAME_SIZE - 1);
	memcpy(task->tls + TLS_HEAD, tls_start, (size_t)(tls_data_end - tls_start));

	struct switch_frame *frame = (struct switch_frame *)stack.end - 1;
	*frame = (struct switch_frame){ .x30 = (uintptr_t)task_start, .x19 = (uintptr_t)task };
	task->sp = (uintptr_t)frame;

	unsigned long state = irq_save();
	list_append(&tasks, &task->all);
	make_ready(task);
	irq_restore(state);
	return task;
}

int task_init(void (*entry)(void *argument))
{
	ASSERT(tls_size() <= sizeof(boot_tls));
	current = task_create("main", entry, NULL);
	if (!current)
		return -ENOMEM;
	list_remove(&current->ready);
	sysreg_write(tpidr_el0, (uintptr_t)current->tls);
	__asm__ volatile("msr daifclr, #4" ::: "memory"); // an SError from now on is a fault of ours
	task_switch_first(current->sp);
}

struct task *task_current(void)
{
	return current;
}

const char *task_name(const struct task *task)
{
	return task->name;
}

void task_yield(void)
{
	unsigned long state = irq_save();

	wake_expired();
	if (list_is_empty(&ready)) {
		slice_start = timer_ticks();
	} else {
		make_ready(current);
		schedule();
	}
	irq_restore(state);
}

void task_sleep(uint64_t nanoseconds)
{
	uint64_t now = time_now();
	unsigned long state = irq_save();

	insert_sleeper(current, nanoseconds < TIME_NEVER - now ? now + nanoseconds : TIME_NEVER);
	current->state = TASK_SLEEPING;
	schedule();
	irq_restore(state);
}

bool task_should_yield(void)
{
	uint64_t now = timer_ticks(), most = timer_ticks_per_millisecond();

	if (now - slice_start < (list_is_empty(&ready) ? most : MIN(slice, most)))
		return false;
	slice_start = now;
	return true;
}

void task_share(void)
{
	uint64_t took = timer_ticks() - slice_start;

	if (list_is_empty(&ready))
		task_yield();
	else
		task_sleep(timer_ticks_to_nanoseconds(MIN(took, timer_ticks_per_millisecond()) * OTHERS_SHARE));
}

// ---- Wait queues ----

void wait_queue_init(struct wait_queue *queue)
{
	list_init(&queue->waiters);
}

int wait_queue_wait(struct wait_queue *queue, uint64_t deadline)
{
	unsigned long state = irq_save();

	insert_sleeper(current, deadline);
	current->state = TASK_WAITING;
	current->woken = false;
	list_append(&queue->waiters, &current->waiter);
	schedule();
	list_remove(&current->waiter);
	irq_restore(state);
	return current->woken ? 0 : -ETIMEDOUT;
}

void wait_queue_wake(struct wait_queue *queue)
{
	unsigned long state = irq_save();

	while (!list_is_empty(&queue->waiters)) {
		struct task *task = LIST_ENTRY(queue->waiters.next, struct task, waiter);

		list_remove(&task->waiter);
		task->woken = true;
		if (task->state == TASK_WAITING) // else its deadline was first, and it is ready
			make_ready(task);
	}
	irq_restore(state);
}

// ---- What `kernel tasks` shows ----

static void describe(struct task *task, void (*each)(const struct task_info *info, void *context),
		     void *context)
{
	static const char *const names[] = { "ready", "running", "waiting", "sleeping", "ended" };
	uint64_t running = task == current ? timer_ticks() - started_at : 0;
	struct task_info info = {
		.name = task->name,
		.state = names[task->state],
		.cpu_time = timer_ticks_to_nanoseconds(task->ticks + running),
		.stack_size = task->stack.end - task->stack.start,
		.stack_used = stack_used(task->stack),
	};

	each(&info, context);
}

void task_for_each(void (*each)(const struct task_info *info, void *context), void *context)
{
	struct task *task;

	describe(current, each, context);
	LIST_FOR_EACH (task, &tasks, all)
		if (task != current)
			describe(task, each, context);
}

uint64_t task_idle_time(void)
{
	return timer_ticks_to_nanoseconds(idle_ticks);
}
