// SPDX-License-Identifier: Apache-2.0
#include "config/condition.h"

#include <string.h>

#include "kernel/compiler.h"

// Copies what lies before `end`. False when that is nothing, or too much.
static bool take(const char *text, char end, char *copy, size_t size)
{
	size_t length = end ? strcspn(text, (const char[]){ end, '\0' }) : strlen(text);

	if (!length || length >= size)
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return true;
}

static const char *parse_store(const char *text, struct condition *condition)
{
	const char *value = strchr(text, '=');

	if (text[0] != '/' || !take(text, '=', condition->path, sizeof(condition->path)))
		return "has no path of the store: give store:/PATH or store:/PATH=VALUE";
	condition->text = value ? value + 1 : NULL;
	return NULL;
}

static const char *parse_console(const char *text, struct condition *condition)
{
	const char *colon = strchr(text, ':');

	if (!colon || !colon[1] || !take(text, ':', condition->domain, sizeof(condition->domain)))
		return "lacks a domain or a text: give console:DOMAIN:TEXT";
	condition->text = colon + 1;
	return NULL;
}

static const char *parse_domain(const char *text, struct condition *condition)
{
	if (!take(text, '\0', condition->domain, sizeof(condition->domain)))
		return "names no domain";
	return NULL;
}

const char *condition_parse(const char *text, struct condition *condition)
{
	static const struct {
		const char *prefix;
		const char *(*parse)(const char *text, struct condition *condition);
	} forms[] = {
		[CONDITION_STORE] = { "store:", parse_store },
		[CONDITION_CONSOLE] = { "console:", parse_console },
		[CONDITION_DOMAIN] = { "domain:", parse_domain },
		[CONDITION_END] = { "end:", parse_domain },
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		size_t length = strlen(forms[i].prefix);

		if (strncmp(text, forms[i].prefix, length))
			continue;
		*condition = (struct condition){ .kind = (enum condition_kind)i };
		return forms[i].parse(text + length, condition);
	}
	return "is none of store:PATH[=VALUE], console:DOMAIN:TEXT, domain:DOMAIN, end:DOMAIN";
}
