// SPDX-License-Identifier: Apache-2.0
// The console server against guests of the model: what they print and read, and what those do that mean harm.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "console/console.h"
#include "kernel/compiler.h"
#include "kernel/task.h"
#include "model/model.h"
#include "xen/domctl.h"
#include "xen/event.h"
#include "xen/foreign.h"
#include "xen/hvm.h"
#include "xen/version.h"

#define RING_OUT sizeof(((struct xencons_interface *)0)->out)
#define RING_IN sizeof(((struct xencons_interface *)0)->in)
#define RING_GFN 0x40000u // the first page of the model's guests

struct guest {
	domid_t id;
	evtchn_port_t port;
	struct console *console;
};

static struct guest guest, other;

// A guest whose console isn't served yet.
static void make_guest(struct guest *made)
{
	made->id = model_make_domain(4);
	made->console = NULL;
	assert_int_equal(event_alloc_unbound(made->id, 0, &made->port), 0);
	assert_int_equal(hvm_param_set(made->id, HVM_PARAM_CONSOLE_PFN, RING_GFN), 0);
	assert_int_equal(hvm_param_set(made->id, HVM_PARAM_CONSOLE_EVTCHN, made->port), 0);
}

static int open_guest(struct guest *opened)
{
	return console_open(opened->id, gfn_make(RING_GFN), opened->port, &opened->console);
}

static void end_guest(struct guest *ended)
{
	if (ended->console)
		console_close(ended->console);
	ended->console = NULL;
	assert_int_equal(domctl_destroy(ended->id), 0);
	model_run(MILLISECONDS(10));
}

static int start(void **state)
{
	(void)state;
	model_start(NULL);
	if (event_init() || xen_version_init() || foreign_init() || console_init())
		return -1;
	return 0;
}

static int setup(void **state)
{
	(void)state;
	make_guest(&guest);
	make_guest(&other);
	model_output_clear();
	return open_guest(&guest) || open_guest(&other);
}

static int teardown(void **state)
{
	(void)state;
	end_guest(&guest);
	end_guest(&other);
	assert_int_equal(foreign_mapped_frames(), 0);
	assert_int_equal(event_channels_bound(), 0);
	return 0;
}

static void assert_reads(struct console *console, const char *expected)
{
	char buffer[256];
	size_t count = console_read(console, buffer, sizeof(buffer) - 1);

	buffer[count] = '\0';
	assert_string_equal(buffer, expected);
}

static void test_output(void **state)
{
	(void)state;
	assert_int_equal(model_guest_print(guest.id, "hello\n", 6), 6);
	model_guest_print(other.id, "other\n", 6);
	model_guest_take_event(guest.id, guest.port);
	model_run(MILLISECONDS(1));
	assert_true(model_guest_take_event(guest.id, guest.port)); // there is room again
	assert_reads(guest.console, "hello\n");
	assert_reads(guest.console, "");
	assert_reads(other.console, "other\n");
	assert_int_equal(console_take_lost(guest.console), 0);
}

static void print_much(domid_t id, size_t size)
{
	static char text[RING_OUT];

	for (size_t done = 0; done < size;) {
		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = (char)('0' + (done + i) % 10);
		done += model_guest_print(id, text, MIN(sizeof(text), size - done));
		model_run(MILLISECONDS(3));
	}
}

static void xsa_180_392_overrun(void **state)
{
	struct console_statistics statistics;
	char buffer[16];

	(void)state;
	print_much(guest.id, CONFIG_CONSOLE_BACKLOG_SIZE + 1234);
	console_statistics(guest.console, &statistics);
	assert_int_equal(statistics.output, CONFIG_CONSOLE_BACKLOG_SIZE + 1234);
	assert_int_equal(statistics.lost, 1234);
	assert_int_equal(console_take_lost(guest.console), 1234);
	assert_int_equal(console_take_lost(guest.console), 0);
	assert_int_equal(console_read(guest.console, buffer, 4), 4);
	assert_memory_equal(buffer, "4567", 4); // 1234 % 10
	print_much(guest.id, 14);
	assert_int_equal(console_take_lost(guest.console), 10);
}

static unsigned int notified;

static void notify(void)
{
	notified++;
}

static void test_input(void **state)
{
	struct console_statistics statistics;
	char text[RING_IN + 100], buffer[RING_IN];

	(void)state;
	memset(text, 'x', sizeof(text));
	model_guest_take_event(guest.id, guest.port);
	assert_int_equal(console_write(guest.console, text, sizeof(text)), RING_IN);
	assert_true(model_guest_take_event(guest.id, guest.port));
	assert_int_equal(console_write(guest.console, text, sizeof(text)), 0);

	assert_int_equal(console_attach(guest.console, notify), 0);
	model_run(MILLISECONDS(1));
	notified = 0;
	assert_int_equal(model_guest_type(guest.id, buffer, 100), 100);
	model_run(MILLISECONDS(1));
	assert_true(notified > 0); // there is room
	assert_int_equal(console_write(guest.console, text, sizeof(text)), 100);
	console_statistics(guest.console, &statistics);
	assert_int_equal(statistics.input, RING_IN + 100);
	console_detach(guest.console);
}

static void test_attach(void **state)
{
	(void)state;
	assert_int_equal(console_attach(guest.console, notify), 0);
	assert_int_equal(console_attach(guest.console, notify), -EBUSY);
	model_run(MILLISECONDS(1));
	notified = 0;
	model_guest_print(guest.id, "x", 1);
	model_run(MILLISECONDS(1));
	assert_true(notified > 0);
	console_detach(guest.console);
	assert_int_equal(console_attach(guest.console, notify), 0);
	console_detach(guest.console);
	notified = 0;
	model_guest_print(guest.id, "x", 1);
	model_run(MILLISECONDS(1));
	assert_int_equal(notified, 0);
}

// The domain ends while somebody is attached.
static void test_end_while_attached(void **state)
{
	struct console *console = console_get(guest.console);

	(void)state;
	assert_int_equal(console_attach(console, notify), 0);
	model_guest_print(guest.id, "last words", 10); // still in the ring
	notified = 0;
	console_close(console);
	guest.console = NULL;
	assert_true(notified > 0);
	assert_true(console_is_closed(console));
	assert_int_equal(foreign_mapped_frames(), 1);
	assert_int_equal(event_channels_bound(), 1);
	assert_int_equal(console_write(console, "x", 1), 0);
	assert_reads(console, "last words");
	console_detach(console);
	console_put(console);
}

// ---- guests that mean harm ----

// Puts as much as the ring takes, every 5 microseconds until `end`.
struct storm {
	domid_t id;
	size_t size;
	uint64_t end, printed, events;
};

static void blow(void *context)
{
	static const char text[RING_OUT];
	struct storm *storm = context;

	storm->events++;
	storm->printed += model_guest_print(storm->id, text, storm->size);
	if (time_now() < storm->end)
		model_after(MICROSECONDS(5), blow, storm);
}

static void run_storm(struct storm *storm, size_t size)
{
	*storm = (struct storm){ .id = guest.id, .size = size, .end = time_now() + MILLISECONDS(200) };
	blow(storm);
	for (int i = 0; i < 20; i++) {
		model_guest_print(other.id, "quiet", 5);
		model_run(MILLISECONDS(8));
		assert_reads(other.console, "quiet"); // not held up
	}
	model_run(MILLISECONDS(100)); // the storm ends
}

static void xsa_180_stormy_output(void **state)
{
	struct storm storm;
	struct console_statistics statistics;

	(void)state;
	run_storm(&storm, RING_OUT);
	console_statistics(guest.console, &statistics);
	// 400 KiB a second, and what is in the ring.
	assert_in_range(statistics.output, 60 * 1024, 100 * 1024);
	assert_in_range(storm.printed - statistics.output, 0, RING_OUT);

	// Afterwards it is served as before.
	static char drain[CONFIG_CONSOLE_BACKLOG_SIZE];
	model_run(MILLISECONDS(60));
	console_read(guest.console, drain, sizeof(drain));
	model_guest_print(guest.id, "calm", 4);
	model_run(MILLISECONDS(1));
	assert_reads(guest.console, "calm");
}

// Events without a byte of output cost no more than output does.
static void xsa_332_stormy_events(void **state)
{
	unsigned int before, after;
	struct storm storm;

	(void)state;
	assert_int_equal(console_attach(guest.console, notify), 0);
	notified = 0;
	before = model_hypercall_count(__HYPERVISOR_event_channel_op, EVTCHNOP_send);
	run_storm(&storm, 0);
	after = model_hypercall_count(__HYPERVISOR_event_channel_op, EVTCHNOP_send);
	assert_true(storm.events > 10000);
	assert_in_range(notified, 1, 10 * 8); // turns of 300 ms
	assert_in_range(after - before, 20, 25); // answers to `other`
	console_detach(guest.console);
}

// Events and output keep coming while its console ends, and before it begins anew.
static void xsa_331_441_end_in_a_storm(void **state)
{
	struct storm storm = { .id = guest.id, .size = 100, .end = time_now() + MILLISECONDS(20) };

	(void)state;
	blow(&storm);
	for (unsigned int i = 0; i < 20; i++) {
		model_run(MICROSECONDS(100 + i));
		console_close(guest.console);
		guest.console = NULL;
		model_run(MICROSECONDS(10 + i));
		assert_int_equal(event_alloc_unbound(guest.id, 0, &guest.port), 0);
		assert_int_equal(hvm_param_set(guest.id, HVM_PARAM_CONSOLE_EVTCHN, guest.port), 0);
		assert_int_equal(open_guest(&guest), 0);
	}
	model_run(MILLISECONDS(100)); // the storm ends
	model_guest_print(other.id, "fine", 4);
	model_run(MILLISECONDS(1));
	assert_reads(other.console, "fine");
}

static unsigned int count_of(const char *text, const char *part)
{
	unsigned int count = 0;

	for (; (text = strstr(text, part)); text++)
		count++;
	return count;
}

static void assert_turned_off(void)
{
	struct console_statistics statistics;

	console_statistics(guest.console, &statistics);
	assert_true(statistics.broken);
	assert_false(console_is_closed(guest.console));
	assert_int_equal(event_channels_bound(), 1);
	for (int i = 0; i < 10; i++) {
		model_guest_notify(guest.id, guest.port);
		model_run(MILLISECONDS(1));
		assert_int_equal(console_write(guest.console, "x", 1), 0);
	}
	assert_int_equal(count_of(model_output(), "its console is off"), 1);
	model_guest_print(other.id, "fine", 4);
	model_run(MILLISECONDS(1));
	assert_reads(other.console, "fine");
}

static void xsa_39_86_impossible_output_index(void **state)
{
	struct xencons_interface *ring = model_guest_console(guest.id);

	(void)state;
	assert_int_equal(console_attach(guest.console, notify), 0);
	model_run(MILLISECONDS(1));
	notified = 0;
	ring->out_prod = ring->out_cons + RING_OUT + 1;
	model_guest_notify(guest.id, guest.port);
	model_run(MILLISECONDS(1));
	assert_true(notified > 0);
	console_detach(guest.console);
	assert_turned_off();
}

static void xsa_39_86_impossible_input_index(void **state)
{
	struct xencons_interface *ring = model_guest_console(guest.id);

	(void)state;
	ring->in_cons = ring->in_prod + 1;
	assert_int_equal(console_write(guest.console, "x", 1), 0);
	assert_turned_off();
}

// Both indices anywhere, changed at any time: nothing but the guest's own bytes suffers.
static void xsa_155_478_indices_at_random(void **state)
{
	char buffer[64];

	(void)state;
	srand(6);
	for (int i = 0; i < 500; i++) {
		struct xencons_interface *ring = model_guest_console(guest.id);
		uint32_t near = (uint32_t)rand() % 4096;

		ring->out_cons = (uint32_t)rand();
		ring->out_prod = rand() % 2 ? ring->out_cons + near : (uint32_t)rand();
		ring->in_prod = (uint32_t)rand();
		ring->in_cons = ring->in_prod - near;
		model_guest_notify(guest.id, guest.port);
		console_write(guest.console, "input", 5);
		model_run(MICROSECONDS(100));
		console_read(guest.console, buffer, sizeof(buffer));

		struct console_statistics statistics;
		console_statistics(guest.console, &statistics);
		if (statistics.broken) {
			console_close(guest.console);
			assert_int_equal(event_alloc_unbound(guest.id, 0, &guest.port), 0);
			assert_int_equal(open_guest(&guest), 0);
		}
	}
}

// Each hypercall and each allocation of console_open() fails once.
static void test_open_fails(void **state)
{
	struct model_snapshot before;
	unsigned int failures = 0;

	(void)state;
	console_close(guest.console);
	guest.console = NULL;
	assert_int_equal(event_alloc_unbound(guest.id, 0, &guest.port), 0);
	before = model_snapshot();
	for (unsigned int kind = 0; kind < 2; kind++) {
		for (unsigned int nth = 1;; nth++) {
			kind ? model_fail_allocation(nth) : model_fail_hypercall(nth, 0);
			int error = open_guest(&guest);
			bool struck = model_fault_struck();
			kind ? model_fail_allocation(0) : model_fail_hypercall(0, 0);
			if (!struck) {
				assert_int_equal(error, 0);
				break;
			}
			failures++;
			assert_true(error < 0);
			assert_null(guest.console);
			model_assert_equal(&before, model_fault_place());
		}
		console_close(guest.console);
		guest.console = NULL;
		assert_int_equal(event_alloc_unbound(guest.id, 0, &guest.port), 0);
		before = model_snapshot();
	}
	assert_true(failures >= 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_output),
		TEST(xsa_180_392_overrun),
		TEST(test_input),
		TEST(test_attach),
		TEST(test_end_while_attached),
		TEST(xsa_180_stormy_output),
		TEST(xsa_332_stormy_events),
		TEST(xsa_331_441_end_in_a_storm),
		TEST(xsa_39_86_impossible_output_index),
		TEST(xsa_39_86_impossible_input_index),
		TEST(xsa_155_478_indices_at_random),
		TEST(test_open_fails),
	};
	return cmocka_run_group_tests(tests, start, NULL);
}
