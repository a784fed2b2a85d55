// SPDX-License-Identifier: Apache-2.0
// What becomes of PV devices when a domain ends: of its own, of those that it is to have when it starts again, and
// of those that it serves.
#include <errno.h>

#include "domain/pv_devices.h"
#include "domain/pv_follow.h"
#include "kernel/log.h"
#include "kernel/task.h"
#include "xen/domctl.h"
#include "xen/hypercall.h"

#define PATIENCE SECONDS(CONFIG_PV_TIMEOUT)

// ---- Its own ----

static bool are_free(const void *context)
{
	const struct domain *domain = context;
	struct pv_device *device;

	LIST_FOR_EACH (device, &domain->pv_devices, link)
		if (device->is_busy)
			return false;
	return true;
}

// What couldn't be told, for lack of memory, isn't waited for.
static bool are_closed(const void *context)
{
	const struct domain *domain = context;
	struct pv_device *device;

	LIST_FOR_EACH (device, &domain->pv_devices, link)
		if (device->is_closing && !pv_has_let_go(device))
			return false;
	return true;
}

static void say_who_is_late(const struct domain *domain)
{
	struct pv_device *device;
	char what[PV_NAME_SIZE];

	LIST_FOR_EACH (device, &domain->pv_devices, link) {
		if (!device->is_closing || pv_has_let_go(device))
			continue;
		pv_device_name(device, what);
		log_warning("domain %u (%s): the backend of %s in domain %u hasn't let go after %u s; its "
			    "nodes are "
			    "removed",
			    domain->id, domain->name, what, device->backend, CONFIG_PV_TIMEOUT);
	}
}

int pv_devices_detach_all(struct domain *domain, struct failure *failure)
{
	struct pv_device *device;
	int error = 0;

	pv_await(are_free, domain, TIME_NEVER, NULL);
	LIST_FOR_EACH (device, &domain->pv_devices, link)
		pv_close(device, true);
	if (pv_await(are_closed, domain, time_now() + PATIENCE, NULL))
		say_who_is_late(domain);
	LIST_FOR_EACH (device, &domain->pv_devices, link)
		if (!error)
			error = pv_discard(device, failure);
	return error;
}

// ---- Over a restart ----

void pv_devices_drop_kept(struct domain *domain)
{
	while (!list_is_empty(&domain->pv_kept)) {
		struct pv_device *device = LIST_ENTRY(domain->pv_kept.next, struct pv_device, link);

		list_remove(&device->link);
		pv_device_free(device);
	}
	domain->pv_are_kept = false;
}

int pv_devices_keep(struct domain *domain, struct failure *failure)
{
	const struct pv_device *device;

	if (domain->source_is_new)
		return 0;
	pv_await(are_free, domain, TIME_NEVER, NULL);
	LIST_FOR_EACH (device, &domain->pv_devices, link) {
		if (device->is_closing && !device->is_leaving)
			continue;
		struct pv_device *copy = pv_device_copy(device, failure);
		if (!copy) {
			pv_devices_drop_kept(domain);
			return failure->error;
		}
		list_append(&domain->pv_kept, &copy->link);
	}
	domain->pv_are_kept = true;
	return 0;
}

// ---- A backend's end ----

static bool is_running(domid_t id)
{
	struct domain_info info;

	return !domctl_get_info(id, &info) && !info.paused && !info.shutdown && !info.dying;
}

typedef bool condition(const struct pv_device *device);

static struct pv_device *find_of_guest(const struct domain *guest, domid_t backend, condition *is_meant)
{
	struct pv_device *device;

	LIST_FOR_EACH (device, &guest->pv_devices, link)
		if (device->backend == backend && is_meant(device))
			return device;
	return NULL;
}

// The first of those that the domain serves.
static struct pv_device *find_served(domid_t backend, condition *is_meant)
{
	struct pv_device *device = NULL;
	struct domain *guest;

	DOMAIN_FOR_EACH(guest)
	if ((device = find_of_guest(guest, backend, is_meant)))
		break;
	return device;
}

static bool can_leave(const struct pv_device *device)
{
	return !device->is_busy && !device->is_closing && is_running(device->guest);
}

static bool is_leaving(const struct pv_device *device)
{
	return device->is_leaving;
}

// What a backend has closed it has finished, though its agent may tidy up still.
static bool is_kept(const struct pv_device *device)
{
	XenbusState state = pv_backend_state(device);

	return device->is_leaving && device->is_closing && !device->is_unanswered &&
	       state != XenbusStateClosed && state != XenbusStateUnknown;
}

static bool have_left(const void *backend)
{
	return !find_served(*(const domid_t *)backend, is_kept);
}

void pv_devices_take_leave(domid_t backend)
{
	struct pv_device *device;

	if (!is_running(backend))
		return;
	while ((device = find_served(backend, can_leave))) {
		device->is_busy = device->is_leaving = true;
		pv_close(device, false); // one that can't be told, for lack of memory, isn't waited for
	}
	pv_await(have_left, &backend, time_now() + PATIENCE, NULL);
	while ((device = find_served(backend, is_leaving))) {
		device->is_leaving = device->is_closing = false;
		pv_release(device);
	}
}
