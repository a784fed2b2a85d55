// SPDX-License-Identifier: Apache-2.0
// The shell over the model, with configurations of its own: for tests that type and read; each includes it once.
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

#include "config/catalog.h"
#include "console/console.h"
#include "domain/domain.h"
#include "domain/store_nodes.h"
#include "kernel/compiler.h"
#include "kernel/fault_test.h"
#include "kernel/log.h"
#include "model/model.h"
#include "shell/complete.h"
#include "shell/shell.h"
#include "unit/terminal.h"
#include "xen/console_io.h"
#include "xen/event.h"
#include "xen/foreign.h"
#include "xen/version.h"
#include "xenstore/xenstore.h"

#define PROMPT "uart:~$ "

// ---- The configurations ----

static uint8_t kernel_bytes[256 << 10];
static struct model_image kernel = { .name = "kernel.bin",
				     .data = kernel_bytes,
				     .size = sizeof(kernel_bytes) };
static struct model_image slow_kernel = {
	.name = "slow.bin",
	.data = kernel_bytes,
	.size = sizeof(kernel_bytes),
	.read_time = SECONDS(2),
};

static const struct config_vif vif = { .devid = -1 };

static struct domain_config configs[] = {
	{ .name = "virt_domu" },
	{ .name = "virt_domd" },
	{ .name = "virt_paused", .paused = true },
	{ .name = "virt_slow" },
	{ .name = "net_only", .vifs = &vif, .vif_count = 1 },
	{ .name = "net_capped", .cap = 50 },
};
#define SLOW 3 // the one whose kernel comes slowly

static void make_configs(void)
{
	memcpy(kernel_bytes + 56, "ARM\x64", 4); // an arm64 Image
	kernel_bytes[18] = 4; // image_size: 256 KiB
	kernel_bytes[24] = 0xa;
	for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
		configs[i].memory_kib = 16384;
		configs[i].vcpus = 1;
		configs[i].max_grant_frames = -1;
		configs[i].max_maptrack_frames = -1;
		configs[i].command_line = "";
		configs[i].kernel = model_image_source(&kernel);
	}
	configs[SLOW].kernel = model_image_source(&slow_kernel);
}

int catalog_init(void)
{
	return 0;
}

int catalog_each(catalog_visitor *visit, void *context, struct failure *failure)
{
	(void)failure;
	for (size_t i = 0; i < ARRAY_SIZE(configs); i++)
		visit(configs[i].name, context);
	return 0;
}

static int open_source(struct config_source *source, struct failure *failure)
{
	(void)source, (void)failure;
	return 0;
}

static void close_source(struct config_source *source)
{
	(void)source;
}

static void release_source(struct config_source *source)
{
	free(CONTAINER_OF(source, struct catalog_entry, source));
}

struct catalog_entry *catalog_find(const char *name, const char *more, struct failure *failure)
{
	(void)more;
	for (size_t i = 0; i < ARRAY_SIZE(configs); i++)
		if (!strcmp(configs[i].name, name)) {
			struct catalog_entry *entry = calloc(1, sizeof(*entry));

			entry->config = configs[i];
			entry->source = (struct config_source){ &entry->config, open_source, close_source,
								release_source };
			return entry;
		}
	failure_set(failure, -ENOENT, "there is no configuration '%s'; 'xu config_list' shows what there is",
		    name);
	return NULL;
}

struct catalog_entry *catalog_read(const char *path, const char *more, struct failure *failure)
{
	return catalog_find(path, more, failure);
}

int catalog_open_images(struct catalog_entry *entry, struct failure *failure)
{
	(void)entry, (void)failure;
	return 0;
}

void catalog_close_images(struct catalog_entry *entry)
{
	(void)entry;
}

void catalog_release(struct catalog_entry *entry)
{
	free(entry);
}

const char *const kernel_test_faults[] = { "null", NULL };

void kernel_test_fault(const char *kind)
{
	(void)kind;
}

// ---- Typing and reading ----

static void run_shell(void *unused)
{
	(void)unused;
	shell_run();
}

static int start(void **state)
{
	(void)state;
	make_configs();
	model_start(NULL);
	log_set_level(LOG_LEVEL_WARNING); // what a creation tells isn't the shell's
	if (event_init() || console_io_init() || foreign_init() || console_init() || xenstore_init() ||
	    store_nodes_init())
		return -1;
	if (!task_create("shell", run_shell, NULL))
		return -1;
	model_run(MILLISECONDS(10));
	return 0;
}

// As a serial line brings it: a little at a time.
static void type(const char *keys)
{
	char piece[65];

	for (size_t length; *keys; keys += length) {
		length = strnlen(keys, sizeof(piece) - 1);
		memcpy(piece, keys, length);
		piece[length] = '\0';
		model_type(piece);
		model_run(MILLISECONDS(5));
	}
}

// What is answered to keys.
static const char *typed(const char *keys)
{
	model_output_clear();
	type(keys);
	return model_output();
}

// Runs a command; what it printed, without its own line and the prompt.
static const char *run(const char *line)
{
	static char text[16384];
	char keys[256];

	snprintf(keys, sizeof(keys), "%s\r", line);
	model_output_clear();
	type(keys);
	for (int i = 0; i < 100 && !strstr(model_output() + strlen(line), PROMPT); i++)
		model_run(MILLISECONDS(100));
	const char *output = model_output();
	assert_memory_equal(output, line, strlen(line));
	assert_int_equal(output[strlen(line)], '\n');
	snprintf(text, sizeof(text), "%s", output + strlen(line) + 1);
	char *prompt = strstr(text, PROMPT);
	assert_non_null(prompt);
	assert_string_equal(prompt, PROMPT);
	*prompt = '\0';
	return text;
}

#define assert_has(text, part)                                                                               \
	do {                                                                                                 \
		const char *text_ = (text);                                                                  \
		if (!strstr(text_, part))                                                                    \
			fail_msg("'%s' is not in:\n%s", part, text_);                                        \
	} while (0)

static int teardown(void **state)
{
	(void)state;
	type("\035\003"); // out of any console, any line, any creation
	model_run(SECONDS(20));
	while (model_domain_count()) {
		char line[32];
		snprintf(line, sizeof(line), "xu destroy %u", model_last_domain());
		run(line);
	}
	assert_int_equal(foreign_mapped_frames(), 0);
	return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)
