// SPDX-License-Identifier: Apache-2.0
// What the tests of PV devices have in common: a guest's configurations, a backend and its agent, and looks into the
// store. For tests; each includes it once.
#pragma once

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

#define UNUSED __attribute__((unused))

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

static UNUSED void complete_config(struct domain_config *config)
{
	config->memory_kib = 16384;
	config->vcpus = 1;
	config->max_grant_frames = -1;
	config->max_maptrack_frames = -1;
	config->command_line = "";
	config->kernel = model_image_source(&kernel);
}

static UNUSED int create(const struct domain_config *config, domid_t *id)
{
	struct domain *domain;

	memset(&failure, 0, sizeof(failure));
	int error = domain_create(config, DOMID_ANY, false, &domain, &failure);
	if (!error)
		*id = domain->id;
	return error;
}

static UNUSED void must_create(const struct domain_config *config, domid_t *id)
{
	if (create(config, id))
		fail_msg("%s", failure.text);
}

static UNUSED void must_destroy(domid_t id)
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
	bool agent_refuses; // says why not, and nothing connects
	bool alone; // nothing connects without an agent, and there is none
	bool guest_holds; // the guest keeps the device open while its frontend is there
	bool dead;
} backend;

static UNUSED long get(const char *path, char value[64])
{
	long length = xs_read(XS_NO_TRANSACTION, path, value, 64);

	if (length < 0)
		value[0] = '\0';
	return length;
}

static UNUSED void put(const char *folder, const char *node, const char *value)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, node);
	xs_write(XS_NO_TRANSACTION, path, value, strlen(value)); // what fails is done again a millisecond later
}

static UNUSED bool frontend_is_there(const char *folder)
{
	char path[256], frontend[64], list[64];

	snprintf(path, sizeof(path), "%s/frontend", folder);
	get(path, frontend);
	return frontend[0] && xs_directory(XS_NO_TRANSACTION, frontend, 0, list, sizeof(list), NULL) != -ENOENT;
}

static UNUSED void serve(const char *folder)
{
	char path[256], state[64], online[64];

	snprintf(path, sizeof(path), "%s/state", folder);
	if (backend.silent || get(path, state) < 0)
		return;
	snprintf(path, sizeof(path), "%s/online", folder);
	get(path, online);
	if (!strcmp(state, "1")) {
		put(folder, "state", backend.refuses ? "6" : "2");
	} else if (!strcmp(state, "2") && backend.agent_refuses) {
		put(folder, "hotplug-error", "no file\x1b");
		put(folder, "hotplug-status", "error");
	} else if (!strcmp(state, "2") && !backend.alone) {
		if (backend.agent)
			put(folder, "hotplug-status", "connected");
		put(folder, "state", "4");
	} else if (!strcmp(state, "5") && !backend.keeps && !(backend.guest_holds && frontend_is_there(folder))) {
		put(folder, "state", "6");
	} else if (!strcmp(state, "6") && !strcmp(online, "0") && backend.agent) {
		xs_rm(XS_NO_TRANSACTION, folder);
	}
}

static UNUSED void each_child(const char *folder, unsigned int depth)
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

static UNUSED void run_backend(void *unused)
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

static UNUSED int start(void **state)
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

static UNUSED int reset(void **state)
{
	(void)state;
	memset(&backend, 0, sizeof(backend));
	memset(&failure, 0, sizeof(failure));
	model_output_clear();
	return 0;
}

static UNUSED void no_faults(void)
{
	model_fail_hypercall(0, 0);
	model_fail_allocation(0);
}

// ---- What is in the store ----

static UNUSED void is(const char *path, const char *expected)
{
	char value[64];

	if (get(path, value) < 0)
		fail_msg("%s isn't there", path);
	if (strcmp(value, expected))
		fail_msg("%s is '%s', not '%s'", path, value, expected);
}

static UNUSED void is_gone(const char *path)
{
	char list[256];

	if (xs_directory(XS_NO_TRANSACTION, path, 0, list, sizeof(list), NULL) != -ENOENT)
		fail_msg("%s is there", path);
}

static UNUSED void permits(const char *path, domid_t owner, domid_t reader)
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
static UNUSED void holds(const char *folder, const char *expected)
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
