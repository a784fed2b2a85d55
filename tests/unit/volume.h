// SPDX-License-Identifier: Apache-2.0
// Images for the tests of storage, made and checked by the tools that everybody uses: sgdisk, mkfs.vfat,
// mtools, fsck.fat.
#pragma once

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

#include "model/disk.h"
#include "model/model.h"
#include "storage/fat.h"

// Runs a shell command in the test's own folder; the status that it ends with.
static inline int shell_status(const char *format, ...) PRINTF_LIKE(1, 2);
static inline int shell_status(const char *format, ...)
{
	char command[2048];
	va_list arguments;
	int status;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

#define shell(...)                                                                                           \
	do {                                                                                                 \
		if (shell_status(__VA_ARGS__))                                                               \
			fail_msg("failed: " __VA_ARGS__);                                                    \
	} while (0)

// A folder for the test program's files, the current one from then on; removed by leave_folder().
static inline int enter_folder(void **state)
{
	static char name[] = "/tmp/storage-XXXXXX";

	*state = name;
	setenv("MTOOLS_SKIP_CHECK", "1", 1);
	setenv("MTOOLS_NO_VFAT", "0", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	return mkdtemp(name) && !chdir(name) ? 0 : -1;
}

static inline int leave_folder(void **state)
{
	return shell_status("cd / && rm -rf %s", (const char *)*state);
}

// Bytes that differ from file to file and don't repeat.
static inline void fill_pattern(uint8_t *bytes, size_t size, uint32_t seed)
{
	uint32_t noise = seed * 2654435761u + 1;

	for (size_t i = 0; i < size; i++) {
		noise = noise * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(noise >> 24);
	}
}

static inline void make_file(const char *path, size_t size, uint32_t seed)
{
	uint8_t *bytes = test_malloc(size + 1);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fill_pattern(bytes, size, seed);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
	test_free(bytes);
}

static inline uint8_t *load_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "r");
	uint8_t *bytes;

	if (!file)
		fail_msg("%s is missing", path);
	fseek(file, 0, SEEK_END);
	*size = (size_t)ftell(file);
	rewind(file);
	bytes = test_malloc(*size + 1);
	assert_int_equal(fread(bytes, 1, *size, file), *size);
	fclose(file);
	return bytes;
}

static inline struct fat_volume *mount(struct model_disk *disk)
{
	struct block_extent extent = block_whole(&disk->device);
	struct failure failure = {0};
	struct fat_volume *volume = NULL;

	if (fat_mount(&extent, &volume, &failure))
		fail_msg("%s", failure.text);
	return volume;
}
