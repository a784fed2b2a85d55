// SPDX-License-Identifier: Apache-2.0
// xen/ring.c: what goes in comes out, at every place where the indices or the data wrap; and a peer that
// writes impossible indices costs nothing but its own bytes.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "xen/ring.h"

#define SIZE  8u
#define GUARD '#'

// The ring's data between two guards, which nothing may touch.
static struct {
	char before[SIZE], data[SIZE], after[SIZE];
	uint32_t consumer, producer;
} page;
static struct byte_ring ring = { page.data, SIZE, &page.consumer, &page.producer };

static void reset(uint32_t index)
{
	memset(&page, GUARD, sizeof(page));
	page.consumer = page.producer = index;
}

static void check_guards(void)
{
	for (unsigned int i = 0; i < SIZE; i++) {
		assert_int_equal(page.before[i], GUARD);
		assert_int_equal(page.after[i], GUARD);
	}
}

static void bytes_come_out_as_they_went_in(void **state)
{
	(void)state;
	// Every start within the ring, and those around the overflow of the 32-bit indices.
	for (uint32_t start = UINT32_MAX - 2 * SIZE; start != 2 * SIZE; start++) {
		for (size_t count = 0; count <= SIZE; count++) {
			char out[SIZE + 1] = "";

			reset(start);
			assert_int_equal(byte_ring_write(&ring, "abcdefgh", count), count);
			assert_int_equal(byte_ring_used(&ring), count);
			assert_int_equal(byte_ring_free(&ring), SIZE - count);
			assert_int_equal(page.producer, (uint32_t)(start + count));
			assert_int_equal(byte_ring_read(&ring, out, sizeof(out)), count);
			assert_memory_equal(out, "abcdefgh", count);
			assert_int_equal(page.consumer, page.producer);
			check_guards();
		}
	}
}

static void a_full_ring_takes_what_fits(void **state)
{
	char out[SIZE];

	(void)state;
	reset(5);
	assert_int_equal(byte_ring_write(&ring, "abcdefghij", 10), SIZE);
	assert_int_equal(byte_ring_write(&ring, "k", 1), 0);
	assert_int_equal(byte_ring_read(&ring, out, 3), 3);
	assert_memory_equal(out, "abc", 3);
	assert_int_equal(byte_ring_write(&ring, "klmn", 4), 3);
	assert_int_equal(byte_ring_read(&ring, out, sizeof(out)), SIZE);
	assert_memory_equal(out, "defghklm", SIZE);
	assert_int_equal(byte_ring_read(&ring, out, sizeof(out)), 0);
	check_guards();
}

static void impossible_indices_are_refused(void **state)
{
	static const uint32_t distances[] = { SIZE + 1, 2 * SIZE, 0x7fffffff, 0x80000000, UINT32_MAX };
	char out[4 * SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(distances) / sizeof(distances[0]); i++) {
		reset(UINT32_MAX - 3);
		page.producer = page.consumer + distances[i];
		assert_int_equal(byte_ring_used(&ring), -EPROTO);
		assert_int_equal(byte_ring_free(&ring), -EPROTO);
		assert_int_equal(byte_ring_read(&ring, out, sizeof(out)), -EPROTO);
		assert_int_equal(byte_ring_write(&ring, "abcd", 4), -EPROTO);
		assert_int_equal(page.consumer, UINT32_MAX - 3);
		assert_int_equal(page.producer, UINT32_MAX - 3 + distances[i]);
		check_guards();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_come_out_as_they_went_in),
		cmocka_unit_test(a_full_ring_takes_what_fits),
		cmocka_unit_test(impossible_indices_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
