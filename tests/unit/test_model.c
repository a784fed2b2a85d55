// SPDX-License-Identifier: Apache-2.0
// The model itself: its rules are what this program assumes of Xen, so they are written down here once more, as tests.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/devicetree.h"
#include "kernel/task.h"
#include "model/model.h"
#include "xen/domctl.h"
#include "xen/event.h"
#include "xen/foreign.h"
#include "xen/hypercall.h"
#include "xen/physmap.h"
#include "xen/version.h"

static void smoke(void **state)
{
	struct domain_creation creation = { .max_vcpus = 2, .max_event_channel = 1023, .max_grant_frames = -1,
					    .max_maptrack_frames = -1, .nr_spis = 32 };
	struct model_snapshot before;
	domid_t domid;
	int error;

	(void)state;
	model_start(NULL);
	assert_int_equal(event_init(), 0);
	assert_int_equal(xen_version_init(), 0);
	assert_int_equal(foreign_init(), 0);
	before = model_snapshot();
	assert_int_equal(domctl_create(&creation, DOMID_ANY, &domid), 0);
	assert_int_equal(domctl_max_vcpus(domid, 2), 0);
	assert_int_equal(domctl_set_64bit(domid), 0);
	assert_int_equal(domctl_set_max_memory(domid, 65536), 0);
	assert_int_equal(domctl_set_paging_pool(domid, MIB(2)), 0);
	assert_int_equal(physmap_populate_range(domid, gfn_make(0x40000), 16384), 0);
	char *page = foreign_map_range(domid, gfn_make(0x40010), 3, &error);
	assert_non_null(page);
	strcpy(page + 5000, "hello");
	char text[6];
	model_guest_read(domid, 0x40010000 + 5000, text, 6);
	assert_string_equal(text, "hello");
	foreign_unmap(page, 3);
	assert_int_equal(domctl_flush_cache(domid, gfn_make(0x40010), 3), 0);
	assert_int_equal(domctl_unpause(domid), 0);
	assert_int_equal(domctl_destroy(domid), 0);
	while (domctl_get_info(domid, &(struct domain_info){ 0 }) != -ESRCH)
		task_sleep(MILLISECONDS(1));
	model_assert_equal(&before, "smoke");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(smoke) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
