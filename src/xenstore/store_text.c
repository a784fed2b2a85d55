// SPDX-License-Identifier: Apache-2.0
#include "xenstore/store_text.h"

#include <string.h>

bool store_expand(const char *template, store_value *value, const void *context, char *text, size_t size)
{
	size_t at = 0;

	for (; *template && at + 1 < size; template ++) {
		if (*template != '%') {
			text[at++] = *template;
			continue;
		}
		if (!value(context, *++template, text + at, size - at))
			return false;
		at += strlen(text + at);
	}
	text[at] = '\0';
	return !*template && at + 1 < size;
}
