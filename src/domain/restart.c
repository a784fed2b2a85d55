// SPDX-License-Identifier: Apache-2.0
// Domains that can be built again: from a configuration that is kept, under the same name, with the console
// that whoever is attached to it has.
#include "domain/restart.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/domain_config.h"
#include "console/console.h"
#include "domain/build.h"
#include "domain/pv_devices.h"
#include "domain/store_nodes.h"
#include "domain/uuid.h"
#include "xen/domctl.h"
#include "xen/hypercall.h"

int domain_create_from(struct config_source *source, domid_t wanted, bool paused, struct domain **domain,
		       struct failure *failure)
{
	struct domain *built = NULL;
	int error = source->open(source, failure);

	if (error)
		return error;
	error = domain_build(source->config, wanted, paused || source->config->paused, &built, failure);
	source->close(source);
	if (error)
		return error;
	built->source = source;
	domain_is_built(built);
	*domain = built;
	return 0;
}

int domain_set_source(domid_t id, struct config_source *source, struct failure *failure)
{
	struct domain *domain;
	int error = domain_check_free(id, failure);

	if (error)
		return error;
	domain = domain_find(id);
	if (!domain || !domain->source)
		return failure_set(failure, -ENOTSUP, "domain %u wasn't created by 'xu create'", id);
	struct config_source *former = domain->source;
	domain->source = source;
	domain->source_is_new = true;
	former->release(former); // may wait, and the domain end meanwhile
	return 0;
}

// From the state in which only its name is left. A domain that starts again isn't paused: who wanted it so has
// unpaused it since.
static int build_again(struct domain *domain, struct failure *failure)
{
	struct config_source *source = domain->source;
	int error;

	domain->being_destroyed = domain->ended = false;
	domain->being_built = true;
	error = source->open(source, failure);
	if (error) {
		domain_unbuild(domain, UNBUILD_ALL, NULL);
		return error;
	}
	error = domain_build(source->config, DOMID_ANY, false, &domain, failure);
	if (error) // the source has gone with it
		return error;
	source->close(source);
	domain_is_built(domain);
	return 0;
}

static void leave(struct domain *domain)
{
	pv_devices_drop_kept(domain);
	domain->being_destroyed = domain->restarting = false;
	if (domain->console)
		console_end(domain->console);
}

int domain_restart(struct domain *domain, struct failure *failure)
{
	int error = pv_devices_keep(domain, failure);

	if (!error)
		error = domain_unbuild(domain, UNBUILD_BUT_NAME, failure);
	if (!error)
		return build_again(domain, failure);
	leave(domain);
	return error;
}

// ---- With the old one kept ----

static int name_remains(const struct domain *domain, struct domain *remains, struct failure *failure)
{
	char suffix[sizeof("-65535")];
	int length = snprintf(suffix, sizeof(suffix), "-%u", domain->id);

	snprintf(remains->name, sizeof(remains->name), "%.*s%s", DOMAIN_NAME_MAX - 1 - length, domain->name,
		 suffix);
	if (domain_find_by_name(remains->name))
		return failure_set(failure, -EEXIST, "there is a domain '%s' already", remains->name);
	uuid_make(remains->uuid);
	return 0;
}

// In Xen and in the store; the store last, as it can be taken back.
static int write_remains(const struct domain *domain, const struct domain *remains)
{
	int error = domctl_set_handle(remains->id, remains->uuid);

	if (error)
		return error;
	error = store_nodes_set_identity(remains, domain->uuid);
	if (error)
		domctl_set_handle(domain->id, domain->uuid);
	return error;
}

// A second entry for the domain, which is all that the first one was but for name, console and source.
static struct domain *split(const struct domain *domain, struct failure *failure)
{
	struct domain *remains = malloc(sizeof(*remains));

	if (!remains) {
		failure_set(failure, -ENOMEM, "its remains can't be kept: out of memory");
		return NULL;
	}
	*remains = *domain;
	list_init(&remains->link);
	list_init(&remains->pv_devices);
	list_init(&remains->pv_kept);
	remains->pv_are_kept = false;
	remains->being_destroyed = remains->restarting = false;
	remains->console = NULL;
	remains->source = NULL;
	int error = name_remains(domain, remains, failure);
	if (!error)
		error = write_remains(domain, remains);
	if (!error)
		return remains;
	failure_set(failure, error, "its remains can't be renamed: %s", error_text(error));
	free(remains);
	return NULL;
}

int domain_restart_beside(struct domain *domain, struct failure *failure)
{
	struct domain *remains = pv_devices_keep(domain, failure) ? NULL : split(domain, failure);

	if (!remains) {
		leave(domain);
		return failure->error;
	}
	while (!list_is_empty(&domain->pv_devices)) {
		struct list *device = domain->pv_devices.next;

		list_remove(device);
		list_append(&remains->pv_devices, device);
	}
	domain_forget_steps(domain);
	domain_enlist(domain);
	domain_enlist(remains);
	return build_again(domain, failure);
}
