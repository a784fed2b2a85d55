// SPDX-License-Identifier: Apache-2.0
// A guest's end of its PV console (public/io/console.h): the ring in the page of HVM_PARAM_CONSOLE_PFN, the
// port of HVM_PARAM_CONSOLE_EVTCHN.
#include "xen/pv_console.h"

#include <errno.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/log.h"
#include "kernel/memory.h"
#include "kernel/task.h"
#include "xen/event.h"
#include "xen/hvm.h"
#include "xen/hypercall.h"
#include "xen/ring.h"

// How long a full ring is waited for. A console server that lives empties it in far less, even on a busy machine.
#define STALL_LIMIT SECONDS(10)

static struct wait_queue queue = WAIT_QUEUE_INITIAL(queue);
static struct event_channel channel = { .port = INVALID_EVTCHN };
static struct byte_ring out, in; // no data: there is no console
// Nobody empties the ring: output isn't waited for until there is room again.
static bool stalled;

int pv_console_init(void)
{
	uint64_t pfn = 0, port = 0;
	int error = hvm_param_get(DOMID_SELF, HVM_PARAM_CONSOLE_PFN, &pfn);

	if (!error)
		error = hvm_param_get(DOMID_SELF, HVM_PARAM_CONSOLE_EVTCHN, &port);
	if (error)
		return error;
	if (!pfn || !port)
		return -ENOENT;

	struct xencons_interface *page = memory_map(gfn_address(gfn_make(pfn)), PAGE_SIZE, MEMORY_NORMAL);
	if (!page)
		return -ENOMEM;
	error = event_channel_adopt(&channel, (evtchn_port_t)port, &queue);
	if (error)
		return error;
	in = (struct byte_ring){ page->in, sizeof(page->in), &page->in_cons, &page->in_prod };
	out = (struct byte_ring){ page->out, sizeof(page->out), &page->out_cons, &page->out_prod };
	return 0;
}

// Puts it all into the ring, CR before LF. Where the ring is full, the CPU is left to other domains until
// there is room: any context may print, so no task can be waited for.
static void put(const char *text, size_t length)
{
	uint64_t deadline = 0;

	while (length) {
		unsigned long state = irq_save(); // a handler may print, too
		long count = byte_ring_write(&out, text, length);
		irq_restore(state);

		if (count < 0)
			return; // the ring is broken
		if (count) {
			text += count;
			length -= (size_t)count;
			deadline = 0;
			stalled = false;
			continue;
		}
		if (!deadline)
			deadline = time_now() + STALL_LIMIT;
		stalled = stalled || time_now() >= deadline;
		if (stalled)
			return;
		event_channel_notify(&channel);
		xen_operation(__HYPERVISOR_sched_op, SCHEDOP_yield, NULL);
	}
}

// Without a console the text goes to Xen's own, which only a debug build of Xen shows.
void kernel_console_write(const char *text, size_t length)
{
	if (!out.data) {
		xen_hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, length, (uintptr_t)text, 0, 0);
		return;
	}

	while (length) {
		const char *newline = memchr(text, '\n', length);
		size_t line = newline ? (size_t)(newline - text) : length;

		put(text, line);
		if (newline) {
			put("\r\n", 2);
			line++;
		}
		text += line;
		length -= line;
	}
	event_channel_notify(&channel);
}

long pv_console_read(char *buffer, size_t size, uint64_t deadline)
{
	if (!in.data)
		return -ENOENT;
	for (;;) {
		event_channel_take(&channel);
		long count = byte_ring_read(&in, buffer, size);
		if (count) {
			event_channel_notify(&channel);
			return count;
		}
		int error = WAIT_UNTIL_DEADLINE(&queue, channel.pending, deadline);
		if (error)
			return error;
	}
}
