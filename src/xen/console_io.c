// SPDX-License-Identifier: Apache-2.0
// The hypervisor's console: CONSOLEIO_write and CONSOLEIO_read of the hardware domain, with what was typed
// ahead.
//
// Xen puts a "\r" in front of each "\n" itself. It keeps 128 bytes of input and drops what comes beyond.
#include "xen/console_io.h"

#include <errno.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/log.h"
#include "xen/event.h"
#include "xen/hypercall.h"

#define CTRL_C 0x03

static struct wait_queue queue = WAIT_QUEUE_INITIAL(queue);
static struct event_channel input = { .port = INVALID_EVTCHN };
static struct event_channel printed = { .port = INVALID_EVTCHN };
static bool woken; // since the last -EINTR

// Typed and not yet read; when it is full, the rest stays with Xen.
static struct {
	char bytes[256];
	size_t count;
} typed;

void kernel_console_write(const char *text, size_t length)
{
	xen_hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, length, (uintptr_t)text, 0, 0);
}

// Fetches what Xen has.
static void fetch(void)
{
	while (typed.count < sizeof(typed.bytes)) {
		long count = xen_hypercall(__HYPERVISOR_console_io, CONSOLEIO_read,
					   sizeof(typed.bytes) - typed.count,
					   (uintptr_t)&typed.bytes[typed.count], 0, 0);
		if (count <= 0)
			return;
		typed.count += (size_t)count;
	}
}

size_t console_io_read(char *buffer, size_t size)
{
	fetch();

	size_t count = MIN(size, typed.count);
	memcpy(buffer, typed.bytes, count);
	typed.count -= count;
	memmove(typed.bytes, typed.bytes + count, typed.count);
	return count;
}

int console_io_wait(uint64_t deadline)
{
	for (;;) {
		event_channel_take(&input);
		fetch();
		if (typed.count)
			return 0;
		if (event_channel_take(&printed) || woken) {
			WRITE_ONCE(woken, false);
			return -EINTR;
		}
		int error = WAIT_UNTIL_DEADLINE(&queue, input.pending || printed.pending || READ_ONCE(woken),
						deadline);
		if (error)
			return error;
	}
}

void console_io_wake(void)
{
	WRITE_ONCE(woken, true);
	wait_queue_wake(&queue);
}

bool console_io_interrupted(void)
{
	fetch();

	char *found = memchr(typed.bytes, CTRL_C, typed.count);
	if (!found)
		return false;
	typed.count--;
	memmove(found, found + 1, typed.count - (size_t)(found - typed.bytes));
	return true;
}

// With Xen's option console_to_ring our own output goes to Xen's ring as well and raises VIRQ_CON_RING:
// redrawing a line because of it would raise it again, for ever.
static bool output_comes_back(void)
{
	static const char option[] = "console_to_ring";
	char line[sizeof(xen_commandline_t) + 1] = "";

	if (xen_operation(__HYPERVISOR_xen_version, XENVER_commandline, line) < 0)
		return true;
	return strstr(line, option);
}

int console_io_init(void)
{
	int error = event_channel_bind_virq(&input, VIRQ_CONSOLE, &queue);

	if (!error && !output_comes_back())
		error = event_channel_bind_virq(&printed, VIRQ_CON_RING, &queue);
	return error;
}
