// SPDX-License-Identifier: Apache-2.0
// PV devices over the model when their guest restarts: it has those that it had at its end.
#include "pv_guests.h"

#include "domain/departed.h"

static unsigned int sources; // in use

static int open_source(struct config_source *source, struct failure *unused)
{
	(void)source, (void)unused;
	return 0;
}

static void close_source(struct config_source *source)
{
	(void)source;
}

static void release_source(struct config_source *source)
{
	(void)source;
	sources--;
}

static struct config_source make_source(const struct domain_config *config)
{
	sources++;
	return (struct config_source){ config, open_source, close_source, release_source };
}

static struct config_source guest_source;

static void must_create_from_source(void)
{
	struct domain *domain;

	guest_source = make_source(&guest_config);
	if (domain_create_from(&guest_source, DOMID_ANY, false, &domain, &failure))
		fail_msg("%s", failure.text);
	guest = domain->id;
	model_run(MILLISECONDS(10));
}

// The guest ends; `guest` is what comes in its place.
static void restart(void)
{
	domid_t former = guest;

	model_guest_shutdown(guest, SHUTDOWN_reboot);
	model_run(SECONDS(15));
	const struct domain *domain = domain_find_by_name("guest");
	assert_non_null(domain);
	assert_int_not_equal(domain->id, former);
	guest = domain->id;
}

static void print_device(const struct pv_device *device, void *text)
{
	char name[PV_NAME_SIZE];

	pv_device_name(device, name);
	snprintf((char *)text + strlen(text), 64, "%s ", name);
}

// All of the guest's devices, connected.
static void has_devices(const char *expected)
{
	char text[256] = "", folder[64];
	unsigned int connected = 0, expected_count = 0;

	assert_int_equal(pv_devices_each(guest, PV_DISK, print_device, text, NULL), 0);
	assert_int_equal(pv_devices_each(guest, PV_VIF, print_device, text, NULL), 0);
	assert_string_equal(text, expected);
	for (const char *at = expected; (at = strchr(at, ' ')); at++)
		expected_count++;
	for (int kind = 0; kind < 2; kind++) {
		char list[256], path[160], state[64];

		snprintf(folder, sizeof(folder), "/local/domain/%u/backend/%s/%u", domd, kind ? "vif" : "vbd", guest);
		long size = xs_directory(XS_NO_TRANSACTION, folder, 0, list, sizeof(list), NULL);
		for (long at = 0; at < size; at += (long)strlen(list + at) + 1) {
			snprintf(path, sizeof(path), "%s/%s/state", folder, list + at);
			get(path, state);
			connected += !strcmp(state, "4");
		}
	}
	assert_int_equal(connected, expected_count / 2); // "disk xvda ", "vif 0 "
}

// Whose backend is given by its id, which may be another's when the guest restarts.
static void attach_second_disk(void)
{
	char id[8];
	const struct config_disk disk = { .target = "/second.img", .vdev = "xvdb", .backend = id };

	snprintf(id, sizeof(id), "%u", domd);
	assert_int_equal(pv_devices_attach_disk(guest, &disk, NULL, &failure), 0);
	model_run(MILLISECONDS(10));
}

static void they_are_those_of_its_end(void **state)
{
	const struct config_vif vif = { .backend = "domd", .devid = -1, .bridge = "other" };
	char path[96], address[64];

	(void)state;
	must_create_from_source();
	attach_second_disk();
	assert_int_equal(pv_devices_attach_vif(guest, &vif, NULL, &failure), 0);
	assert_int_equal(pv_devices_detach(guest, PV_VIF, 0, true, NULL, &failure), 0);
	snprintf(path, sizeof(path), "/local/domain/%u/device/vif/1/mac", guest);
	get(path, address);
	for (unsigned int i = 0; i < 3; i++) {
		restart();
		has_devices("disk xvda disk xvdb vif 1 ");
		snprintf(path, sizeof(path), "/local/domain/%u/device/vif/1/mac", guest);
		is(path, address);
		snprintf(path, sizeof(path), "/local/domain/%u/backend/vif/%u/1/bridge", domd, guest);
		is(path, "other");
		snprintf(path, sizeof(path), "/local/domain/%u/backend/vbd/%u/51712/mode", domd, guest);
		is(path, "r");
	}
	assert_int_equal(pv_devices_detach(guest, PV_DISK, 51712, true, NULL, &failure), 0);
	assert_int_equal(pv_devices_detach(guest, PV_DISK, 51728, true, NULL, &failure), 0);
	assert_int_equal(pv_devices_detach(guest, PV_VIF, 1, true, NULL, &failure), 0);
	restart();
	has_devices("");
	must_destroy(guest);
	assert_int_equal(sources, 0);
}

static void one_that_is_being_detached_is_gone(void **state)
{
	(void)state;
	must_create_from_source();
	backend.guest_holds = true;
	assert_int_equal(pv_devices_detach(guest, PV_DISK, 51712, false, NULL, &failure), -EBUSY);
	backend.guest_holds = false;
	backend.keeps = true;
	restart();
	backend.keeps = false;
	has_devices("vif 0 ");
	must_destroy(guest);
}

// Its backend is another domain of the name by then, and may come late.
static void a_new_backend_serves_them(void **state)
{
	(void)state;
	must_create_from_source();
	attach_second_disk();
	must_destroy(domd);
	model_guest_shutdown(guest, SHUTDOWN_reboot);
	model_run(SECONDS(2));
	must_create(&domd_config, &domd);
	model_run(SECONDS(2));
	guest = domain_find_by_name("guest")->id;
	has_devices("disk xvda disk xvdb vif 0 ");
	must_destroy(guest);
}

static void no_backend_comes(void **state)
{
	(void)state;
	must_create_from_source();
	attach_second_disk();
	must_destroy(domd);
	model_guest_shutdown(guest, SHUTDOWN_reboot);
	model_run(SECONDS(CONFIG_PV_TIMEOUT + 2));
	assert_non_null(strstr(model_output(), "(guest) could not be restarted: disk xvda: there is no domain 'domd'"));
	assert_null(domain_find_by_name("guest"));
	assert_int_equal(sources, 0);
	must_create(&domd_config, &domd);
}

static void a_new_configuration_counts(void **state)
{
	struct config_source source = make_source(&plain_config);

	(void)state;
	must_create_from_source();
	attach_second_disk();
	assert_int_equal(domain_set_source(guest, &source, &failure), 0);
	restart();
	has_devices("");
	attach_second_disk();
	restart();
	has_devices("disk xvdb ");
	must_destroy(guest);
	assert_int_equal(sources, 0);
}

// What is left of the old domain has its devices still.
static void they_are_those_of_its_end_beside_its_remains(void **state)
{
	(void)state;
	guest_config.actions[CONFIG_END_REBOOT] = CONFIG_ACTION_RENAME_RESTART;
	must_create_from_source();
	attach_second_disk();
	domid_t former = guest;
	restart();
	has_devices("disk xvda disk xvdb vif 0 ");
	must_destroy(guest);
	guest = former;
	has_devices("disk xvda disk xvdb vif 0 ");
	must_destroy(guest);
	assert_int_equal(sources, 0);
}

static bool is_restarted(void)
{
	const struct domain *domain = domain_find_by_name("guest");

	return domain && domain->id != guest && !domain->being_built;
}

static const struct domain *find_guest(void)
{
	const struct domain *domain;

	DOMAIN_FOR_EACH(domain)
	if (domain->id != domd)
		return domain;
	return NULL;
}

static bool is_under_way(void)
{
	const struct domain *domain;

	DOMAIN_FOR_EACH(domain)
	if (domain->being_built || domain->being_destroyed)
		return true;
	return false;
}

// Whatever fails, what is there afterwards can be destroyed, and nothing is left.
static void it_survives_each_allocation(void **state)
{
	struct model_snapshot before = model_snapshot();
	bool struck = true;
	char what[256];

	(void)state;
	for (int beside = 0; beside < 2; beside++) {
		guest_config.actions[CONFIG_END_REBOOT] = beside ? CONFIG_ACTION_RENAME_RESTART : CONFIG_ACTION_RESTART;
		struck = true;
		for (unsigned int nth = 1; struck; nth++) {
			struct console *departed;

			must_create_from_source();
			attach_second_disk();
			model_fail_allocation(nth);
			model_guest_shutdown(guest, SHUTDOWN_reboot);
			for (unsigned int lap = 0; lap < 100 && !is_restarted(); lap++)
				model_run(MILLISECONDS(1));
			struck = model_fault_struck();
			snprintf(what, sizeof(what), "beside %d, step %u: %s", beside, nth, model_fault_place());
			no_faults();
			for (unsigned int lap = 0; lap < 20000 && is_under_way(); lap++)
				model_run(MILLISECONDS(1)); // what is tried again, or waited for
			while (find_guest())
				must_destroy(find_guest()->id);
			while ((departed = departed_take("guest")))
				console_put(departed);
			assert_int_equal(sources, 0);
			model_assert_equal(&before, what);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(they_are_those_of_its_end, reset),
		cmocka_unit_test_setup(one_that_is_being_detached_is_gone, reset),
		cmocka_unit_test_setup(a_new_backend_serves_them, reset),
		cmocka_unit_test_setup(no_backend_comes, reset),
		cmocka_unit_test_setup(a_new_configuration_counts, reset),
		cmocka_unit_test_setup(they_are_those_of_its_end_beside_its_remains, reset),
		cmocka_unit_test_setup(it_survives_each_allocation, reset),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
