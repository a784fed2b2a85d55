// SPDX-License-Identifier: Apache-2.0
// xen/event.c over the model: no event is lost or delivered to the wrong channel, whatever the order of
// binding, masking, closing and the peer's events; and a failed binding leaves no port behind.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/task.h"
#include "model/model.h"
#include "xen/event.h"

#define UNBOUND { .port = INVALID_EVTCHN }

static struct wait_queue queue;

static int start(void **state)
{
	(void)state;
	model_start(NULL);
	wait_queue_init(&queue);
	return event_init();
}

// Two ends of one channel, both in this domain. Binding delivers an event to the second, which is taken.
static void make_loop(struct event_channel *listener, struct event_channel *caller)
{
	assert_int_equal(event_channel_listen(listener, 0, &queue), 0);
	assert_int_equal(event_channel_bind_interdomain(caller, DOMID_SELF, listener->port, &queue), 0);
	event_channel_take(listener);
	event_channel_take(caller);
}

static void an_event_reaches_the_other_end(void **state)
{
	struct event_channel listener = UNBOUND, caller = UNBOUND;

	(void)state;
	make_loop(&listener, &caller);
	event_channel_notify(&caller);
	assert_true(event_channel_take(&listener));
	assert_false(event_channel_take(&listener));
	assert_false(event_channel_take(&caller));
	event_channel_close(&caller);
	event_channel_close(&listener);
	event_channel_close(&listener);
	assert_int_equal(event_channels_bound(), 0);
}

static struct event_channel to_notify;

static void notify_later(void *unused)
{
	(void)unused;
	task_sleep(MILLISECONDS(1));
	event_channel_notify(&to_notify);
}

static void an_event_wakes_its_queue(void **state)
{
	struct event_channel listener = UNBOUND;

	(void)state;
	make_loop(&listener, &to_notify);
	assert_non_null(task_create("notify", notify_later, NULL));
	assert_int_equal(WAIT_UNTIL_DEADLINE(&queue, listener.pending, time_now() + SECONDS(1)), 0);
	assert_int_equal(WAIT_UNTIL_DEADLINE(&queue, to_notify.pending, time_now() + SECONDS(1)), -ETIMEDOUT);
	event_channel_close(&to_notify);
	event_channel_close(&listener);
}

static void an_event_waits_while_it_is_masked(void **state)
{
	struct event_channel listener = UNBOUND, caller = UNBOUND;

	(void)state;
	make_loop(&listener, &caller);
	event_channel_mask(&listener, true);
	event_channel_notify(&caller);
	event_channel_notify(&caller);
	assert_false(event_channel_take(&listener));
	event_channel_mask(&listener, false);
	assert_true(event_channel_take(&listener));
	event_channel_mask(&listener, true);
	event_channel_mask(&listener, false);
	assert_false(event_channel_take(&listener));
	event_channel_notify(&caller);
	assert_true(event_channel_take(&listener));
	event_channel_close(&caller);
	event_channel_close(&listener);
}

// A guest that sends without end is held back until somebody looks, and nothing is lost by that.
static void events_are_held_back_until_one_is_taken(void **state)
{
	struct event_channel listener = UNBOUND, caller = UNBOUND;

	(void)state;
	make_loop(&listener, &caller);
	event_channel_notify(&caller);
	assert_false(listener.held);
	event_channel_notify(&caller);
	assert_true(listener.held);
	event_channel_notify(&caller);
	assert_true(event_channel_take(&listener));
	assert_true(event_channel_take(&listener)); // the third one
	assert_false(event_channel_take(&listener));
	event_channel_notify(&caller);
	assert_true(event_channel_take(&listener));

	// Who masked it stays the one who unmasks it.
	event_channel_notify(&caller);
	event_channel_notify(&caller);
	event_channel_mask(&listener, true);
	assert_true(event_channel_take(&listener));
	event_channel_notify(&caller);
	assert_false(event_channel_take(&listener));
	event_channel_mask(&listener, false);
	assert_true(event_channel_take(&listener));
	event_channel_close(&caller);
	event_channel_close(&listener);
}

static void an_event_does_not_outlive_its_channel(void **state)
{
	struct event_channel listener = UNBOUND, caller = UNBOUND;
	evtchn_port_t port;

	(void)state;
	make_loop(&listener, &caller);
	port = listener.port;
	event_channel_mask(&listener, true);
	event_channel_notify(&caller);
	event_channel_close(&listener);
	event_channel_close(&caller);
	assert_false(listener.pending);

	assert_int_equal(event_channel_listen(&listener, 0, &queue), 0);
	assert_int_equal(listener.port, port); // Xen gives the lowest one again
	assert_false(event_channel_take(&listener));
	event_channel_close(&listener);
}

static void an_event_before_adoption_is_delivered(void **state)
{
	struct event_channel adopted = UNBOUND, caller = UNBOUND;
	evtchn_port_t port;

	(void)state;
	assert_int_equal(event_alloc_unbound(DOMID_SELF, 0, &port), 0);
	assert_int_equal(event_channel_bind_interdomain(&caller, DOMID_SELF, port, &queue), 0);
	event_channel_notify(&caller);
	assert_int_equal(event_channel_adopt(&adopted, port, &queue), 0);
	assert_true(event_channel_take(&adopted));
	event_channel_close(&caller);
	event_channel_close(&adopted);
}

static void many_channels_are_kept_apart(void **state)
{
	enum { PAIRS = 200 }; // over several words, several of them in one bucket
	static struct event_channel listeners[PAIRS], callers[PAIRS];

	(void)state;
	for (int i = 0; i < PAIRS; i++)
		make_loop(&listeners[i], &callers[i]);
	assert_int_equal(event_channels_bound(), 2 * PAIRS);
	for (int i = 0; i < PAIRS; i += 3)
		event_channel_notify(&callers[i]);
	for (int i = 0; i < PAIRS; i++) {
		assert_int_equal(event_channel_take(&listeners[i]), i % 3 == 0);
		assert_false(event_channel_take(&callers[i]));
	}
	for (int i = 0; i < PAIRS; i++) {
		event_channel_close(&listeners[i]);
		event_channel_close(&callers[i]);
	}
	assert_int_equal(event_channels_bound(), 0);
}

static void a_failed_binding_leaves_nothing(void **state)
{
	struct event_channel channel = UNBOUND, second = UNBOUND;
	struct model_snapshot before = model_snapshot();

	(void)state;
	assert_true(event_channel_bind_interdomain(&channel, 77, 1, &queue) < 0);
	assert_int_equal(channel.port, INVALID_EVTCHN);
	model_fail_hypercall(1, 0);
	assert_true(event_channel_listen(&channel, 1, &queue) < 0);
	assert_int_equal(channel.port, INVALID_EVTCHN);
	assert_int_equal(event_channel_adopt(&channel, 4096, &queue), -ENOSPC);
	assert_int_equal(channel.port, INVALID_EVTCHN);
	event_channel_close(&channel);

	assert_int_equal(event_channel_bind_virq(&channel, VIRQ_CONSOLE, &queue), 0);
	assert_int_equal(event_channel_bind_virq(&second, VIRQ_CONSOLE, &queue), -EEXIST);
	assert_int_equal(event_channel_adopt(&second, channel.port, &queue), -EBUSY);
	event_channel_close(&second);
	event_channel_close(&channel);
	assert_int_equal(event_channels_bound(), 0);
	model_assert_equal(&before, "binding and closing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_event_reaches_the_other_end, start),
		cmocka_unit_test_setup(an_event_wakes_its_queue, start),
		cmocka_unit_test_setup(an_event_waits_while_it_is_masked, start),
		cmocka_unit_test_setup(events_are_held_back_until_one_is_taken, start),
		cmocka_unit_test_setup(an_event_does_not_outlive_its_channel, start),
		cmocka_unit_test_setup(an_event_before_adoption_is_delivered, start),
		cmocka_unit_test_setup(many_channels_are_kept_apart, start),
		cmocka_unit_test_setup(a_failed_binding_leaves_nothing, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
