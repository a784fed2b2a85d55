// SPDX-License-Identifier: Apache-2.0
// Xen's file system of parameters.
#include "xen/hypfs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/hypfs.h>

#include "kernel/compiler.h"
#include "xen/hypercall.h"

#define FOLDER    "/params"
#define PATH_SIZE 96

static int make_path(const char *name, char path[PATH_SIZE])
{
	int length = snprintf(path, PATH_SIZE, FOLDER "%s%s", *name ? "/" : "", name);

	return length < PATH_SIZE ? 0 : -ENOENT;
}

static int operation(unsigned int command, const char *path, const void *buffer, size_t size)
{
	return xen_error(xen_hypercall(__HYPERVISOR_hypfs_op, command, (uintptr_t)path, strlen(path) + 1,
				       (uintptr_t)buffer, size));
}

// An entry and its contents, of at most `size` bytes. -E2BIG: there are more.
static int read_entry(const char *name, struct xen_hypfs_direntry *entry, size_t size)
{
	char path[PATH_SIZE];
	int error = make_path(name, path);

	if (!error)
		error = operation(XEN_HYPFS_OP_read, path, entry, size);
	if (error == -ENOBUFS || (!error && entry->content_len > size - sizeof(*entry)))
		return -E2BIG;
	if (!error && entry->encoding != XEN_HYPFS_ENC_PLAIN)
		return -EOPNOTSUPP;
	return error;
}

struct small_entry {
	struct xen_hypfs_direntry entry;
	uint8_t contents[HYPFS_TEXT_MAX];
};

static uint64_t number_of(const struct small_entry *small)
{
	uint64_t number = 0;

	memcpy(&number, small->contents, MIN(small->entry.content_len, sizeof(number)));
	return number;
}

static int64_t signed_of(const struct small_entry *small)
{
	uint64_t number = number_of(small);

	return small->entry.content_len == 4 ? (int32_t)number : (int64_t)number;
}

int hypfs_read_parameter(const char *name, char value[HYPFS_TEXT_MAX])
{
	struct small_entry small;
	int error = read_entry(name, &small.entry, sizeof(small));

	if (error)
		return error;
	switch (small.entry.type) {
	case XEN_HYPFS_TYPE_STRING:
		snprintf(value, HYPFS_TEXT_MAX, "%.*s", (int)small.entry.content_len, (char *)small.contents);
		return 0;
	case XEN_HYPFS_TYPE_UINT:
		snprintf(value, HYPFS_TEXT_MAX, "%" PRIu64, number_of(&small));
		return 0;
	case XEN_HYPFS_TYPE_INT:
		snprintf(value, HYPFS_TEXT_MAX, "%" PRId64, signed_of(&small));
		return 0;
	case XEN_HYPFS_TYPE_BOOL:
		snprintf(value, HYPFS_TEXT_MAX, "%s", number_of(&small) ? "on" : "off");
		return 0;
	}
	return -EOPNOTSUPP;
}

static bool parse_bool(const char *text, bool *value)
{
	static const char *const words[2][4] = { {"off", "no", "false", "0" }, { "on", "yes", "true", "1" }};

	for (size_t i = 0; i < 8; i++) {
		if (strcmp(text, words[i / 4][i % 4]))
			continue;
		*value = i / 4;
		return true;
	}
	return false;
}

int hypfs_write_parameter(const char *name, const char *value)
{
	struct small_entry small;
	char path[PATH_SIZE], *end;
	int error = read_entry(name, &small.entry, sizeof(small));
	size_t size = small.entry.content_len;
	const void *contents = &(uint64_t){ 0 };
	uint64_t number;
	bool yes;

	if (!error && !small.entry.max_write_len)
		error = -EACCES;
	if (error)
		return error;
	if (small.entry.type == XEN_HYPFS_TYPE_STRING) {
		contents = value;
		size = strlen(value) + 1;
	} else if (small.entry.type == XEN_HYPFS_TYPE_BOOL) {
		if (!parse_bool(value, &yes))
			return -EINVAL;
		number = yes;
		contents = &number;
	} else {
		number = strtoull(value, &end, 0); // a minus as well
		if (end == value || *end || size > sizeof(number))
			return -EINVAL;
		contents = &number;
	}
	if (size > small.entry.max_write_len)
		return -EINVAL;
	make_path(name, path);
	return operation(XEN_HYPFS_OP_write_contents, path, contents, size);
}

int hypfs_each_parameter(void (*each)(const char *name, void *context), void *context)
{
	struct xen_hypfs_direntry head, *folder;
	int error = read_entry("", &head, sizeof(head));

	if (error != -E2BIG) // there is always at least one
		return error ? error : -ENOENT;
	size_t size = sizeof(head) + head.content_len;
	folder = malloc(size);
	if (!folder)
		return -ENOMEM;
	error = read_entry("", folder, size);
	const char *at = (const char *)(folder + 1), *end = (const char *)folder + size;
	while (!error && at + sizeof(struct xen_hypfs_dirlistentry) < end) {
		const struct xen_hypfs_dirlistentry *entry = (const void *)at;

		each(entry->name, context);
		if (!entry->off_next)
			break;
		at += entry->off_next;
	}
	free(folder);
	return error;
}
