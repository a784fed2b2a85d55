// SPDX-License-Identifier: Apache-2.0
// Stands for the kernel and for Xen under the store (lone_guest.h).
#include "fuzz/lone_guest.h"

#include <errno.h>
#include <setjmp.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "kernel/compiler.h"
#include "kernel/task.h"
#include "xen/domctl.h"
#include "xen/event.h"
#include "xen/foreign.h"
#include "xenstore/xenstore.h"

#define DOMAINS 3u // that Xen knows, besides Dom0

unsigned char lone_guest_page[PAGE_SIZE] __attribute__((aligned(4096)));

static struct {
	void (*entry)(void *argument); // NULL: there is no task
	void *argument;
	bool running;
	jmp_buf outside;
	bool (*act)(void);
} task;

static struct event_channel *bound;

// ---- The task ----

static void run_task(void)
{
	FUZZ_CHECK(task.entry && !task.running);
	task.running = true;
	if (!setjmp(task.outside)) {
		task.entry(task.argument);
		task.entry = NULL;
	}
	task.running = false;
}

struct task *task_create(const char *name, void (*entry)(void *argument), void *argument)
{
	(void)name;
	FUZZ_CHECK(!task.entry);
	task.entry = entry;
	task.argument = argument;
	return (struct task *)&task;
}

// All that the task's loop knows is in its argument: it can be left where it waits, and entered again at its start.
static void wait_in_task(void)
{
	if (!task.act || !task.act())
		longjmp(task.outside, 1);
}

static uint64_t now;

// Outside the task somebody waits for it, or, if there is none, for a time.
int wait_queue_wait(struct wait_queue *queue, uint64_t deadline)
{
	(void)queue;
	if (task.running) {
		wait_in_task();
	} else if (task.entry) {
		run_task();
	} else {
		FUZZ_CHECK(deadline != TIME_NEVER);
		now = MAX(now, deadline);
		return -ETIMEDOUT;
	}
	return 0;
}

void task_yield(void)
{
	if (task.running && task.act)
		task.act();
}

uint64_t time_now(void)
{
	return now += MICROSECONDS(1);
}

void task_sleep(uint64_t nanoseconds)
{
	now += nanoseconds;
	task_yield();
}

// ---- Xen ----

int domctl_get_info(domid_t domid, struct domain_info *info)
{
	*info = (struct domain_info){ 0 };
	return domid <= DOMAINS ? 0 : -ESRCH;
}

void *foreign_map_range(domid_t domid, gfn_t first, size_t count, int *error)
{
	(void)first;
	FUZZ_CHECK(domid == LONE_GUEST && count == 1);
	*error = 0;
	return lone_guest_page;
}

void foreign_unmap(void *pointer, size_t count)
{
	FUZZ_CHECK(pointer == lone_guest_page && count == 1);
}

int event_channel_bind_interdomain(struct event_channel *channel, domid_t remote, evtchn_port_t remote_port,
				   struct wait_queue *queue)
{
	(void)remote;
	*channel = (struct event_channel){ .port = remote_port, .queue = queue };
	bound = channel;
	return 0;
}

void event_channel_close(struct event_channel *channel)
{
	channel->port = INVALID_EVTCHN;
	bound = NULL;
}

void event_channel_notify(const struct event_channel *channel)
{
	FUZZ_CHECK(channel == bound);
}

bool event_channel_take(struct event_channel *channel)
{
	bool pending = channel->pending;

	channel->pending = false;
	return pending;
}

void event_channel_mask(struct event_channel *channel, bool masked)
{
	channel->masked = masked;
}

// ---- The guest ----

void lone_guest_start(void)
{
	static bool store_is_there;

	if (!store_is_there)
		FUZZ_CHECK(xenstore_init() == 0);
	store_is_there = true;
	memset(lone_guest_page, 0, PAGE_SIZE);
	FUZZ_CHECK(xenstore_introduce(LONE_GUEST, gfn_make(1), 1) == 0);
}

void lone_guest_run(bool (*act)(void))
{
	task.act = act;
	run_task();
	task.act = NULL;
}

void lone_guest_notify(void)
{
	if (bound)
		bound->pending = true;
}

void lone_guest_end(void)
{
	FUZZ_CHECK(xenstore_release(LONE_GUEST) == 0);
	FUZZ_CHECK(!task.entry && !bound);
}
