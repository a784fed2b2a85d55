// SPDX-License-Identifier: Apache-2.0
// The wire format of Xen's io/xs_wire.h and docs/misc/xenstore.txt: messages, the strings in their payloads, the names of
// errors. Knows neither the store nor how messages travel.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xen/types.h"
#include "xenstore/xenstore.h"

enum wire_type {
	WIRE_CONTROL = 0,
	WIRE_DIRECTORY = 1,
	WIRE_READ = 2,
	WIRE_GET_PERMS = 3,
	WIRE_WATCH = 4,
	WIRE_UNWATCH = 5,
	WIRE_TRANSACTION_START = 6,
	WIRE_TRANSACTION_END = 7,
	WIRE_INTRODUCE = 8,
	WIRE_RELEASE = 9,
	WIRE_GET_DOMAIN_PATH = 10,
	WIRE_WRITE = 11,
	WIRE_MKDIR = 12,
	WIRE_RM = 13,
	WIRE_SET_PERMS = 14,
	WIRE_WATCH_EVENT = 15,
	WIRE_ERROR = 16,
	WIRE_IS_DOMAIN_INTRODUCED = 17,
	WIRE_RESUME = 18,
	WIRE_SET_TARGET = 19,
	WIRE_RESET_WATCHES = 21,
	WIRE_DIRECTORY_PART = 22,
	WIRE_GET_FEATURE = 23,
	WIRE_SET_FEATURE = 24,
	WIRE_GET_QUOTA = 25,
	WIRE_SET_QUOTA = 26,
	WIRE_TYPES,
};

struct wire_header {
	uint32_t type; // of the request; the reply has the same, or WIRE_ERROR
	uint32_t request_id, transaction_id; // the reply has the same
	uint32_t size; // of the payload, in bytes
};
_Static_assert(sizeof(struct wire_header) == 16, "struct xsd_sockmsg");

#define WIRE_PAYLOAD_MAX 4096u

// Bits of the ring page's feature word, and those that this server has.
#define WIRE_FEATURE_RECONNECTION 1u
#define WIRE_FEATURE_ERROR 2u
#define WIRE_FEATURE_WATCH_DEPTH 4u
#define WIRE_FEATURE_DOMID_ANY 8u
#define WIRE_FEATURES \
	(WIRE_FEATURE_RECONNECTION | WIRE_FEATURE_ERROR | WIRE_FEATURE_WATCH_DEPTH | WIRE_FEATURE_DOMID_ANY)

// "ENOENT" for -ENOENT; "EINVAL" for an error that the protocol has no name for.
const char *wire_error_name(int error);

// A payload is a sequence of strings, each ended by NUL, and perhaps bytes after the last NUL.
unsigned int wire_count_strings(const char *payload, size_t size);
// The string with this number, which exists.
const char *wire_string(const char *payload, unsigned int number);
// The one string of a payload that consists of it and its NUL, else NULL.
const char *wire_only_string(const char *payload, size_t size);

// Decimal numbers, all of the string. False: it is no number, or greater than `max`.
bool wire_parse_number(const char *text, uint64_t max, uint64_t *number);
bool wire_parse_domid(const char *text, domid_t *domid);

// "r5" and the like. The second writes at most WIRE_PERMISSION_MAX bytes, and returns the text's length without the NUL.
#define WIRE_PERMISSION_MAX 7u // "b65535" and NUL
bool wire_parse_permission(const char *text, struct xs_permission *permission);
size_t wire_format_permission(const struct xs_permission *permission, char *text);
