// SPDX-License-Identifier: Apache-2.0
// xen/foreign.c, grant.c and grant_writer.c over the model: a domain's memory seen and filled from here, and
// nothing left mapped or granted afterwards, whatever fails on the way.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/compiler.h"
#include "model/model.h"
#include "xen/domctl.h"
#include "xen/event.h"
#include "xen/foreign.h"
#include "xen/grant.h"
#include "xen/physmap.h"
#include "xen/version.h"

#define RAM_FIRST  0x40000u // frames
#define RAM_FRAMES 4096u
#define RAM_START  ((uint64_t)RAM_FIRST << PAGE_SHIFT)
#define WINDOW     16384u // frames of the window that mappings share

static domid_t domid;

static int make_domain(void **state)
{
	static const struct domain_creation creation = {
		.max_vcpus = 1, .max_event_channel = 1023, .max_grant_frames = -1, .max_maptrack_frames = -1,
	};

	(void)state;
	model_start(NULL);
	if (event_init() || xen_version_init() || foreign_init())
		return -1;
	if (domctl_create(&creation, DOMID_ANY, &domid) || domctl_max_vcpus(domid, 1))
		return -1;
	if (domctl_set_64bit(domid))
		return -1;
	if (domctl_set_max_memory(domid, RAM_FRAMES * 4 + 64) || domctl_set_paging_pool(domid, MIB(2)))
		return -1;
	return physmap_populate_range(domid, gfn_make(RAM_FIRST), RAM_FRAMES);
}

static void fill(char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 7 + i / PAGE_SIZE);
}

static void frames_appear_in_the_order_asked_for(void **state)
{
	const gfn_t frames[] = { { RAM_FIRST + 9 }, { RAM_FIRST }, { RAM_FIRST + 4095 }, { RAM_FIRST + 9 } };
	int error;

	(void)state;
	for (uint64_t i = 0; i < RAM_FRAMES; i++)
		model_guest_write(domid, RAM_START + i * PAGE_SIZE, &i, sizeof(i));
	char *mapped = foreign_map(domid, frames, ARRAY_SIZE(frames), &error);
	assert_non_null(mapped);
	for (size_t i = 0; i < ARRAY_SIZE(frames); i++)
		assert_int_equal(*(uint64_t *)(mapped + i * PAGE_SIZE), frames[i].number - RAM_FIRST);
	assert_int_equal(foreign_mapped_frames(), ARRAY_SIZE(frames));
	foreign_unmap(mapped, ARRAY_SIZE(frames));
	foreign_unmap(NULL, 1);
	assert_int_equal(foreign_mapped_frames(), 0);
}

static void the_window_is_used_up_and_again(void **state)
{
	static void *mapped[WINDOW / FOREIGN_MAP_MAX];
	int error = 0;

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(mapped); i++) {
			uint64_t first = RAM_FIRST + i * FOREIGN_MAP_MAX % RAM_FRAMES;

			mapped[i] = foreign_map_range(domid, gfn_make(first), FOREIGN_MAP_MAX, &error);
			assert_non_null(mapped[i]);
		}
		assert_null(foreign_map_range(domid, gfn_make(RAM_FIRST), 1, &error));
		assert_int_equal(error, -ENOMEM);
		assert_null(foreign_map_grant_table(domid, 0, &error));
		assert_int_equal(error, -ENOMEM);
		for (size_t i = 0; i < ARRAY_SIZE(mapped); i++)
			foreign_unmap(mapped[i], FOREIGN_MAP_MAX);
		assert_int_equal(foreign_mapped_frames(), 0);
	}
}

static void a_frame_that_is_not_ram_undoes_the_mapping(void **state)
{
	struct model_snapshot before = model_snapshot();
	gfn_t frames[200];
	int error;

	(void)state;
	for (size_t bad = 0; bad < ARRAY_SIZE(frames); bad++) {
		for (size_t i = 0; i < ARRAY_SIZE(frames); i++)
			frames[i] = gfn_make(RAM_FIRST + (i == bad ? RAM_FRAMES : i));
		assert_null(foreign_map(domid, frames, ARRAY_SIZE(frames), &error));
		assert_int_equal(error, -EINVAL);
		assert_int_equal(foreign_mapped_frames(), 0);
	}
	model_assert_equal(&before, "mapping what isn't there");
	assert_null(foreign_map_range(77, gfn_make(RAM_FIRST), 2, &error));
	assert_int_equal(error, -ESRCH);
	assert_null(foreign_map_range(domid, gfn_make(RAM_FIRST), 0, &error));
	assert_int_equal(error, -EINVAL);
	assert_null(foreign_map_range(domid, gfn_make(RAM_FIRST), FOREIGN_MAP_MAX + 1, &error));
	assert_int_equal(error, -EINVAL);
}

static void a_failed_hypercall_undoes_the_mapping(void **state)
{
	struct model_snapshot before = model_snapshot();
	unsigned int nth = 0;
	int error;
	void *mapped;

	(void)state;
	do {
		model_fail_hypercall(++nth, 0);
		mapped = foreign_map_range(domid, gfn_make(RAM_FIRST), 300, &error);
		if (!mapped) {
			assert_true(error < 0);
			assert_int_equal(foreign_mapped_frames(), 0);
			model_assert_equal(&before, "a mapping that failed");
		}
	} while (!mapped);
	assert_true(nth > 1);
	model_fail_hypercall(0, 0);
	foreign_unmap(mapped, 300);
}

static void entries_are_seeded(void **state)
{
	(void)state;
	assert_int_equal(grant_seed(domid, 1, gfn_make(0x39001), 0), 0);
	assert_int_equal(grant_seed(domid, 700, gfn_make(0x39002), 3), 0); // in the table's second frame
	assert_int_equal(model_guest_grant(domid, 1).flags, GTF_permit_access);
	assert_int_equal(model_guest_grant(domid, 1).frame, 0x39001);
	assert_int_equal(model_guest_grant(domid, 700).domid, 3);
	assert_int_equal(grant_seed(domid, 1, INVALID_GFN, 0), -ERANGE);
	assert_int_equal(grant_seed(77, 1, gfn_make(0x39001), 0), -ESRCH);
	assert_int_equal(foreign_mapped_frames(), 0);
}

static void a_writer_fills_memory(void **state)
{
	const size_t size = 70 * PAGE_SIZE;
	char *data = malloc(size), *seen = malloc(size);
	struct grant_writer writer;

	(void)state;
	fill(data, size);
	assert_int_equal(grant_writer_open(&writer, domid), 0);
	for (size_t i = 0; i < 300; i++) {
		size_t from = i * 79 % PAGE_SIZE, count = i * 997 % (size - PAGE_SIZE);
		uint64_t to = RAM_START + i * 4973;

		assert_int_equal(grant_writer_write(&writer, to, data + from, count), 0);
		model_guest_read(domid, to, seen, count);
		assert_memory_equal(seen, data + from, count);
	}
	grant_writer_close(&writer);
	grant_writer_close(&writer);
	for (unsigned int i = 0; i < 512; i++)
		assert_int_equal(model_guest_grant(domid, i).flags, 0);
	assert_int_equal(foreign_mapped_frames(), 0);
	free(data);
	free(seen);
}

static void a_writer_stays_inside_the_domain(void **state)
{
	char *data = calloc(3, PAGE_SIZE);
	uint64_t end = RAM_START + ((uint64_t)RAM_FRAMES << PAGE_SHIFT);
	struct grant_writer writer;

	(void)state;
	assert_int_equal(grant_writer_open(&writer, domid), 0);
	assert_int_equal(grant_writer_write(&writer, end - 100, data, 100), 0);
	assert_int_equal(grant_writer_write(&writer, end - 100, data, 101), -EINVAL);
	assert_int_equal(grant_writer_write(&writer, RAM_START - 1, data, 2), -EINVAL);
	assert_int_equal(grant_writer_write(&writer, UINT64_MAX - 1, data, 100), -EINVAL);
	assert_int_equal(grant_writer_write(&writer, (uint64_t)UINT32_MAX << PAGE_SHIFT, data, 3 * PAGE_SIZE),
			 -EINVAL);
	for (unsigned int i = 0; i < 512; i++)
		assert_int_equal(model_guest_grant(domid, i).flags, 0);
	grant_writer_close(&writer);
	assert_int_equal(grant_writer_open(&writer, 77), -ESRCH);
	grant_writer_close(&writer);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(frames_appear_in_the_order_asked_for, make_domain),
		cmocka_unit_test_setup(the_window_is_used_up_and_again, make_domain),
		cmocka_unit_test_setup(a_frame_that_is_not_ram_undoes_the_mapping, make_domain),
		cmocka_unit_test_setup(a_failed_hypercall_undoes_the_mapping, make_domain),
		cmocka_unit_test_setup(entries_are_seeded, make_domain),
		cmocka_unit_test_setup(a_writer_fills_memory, make_domain),
		cmocka_unit_test_setup(a_writer_stays_inside_the_domain, make_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
