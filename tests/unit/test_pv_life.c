// SPDX-License-Identifier: Apache-2.0
// PV devices over the model while domains come and go: a backend that keeps its devices, dies and comes back; devices that
// are attached to a running guest and detached.
#include "pv_guests.h"

#include "domain/control.h"

static void backends_that_keep_their_devices(void **state)
{
	struct model_snapshot before;

	(void)state;
	must_create(&guest_config, &guest);
	must_destroy(guest);
	before = model_snapshot();
	backend.keeps = true;
	must_create(&guest_config, &guest);
	uint64_t start_time = time_now();
	must_destroy(guest);
	assert_in_range(time_now() - start_time, SECONDS(10), SECONDS(11));
	assert_non_null(strstr(model_output(), "the backend of disk xvda in domain 1 hasn't let go after 10 s"));
	is_gone("/local/domain/1/backend");
	backend.keeps = false;
	backend.agent = true; // it is given the time to take its nodes away itself
	must_create(&guest_config, &guest);
	model_run(MILLISECONDS(10));
	start_time = time_now();
	must_destroy(guest);
	assert_true(time_now() - start_time < SECONDS(1));
	model_assert_equal(&before, "destroyed");
}

static void a_guest_ends_by_itself(void **state)
{
	(void)state;
	must_create(&guest_config, &guest);
	model_run(MILLISECONDS(10));
	model_guest_shutdown(guest, SHUTDOWN_poweroff);
	model_run(MILLISECONDS(10));
	if (domain_find(guest))
		must_destroy(guest);
	is_gone("/local/domain/1/backend");
}

// ---- A running guest ----

static unsigned int count;

static void add(const struct pv_device *device, void *context)
{
	(void)device, (void)context;
	count++;
}

static unsigned int devices(enum pv_kind kind)
{
	count = 0;
	assert_int_equal(pv_devices_each(guest, kind, add, NULL, NULL), 0);
	return count;
}

static void devices_come_and_go(void **state)
{
	const struct config_vif vif = { .backend = "domd", .devid = -1 };
	struct model_snapshot before;

	(void)state;
	must_create(&plain_config, &guest);
	before = model_snapshot();
	for (int round = 0; round < 2; round++) {
		assert_int_equal(pv_devices_attach_disk(guest, disks, NULL, &failure), 0);
		assert_int_equal(pv_devices_attach_disk(guest, disks, NULL, &failure), -EEXIST);
		memset(&failure, 0, sizeof(failure));
		assert_int_equal(pv_devices_attach_vif(guest, &vif, NULL, &failure), 0);
		assert_int_equal(pv_devices_attach_vif(guest, &vif, NULL, &failure), 0);
		assert_int_equal(devices(PV_DISK), 1);
		assert_int_equal(devices(PV_VIF), 2);
		model_run(MILLISECONDS(10));
		assert_int_equal(pv_devices_detach(guest, PV_DISK, 51712, false, NULL, &failure), 0);
		assert_int_equal(pv_devices_detach(guest, PV_VIF, 1, false, NULL, &failure), 0);
		assert_int_equal(pv_devices_detach(guest, PV_VIF, 1, false, NULL, &failure), -ENOENT);
		assert_non_null(strstr(failure.text, "has no such device; 'xu network-list"));
		memset(&failure, 0, sizeof(failure));
		assert_int_equal(pv_devices_detach(guest, PV_VIF, 0, true, NULL, &failure), 0);
		is_gone("/local/domain/1/backend");
		model_assert_equal(&before, "detached");
		backend.agent = true;
	}
	backend.silent = true;
	assert_int_equal(pv_devices_attach_disk(guest, disks, NULL, &failure), -ETIMEDOUT);
	model_assert_equal(&before, "not attached");
	must_destroy(guest);
}

static void a_device_in_use_goes_later(void **state)
{
	(void)state;
	must_create(&guest_config, &guest);
	model_run(MILLISECONDS(10));
	backend.guest_holds = true;
	assert_int_equal(pv_devices_detach(guest, PV_DISK, 51712, false, NULL, &failure), -EBUSY);
	assert_non_null(strstr(failure.text, "let go of disk xvda after 10 s"));
	assert_int_equal(devices(PV_DISK), 1);
	backend.guest_holds = false;
	model_run(MILLISECONDS(10));
	assert_int_equal(devices(PV_DISK), 0);
	assert_non_null(strstr(model_output(), "disk xvda is detached"));
	backend.guest_holds = true;
	memset(&failure, 0, sizeof(failure));
	assert_int_equal(pv_devices_detach(guest, PV_VIF, 0, true, NULL, &failure), 0);
	must_destroy(guest);
}

static void a_backend_dies_and_comes_back(void **state)
{
	char path[96];

	(void)state;
	must_create(&guest_config, &guest);
	model_run(MILLISECONDS(10));
	must_destroy(domd);
	model_run(MILLISECONDS(10));
	assert_non_null(strstr(model_output(), "disk xvda has lost its backend, domain 1 (domd)"));
	snprintf(path, sizeof(path), "/local/domain/%u/device/vbd", guest);
	is_gone(path);
	assert_int_equal(devices(PV_DISK), 1);
	must_create(&domd_config, &domd);
	model_run(MILLISECONDS(10));
	assert_non_null(strstr(model_output(), "disk xvda is offered again, by domain"));
	snprintf(path, sizeof(path), "/local/domain/%u/backend/vbd/%u/51712/state", domd, guest);
	is(path, "4");
	snprintf(path, sizeof(path), "/local/domain/%u/device/vif/0/backend-id", guest);
	char id[8];
	snprintf(id, sizeof(id), "%u", domd);
	is(path, id);
	// It crashes, and the guest ends while it has none.
	model_guest_shutdown(domd, SHUTDOWN_crash);
	model_run(MILLISECONDS(10));
	is_gone(path);
	must_destroy(guest);
	if (domain_find_by_name("domd"))
		must_destroy(domain_find_by_name("domd")->id);
	must_create(&domd_config, &domd);
}

static uint64_t time_to_destroy(domid_t id)
{
	uint64_t start_time = time_now();

	must_destroy(id);
	model_run(MILLISECONDS(10));
	return time_now() - start_time;
}

// It finishes what is under way, if it can.
static void a_backend_is_left_before_it_ends(void **state)
{
	(void)state;
	must_create(&guest_config, &guest);
	model_run(MILLISECONDS(10));
	assert_true(time_to_destroy(domd) < SECONDS(1));
	must_create(&domd_config, &domd);
	model_run(MILLISECONDS(10));
	backend.keeps = true;
	assert_in_range(time_to_destroy(domd), SECONDS(10), SECONDS(11));
	must_create(&domd_config, &domd);
	model_run(MILLISECONDS(10));
	assert_int_equal(domain_pause(domd, &failure), 0);
	assert_true(time_to_destroy(domd) < SECONDS(1));
	must_create(&domd_config, &domd);
	model_run(MILLISECONDS(10));
	assert_int_equal(domain_pause(guest, &failure), 0);
	assert_true(time_to_destroy(domd) < SECONDS(1));
	must_destroy(guest);
	must_create(&domd_config, &domd);
}

// One that was given by its id is known by its name from then on.
static void a_backend_by_id_comes_back(void **state)
{
	struct domain_config config = guest_config;
	struct config_disk disk = disks[0];
	char id[8], path[96];

	(void)state;
	snprintf(id, sizeof(id), "%u", domd);
	disk.backend = id;
	config.disks = &disk;
	config.vif_count = 0;
	must_create(&config, &guest);
	must_destroy(domd);
	model_run(MILLISECONDS(10));
	assert_non_null(strstr(model_output(), "(domd)"));
	must_create(&domd_config, &domd);
	model_run(MILLISECONDS(10));
	snprintf(path, sizeof(path), "/local/domain/%u/backend/vbd/%u/51712/state", domd, guest);
	is(path, "4");
	must_destroy(guest);
}

// The devices know it by the name that it has, not by the one that it had when they were offered.
static void a_renamed_backend_comes_back(void **state)
{
	struct domain_config renamed = domd_config;
	char path[96];

	(void)state;
	must_create(&guest_config, &guest);
	assert_int_equal(control_rename(domd, "driver", &failure), 0);
	must_destroy(domd);
	model_run(MILLISECONDS(10));
	assert_non_null(strstr(model_output(), "disk xvda has lost its backend"));
	renamed.name = "driver";
	must_create(&renamed, &domd);
	model_run(MILLISECONDS(10));
	snprintf(path, sizeof(path), "/local/domain/%u/backend/vbd/%u/51712/state", domd, guest);
	is(path, "4");
	must_destroy(guest);
	must_destroy(domd);
	must_create(&domd_config, &domd);
}

static void a_backend_comes_back_while_its_guest_is_suspended(void **state)
{
	char path[96];

	(void)state;
	must_create(&guest_config, &guest);
	model_run(MILLISECONDS(10));
	model_guest_shutdown(guest, SHUTDOWN_suspend);
	model_run(MILLISECONDS(10));
	must_destroy(domd);
	must_create(&domd_config, &domd);
	model_run(MILLISECONDS(10));
	assert_int_equal(domain_resume(guest, &failure), 0);
	model_run(MILLISECONDS(10));
	snprintf(path, sizeof(path), "/local/domain/%u/backend/vbd/%u/51712/state", domd, guest);
	is(path, "4");
	must_destroy(guest);
}

static void a_refusal_after_that_is_told(void **state)
{
	(void)state;
	must_create(&guest_config, &guest);
	must_destroy(domd);
	model_run(MILLISECONDS(10));
	backend.agent_refuses = true;
	must_create(&domd_config, &domd);
	model_run(MILLISECONDS(20));
	assert_non_null(strstr(model_output(), "refuses disk xvda: no file."));
	assert_int_equal(devices(PV_DISK), 1);
	must_destroy(guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(backends_that_keep_their_devices, reset),
		cmocka_unit_test_setup(a_guest_ends_by_itself, reset),
		cmocka_unit_test_setup(devices_come_and_go, reset),
		cmocka_unit_test_setup(a_device_in_use_goes_later, reset),
		cmocka_unit_test_setup(a_backend_dies_and_comes_back, reset),
		cmocka_unit_test_setup(a_backend_is_left_before_it_ends, reset),
		cmocka_unit_test_setup(a_backend_by_id_comes_back, reset),
		cmocka_unit_test_setup(a_renamed_backend_comes_back, reset),
		cmocka_unit_test_setup(a_backend_comes_back_while_its_guest_is_suspended, reset),
		cmocka_unit_test_setup(a_refusal_after_that_is_told, reset),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
