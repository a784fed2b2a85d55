// SPDX-License-Identifier: Apache-2.0
// What becomes of devices behind everybody's back: they connect, a guest lets go of one at last, a backend's
// domain dies or comes back. One task looks at all of them whenever something changes.
//
// A driver of Linux is bound to its backend's path for good. So when a backend's domain dies, the frontend's
// nodes are removed, upon which the guest's driver gives the device up; when a domain of that name is there
// again, the device is offered anew, and the guest finds it as one that was plugged in.
#include "domain/pv_follow.h"

#include <errno.h>
#include <string.h>

#include "kernel/log.h"
#include "xen/hypercall.h"

struct wait_queue pv_changes = WAIT_QUEUE_INITIAL(pv_changes);

static struct xs_watch *endings;

// ---- Connecting ----

#define REFUSED (XenbusStateReconfigured + 1) // by the agent; the driver has no state for it

static const char *reason_of(const struct pv_device *device, char reason[96])
{
	pv_error(device, reason, 96);
	return reason[0] ? reason : "it says nothing why";
}

static void tell_state(const struct domain *domain, struct pv_device *device)
{
	XenbusState state = pv_is_refused(device) ? REFUSED : pv_backend_state(device);
	char what[PV_NAME_SIZE], reason[96];

	if (state == device->told || device->is_closing)
		return;
	device->told = state;
	pv_device_name(device, what);
	if (state == REFUSED)
		log_warning("domain %u (%s): domain %u refuses %s: %s", domain->id, domain->name,
			    device->backend, what, reason_of(device, reason));
	else if (state == XenbusStateConnected)
		log_info("domain %u (%s): %s is connected to domain %u", domain->id, domain->name, what,
			 device->backend);
	else if (state == XenbusStateClosing || state == XenbusStateClosed)
		log_warning("domain %u (%s): %s was closed, by its backend in domain %u or by the guest: %s",
			    domain->id, domain->name, what, device->backend, reason_of(device, reason));
}

// ---- Backends that go and come ----

// Its domain is served, and has the device's nodes still.
static bool has_backend(const struct pv_device *device)
{
	return pv_is_serving(device->backend) && pv_backend_state(device) != XenbusStateUnknown;
}

static int lose(const struct domain *domain, struct pv_device *device)
{
	char what[PV_NAME_SIZE];

	pv_device_name(device, what);
	log_warning("domain %u (%s): %s has lost its backend, domain %u (%s)", domain->id, domain->name, what,
		    device->backend, device->backend_name);
	device->told = XenbusStateUnknown;
	int error = pv_remove_ends(device);
	if (error)
		log_error("domain %u: the nodes of %s can't be removed: %s", domain->id, what,
			  error_text(error));
	return error;
}

static int offer_again(const struct domain *domain, struct pv_device *device)
{
	struct failure failure = { 0 };
	char what[PV_NAME_SIZE];

	pv_device_name(device, what);
	if (pv_offer_to(device, &failure)) {
		log_error("domain %u: %s", domain->id, failure.text);
		return failure.error;
	}
	log_info("domain %u (%s): %s is offered again, by domain %u (%s)", domain->id, domain->name, what,
		 device->backend, device->backend_name);
	return 0;
}

static int end(const struct domain *domain, struct pv_device *device)
{
	struct failure failure = { 0 };
	char what[PV_NAME_SIZE];

	pv_device_name(device, what);
	if (pv_discard(device, &failure)) {
		log_error("%s", failure.text);
		return failure.error;
	}
	log_info("domain %u (%s): %s is detached", domain->id, domain->name, what);
	return 0;
}

// ---- The task ----

#define RETRY SECONDS(1) // after a failure, which is one of memory

// What is to be done with a device, which may wait. `end` frees the device, unless it fails.
typedef int action(const struct domain *domain, struct pv_device *device);

static action *action_for(const struct pv_device *device)
{
	domid_t id;

	if (device->is_closing)
		return pv_is_closed(device) || !pv_is_serving(device->backend) ? end : NULL;
	if (device->backend == DOMID_INVALID)
		return pv_find_backend(device->backend_name, &id) ? offer_again : NULL;
	return has_backend(device) ? NULL : lose;
}

static void carry_out(action *act, const struct domain *domain, struct pv_device *device)
{
	device->is_busy = true;
	int error = act(domain, device);
	if (error || act != end)
		device->is_busy = false;
	wait_queue_wake(&pv_changes); // somebody may wait for the device to be free
	if (error)
		task_sleep(RETRY);
}

static void drop_events(struct xs_watch *watch)
{
	char path[PV_PATH_SIZE];

	while (watch && xs_watch_take(watch, path, sizeof(path)))
		;
}

// True when something was done: all is to be looked at from the beginning then, since other tasks have run.
static bool look_at(const struct domain *domain)
{
	struct pv_device *device;

	if (domain->being_built || domain->being_destroyed || domain->ended)
		return false;
	LIST_FOR_EACH (device, &domain->pv_devices, link) {
		if (device->is_busy)
			continue;
		drop_events(device->watch);
		tell_state(domain, device);
		action *act = action_for(device);
		if (act) {
			carry_out(act, domain, device);
			return true;
		}
	}
	return false;
}

static bool look_at_all(void)
{
	struct domain *domain;

	drop_events(endings);
	DOMAIN_FOR_EACH(domain)
	if (look_at(domain))
		return true;
	return false;
}

static void follow(void *unused)
{
	(void)unused;
	for (;;)
		if (!look_at_all())
			wait_queue_wait(&pv_changes, TIME_NEVER);
}

void pv_devices_domains_changed(void)
{
	wait_queue_wake(&pv_changes);
}

int pv_devices_init(void)
{
	int error = xs_watch_open("@releaseDomain", XS_DEPTH_ALL, &pv_changes, &endings);

	if (error)
		return error;
	if (task_create("PV devices", follow, NULL))
		return 0;
	xs_watch_close(endings);
	endings = NULL;
	return -ENOMEM;
}
