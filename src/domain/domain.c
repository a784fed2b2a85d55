// SPDX-License-Identifier: Apache-2.0
// The list of domains built here, their names, and what is done to a domain that runs.
#include "domain/domain.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/build.h"
#include "domain/pv_devices.h"
#include "xen/domctl.h"
#include "xen/hypercall.h"

#define UNNAMED_PREFIX "Domain-"

struct list domain_list = LIST_INITIAL(domain_list);

// ---- Finding ----

struct domain *domain_find(domid_t id)
{
	struct domain *domain;

	DOMAIN_FOR_EACH(domain)
	if (domain->id == id)
		return domain;
	return NULL;
}

struct domain *domain_find_by_name(const char *name)
{
	struct domain *domain;

	DOMAIN_FOR_EACH(domain)
	if (!strcmp(domain->name, name))
		return domain;
	return NULL;
}

void domain_enlist(struct domain *domain)
{
	struct list *place = &domain_list;
	struct domain *other;

	if (!domain->pv_devices.next) {
		list_init(&domain->pv_devices);
		list_init(&domain->pv_kept);
	}
	list_remove(&domain->link);
	DOMAIN_FOR_EACH(other)
	{
		if (other->id > domain->id) {
			place = &other->link;
			break;
		}
	}
	list_insert_before(place, &domain->link);
}

void domain_name(domid_t id, char *name, size_t size)
{
	const struct domain *domain = domain_find(id);

	if (domain)
		snprintf(name, size, "%s", domain->name);
	else
		snprintf(name, size, UNNAMED_PREFIX "%u", id);
}

uint64_t domain_start_time(domid_t id)
{
	const struct domain *domain = domain_find(id);

	return domain ? domain->start_time : 0;
}

static bool is_number(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

int domain_check_exists(domid_t id, struct failure *failure)
{
	struct domain_info info;
	int error = domctl_get_info(id, &info);

	if (error == -ESRCH)
		failure_set(failure, error, "there is no domain %u; 'xu list' shows those there are", id);
	else if (error)
		failure_set(failure, error, "Xen says nothing about domain %u: %s", id, error_text(error));
	return error;
}

static int resolve_number(const char *text, domid_t *id, struct failure *failure)
{
	unsigned long number = strtoul(text, NULL, 10); // ULONG_MAX when it is too large

	if (number >= DOMID_FIRST_RESERVED)
		return failure_set(failure, -EINVAL, "%s can't be a domain's id: they go from 0 to %u", text,
				   DOMID_FIRST_RESERVED - 1);
	int error = domain_check_exists((domid_t)number, failure);
	if (!error)
		*id = (domid_t)number;
	return error;
}

int domain_resolve(const char *text, domid_t *id, struct failure *failure)
{
	const struct domain *domain = domain_find_by_name(text);
	size_t prefix = strlen(UNNAMED_PREFIX);

	if (domain && domain->restarting)
		return failure_set(failure, -EBUSY, "domain '%s' is being restarted: it has no id at the moment",
				   text);
	if (domain && domain->id != DOMID_INVALID) {
		*id = domain->id;
		return 0;
	}
	if (is_number(text))
		return resolve_number(text, id, failure);
	if (!strncmp(text, UNNAMED_PREFIX, prefix) && is_number(text + prefix))
		return resolve_number(text + prefix, id, failure);
	return failure_set(failure, -ESRCH, "there is no domain '%s'; 'xu list' shows those there are", text);
}

// ---- Pausing ----

int domain_check_free(domid_t id, struct failure *failure)
{
	const struct domain *domain = domain_find(id);

	if (id == CONTROL_DOMAIN)
		return failure_set(failure, -EPERM, "domain %u is this control domain itself", id);
	if (domain && domain->being_built)
		return failure_set(failure, -EBUSY, "domain %u ('%s') is still being built", id,
				   domain->name);
	if (domain && domain->being_destroyed)
		return failure_set(failure, -EBUSY, "domain %u ('%s') is being destroyed already", id,
				   domain->name);
	return 0;
}

int domain_check_usable(domid_t id, struct failure *failure)
{
	int error = domain_check_free(id, failure);

	return error ? error : domain_check_exists(id, failure);
}

static int set_paused(domid_t id, bool paused, struct failure *failure)
{
	struct domain_info info;
	int error = domain_check_usable(id, failure);

	if (error)
		return error;
	error = domctl_get_info(id, &info);
	if (!error && info.paused == paused)
		return failure_set(failure, -EALREADY,
				   paused ? "domain %u is paused already" : "domain %u is not paused", id);
	if (!error)
		error = paused ? domctl_pause(id) : domctl_unpause(id);
	if (error)
		failure_set(failure, error, "domain %u can't be %s: %s", id, paused ? "paused" : "unpaused",
			    error_text(error));
	return error;
}

int domain_pause(domid_t id, struct failure *failure)
{
	return set_paused(id, true, failure);
}

int domain_unpause(domid_t id, struct failure *failure)
{
	return set_paused(id, false, failure);
}

int domain_resume(domid_t id, struct failure *failure)
{
	struct domain *domain = domain_find(id);
	struct domain_info info;
	int error = domain_check_usable(id, failure);

	if (error)
		return error;
	error = domctl_get_info(id, &info);
	if (!error && (!info.shutdown || info.shutdown_reason != SHUTDOWN_suspend))
		return failure_set(failure, -EINVAL, "domain %u hasn't suspended itself", id);
	if (!error)
		error = domctl_resume(id);
	if (error)
		return failure_set(failure, error, "domain %u can't be resumed: %s", id, error_text(error));
	if (domain)
		domain->ended = false;
	pv_devices_domains_changed(); // what became of its devices' backends meanwhile
	return 0;
}
