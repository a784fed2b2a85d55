// SPDX-License-Identifier: Apache-2.0
// Options of devices, whatever the device.
#include "config/xlcfg_option.h"

#include <errno.h>
#include <string.h>

const char **xlcfg_option_field(const struct xlcfg_option *option)
{
	return (const char **)((char *)option->device + option->offset);
}

int xlcfg_option_text(const struct xlcfg_option *option)
{
	*xlcfg_option_field(option) = xlcfg_text(option->reader, option->value, strlen(option->value));
	return *xlcfg_option_field(option) ? 0 : -ENOMEM;
}

int xlcfg_option_set(const struct xlcfg_option *option)
{
	*(bool *)((char *)option->device + option->offset) = true;
	return 0;
}

int xlcfg_option_clear(const struct xlcfg_option *option)
{
	*(bool *)((char *)option->device + option->offset) = false;
	return 0;
}

int xlcfg_option_next(struct xlcfg_reader *reader, struct xlcfg_position position, const char **text,
		      char part[XLCFG_OPTION_MAX])
{
	const char *start = *text + strspn(*text, " \t\n");
	size_t length = strcspn(start, ",");

	if (length >= XLCFG_OPTION_MAX)
		return xlcfg_refuse(reader, position, "'%.20s...': an option has more than %d bytes", start,
				    XLCFG_OPTION_MAX - 1);
	memcpy(part, start, length);
	part[length] = '\0';
	*text = start + length + (start[length] == ',');
	return 0;
}

const struct xlcfg_option_kind *xlcfg_option_find(const struct xlcfg_option_kind *kinds, size_t count,
						  const char *text, const char **value)
{
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(kinds[i].name);
		bool has_value = kinds[i].name[length - 1] == '=';

		*value = text + length;
		if (has_value ? !strncmp(text, kinds[i].name, length) : !strcmp(text, kinds[i].name))
			return &kinds[i];
	}
	return NULL;
}
