// SPDX-License-Identifier: Apache-2.0
// What the tests of creating and destroying domains have in common: images, a configuration of them, and machines, each in
// a process of its own. For tests; each includes it once.
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "console/console.h"
#include "domain/domain.h"
#include "domain/store_nodes.h"
#include "kernel/compiler.h"
#include "model/model.h"
#include "xen/domctl.h"
#include "xen/event.h"
#include "xen/foreign.h"
#include "xen/version.h"
#include "xenstore/xenstore.h"

#define UNUSED __attribute__((unused))

// ---- images and configurations ----

#define KERNEL_SIZE 150001u
#define RAMDISK_SIZE 70002u

static uint8_t kernel[KERNEL_SIZE], ramdisk[RAMDISK_SIZE];
static struct model_image kernel_image, ramdisk_image;
static struct domain_config config;
static struct failure failure;

static int reset(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kernel); i++)
		kernel[i] = (uint8_t)(i * 7 >> 3);
	memset(kernel, 0, 64);
	memcpy(kernel + 8, &(uint64_t){ 0x80000 }, 8);  // text_offset
	memcpy(kernel + 16, &(uint64_t){ 1 << 20 }, 8); // image_size
	memcpy(kernel + 56, "ARM\x64", 4);
	for (size_t i = 0; i < sizeof(ramdisk); i++)
		ramdisk[i] = (uint8_t)(i * 5 >> 2);
	kernel_image = (struct model_image){ .name = "Image", .data = kernel, .size = sizeof(kernel) };
	ramdisk_image = (struct model_image){ .name = "initrd", .data = ramdisk, .size = sizeof(ramdisk) };
	config = (struct domain_config){
		.name = "guest",
		.memory_kib = 16384,
		.vcpus = 1,
		.max_grant_frames = -1,
		.max_maptrack_frames = -1,
		.kernel = model_image_source(&kernel_image),
		.command_line = "",
	};
	memset(&failure, 0, sizeof(failure));
	model_set_destroy_delay(MILLISECONDS(2));
	return 0;
}

static UNUSED struct domain *create(domid_t wanted, bool paused)
{
	struct domain *domain;

	memset(&failure, 0, sizeof(failure));
	if (domain_create(&config, wanted, paused, &domain, &failure))
		fail_msg("%s", failure.text);
	return domain;
}

static UNUSED void destroy(domid_t id)
{
	memset(&failure, 0, sizeof(failure));
	if (domain_destroy(id, &failure))
		fail_msg("%s", failure.text);
	assert_false(model_domain_exists(id));
	assert_null(domain_find(id));
}

static UNUSED void refused(domid_t wanted, int error, const char *words)
{
	struct model_snapshot before = model_snapshot();
	struct domain *domain;

	memset(&failure, 0, sizeof(failure));
	assert_int_equal(domain_create(&config, wanted, false, &domain, &failure), error);
	assert_int_equal(failure.error, error);
	if (!strstr(failure.text, words))
		fail_msg("'%s' isn't in '%s'", words, failure.text);
	assert_int_equal(domain_create(&config, wanted, false, &domain, NULL), error);
	model_assert_equal(&before, words);
}

// ---- a process for each machine ----

static struct model_options options;

static UNUSED int start_unsupported(void **state)
{
	(void)state;
	model_start(&options);
	return event_init() || foreign_init() || console_init() || xenstore_init() ||
	       store_nodes_init(); // no version was found that is spoken here
}

static UNUSED int start(void **state)
{
	return start_unsupported(state) || xen_version_init();
}

static UNUSED int run(const struct CMUnitTest *tests, size_t count, CMFixtureFunction setup)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		exit(_cmocka_run_group_tests("domains", tests, count, setup, NULL) ? 1 : 0);
	return waitpid(child, &status, 0) == child && status == 0 ? 0 : 1;
}

#define TEST(name) cmocka_unit_test_setup(name, reset)
