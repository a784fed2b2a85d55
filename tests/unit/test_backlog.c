// SPDX-License-Identifier: Apache-2.0
// The backlog against a model that keeps everything.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "console/backlog.h"
#include "kernel/compiler.h"

static void test_example(void **state)
{
	struct backlog backlog;
	char buffer[16];

	(void)state;
	assert_int_equal(backlog_init(&backlog, 8), 0);
	backlog_put(&backlog, "abcdef", 6);
	backlog_put(&backlog, "ghij", 4);
	assert_memory_equal(backlog.bytes, "ijcdefgh", 8);
	assert_int_equal(backlog.lost, 2);
	assert_int_equal(backlog_count(&backlog), 8);
	assert_int_equal(backlog_take(&backlog, buffer, 3), 3);
	assert_memory_equal(buffer, "cde", 3);
	assert_int_equal(backlog_take(&backlog, buffer, sizeof(buffer)), 5);
	assert_memory_equal(buffer, "fghij", 5);
	assert_int_equal(backlog_take(&backlog, buffer, sizeof(buffer)), 0);
	backlog_free(&backlog);
}

static void test_more_than_all(void **state)
{
	struct backlog backlog;
	char buffer[8];

	(void)state;
	assert_int_equal(backlog_init(&backlog, 8), 0);
	backlog_put(&backlog, "xyz", 3);
	backlog_put(&backlog, "0123456789abcdef0123456789", 26);
	assert_int_equal(backlog.lost, 21);
	assert_int_equal(backlog_take(&backlog, buffer, 8), 8);
	assert_memory_equal(buffer, "23456789", 8);
	backlog_free(&backlog);
}

#define STREAM 200000u

static void test_random(void **state)
{
	static char stream[STREAM];
	struct backlog backlog;
	uint64_t put = 0, taken = 0; // positions in the stream

	(void)state;
	srand(5);
	for (size_t i = 0; i < STREAM; i++)
		stream[i] = (char)rand();
	assert_int_equal(backlog_init(&backlog, 64), 0);
	while (put < STREAM) {
		char buffer[128];
		size_t count = MIN((size_t)rand() % 100, STREAM - put), lost_before = backlog.lost;

		backlog_put(&backlog, stream + put, count);
		put += count;
		uint64_t oldest = MAX(taken, put > 64 ? put - 64 : 0);
		assert_int_equal(backlog.lost - lost_before, oldest - taken);
		taken = oldest;

		size_t wanted = (size_t)rand() % sizeof(buffer);
		size_t got = backlog_take(&backlog, buffer, wanted);
		assert_int_equal(got, MIN(wanted, put - taken));
		assert_memory_equal(buffer, stream + taken, got);
		taken += got;
	}
	backlog_free(&backlog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_more_than_all),
		cmocka_unit_test(test_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
