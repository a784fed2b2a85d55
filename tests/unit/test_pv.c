// SPDX-License-Identifier: Apache-2.0
// PV devices over the model: the nodes, as libxl writes them, and who is waited for until a device is ready: a backend that
// answers, refuses, is silent, or comes late.
#include "pv_guests.h"

// With the ids of this test in the place of libxl's: domd is 1 and the guest 2 where it is the first.
static void nodes_are_those_of_libxl(void **state)
{
	(void)state;
	must_create(&guest_config, &guest);
	assert_int_equal(domd, 1);
	assert_int_equal(guest, 2);
	model_run(MILLISECONDS(10));

	holds("/local/domain/2/device/vbd/51712",
	      "backend=/local/domain/1/backend/vbd/2/51712 backend-id=1 device-type=disk state=1 trusted=1 "
	      "virtual-device=51712");
	holds("/local/domain/1/backend/vbd/2/51712",
	      "bootable=1 dev=xvda device-type=disk discard-enable=0 frontend=/local/domain/2/device/vbd/51712 "
	      "frontend-id=2 mode=r online=1 params=/disk.img removable=0 script=/etc/xen/scripts/block "
	      "specification=xen state=4 type=phy");
	holds("/libxl/2/device/vbd/51712",
	      "backend=/local/domain/1/backend/vbd/2/51712 bootable=1 dev=xvda device-type=disk discard-enable=0 "
	      "frontend=/local/domain/2/device/vbd/51712 frontend-id=2 mode=r online=1 params=/disk.img removable=0 "
	      "script=/etc/xen/scripts/block specification=xen state=1 type=phy");
	holds("/local/domain/2/device/vif/0",
	      "backend=/local/domain/1/backend/vif/2/0 backend-id=1 handle=0 mac=00:16:3e:00:00:02 mtu=1500 state=1 "
	      "trusted=1");
	holds("/local/domain/1/backend/vif/2/0",
	      "bridge=xenbr0 frontend=/local/domain/2/device/vif/0 frontend-id=2 handle=0 hotplug-status= "
	      "mac=00:16:3e:00:00:02 online=1 script=/etc/xen/scripts/vif-bridge state=4 type=vif");
	holds("/libxl/2/device/vif/0",
	      "backend=/local/domain/1/backend/vif/2/0 bridge=xenbr0 frontend=/local/domain/2/device/vif/0 frontend-id=2 "
	      "handle=0 hotplug-status= mac=00:16:3e:00:00:02 online=1 script=/etc/xen/scripts/vif-bridge state=1 "
	      "type=vif");
	permits("/local/domain/2/device/vbd/51712", 2, 1);
	permits("/local/domain/2/device/vbd/51712/state", 2, 1);
	permits("/local/domain/2/device/vif/0/mtu", 1, 2);
	permits("/local/domain/1/backend/vbd/2/51712", 1, 2);
	permits("/local/domain/1/backend/vif/2/0/state", 1, 2);
	permits("/local/domain/1/backend/vbd/2", 0, 1);
	permits("/local/domain/2/device/vbd", 0, 2);
	assert_non_null(strstr(model_output(), "I: domain 2 (guest): disk xvda is connected to domain 1"));
	assert_non_null(strstr(model_output(), "I: domain 2 (guest): vif 0 is connected to domain 1"));
	must_destroy(guest);
	is_gone("/local/domain/1/backend");
	is_gone("/local/domain/2");
	is_gone("/libxl/2");
}

static void options_reach_the_nodes(void **state)
{
	static const char specification[] = "backend=domd,ip=10.0.0.1,vifname=eth7,rate=1MB/s@20ms,mtu=9000,vlan=5,"
					    "gatewaydev=eth0,script=vif-nat,untrusted";
	struct config_file *file = config_device_read("vif", specification, &failure);
	struct domain_config config = guest_config;
	char path[96], first[64], second[64];

	(void)state;
	if (!file)
		fail_msg("%s", failure.text);
	config.vifs = file->config.vifs;
	config.uuid = (const uint8_t *)"0123456789abcdef";
	config.disks = (const struct config_disk[]){
		{ .vdev = "xvdb", .backend = "1", .cdrom = true, .read_only = true, .format = CONFIG_DISK_EMPTY },
		{ .vdev = "xvdq", .backend = "domd", .target = "/x", .direct_io_safe = true, .script = "/my" },
	};
	config.disk_count = 2;
	for (int round = 0; round < 2; round++) {
		must_create(&config, &guest);
		model_run(MILLISECONDS(10));
		snprintf(path, sizeof(path), "/local/domain/1/backend/vif/%u/0/mac", guest);
		get(path, round ? second : first);
		if (round)
			break;
		assert_memory_equal(first, "00:16:3e:", 9);
		snprintf(path, sizeof(path), "/local/domain/1/backend/vif/%u/0", guest);
		char expected[512];
		snprintf(expected, sizeof(expected),
			 "bridge=xenbr0 frontend=/local/domain/%u/device/vif/0 frontend-id=%u gatewaydev=eth0 handle=0 "
			 "hotplug-status= ip=10.0.0.1 mac=%s mtu=9000 online=1 rate=20000,20000 "
			 "script=/etc/xen/scripts/vif-nat state=4 type=vif vifname=eth7 vlan=5",
			 guest, guest, first);
		holds(path, expected);
		snprintf(path, sizeof(path), "/local/domain/1/backend/vbd/%u/51728/device-type", guest);
		is(path, "cdrom");
		snprintf(path, sizeof(path), "/local/domain/1/backend/vbd/%u/268439552/direct-io-safe", guest);
		is(path, "1");
		snprintf(path, sizeof(path), "/local/domain/1/backend/vbd/%u/268439552/script", guest);
		is(path, "/my");
		must_destroy(guest);
	}
	assert_string_equal(first, second); // made of the UUID
	must_destroy(guest);
	config_file_free(file);
}

static void names_of_disks(void **state)
{
	static const struct {
		const char *name;
		uint32_t number;
	} good[] = {
		{ "xvda", 202 << 8 },
		{ "xvda1", 202 << 8 | 1 },
		{ "xvdp15", 202 << 8 | 15 << 4 | 15 },
		{ "xvdq", 1 << 28 | 16 << 8 },
		{ "xvda16", 1 << 28 | 16 },
		{ "xvdaa", 1 << 28 | 26 << 8 },
		{ "d3p2", 202 << 8 | 3 << 4 | 2 },
		{ "sdb", 8 << 8 | 1 << 4 },
		{ "hda", 3 << 8 },
		{ "hdd2", 22 << 8 | 1 << 6 | 2 },
		{ "51712", 51712 },
		{ "0xca00", 51712 },
	};
	static const char *const bad[] = { "",      "xvd",   "xvdA", "xvda0", "xvda01", "xvda256", "hde",	     "hda64", "sdq",
					   "sda16", "vda", "d1",   "d1p256", "d1p1x", "-1",    "99999999999", "7x",	 "xvdzzzzzzzzzz" };
	uint32_t number;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(pv_disk_number(good[i].name, &number));
		assert_int_equal(number, good[i].number);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (pv_disk_number(bad[i], &number))
			fail_msg("'%s' is %u", bad[i], number);
}

// A reason that is longer than a line has room for, a path say, is cut, not left out.
static void long_reasons_are_cut(void **state)
{
	static const char folder[] = "/local/domain/1/backend/vbd/77/51712";
	struct config_disk disk = { .vdev = "xvda", .backend = "domd", .target = "/x" };
	struct pv_device *device = pv_disk_make(&disk, 77, &failure);
	char path[96], reason[300], text[32];

	(void)state;
	assert_non_null(device);
	device->backend = 1;
	memset(reason, 'r', sizeof(reason));
	snprintf(path, sizeof(path), "%s/hotplug-status", folder);
	assert_int_equal(xs_write(XS_NO_TRANSACTION, path, "error", 5), 0);
	snprintf(path, sizeof(path), "%s/hotplug-error", folder);
	assert_int_equal(xs_write(XS_NO_TRANSACTION, path, reason, sizeof(reason)), 0);
	pv_error(device, text, sizeof(text));
	assert_int_equal(strlen(text), sizeof(text) - 1);
	assert_memory_equal(text, reason, sizeof(text) - 1);
	pv_device_free(device);
	assert_int_equal(xs_rm(XS_NO_TRANSACTION, "/local/domain/1/backend"), 0);
}

// ---- What is refused, with nothing left ----

static void refused(const struct domain_config *config, int error, const char *words)
{
	struct model_snapshot before = model_snapshot();

	assert_int_equal(create(config, &guest), error);
	if (!strstr(failure.text, words))
		fail_msg("'%s' isn't in '%s'", words, failure.text);
	model_assert_equal(&before, words);
	is_gone("/local/domain/1/backend");
}

static void bad_configurations(void **state)
{
	struct domain_config config = guest_config;
	struct config_disk disk = disks[0];
	struct config_vif vif = vifs[0];

	(void)state;
	config.disks = &disk;
	config.vifs = &vif;
	disk.backend = NULL;
	refused(&config, -ENOTSUP, "disk xvda: Dom0 has no backends");
	disk.backend = "Domain-0";
	refused(&config, -ENOTSUP, "disk xvda: Dom0 has no backends");
	disk.backend = "nobody";
	refused(&config, -ESRCH, "disk xvda: there is no domain 'nobody' with its backend, nor has one come in 10 s");
	disk.backend = "77";
	uint64_t before = time_now();
	refused(&config, -ESRCH, "disk xvda: there is no domain 77 with its backend");
	assert_true(time_now() - before < SECONDS(1));
	disk = disks[0];
	disk.vdev = "disk";
	refused(&config, -EINVAL, "disk disk: that is no name for a disk");
	disk = disks[0];
	disk.format = CONFIG_DISK_QCOW2;
	refused(&config, -ENOTSUP, "of the formats only raw");
	disk = disks[0];
	disk.backend_type = CONFIG_DISK_BACKEND_QDISK;
	refused(&config, -ENOTSUP, "of the backend types only phy");
	disk = disks[0];
	disk.protocol = CONFIG_DISK_VIRTIO;
	refused(&config, -ENOTSUP, "specification=virtio");
	disk = disks[0];
	vif.backend = "0";
	refused(&config, -ENOTSUP, "vif: Dom0 has no backends");
	vif = vifs[0];
	config.vif_count = 2;
	config.vifs = (const struct config_vif[]){
		{ .backend = "domd", .devid = 3 },
		{ .backend = "domd", .devid = 3 },
	};
	refused(&config, -EEXIST, "has a vif 3 already");
}

static void silo_is_told(void **state)
{
	(void)state;
	model_set_command_line("dom0_mem=16M console=dtuart");
	refused(&guest_config, -ENOTSUP, "Xen runs in SILO mode");
	model_set_command_line("xsm=dummy xsm=silo");
	refused(&guest_config, -ENOTSUP, "boot it with 'xsm=dummy'");
	model_set_command_line("xsm=silo xsm=flask");
	must_create(&guest_config, &guest);
	must_destroy(guest);
	model_set_command_line("xsm=dummy");
}

static void backends_that_do_not_answer(void **state)
{
	(void)state;
	backend.silent = true;
	refused(&guest_config, -ETIMEDOUT, "disk xvda: domain 1 (domd) has no backend for it, or none that answers in 10 s");
	backend.silent = false;
	backend.refuses = true;
	refused(&guest_config, -EIO, "disk xvda: domain 1 (domd) refuses it");
	char path[96];
	for (domid_t id = 1; id < 600; id++) {
		snprintf(path, sizeof(path), "/local/domain/1/error/backend/vbd/%u/51712/error", id);
		xs_write(XS_NO_TRANSACTION, path, "2 reading\x1b dev", 14);
	}
	assert_int_equal(create(&guest_config, &guest), -EIO);
	assert_non_null(strstr(failure.text, "refuses it: 2 reading. dev"));
	xs_rm(XS_NO_TRANSACTION, "/local/domain/1/error");
	xs_mkdir(XS_NO_TRANSACTION, "/local/domain/1/error");
}

static void agents_that_refuse(void **state)
{
	(void)state;
	backend.agent_refuses = true;
	refused(&guest_config, -EIO, "disk xvda: domain 1 (domd) refuses it: no file.");
	must_create(&plain_config, &guest);
	struct model_snapshot before = model_snapshot();
	assert_int_equal(pv_devices_attach_disk(guest, disks, NULL, &failure), -EIO);
	model_assert_equal(&before, "a disk that was refused");
	memset(&failure, 0, sizeof(failure));
	assert_int_equal(pv_devices_attach_vif(guest, vifs, NULL, &failure), -EIO);
	assert_non_null(strstr(failure.text, "vif 0: domain 1 (domd) refuses it: no file."));
	model_assert_equal(&before, "a vif that was refused");
	must_destroy(guest);
}

// It is the guest's business then, as with xl.
static void agents_that_are_missing(void **state)
{
	(void)state;
	backend.alone = true;
	must_create(&guest_config, &guest);
	assert_non_null(strstr(model_output(), "nothing in domain 1 (domd) has set up disk xvda in 10 s"));
	must_destroy(guest);
}

static bool stop(const struct domain_progress *progress)
{
	return !progress->total;
}

static void waiting_can_be_stopped(void **state)
{
	struct domain_config config = guest_config;
	struct config_disk disk = disks[0];

	(void)state;
	domain_set_progress(stop);
	disk.backend = "nobody";
	config.disks = &disk;
	refused(&config, -EINTR, "disk xvda: stopped while waiting for its backend's domain 'nobody'");
	backend.silent = true;
	refused(&guest_config, -EINTR, "disk xvda: stopped while waiting for its backend in domain 1");
	domain_set_progress(NULL);
}

static void make_late(void *unused)
{
	struct domain_config config = domd_config;
	struct domain *domain;

	(void)unused;
	config.name = "late";
	task_sleep(SECONDS(3));
	assert_int_equal(domain_create(&config, DOMID_ANY, false, &domain, NULL), 0);
	task_sleep(SECONDS(3));
	xs_printf(XS_NO_TRANSACTION, "/local/domain/late", "%u", domain->id);
}

static void a_backend_is_waited_for(void **state)
{
	struct domain_config config = guest_config;
	struct config_disk disk = disks[0];
	domid_t former = domd;

	(void)state;
	disk.backend = "late";
	config.disks = &disk;
	config.vif_count = 0;
	task_create("late", make_late, NULL);
	backend.dead = true;
	assert_int_equal(create(&config, &guest), -ETIMEDOUT); // it is there, but has no backend
	assert_non_null(strstr(failure.text, "(late) has no backend"));
	domd = domain_find_by_name("late")->id;
	backend.dead = false;
	must_create(&config, &guest);
	must_destroy(guest);
	must_destroy(domd);
	xs_rm(XS_NO_TRANSACTION, "/local/domain/late");
	domd = former;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nodes_are_those_of_libxl, reset),
		cmocka_unit_test_setup(options_reach_the_nodes, reset),
		cmocka_unit_test_setup(names_of_disks, reset),
		cmocka_unit_test_setup(bad_configurations, reset),
		cmocka_unit_test_setup(silo_is_told, reset),
		cmocka_unit_test_setup(backends_that_do_not_answer, reset),
		cmocka_unit_test_setup(agents_that_refuse, reset),
		cmocka_unit_test_setup(long_reasons_are_cut, reset),
		cmocka_unit_test_setup(agents_that_are_missing, reset),
		cmocka_unit_test_setup(waiting_can_be_stopped, reset),
		cmocka_unit_test_setup(a_backend_is_waited_for, reset),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
