// SPDX-License-Identifier: Apache-2.0
// PV devices over the model: nothing is left when anything fails half-way.
#include "pv_guests.h"

#define STEPS_MAX 20000u

static bool create_with_fault(void (*set_fault)(unsigned int nth), unsigned int nth, const struct model_snapshot *before)
{
	char what[256], path[64];

	set_fault(nth);
	int error = create(&guest_config, &guest);
	bool struck = model_fault_struck();
	snprintf(what, sizeof(what), "step %u: %s", nth, model_fault_place());
	no_faults();
	if (error && (failure.error != error || !failure.text[0]))
		fail_msg("%s: %d, '%s'", what, error, failure.text);
	if (error && !struck)
		fail_msg("%s: failed without a fault: %s", what, failure.text);
	if (!error)
		must_destroy(guest);
	snprintf(path, sizeof(path), "/local/domain/%u/backend", domd);
	is_gone(path);
	model_assert_equal(before, what);
	return struck;
}

static void create_with_each_fault(void (*set_fault)(unsigned int nth))
{
	struct model_snapshot before;
	unsigned int nth = 1;

	must_create(&guest_config, &guest);
	must_destroy(guest);
	before = model_snapshot();
	while (nth < STEPS_MAX && create_with_fault(set_fault, nth, &before))
		nth++;
	assert_in_range(nth, 2, STEPS_MAX - 1);
}

static void fail_hypercall(unsigned int nth)
{
	model_fail_hypercall(nth, 0);
}

static void creation_survives_each_hypercall(void **state)
{
	(void)state;
	create_with_each_fault(fail_hypercall);
}

static void creation_survives_each_allocation(void **state)
{
	(void)state;
	create_with_each_fault(model_fail_allocation);
}

static void creation_survives_being_out_of_memory(void **state)
{
	(void)state;
	create_with_each_fault(model_fail_allocations_from);
}

static void destruction_survives_each_allocation(void **state)
{
	struct model_snapshot before;
	bool struck = true;

	(void)state;
	must_create(&guest_config, &guest);
	must_destroy(guest);
	before = model_snapshot();
	for (unsigned int nth = 1; struck; nth++) {
		char what[128];

		must_create(&guest_config, &guest);
		model_run(MILLISECONDS(10));
		model_fail_allocation(nth);
		int error = domain_destroy(guest, NULL);
		struck = model_fault_struck();
		snprintf(what, sizeof(what), "step %u: %s", nth, model_fault_place());
		no_faults();
		if (error)
			must_destroy(guest);
		model_assert_equal(&before, what);
	}
}

static void attaching_survives_each_allocation(void **state)
{
	struct model_snapshot before;
	bool struck = true;

	(void)state;
	must_create(&plain_config, &guest);
	assert_int_equal(pv_devices_attach_disk(guest, disks, NULL, &failure), 0);
	assert_int_equal(pv_devices_detach(guest, PV_DISK, 51712, true, NULL, &failure), 0);
	before = model_snapshot();
	for (unsigned int nth = 1; struck; nth++) {
		char what[128];

		memset(&failure, 0, sizeof(failure));
		model_fail_allocation(nth);
		int error = pv_devices_attach_disk(guest, disks, NULL, &failure);
		struck = model_fault_struck();
		snprintf(what, sizeof(what), "step %u: %s", nth, model_fault_place());
		no_faults();
		if (!error && pv_devices_detach(guest, PV_DISK, 51712, true, NULL, &failure))
			fail_msg("%s: %s", what, failure.text);
		model_run(SECONDS(2));
		model_assert_equal(&before, what);
	}
	must_destroy(guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(creation_survives_each_hypercall, reset),
		cmocka_unit_test_setup(creation_survives_each_allocation, reset),
		cmocka_unit_test_setup(creation_survives_being_out_of_memory, reset),
		cmocka_unit_test_setup(destruction_survives_each_allocation, reset),
		cmocka_unit_test_setup(attaching_survives_each_allocation, reset),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
