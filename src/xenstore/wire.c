// SPDX-License-Identifier: Apache-2.0
// The wire format's small grammars (wire.h).
#include "xenstore/wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/compiler.h"

// The names that the protocol knows (xsd_errors[] of xs_wire.h), in its order.
static const struct {
	int error;
	const char *name;
} errors[] = {
	{ EINVAL, "EINVAL" }, { EACCES, "EACCES" },	  { EEXIST, "EEXIST" }, { EISDIR, "EISDIR" },
	{ ENOENT, "ENOENT" }, { ENOMEM, "ENOMEM" },	  { ENOSPC, "ENOSPC" }, { EIO, "EIO" },
	{ ENOTEMPTY, "ENOTEMPTY" }, { ENOSYS, "ENOSYS" }, { EROFS, "EROFS" },	{ EBUSY, "EBUSY" },
	{ EAGAIN, "EAGAIN" }, { EISCONN, "EISCONN" },	  { E2BIG, "E2BIG" },	{ EPERM, "EPERM" },
};

const char *wire_error_name(int error)
{
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].error == -error)
			return errors[i].name;
	return errors[0].name;
}

unsigned int wire_count_strings(const char *payload, size_t size)
{
	unsigned int count = 0;

	for (size_t i = 0; i < size; i++)
		count += payload[i] == '\0';
	return count;
}

const char *wire_string(const char *payload, unsigned int number)
{
	while (number--)
		payload += strlen(payload) + 1;
	return payload;
}

const char *wire_only_string(const char *payload, size_t size)
{
	return size && strnlen(payload, size) == size - 1 ? payload : NULL;
}

bool wire_parse_number(const char *text, uint64_t max, uint64_t *number)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || value > max / 10)
			return false;
		value = value * 10 + (unsigned int)(*text - '0');
		if (value > max)
			return false;
	}
	*number = value;
	return true;
}

bool wire_parse_domid(const char *text, domid_t *domid)
{
	uint64_t number;

	if (!wire_parse_number(text, UINT16_MAX, &number))
		return false;
	*domid = (domid_t)number;
	return true;
}

static const char access_letters[] = {
	[XS_ACCESS_NONE] = 'n',
	[XS_ACCESS_READ] = 'r',
	[XS_ACCESS_WRITE] = 'w',
	[XS_ACCESS_READ | XS_ACCESS_WRITE] = 'b',
};

bool wire_parse_permission(const char *text, struct xs_permission *permission)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(access_letters); i++) {
		if (text[0] == access_letters[i]) {
			permission->access = (uint8_t)i;
			permission->ignored = false;
			return wire_parse_domid(text + 1, &permission->domid);
		}
	}
	return false;
}

size_t wire_format_permission(const struct xs_permission *permission, char *text)
{
	return (size_t)snprintf(text, WIRE_PERMISSION_MAX, "%c%u", access_letters[permission->access], permission->domid);
}
