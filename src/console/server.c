// SPDX-License-Identifier: Apache-2.0
// One task serves all consoles: the one whose event has waited longest gets a turn, which takes out what its
// ring holds (at most the ring's size), then goes to the end of the list and lets the other tasks run.
//
// A guest that prints without end gets TURNS_PER_PERIOD turns in PERIOD. When they are used up, its event
// channel is masked until the period is over: its ring fills, and it waits as for a slow terminal. So each
// guest costs a bounded part of the CPU, at 2 KiB a turn it still prints 400 KiB a second, and a guest that
// prints what a person reads never notices.
#include <errno.h>
#include <stdlib.h>

#include "console/backlog.h"
#include "console/console.h"
#include "console/log_file.h"
#include "kernel/compiler.h"
#include "kernel/list.h"
#include "kernel/log.h"
#include "kernel/task.h"
#include "xen/event.h"
#include "xen/foreign.h"
#include "xen/ring.h"

#define PERIOD MILLISECONDS(50)
#define TURNS_PER_PERIOD 10

struct console {
	struct list link; // in `consoles`
	unsigned int references;
	domid_t domid;
	struct xencons_interface *page; // the guest's; NULL while none is served
	bool held; // console_hold(): it will be served again
	struct byte_ring output, input; // as the guest sees them
	struct event_channel channel;
	struct backlog backlog;
	struct console_log *log; // NULL: its output isn't kept in a file
	uint64_t lost_told; // of backlog.lost, what console_take_lost() has answered
	void (*notify)(void); // of whoever is attached, or NULL
	uint64_t period_start;
	unsigned int turns; // in this period
	uint64_t resume; // when the channel is unmasked again; 0: it isn't masked
	struct console_statistics statistics;
};

// The open consoles, in the order in which they get their turns.
static struct list consoles = LIST_INITIAL(consoles);
static struct wait_queue events = WAIT_QUEUE_INITIAL(events);

static void tell_attached(const struct console *console)
{
	if (console->notify)
		console->notify();
}

static void turn_off(struct console *console)
{
	log_warning("domain %u: impossible indices in its console's ring; its console is off",
		    console->domid);
	console->statistics.broken = true;
	console->resume = 0;
	event_channel_close(&console->channel);
	tell_attached(console);
}

// Moves what the ring holds to the backlog.
static void take_output(struct console *console)
{
	static char buffer[sizeof(console->page->out)];
	long count = byte_ring_read(&console->output, buffer, sizeof(buffer));

	if (count < 0) {
		turn_off(console);
		return;
	}
	if (count > 0) {
		backlog_put(&console->backlog, buffer, (size_t)count);
		if (console->log)
			console_log_put(console->log, buffer, (size_t)count);
		console->statistics.output += (uint64_t)count;
		event_channel_notify(&console->channel);
	}
	tell_attached(console); // without output too: the guest may have taken input
}

static void slow_down(struct console *console, uint64_t now)
{
	if (now - console->period_start >= PERIOD) {
		console->period_start = now;
		console->turns = 0;
	}
	if (++console->turns >= TURNS_PER_PERIOD) {
		event_channel_mask(&console->channel, true);
		console->resume = console->period_start + PERIOD;
	}
}

static void give_turn(struct console *console)
{
	if (console->resume) {
		console->resume = 0;
		event_channel_mask(&console->channel, false);
	}
	event_channel_take(&console->channel); // before the ring is read, or a later event would be lost
	take_output(console);
	if (!console->statistics.broken)
		slow_down(console, time_now());
}

// The console whose turn it is, or NULL.
static struct console *next_turn(void)
{
	struct console *console;
	uint64_t now = time_now();

	LIST_FOR_EACH(console, &consoles, link)
		if (console->resume ? now >= console->resume : READ_ONCE(console->channel.pending))
			return console;
	return NULL;
}

static uint64_t next_resume(void)
{
	struct console *console;
	uint64_t next = TIME_NEVER;

	LIST_FOR_EACH(console, &consoles, link)
		if (console->resume)
			next = MIN(next, console->resume);
	return next;
}

static void serve(void *unused)
{
	struct console *console;

	(void)unused;
	for (;;) {
		if (WAIT_UNTIL_DEADLINE(&events, (console = next_turn()), next_resume()))
			continue;
		list_remove(&console->link);
		list_append(&consoles, &console->link);
		give_turn(console);
		task_yield();
	}
}

int console_init(void)
{
	return task_create("console", serve, NULL) ? 0 : -ENOMEM;
}

static int connect(struct console *console, gfn_t ring, evtchn_port_t remote_port)
{
	int error;

	console->page = foreign_map_range(console->domid, ring, 1, &error);
	if (!console->page)
		return error;
	console->output = (struct byte_ring){
		.data = console->page->out,
		.size = sizeof(console->page->out),
		.consumer = &console->page->out_cons,
		.producer = &console->page->out_prod,
	};
	console->input = (struct byte_ring){
		.data = console->page->in,
		.size = sizeof(console->page->in),
		.consumer = &console->page->in_cons,
		.producer = &console->page->in_prod,
	};
	return event_channel_bind_interdomain(&console->channel, console->domid, remote_port, &events);
}

static void disconnect(struct console *console)
{
	event_channel_close(&console->channel);
	if (console->page)
		foreign_unmap(console->page, 1);
	console->page = NULL;
	console->resume = 0;
}

int console_open(domid_t domid, gfn_t ring, evtchn_port_t remote_port, struct console **opened)
{
	struct console *console = calloc(1, sizeof(*console));

	if (!console)
		return -ENOMEM;
	console->references = 1;
	console->domid = domid;
	console->channel.port = INVALID_EVTCHN;
	list_init(&console->link);

	int error = backlog_init(&console->backlog, CONFIG_CONSOLE_BACKLOG_SIZE);
	if (!error)
		error = connect(console, ring, remote_port);
	if (error) {
		disconnect(console);
		console_put(console);
		return error;
	}
	list_append(&consoles, &console->link);
	*opened = console;
	return 0;
}

int console_keep_log(struct console *console, const char *name)
{
	console->log = console_log_open(name);
	return console->log ? 0 : -ENOMEM;
}

// Nothing of the guest is mapped or bound any more.
static void end_service(struct console *console)
{
	if (!console->page)
		return;
	if (!console->statistics.broken)
		take_output(console);
	console_log_close(console->log);
	console->log = NULL;
	disconnect(console);
	list_remove(&console->link);
}

void console_hold(struct console *console)
{
	end_service(console);
	console->held = true;
	console->statistics.broken = false;
}

int console_reopen(struct console *console, domid_t domid, gfn_t ring, evtchn_port_t remote_port)
{
	console->domid = domid;
	int error = connect(console, ring, remote_port);
	if (error) {
		disconnect(console);
		return error;
	}
	console->held = false;
	list_append(&consoles, &console->link);
	tell_attached(console); // what was typed meanwhile can go on
	return 0;
}

void console_end(struct console *console)
{
	if (console_is_closed(console))
		return;
	end_service(console);
	console->held = false;
	tell_attached(console);
}

void console_close(struct console *console)
{
	console_end(console);
	console_put(console);
}

struct console *console_get(struct console *console)
{
	console->references++;
	return console;
}

void console_put(struct console *console)
{
	if (--console->references)
		return;
	backlog_free(&console->backlog);
	free(console);
}

size_t console_read(struct console *console, char *buffer, size_t size)
{
	return backlog_take(&console->backlog, buffer, size);
}

uint64_t console_take_lost(struct console *console)
{
	uint64_t lost = console->backlog.lost - console->lost_told;

	console->lost_told += lost;
	return lost;
}

bool console_has_printed(const struct console *console, const char *text)
{
	return backlog_contains(&console->backlog, text);
}

bool console_is_unread(const struct console *console)
{
	return !console->notify && backlog_count(&console->backlog);
}

size_t console_write(struct console *console, const char *text, size_t size)
{
	if (!console->page || console->statistics.broken)
		return 0;

	long count = byte_ring_write(&console->input, text, size);
	if (count < 0) {
		turn_off(console);
		return 0;
	}
	if (count > 0)
		event_channel_notify(&console->channel);
	console->statistics.input += (uint64_t)count;
	return (size_t)count;
}

bool console_is_closed(const struct console *console)
{
	return !console->page && !console->held;
}

int console_attach(struct console *console, void (*notify)(void))
{
	if (console->notify)
		return -EBUSY;
	console->notify = notify;
	return 0;
}

void console_detach(struct console *console)
{
	console->notify = NULL;
}

void console_statistics(const struct console *console, struct console_statistics *statistics)
{
	*statistics = console->statistics;
	statistics->lost = console->backlog.lost;
}
