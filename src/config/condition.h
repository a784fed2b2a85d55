// SPDX-License-Identifier: Apache-2.0
// What can be waited for, as a text:
//
//	store:PATH            the store has this node
//	store:PATH=VALUE      with this value
//	console:DOMAIN:TEXT   the domain's console has printed this, without a line's end in it
//	domain:DOMAIN         the domain is there and runs
//	end:DOMAIN            it has ended, or isn't there
//
// DOMAIN is a name or an id. Pure.
#pragma once

#include "config/domain_config.h"

#define CONDITION_PATH_MAX 256 // bytes, with the NUL

struct condition {
	enum condition_kind { CONDITION_STORE, CONDITION_CONSOLE, CONDITION_DOMAIN, CONDITION_END } kind;
	union {
		char path[CONDITION_PATH_MAX];
		char domain[DOMAIN_NAME_MAX];
	};
	const char *text; // VALUE or TEXT, part of what was parsed; NULL: any
};

// What is wrong with the text ("is none of ..."), or NULL.
const char *condition_parse(const char *text, struct condition *condition);
