// SPDX-License-Identifier: Apache-2.0
// Checks of client paths and the text operations on canonical ones (path.h).
#include "xenstore/path.h"

#include <stdio.h>
#include <string.h>

#include "kernel/compiler.h"

static const char domains[] = "/local/domain/";
#define DOMAINS_SIZE (sizeof(domains) - 1)

size_t path_of_domain(domid_t domid, char text[PATH_PREFIX_MAX + 1])
{
	return (size_t)snprintf(text, PATH_PREFIX_MAX + 1, "%s%u", domains, domid);
}

static bool is_name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
	       c == '@';
}

bool path_is_canonical(const char *text, bool special)
{
	size_t i = 0;

	if (text[0] != '/' && (!special || text[0] != '@'))
		return false;
	for (; text[i]; i++) {
		if (i == PATH_MAX_BYTES)
			return false;
		if (text[i] == '/' ? text[i + 1] == '/' : !is_name_character(text[i]))
			return false;
	}
	return i == 1 ? text[0] == '/' : text[i - 1] != '/';
}

// Bytes of "/local/domain/N/" at the start.
static size_t home_prefix(const char *path)
{
	size_t i = DOMAINS_SIZE, digits = 0;

	if (strncmp(path, domains, DOMAINS_SIZE))
		return 0;
	for (; path[i] >= '0' && path[i] <= '9'; i++)
		digits++;
	return digits && digits <= 5 && path[i] == '/' ? i + 1 : 0;
}

char *path_resolve(char *text, domid_t domid, size_t limit, bool special)
{
	size_t length = strnlen(text, PATH_MAX_BYTES + 1);

	if (text[0] != '/' && text[0] != '@') {
		char home[PATH_PREFIX_MAX + 1];
		size_t size = path_of_domain(domid, home);

		if (!length || length > PATH_RELATIVE_MAX)
			return NULL;
		home[size++] = '/';
		text -= size;
		length += size;
		memcpy(text, home, size);
	}
	if (!path_is_canonical(text, special))
		return NULL;
	return limit && length - home_prefix(text) > limit ? NULL : text;
}

// '/' before all others, the end before that.
static int rank(char c)
{
	return c == '/' ? 1 : (unsigned char)c + (c ? 1 : 0);
}

int path_compare(const char *text, size_t size, const char *other)
{
	size_t i = 0;

	while (i < size && text[i] == other[i])
		i++;
	return rank(i < size ? text[i] : '\0') - rank(other[i]);
}

bool path_is_below(const char *path, const char *ancestor, size_t size)
{
	if (strncmp(path, ancestor, size))
		return false;
	return (size == 1 && ancestor[0] == '/') || path[size] == '/' || path[size] == '\0';
}

size_t path_parent(const char *path, size_t size)
{
	if (path[0] != '/' || size == 1)
		return 0;
	while (path[size - 1] != '/')
		size--;
	return MAX(size - 1, 1u);
}

size_t path_name(const char *path, size_t size)
{
	size_t parent_size = path_parent(path, size);

	return parent_size > 1 ? parent_size + 1 : parent_size;
}

bool path_next_part(const char *path, size_t size, size_t *position, const char **part, size_t *part_size)
{
	size_t start = *position, end;

	if (start >= size)
		return false;
	if (start == 0 && path[0] == '/') {
		*part = path;
		*part_size = 1;
		*position = 1;
		return true;
	}
	if (path[start] == '/')
		start++;
	for (end = start; end < size && path[end] != '/'; end++)
		;
	*part = path + start;
	*part_size = end - start;
	*position = end;
	return true;
}
