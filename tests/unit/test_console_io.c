// SPDX-License-Identifier: Apache-2.0
// xen/console_io.c against the model: what is typed arrives once and in order, waiting ends for a reason,
// Ctrl-C is found.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/log.h"
#include "kernel/task.h"
#include "model/model.h"
#include "xen/console_io.h"
#include "xen/event.h"

// Once: what src/xen keeps is not made anew.
static int start(void **state)
{
	(void)state;
	model_start(NULL);
	return event_init() ? -1 : console_io_init();
}

static void type_later(void *text)
{
	model_type(text);
}

static void print_later(void *text)
{
	model_xen_prints(text);
}

static void output_arrives_whole(void **state)
{
	char text[1000];

	(void)state;
	memset(text, 'x', sizeof(text));
	model_output_clear();
	kernel_console_write(text, sizeof(text));
	kernel_console_write("\n", 1);
	assert_int_equal(strlen(model_output()), sizeof(text) + 1);
}

static void typing_ends_the_wait(void **state)
{
	char buffer[16];

	(void)state;
	model_after(SECONDS(5), type_later, "hi");
	assert_int_equal(console_io_wait(time_now() + SECONDS(10)), 0);
	assert_int_equal(console_io_read(buffer, 1), 1);
	assert_int_equal(buffer[0], 'h');
	assert_int_equal(console_io_wait(time_now()), 0); // there is more
	assert_int_equal(console_io_read(buffer, sizeof(buffer)), 1);
	assert_int_equal(buffer[0], 'i');
	assert_int_equal(console_io_read(buffer, sizeof(buffer)), 0);
}

static void so_does_the_deadline(void **state)
{
	uint64_t deadline = time_now() + SECONDS(3);

	(void)state;
	assert_int_equal(console_io_wait(deadline), -ETIMEDOUT);
	assert_true(time_now() >= deadline);
}

static void so_does_what_xen_prints_once(void **state)
{
	(void)state;
	model_after(SECONDS(1), print_later, "(XEN) something\n");
	assert_int_equal(console_io_wait(time_now() + SECONDS(10)), -EINTR);
	assert_int_equal(console_io_wait(time_now() + SECONDS(10)), -ETIMEDOUT);
}

static void typing_ahead_is_kept(void **state)
{
	char expected[128], buffer[200];

	(void)state;
	for (size_t i = 0; i < sizeof(expected); i++)
		expected[i] = (char)('a' + i % 26);
	for (size_t i = 0; i < sizeof(expected); i++)
		model_type((char[]){ expected[i], '\0' });
	assert_int_equal(console_io_read(buffer, sizeof(buffer)), sizeof(expected));
	assert_memory_equal(buffer, expected, sizeof(expected));
}

static void ctrl_c_is_taken_out(void **state)
{
	char buffer[16];

	(void)state;
	assert_false(console_io_interrupted());
	model_type("ab\003cd");
	assert_true(console_io_interrupted());
	assert_false(console_io_interrupted());
	assert_int_equal(console_io_read(buffer, sizeof(buffer)), 4);
	assert_memory_equal(buffer, "abcd", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_arrives_whole), cmocka_unit_test(typing_ends_the_wait),
		cmocka_unit_test(so_does_the_deadline), cmocka_unit_test(so_does_what_xen_prints_once),
		cmocka_unit_test(typing_ahead_is_kept), cmocka_unit_test(ctrl_c_is_taken_out),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
