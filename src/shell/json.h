// SPDX-License-Identifier: Apache-2.0
// JSON, printed as it is made, with four spaces for each level.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Zero at the start of a text.
struct json {
	unsigned int depth;
	bool has_items; // where the next item goes
};

// `key` is NULL in lists and outside of all. `bracket` is '{' or '['; what closes it is its counterpart.
void json_open(struct json *json, const char *key, char bracket);
void json_close(struct json *json, char bracket);

// NULL leaves it out.
void json_text(struct json *json, const char *key, const char *text);
void json_number(struct json *json, const char *key, uint64_t number);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);
