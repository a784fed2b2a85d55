// SPDX-License-Identifier: Apache-2.0
// The names that completion offers and only the layers below know: configurations, domains, nodes of the
// store.
#include <stdio.h>
#include <string.h>

#include "config/catalog.h"
#include "domain/domain.h"
#include "kernel/compiler.h"
#include "shell/complete.h"
#include "shell/files.h"
#include "xen/sysctl.h"
#include "xenstore/xenstore.h"

#define DOMAINS_AT_ONCE 8
#define NAMES_AT_ONCE   512 // bytes; a longer name isn't offered, nor what is behind it

struct offer {
	complete_offer *call;
	void *context;
};

static void offer_name(const char *name, void *context)
{
	const struct offer *offer = context;

	offer->call(name, offer->context);
}

// What can't be read is said by the command, not while it is typed.
static void offer_configurations(complete_offer *offer, void *context)
{
	catalog_each(offer_name, &(struct offer){ offer, context }, NULL);
}

static void offer_domain(domid_t id, complete_offer *offer, void *context)
{
	char number[8], name[DOMAIN_NAME_MAX];

	snprintf(number, sizeof(number), "%u", id);
	offer(number, context);
	domain_name(id, name, sizeof(name));
	offer(name, context);
}

// All but Domain-0, which no command takes.
static void offer_domains(complete_offer *offer, void *context)
{
	struct domain_info list[DOMAINS_AT_ONCE];
	size_t count;

	for (domid_t first = 1; !sysctl_domain_list(first, list, ARRAY_SIZE(list), &count) && count;
	     first = (domid_t)(list[count - 1].domid + 1))
		for (size_t i = 0; i < count; i++)
			offer_domain(list[i].domid, offer, context);
}

// ---- The store ----

static bool has_children(const char *path)
{
	char name[1];

	return xs_directory(XS_NO_TRANSACTION, path, 0, name, sizeof(name), NULL) != 0;
}

// The children of the node that the path leads to before its last '/'; one that has children itself with a
// '/' behind it.
static void offer_nodes(const char *prefix, complete_offer *offer, void *context)
{
	char names[NAMES_AT_ONCE], path[NAMES_AT_ONCE + CONFIG_SHELL_LINE_MAX];
	const char *slash = strrchr(prefix, '/');
	uint32_t offset = 0;
	long size;

	if (prefix[0] == '\0')
		offer("/", context);
	if (prefix[0] != '/')
		return;
	int folder = (int)(slash - prefix);
	do {
		snprintf(path, sizeof(path), "%.*s", folder ? folder : 1, prefix);
		size = xs_directory(XS_NO_TRANSACTION, path, offset, names, sizeof(names), NULL);
		for (long at = 0; at < size; at += (long)strlen(names + at) + 1) {
			int length = snprintf(path, sizeof(path), "%.*s/%s", folder, prefix, names + at);
			if (has_children(path))
				snprintf(path + length, sizeof(path) - (size_t)length, "/");
			offer(path, context);
		}
		offset += (uint32_t)size;
	} while (size > 0);
}

void candidates_each(enum completion kind, const char *prefix, complete_offer *offer, void *context)
{
	if (kind == COMPLETE_CONFIG)
		offer_configurations(offer, context);
	else if (kind == COMPLETE_DOMAIN)
		offer_domains(offer, context);
	else if (kind == COMPLETE_STORE)
		offer_nodes(prefix, offer, context);
	else if (kind == COMPLETE_FILE)
		files_offer(prefix, offer, context);
	else if (kind == COMPLETE_CONFIG_FILE)
		files_offer_configurations(prefix, offer, context);
}
