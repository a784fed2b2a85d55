// SPDX-License-Identifier: Apache-2.0
// PV devices over the model: the nodes, as libxl writes them; a backend that answers, refuses, is silent, dies and comes
// back; devices that are attached and detached; and that nothing is left when any of it fails half-way.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/xlcfg.h"
#include "console/console.h"
#include "domain/domain.h"
#include "domain/lifecycle.h"
#include "domain/pv_devices.h"
#include "domain/store_nodes.h"
#include "kernel/compiler.h"
#include "kernel/task.h"
#include "model/model.h"
#include "xen/domctl.h"
#include "xen/event.h"
#include "xen/foreign.h"
#include "xen/version.h"
#include "xenstore/xenstore.h"

#define STEPS_MAX 20000u

// ---- The configurations ----

static uint8_t kernel_bytes[64 << 10];
static struct model_image kernel = { .name = "kernel", .data = kernel_bytes, .size = sizeof(kernel_bytes) };

static const uint8_t mac[] = { 0x00, 0x16, 0x3e, 0x00, 0x00, 0x02 };
static const struct config_disk disks[] = {
	{ .target = "/disk.img", .vdev = "xvda", .backend = "domd", .read_only = true },
};
static const struct config_vif vifs[] = {
	{ .mac = mac, .bridge = "xenbr0", .backend = "domd", .devid = -1 },
};

static struct domain_config domd_config = { .name = "domd" };
static struct domain_config plain_config = { .name = "plain" };
static struct domain_config guest_config = {
	.name = "guest",
	.disks = disks,
	.disk_count = 1,
	.vifs = vifs,
	.vif_count = 1,
};

static struct failure failure;
static domid_t domd, guest;

static void complete_config(struct domain_config *config)
{
	config->memory_kib = 16384;
	config->vcpus = 1;
	config->max_grant_frames = -1;
	config->max_maptrack_frames = -1;
	config->command_line = "";
	config->kernel = model_image_source(&kernel);
}

static int create(const struct domain_config *config, domid_t *id)
{
	struct domain *domain;

	memset(&failure, 0, sizeof(failure));
	int error = domain_create(config, DOMID_ANY, false, &domain, &failure);
	if (!error)
		*id = domain->id;
	return error;
}

static void must_create(const struct domain_config *config, domid_t *id)
{
	if (create(config, id))
		fail_msg("%s", failure.text);
}

static void must_destroy(domid_t id)
{
	memset(&failure, 0, sizeof(failure));
	if (domain_destroy(id, &failure))
		fail_msg("%s", failure.text);
}

// ---- The backend: what Linux and an agent do in a driver domain, by looking every millisecond ----

static struct {
	bool silent; // writes no state
	bool refuses; // closes at once
	bool keeps; // doesn't let go
	bool agent; // sets devices up, and removes the nodes of closed ones
	bool guest_holds; // the guest keeps the device open while its frontend is there
	bool dead;
} backend;

static long get(const char *path, char value[64])
{
	long length = xs_read(XS_NO_TRANSACTION, path, value, 64);

	if (length < 0)
		value[0] = '\0';
	return length;
}

static void put(const char *folder, const char *node, const char *value)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, node);
	xs_write(XS_NO_TRANSACTION, path, value, strlen(value)); // what fails is done again a millisecond later
}

static bool frontend_is_there(const char *folder)
{
	char path[256], frontend[64], list[64];

	snprintf(path, sizeof(path), "%s/frontend", folder);
	get(path, frontend);
	return frontend[0] && xs_directory(XS_NO_TRANSACTION, frontend, 0, list, sizeof(list), NULL) != -ENOENT;
}

static void serve(const char *folder)
{
	char path[256], state[64], online[64];

	snprintf(path, sizeof(path), "%s/state", folder);
	if (backend.silent || get(path, state) < 0)
		return;
	snprintf(path, sizeof(path), "%s/online", folder);
	get(path, online);
	if (!strcmp(state, "1")) {
		put(folder, "state", backend.refuses ? "6" : "2");
	} else if (!strcmp(state, "2")) {
		if (backend.agent)
			put(folder, "hotplug-status", "connected");
		put(folder, "state", "4");
	} else if (!strcmp(state, "5") && !backend.keeps && !(backend.guest_holds && frontend_is_there(folder))) {
		put(folder, "state", "6");
	} else if (!strcmp(state, "6") && !strcmp(online, "0") && backend.agent) {
		xs_rm(XS_NO_TRANSACTION, folder);
	}
}

static void each_child(const char *folder, unsigned int depth)
{
	char list[512], path[192];
	long size = xs_directory(XS_NO_TRANSACTION, folder, 0, list, sizeof(list), NULL);

	for (long at = 0; at < size; at += (long)strlen(list + at) + 1) {
		snprintf(path, sizeof(path), "%s/%s", folder, list + at);
		if (depth)
			each_child(path, depth - 1);
		else
			serve(path);
	}
}

static void run_backend(void *unused)
{
	(void)unused;
	for (;;) {
		char folder[64];

		task_sleep(MILLISECONDS(1));
		snprintf(folder, sizeof(folder), "/local/domain/%u/backend", domd);
		if (!backend.dead)
			each_child(folder, 2);
	}
}

// ---- Start ----

static int start(void **state)
{
	(void)state;
	model_start(NULL);
	memcpy(kernel_bytes + 16, &(uint64_t){ sizeof(kernel_bytes) }, 8);
	kernel_bytes[24] = 0xa;
	memcpy(kernel_bytes + 56, "ARM\x64", 4);
	complete_config(&domd_config);
	complete_config(&plain_config);
	complete_config(&guest_config);
	if (event_init() || xen_version_init() || foreign_init() || console_init() || xenstore_init() ||
	    store_nodes_init() || lifecycle_init() || pv_devices_init())
		return -1;
	must_create(&domd_config, &domd);
	return !task_create("backend", run_backend, NULL);
}

static int reset(void **state)
{
	(void)state;
	memset(&backend, 0, sizeof(backend));
	memset(&failure, 0, sizeof(failure));
	model_output_clear();
	return 0;
}

static void no_faults(void)
{
	model_fail_hypercall(0, 0);
	model_fail_allocation(0);
}

// ---- What is in the store ----

static void is(const char *path, const char *expected)
{
	char value[64];

	if (get(path, value) < 0)
		fail_msg("%s isn't there", path);
	if (strcmp(value, expected))
		fail_msg("%s is '%s', not '%s'", path, value, expected);
}

static void is_gone(const char *path)
{
	char list[256];

	if (xs_directory(XS_NO_TRANSACTION, path, 0, list, sizeof(list), NULL) != -ENOENT)
		fail_msg("%s is there", path);
}

static void permits(const char *path, domid_t owner, domid_t reader)
{
	struct xs_permission list[4];
	size_t count = 0;

	assert_int_equal(xs_get_permissions(XS_NO_TRANSACTION, path, list, ARRAY_SIZE(list), &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(list[0].domid, owner);
	assert_int_equal(list[0].access, XS_ACCESS_NONE);
	assert_int_equal(list[1].domid, reader);
	assert_int_equal(list[1].access, XS_ACCESS_READ);
}

// Everything in a folder, "name=value" with blanks between.
static void holds(const char *folder, const char *expected)
{
	char list[1024], all[2048] = "", path[160], value[64];
	long size = xs_directory(XS_NO_TRANSACTION, folder, 0, list, sizeof(list), NULL);
	size_t length = 0;

	assert_true(size > 0);
	for (long at = 0; at < size; at += (long)strlen(list + at) + 1) {
		snprintf(path, sizeof(path), "%s/%s", folder, list + at);
		get(path, value);
		length += (size_t)snprintf(all + length, sizeof(all) - length, "%s%s=%s", length ? " " : "", list + at,
					   value);
	}
	assert_string_equal(all, expected);
}

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

// ---- The end ----

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
		assert_non_null(strstr(failure.text, "has no such device"));
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

// ---- Nothing is lost half-way ----

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
		cmocka_unit_test_setup(nodes_are_those_of_libxl, reset),
		cmocka_unit_test_setup(options_reach_the_nodes, reset),
		cmocka_unit_test_setup(names_of_disks, reset),
		cmocka_unit_test_setup(bad_configurations, reset),
		cmocka_unit_test_setup(silo_is_told, reset),
		cmocka_unit_test_setup(backends_that_do_not_answer, reset),
		cmocka_unit_test_setup(waiting_can_be_stopped, reset),
		cmocka_unit_test_setup(a_backend_is_waited_for, reset),
		cmocka_unit_test_setup(backends_that_keep_their_devices, reset),
		cmocka_unit_test_setup(a_guest_ends_by_itself, reset),
		cmocka_unit_test_setup(devices_come_and_go, reset),
		cmocka_unit_test_setup(a_device_in_use_goes_later, reset),
		cmocka_unit_test_setup(creation_survives_each_hypercall, reset),
		cmocka_unit_test_setup(creation_survives_each_allocation, reset),
		cmocka_unit_test_setup(creation_survives_being_out_of_memory, reset),
		cmocka_unit_test_setup(destruction_survives_each_allocation, reset),
		cmocka_unit_test_setup(attaching_survives_each_allocation, reset),
		cmocka_unit_test_setup(a_backend_dies_and_comes_back, reset),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
