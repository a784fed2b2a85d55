// SPDX-License-Identifier: Apache-2.0
#include "domain/departed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/domain_config.h"
#include "console/console.h"
#include "kernel/list.h"

struct departed {
	struct list link;
	domid_t id;
	char name[DOMAIN_NAME_MAX];
	struct console *console;
};

static struct list all = LIST_INITIAL(all); // the newest first
static unsigned int count;

static struct console *drop(struct departed *departed)
{
	struct console *console = departed->console;

	list_remove(&departed->link);
	free(departed);
	count--;
	return console;
}

static struct departed *oldest(void)
{
	struct departed *departed, *last = NULL;

	LIST_FOR_EACH(departed, &all, link)
		last = departed;
	return last;
}

void departed_keep(domid_t id, const char *name, struct console *console)
{
	struct departed *departed;

	if (!CONFIG_ENDED_CONSOLES || !console_is_unread(console))
		return;
	if (!(departed = malloc(sizeof(*departed))))
		return;
	if (count == CONFIG_ENDED_CONSOLES)
		console_put(drop(oldest()));
	departed->id = id;
	snprintf(departed->name, sizeof(departed->name), "%s", name);
	departed->console = console_get(console);
	list_prepend(&all, &departed->link);
	count++;
}

static struct departed *find(const char *text)
{
	struct departed *departed;

	LIST_FOR_EACH(departed, &all, link)
	{
		char number[8];

		snprintf(number, sizeof(number), "%u", departed->id);
		if (!strcmp(text, departed->name) || !strcmp(text, number))
			return departed;
	}
	return NULL;
}

const struct console *departed_find(const char *text)
{
	const struct departed *departed = find(text);

	return departed ? departed->console : NULL;
}

struct console *departed_take(const char *text)
{
	struct departed *departed = find(text);

	return departed ? drop(departed) : NULL;
}
