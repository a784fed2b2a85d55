// SPDX-License-Identifier: Apache-2.0
// kernel/task.h on the host: each task is a context of its own (ucontext) in one thread, and time is virtual.
// When every task waits, time jumps to the next deadline or event of the machine; when there is none, the
// program is stuck for ever, and the test ends with the names of those that wait.
#include "kernel/task.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>

#include "kernel/panic.h"
#include "kernel/timer.h"
#include "model/internal.h"

// The sanitizers' frames are several times as large as the target's.
#define STACK_SIZE ((size_t)256 << 10)
#define GUARD_SIZE ((size_t)64 << 10)

// What running costs: time passes a little with everything that a busy loop may do.
#define COST_OF_YIELD MICROSECONDS(1)
#define COST_OF_CHECK MICROSECONDS(10)
#define COST_OF_CLOCK 100u

// One wait in so many ends without a reason, as task.h allows.
#define SPURIOUS_WAKE_UPS 16u

enum state { TASK_READY, TASK_RUNNING, TASK_WAITING, TASK_SLEEPING, TASK_ENDED };

struct task {
	struct list all, ready, waiter;
	char name[16];
	enum state state;
	uint64_t deadline;
	bool woken;
	void (*entry)(void *argument);
	void *argument;
	uint8_t *mapping, *stack; // NULL for the test's own
	ucontext_t context;
	const void *stack_bottom; // as the sanitizer has it
	size_t stack_size;
	unsigned int masked; // interrupts
	uint64_t cpu_time, ran_since, slice_start;
};

// cmocka catches faults to say which test had one; the sanitizer says where.
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "handle_segv=2:handle_sigbus=2";
}

static struct task main_task = { .name = "test" };
static struct task *current = &main_task;
static struct task *ended; // whose stack can't be freed before another one runs
static struct list tasks = LIST_INITIAL(tasks);
static struct list ready = LIST_INITIAL(ready);
static uint64_t now, idle;
static unsigned int interrupt_depth, waits;

uint64_t time_now(void)
{
	now += COST_OF_CLOCK;
	return now;
}

void time_pass(uint64_t nanoseconds)
{
	now += nanoseconds;
}

static uint64_t timer_deadline = TIME_NEVER;

void timer_set(uint64_t deadline)
{
	timer_deadline = deadline;
}

bool timer_has_fired(void)
{
	bool fired = now >= timer_deadline;

	if (fired)
		timer_deadline = TIME_NEVER;
	return fired;
}

static void must_not_be_interrupt(const char *what)
{
	if (interrupt_depth)
		model_violation("%s in an interrupt handler", what);
}

// ---- Switching ----

static void make_ready(struct task *task)
{
	task->state = TASK_READY;
	list_append(&ready, &task->ready);
}

static void release(struct task *task)
{
	list_remove(&task->all);
	__lsan_unregister_root_region(task->stack, STACK_SIZE);
	munmap(task->mapping, STACK_SIZE + 2 * GUARD_SIZE);
	model_free(task);
}

// The first thing on the new stack.
static void arrived(void *fake_stack)
{
	__sanitizer_finish_switch_fiber(fake_stack, NULL, NULL);
	if (ended) {
		release(ended);
		ended = NULL;
	}
	current->state = TASK_RUNNING;
	current->ran_since = now;
	current->slice_start = now;
}

static void switch_to(struct task *next)
{
	struct task *from = current;
	void *fake_stack = NULL;

	if (next == from) {
		from->state = TASK_RUNNING;
		from->slice_start = now;
		return;
	}
	current = next;
	__sanitizer_start_switch_fiber(from->state == TASK_ENDED ? NULL : &fake_stack, next->stack_bottom,
				       next->stack_size);
	swapcontext(&from->context, &next->context);
	arrived(fake_stack);
}

static void wake_expired(void)
{
	struct task *task;

	LIST_FOR_EACH (task, &tasks, all)
		if ((task->state == TASK_WAITING || task->state == TASK_SLEEPING) && task->deadline <= now)
			make_ready(task);
}

static uint64_t next_deadline(void)
{
	uint64_t next = timers_next();
	struct task *task;

	LIST_FOR_EACH (task, &tasks, all)
		if ((task->state == TASK_WAITING || task->state == TASK_SLEEPING) && task->deadline < next)
			next = task->deadline;
	return next;
}

static void stuck(void)
{
	struct task *task;
	char names[256] = "";
	size_t length = 0;

	LIST_FOR_EACH (task, &tasks, all)
		if (length < sizeof(names))
			length += (size_t)snprintf(names + length, sizeof(names) - length, " %s", task->name);
	model_violation("every task waits and nothing can ever wake one:%s", names);
}

// The running task has said why it stops; runs the next one, letting time pass until there is one.
static void schedule(void)
{
	unsigned int masked = current->masked;
	struct task *next;

	must_not_be_interrupt("waiting");
	current->cpu_time += now - current->ran_since;
	current->masked = 0;
	for (;;) {
		uint64_t at;

		timers_run();
		irq_deliver();
		wake_expired();
		if (!list_is_empty(&ready))
			break;
		at = next_deadline();
		if (at == TIME_NEVER)
			stuck();
		if (at > now) {
			idle += at - now;
			now = at;
		}
	}
	next = LIST_ENTRY(ready.next, struct task, ready);
	list_remove(&next->ready);
	current->ran_since = now;
	switch_to(next);
	current->ran_since = now;
	current->masked = masked;
}

// ---- Tasks ----

static void trampoline(void)
{
	arrived(NULL);
	current->entry(current->argument);
	if (current->masked)
		model_violation("task %s ended with interrupts masked", current->name);
	current->state = TASK_ENDED;
	ended = current;
	schedule();
}

struct task *task_create(const char *name, void (*entry)(void *argument), void *argument)
{
	struct task *task;

	must_not_be_interrupt("task_create()");
	if (allocation_fails("task_create", STACK_SIZE))
		return NULL;
	task = model_zalloc(sizeof(*task));
	snprintf(task->name, sizeof(task->name), "%s", name);
	task->entry = entry;
	task->argument = argument;
	task->mapping =
		mmap(NULL, STACK_SIZE + 2 * GUARD_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT(task->mapping != MAP_FAILED);
	task->stack = task->mapping + GUARD_SIZE;
	mprotect(task->stack, STACK_SIZE, PROT_READ | PROT_WRITE);
	__lsan_register_root_region(task->stack, STACK_SIZE);
	task->stack_bottom = task->stack;
	task->stack_size = STACK_SIZE;
	getcontext(&task->context);
	task->context.uc_stack.ss_sp = task->stack;
	task->context.uc_stack.ss_size = STACK_SIZE;
	makecontext(&task->context, trampoline, 0);
	list_init(&task->waiter);
	list_append(&tasks, &task->all);
	make_ready(task);
	return task;
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
	must_not_be_interrupt("task_yield()");
	now += COST_OF_YIELD;
	make_ready(current);
	schedule();
}

void task_sleep(uint64_t nanoseconds)
{
	current->deadline = nanoseconds > TIME_NEVER - now ? TIME_NEVER : now + nanoseconds;
	current->state = TASK_SLEEPING;
	schedule();
}

bool task_should_yield(void)
{
	now += COST_OF_CHECK;
	if (now - current->slice_start < (list_is_empty(&ready) ? MILLISECONDS(1) : MICROSECONDS(10)))
		return false;
	current->slice_start = now;
	return true;
}

void task_share(void)
{
	task_yield();
}

// ---- Wait queues ----

void wait_queue_init(struct wait_queue *queue)
{
	list_init(&queue->waiters);
}

int wait_queue_wait(struct wait_queue *queue, uint64_t deadline)
{
	if (++waits % SPURIOUS_WAKE_UPS == 0) {
		task_yield();
		return 0;
	}
	current->deadline = deadline;
	current->woken = false;
	current->state = TASK_WAITING;
	list_append(&queue->waiters, &current->waiter);
	schedule();
	list_remove(&current->waiter);
	return current->woken ? 0 : -ETIMEDOUT;
}

void wait_queue_wake(struct wait_queue *queue)
{
	while (!list_is_empty(&queue->waiters)) {
		struct task *task = LIST_ENTRY(queue->waiters.next, struct task, waiter);

		list_remove(&task->waiter);
		task->woken = true;
		if (task->state == TASK_WAITING)
			make_ready(task);
	}
}

// ---- What `kernel tasks` shows ----

static void describe(const struct task *task, void (*each)(const struct task_info *info, void *context),
		     void *context)
{
	static const char *const states[] = { "ready", "running", "waiting", "sleeping", "ended" };
	struct task_info info = {
		.name = task->name,
		.state = states[task->state],
		.cpu_time = task->cpu_time + (task == current ? now - task->ran_since : 0),
		.stack_size = STACK_SIZE,
		.stack_used = STACK_SIZE / 8,
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

uint64_t time_of_entry(void)
{
	return 0;
}

uint64_t task_idle_time(void)
{
	return idle;
}

unsigned int model_task_count(void)
{
	unsigned int count = 0;

	for (const struct list *link = tasks.next; link != &tasks; link = link->next)
		count++;
	return count;
}

static bool holds(const void *stack, size_t size, const void *pointer)
{
	return (uintptr_t)pointer - (uintptr_t)stack < size;
}

bool task_stack_holds(const void *pointer)
{
	struct task *task;

	LIST_FOR_EACH (task, &tasks, all)
		if (task->stack && holds(task->stack, STACK_SIZE, pointer))
			return true;
	return holds(main_task.stack_bottom, main_task.stack_size, pointer);
}

// ---- Interrupt masking ----

bool task_interrupts_masked(void)
{
	return current->masked || interrupt_depth;
}

void task_enter_interrupt(void)
{
	interrupt_depth++;
}

void task_leave_interrupt(void)
{
	interrupt_depth--;
}

unsigned long irq_save(void)
{
	return current->masked++;
}

void irq_restore(unsigned long state)
{
	if (state + 1 != current->masked)
		model_violation("irq_restore() without its irq_save()");
	current->masked = (unsigned int)state;
	irq_deliver();
}

// ---- For the model ----

// Tasks that wait are dropped with their stacks.
void tasks_reset(void)
{
	struct task *task;

	pthread_attr_t attributes;
	void *bottom;

	if (current != &main_task)
		model_violation("model_start() in a task");
	ASSERT(!pthread_getattr_np(pthread_self(), &attributes));
	ASSERT(!pthread_attr_getstack(&attributes, &bottom, &main_task.stack_size));
	pthread_attr_destroy(&attributes);
	main_task.stack_bottom = bottom;
	LIST_FOR_EACH (task, &tasks, all)
		if (task != &main_task)
			release(task);
	list_init(&tasks);
	list_init(&ready);
	list_init(&main_task.waiter);
	list_append(&tasks, &main_task.all);
	main_task.state = TASK_RUNNING;
	main_task.masked = 0;
	main_task.ran_since = 0;
	main_task.slice_start = 0;
	now = 0;
	idle = 0;
	interrupt_depth = 0;
	waits = 0;
}

void model_run(uint64_t nanoseconds)
{
	task_sleep(nanoseconds);
}
