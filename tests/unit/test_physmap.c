// SPDX-License-Identifier: Apache-2.0
// xen/physmap.c: a range is covered exactly once, by the largest extents that its place and Xen's free memory
// allow.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/compiler.h"
#include "kernel/task.h"
#include "xen/hypercall.h"
#include "xen/physmap.h"

#define DOMID 5

// ---- the hypervisor ----

static struct {
	uint64_t next; // the frame that the next extent has to start at
	uint64_t extents[EXTENT_2M + 1]; // populated, by order
	uint64_t contiguous[EXTENT_2M + 1]; // extents that there is memory for, by order
	unsigned int yields;
} xen;

static long populate(const struct xen_memory_reservation *reservation)
{
	unsigned int order = reservation->extent_order;

	assert_int_equal(reservation->domid, DOMID);
	assert_int_equal(reservation->mem_flags, 0);
	assert_true(reservation->nr_extents > 0);
	for (uint64_t i = 0; i < reservation->nr_extents; i++) {
		if (!xen.contiguous[order])
			return (long)i;
		assert_int_equal(reservation->extent_start.p[i], xen.next);
		assert_int_equal(xen.next & (((uint64_t)1 << order) - 1), 0);
		xen.next += (uint64_t)1 << order;
		xen.extents[order]++;
		xen.contiguous[order]--;
	}
	return (long)reservation->nr_extents;
}

long xen_hypercall(unsigned int number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
	(void)a2, (void)a3, (void)a4;
	assert_int_equal(number, __HYPERVISOR_memory_op);
	assert_int_equal(a0, XENMEM_populate_physmap);
	return populate((const struct xen_memory_reservation *)(uintptr_t)a1);
}

void task_share(void)
{
	xen.yields++;
}

// ---- the tests ----

// Populates with so much memory of each size, and checks what was taken of it.
static void check(uint64_t first, uint64_t frames, const uint64_t available[2], int expected,
		  const uint64_t taken[2])
{
	memset(&xen, 0, sizeof(xen));
	xen.next = first;
	xen.contiguous[EXTENT_2M] = available[0];
	xen.contiguous[EXTENT_4K] = available[1];
	assert_int_equal(physmap_populate_range(DOMID, gfn_make(first), frames), expected);
	if (!expected)
		assert_int_equal(xen.next, first + frames);
	assert_int_equal(xen.extents[EXTENT_2M], taken[0]);
	assert_int_equal(xen.extents[EXTENT_4K], taken[1]);
}

#define N(...) ((const uint64_t[2]){ __VA_ARGS__ })
#define PLENTY N(1000000, 1000000)

static void the_largest_extents_that_fit_are_used(void **state)
{
	(void)state;
	check(0x40000, 0, PLENTY, 0, N(0, 0));
	check(0x40000, 1, PLENTY, 0, N(0, 1));
	check(0x40000, 0x200, PLENTY, 0, N(1, 0));
	check(0x40000, 0x1000, PLENTY, 0, N(8, 0));
	check(0x40000, 0x401ff, PLENTY, 0, N(0x200, 0x1ff));
	check(0x40000, 0x40203, PLENTY, 0, N(0x201, 3));
	check(0x401ff, 0x201, PLENTY, 0, N(1, 1));
	check(0x3fdff, 0x40402, PLENTY, 0, N(0x202, 2));
	check(0x40001, 0x200, PLENTY, 0, N(0, 0x200));
}

static void smaller_extents_replace_missing_ones(void **state)
{
	(void)state;
	check(0x40000, 0x1000, N(0, 100000), 0, N(0, 0x1000));
	check(0x40000, 0x1000, N(3, 100000), 0, N(3, 0x1000 - 3 * 0x200));
}

static void what_is_missing_in_the_end_is_an_error(void **state)
{
	(void)state;
	check(0x40000, 0x1000, N(0, 0), -ENOMEM, N(0, 0));
	check(0x40000, 0x1000, N(2, 77), -ENOMEM, N(2, 77));
	check(0x40000, 0x401, N(2, 0), -ENOMEM, N(2, 0));
}

static void other_tasks_run_in_between(void **state)
{
	(void)state;
	check(0x40000, 0x8000, PLENTY, 0, N(64, 0)); // 128 MB
	assert_int_equal(xen.yields, 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_largest_extents_that_fit_are_used),
		cmocka_unit_test(smaller_extents_replace_missing_ones),
		cmocka_unit_test(what_is_missing_in_the_end_is_an_error),
		cmocka_unit_test(other_tasks_run_in_between),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
