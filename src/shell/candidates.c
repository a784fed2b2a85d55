// SPDX-License-Identifier: Apache-2.0
// The names that completion offers and only the layers below know: configurations and domains.
#include <stdio.h>

#include "config/catalog.h"
#include "domain/domain.h"
#include "kernel/compiler.h"
#include "shell/complete.h"
#include "xen/sysctl.h"

#define DOMAINS_AT_ONCE 8

static void offer_configurations(complete_offer *offer, void *context)
{
	for (size_t i = 0; i < catalog_count(); i++)
		offer(catalog_at(i)->name, context);
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

void candidates_each(enum completion kind, complete_offer *offer, void *context)
{
	if (kind == COMPLETE_CONFIG)
		offer_configurations(offer, context);
	else if (kind == COMPLETE_DOMAIN)
		offer_domains(offer, context);
}
