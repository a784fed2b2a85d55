// SPDX-License-Identifier: Apache-2.0
// Offering devices and taking them away; every wait for the other ends is here.
#include "domain/pv_devices.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "domain/build.h"
#include "domain/pv_follow.h"
#include "kernel/compiler.h"
#include "kernel/log.h"
#include "kernel/task.h"
#include "xen/domctl.h"
#include "xen/hypercall.h"
#include "xen/version.h"

#define PATIENCE SECONDS(CONFIG_PV_TIMEOUT)
#define LAP      MILLISECONDS(100) // between two questions whether to go on

#define ERROR_TEXT_SIZE 128

// ---- Waiting ----

int pv_await(bool (*condition)(const void *context), const void *context, uint64_t deadline,
	     pv_interrupted *interrupted)
{
	for (;;) {
		uint64_t now = time_now();

		if (!WAIT_UNTIL_DEADLINE(&pv_changes, condition(context), MIN(deadline, now + LAP)))
			return 0;
		if (interrupted && interrupted())
			return -EINTR;
		if (time_now() >= deadline)
			return -ETIMEDOUT;
	}
}

// ---- The domain with the backend ----

bool pv_is_serving(domid_t id)
{
	const struct domain *domain = domain_find(id);

	return domain && !domain->being_built && !domain->being_destroyed && !domain->ended &&
	       xenstore_is_introduced(id);
}

bool pv_find_backend(const char *name, domid_t *id)
{
	return !domain_resolve(name, id, NULL) && *id != CONTROL_DOMAIN && pv_is_serving(*id);
}

static bool is_there(const void *name)
{
	domid_t id;

	return pv_find_backend(name, &id);
}

// A number that no domain has: none will have it in time, where one with a name may come.
static bool is_no_domain(const char *name)
{
	domid_t id;

	return strspn(name, "0123456789") == strlen(name) && domain_resolve(name, &id, NULL);
}

static int await_domain(const char *what, const char *name, uint64_t deadline, pv_interrupted *interrupted,
			struct failure *failure)
{
	if (is_no_domain(name))
		return failure_set(failure, -ESRCH, "%s: there is no domain %.40s with its backend", what, name);
	int error = pv_await(is_there, name, deadline, interrupted);

	if (error == -EINTR)
		return failure_set(failure, error,
				   "%s: stopped while waiting for its backend's domain '%.40s'", what, name);
	if (error)
		return failure_set(
			failure, -ESRCH,
			"%s: there is no domain '%.40s' with its backend, nor has one come in %u s: "
			"create it first",
			what, name, CONFIG_PV_TIMEOUT);
	return 0;
}

// SILO keeps all domains but Dom0 apart: no grant and no event channel between two of them. It is what Xen
// for Arm starts with unless its command line says otherwise, and nothing but the command line tells.
static int check_isolation(struct failure *failure)
{
	if (!xen_isolates_domains())
		return 0;
	return failure_set(
		failure, -ENOTSUP,
		"PV devices: Xen runs in SILO mode, in which no domain can serve another: boot it with "
		"'xsm=dummy' on its command line");
}

static int await_domains_of_kept(const struct domain *domain, pv_interrupted *interrupted,
				 struct failure *failure)
{
	uint64_t deadline = time_now() + PATIENCE;
	const struct pv_device *device;
	char what[PV_NAME_SIZE];
	int error = 0;

	LIST_FOR_EACH (device, &domain->pv_kept, link) {
		pv_device_name(device, what);
		if (!error)
			error = await_domain(what, device->backend_name, deadline, interrupted, failure);
	}
	return error;
}

static int await_domains_of(const struct domain_config *config, pv_interrupted *interrupted,
			    struct failure *failure)
{
	uint64_t deadline = time_now() + PATIENCE;
	char what[PV_NAME_SIZE];
	int error = config->disk_count || config->vif_count ? check_isolation(failure) : 0;

	for (uint32_t i = 0; i < config->disk_count && !error; i++) {
		const struct config_disk *disk = &config->disks[i];

		snprintf(what, sizeof(what), "disk %.32s", disk->vdev);
		error = config_disk_check_support(disk, failure);
		if (!error)
			error = await_domain(what, disk->backend, deadline, interrupted, failure);
	}
	for (uint32_t i = 0; i < config->vif_count && !error; i++) {
		snprintf(what, sizeof(what), "vif %" PRIu32, i);
		error = config_vif_check_support(&config->vifs[i], failure);
		if (!error)
			error = await_domain(what, config->vifs[i].backend, deadline, interrupted, failure);
	}
	return error;
}

int pv_devices_await_domains(const struct domain *domain, const struct domain_config *config,
			     pv_interrupted *interrupted, struct failure *failure)
{
	return domain->pv_are_kept ? await_domains_of_kept(domain, interrupted, failure)
				   : await_domains_of(config, interrupted, failure);
}

// ---- Offering ----

static struct pv_device *find(const struct domain *domain, enum pv_kind kind, uint32_t id)
{
	struct pv_device *device;

	LIST_FOR_EACH (device, &domain->pv_devices, link)
		if (device->kind == kind && device->id == id)
			return device;
	return NULL;
}

// A backend that is ready has an agent that says whether the guest can have the device, unless it serves
// without one.
static bool has_answered(const void *context)
{
	XenbusState state = pv_backend_state(context);

	return state != XenbusStateInitialising &&
	       (state != XenbusStateInitWait || pv_is_set_up(context) || pv_is_refused(context));
}

static int backend_failed(const struct pv_device *device, int error, struct failure *failure)
{
	char what[PV_NAME_SIZE], reason[ERROR_TEXT_SIZE];

	pv_device_name(device, what);
	pv_error(device, reason, sizeof(reason));
	if (error == -EINTR)
		return failure_set(failure, error, "%s: stopped while waiting for its backend in domain %u",
				   what, device->backend);
	if (error == -ETIMEDOUT)
		return failure_set(
			failure, error,
			"%s: domain %u (%.40s) has no backend for it, or none that answers in %u s: see "
			"that its driver is loaded",
			what, device->backend, device->backend_name, CONFIG_PV_TIMEOUT);
	return failure_set(failure, -EIO, "%s: domain %u (%.40s) refuses it%s%s", what, device->backend,
			   device->backend_name, *reason ? ": " : "", reason);
}

static void warn_of_no_agent(const struct pv_device *device)
{
	char what[PV_NAME_SIZE];

	pv_device_name(device, what);
	log_warning("domain %u: nothing in domain %u (%s) has set up %s in %u s, as xl devd would", device->guest,
		    device->backend, device->backend_name, what, CONFIG_PV_TIMEOUT);
}

static int await_backend(const struct pv_device *device, pv_interrupted *interrupted, struct failure *failure)
{
	int error = pv_await(has_answered, device, time_now() + PATIENCE, interrupted);
	XenbusState state = pv_backend_state(device);

	if (!error && state != XenbusStateUnknown && state < XenbusStateClosing && !pv_is_refused(device))
		return 0;
	if (error != -ETIMEDOUT || state != XenbusStateInitWait)
		return backend_failed(device, error, failure);
	warn_of_no_agent(device); // the guest may make do with the backend alone
	return 0;
}

int pv_offer_to(struct pv_device *device, struct failure *failure)
{
	char what[PV_NAME_SIZE];

	pv_device_name(device, what);
	if (!pv_find_backend(device->backend_name, &device->backend)) {
		device->backend = DOMID_INVALID;
		return failure_set(failure, -ESRCH, "%s: there is no domain '%.40s' any more", what,
				   device->backend_name);
	}
	if (device->backend == device->guest) {
		device->backend = DOMID_INVALID;
		return failure_set(failure, -EINVAL, "%s: a domain can't be its own backend", what);
	}
	domain_name(device->backend, device->backend_name, sizeof(device->backend_name));
	int error = pv_offer(device, &pv_changes);
	if (error) {
		device->backend = DOMID_INVALID;
		return failure_set(failure, error, "%s: its nodes can't be written: %s", what,
				   error_text(error));
	}
	return 0;
}

void pv_release(struct pv_device *device)
{
	device->is_busy = false;
	wait_queue_wake(&pv_changes);
}

// Takes the device over, which may not have been made, or be there already. Unless there is one, it stays in
// the domain's list whatever happens, and is busy.
static int offer(struct domain *domain, struct pv_device *device, struct failure *failure)
{
	char what[PV_NAME_SIZE];

	if (!device)
		return failure->error;
	if (!find(domain, device->kind, device->id)) {
		device->is_busy = true;
		list_append(&domain->pv_devices, &device->link);
		return pv_offer_to(device, failure);
	}
	pv_device_name(device, what);
	pv_device_free(device);
	return failure_set(failure, -EEXIST, "domain %u has a %s already", domain->id, what);
}

static int offer_kept(struct domain *domain, struct failure *failure)
{
	int error = 0;

	while (!list_is_empty(&domain->pv_kept) && !error) {
		struct pv_device *device = LIST_ENTRY(domain->pv_kept.next, struct pv_device, link);

		list_remove(&device->link);
		device->guest = domain->id;
		error = offer(domain, device, failure);
	}
	return error;
}

static int offer_configured(struct domain *domain, const struct domain_config *config, struct failure *failure)
{
	int error = 0;

	for (uint32_t i = 0; i < config->disk_count && !error; i++)
		error = offer(domain, pv_disk_make(&config->disks[i], domain->id, failure), failure);
	for (uint32_t i = 0; i < config->vif_count && !error; i++)
		error = offer(domain, pv_vif_make(&config->vifs[i], i, domain->uuid, domain->id, failure),
			      failure);
	return error;
}

int pv_devices_attach_all(struct domain *domain, const struct domain_config *config,
			  pv_interrupted *interrupted, struct failure *failure)
{
	struct pv_device *device;
	int error = domain->pv_are_kept ? offer_kept(domain, failure) : offer_configured(domain, config, failure);

	LIST_FOR_EACH (device, &domain->pv_devices, link) {
		if (!error)
			error = await_backend(device, interrupted, failure);
		pv_release(device);
	}
	return error;
}

// ---- Taking away ----

static int remove_failed(const struct pv_device *device, int error, struct failure *failure)
{
	char what[PV_NAME_SIZE];

	pv_device_name(device, what);
	return failure_set(failure, error, "domain %u: the nodes of %s can't be removed: %s", device->guest,
			   what, error_text(error));
}

int pv_discard(struct pv_device *device, struct failure *failure)
{
	int error = pv_remove(device);

	if (error)
		return remove_failed(device, error, failure);
	list_remove(&device->link);
	pv_device_free(device);
	return 0;
}

bool pv_has_let_go(const void *context)
{
	const struct pv_device *device = context;

	return pv_is_closed(device) || !pv_is_serving(device->backend);
}

// ---- A running domain's devices ----

static int check(domid_t id, struct domain **domain, struct failure *failure)
{
	int error = domain_check_usable(id, failure);

	if (error)
		return error;
	*domain = domain_find(id);
	if (!*domain || !xenstore_is_introduced(id))
		return failure_set(
			failure, -ENOTSUP,
			"domain %u has no store here: only domains that 'xu create' made have PV devices",
			id);
	return 0;
}

// Lets the backend go, `forced` or with the guest's consent, and removes the device. The caller has taken it.
static int detach(struct pv_device *device, bool forced, pv_interrupted *interrupted, struct failure *failure)
{
	char what[PV_NAME_SIZE];
	int error = pv_close(device, forced);

	pv_device_name(device, what);
	if (error)
		return failure_set(failure, error, "%s: its nodes can't be written: %s", what,
				   error_text(error));
	error = pv_await(pv_has_let_go, device, time_now() + PATIENCE, interrupted);
	if (error == -ETIMEDOUT && pv_backend_state(device) == XenbusStateClosed)
		error = 0; // it has let go; only what is to tidy up behind it hasn't come
	if (error == -EINTR && !forced)
		return failure_set(failure, error, "stopped waiting for %s, which goes when domain %u lets it go", what,
				   device->guest);
	if (error && !forced)
		return failure_set(failure, -EBUSY,
				   "domain %u hasn't let go of %s after %u s: it goes when it isn't in use any more, or at "
				   "once with --force",
				   device->guest, what, CONFIG_PV_TIMEOUT);
	if (error)
		log_warning("domain %u: the backend of %s in domain %u hasn't let go; its nodes are removed",
			    device->guest, what, device->backend);
	return pv_discard(device, failure);
}

// One that can't be had is taken away again.
static int attach_running(struct domain *domain, struct pv_device *device, pv_interrupted *interrupted,
			  struct failure *failure)
{
	int error = offer(domain, device, failure);
	struct failure unused = { 0 };

	if (error == -EEXIST || !device)
		return error;
	if (!error)
		error = await_backend(device, interrupted, failure);
	if (!error || detach(device, true, NULL, &unused))
		pv_release(device);
	return error;
}

// The domain may be gone when those that its new device needs are there.
static int await_domains(domid_t id, const struct domain_config *config, pv_interrupted *interrupted,
			 struct domain **domain, struct failure *failure)
{
	int error = check(id, domain, failure);

	if (!error)
		error = await_domains_of(config, interrupted, failure);
	return error ? error : check(id, domain, failure);
}

int pv_devices_attach_disk(domid_t id, const struct config_disk *disk, pv_interrupted *interrupted,
			   struct failure *failure)
{
	const struct domain_config config = { .disks = disk, .disk_count = 1 };
	struct domain *domain;
	int error = await_domains(id, &config, interrupted, &domain, failure);

	if (error)
		return error;
	return attach_running(domain, pv_disk_make(disk, id, failure), interrupted, failure);
}

static uint32_t next_vif(const struct domain *domain)
{
	struct pv_device *device;
	uint32_t next = 0;

	LIST_FOR_EACH (device, &domain->pv_devices, link)
		if (device->kind == PV_VIF)
			next = MAX(next, device->id + 1);
	return next;
}

int pv_devices_attach_vif(domid_t id, const struct config_vif *vif, pv_interrupted *interrupted,
			  struct failure *failure)
{
	const struct domain_config config = { .vifs = vif, .vif_count = 1 };
	struct domain *domain;
	int error = await_domains(id, &config, interrupted, &domain, failure);

	if (error)
		return error;
	return attach_running(domain, pv_vif_make(vif, next_vif(domain), domain->uuid, id, failure),
			      interrupted, failure);
}

static void take_new_name(const struct domain *guest, domid_t backend)
{
	struct pv_device *device;

	LIST_FOR_EACH (device, &guest->pv_devices, link)
		if (device->backend == backend)
			domain_name(backend, device->backend_name, sizeof(device->backend_name));
}

void pv_devices_renamed(domid_t backend)
{
	const struct domain *guest;

	DOMAIN_FOR_EACH(guest)
	take_new_name(guest, backend);
}

int pv_devices_detach(domid_t id, enum pv_kind kind, uint32_t number, bool forced,
		      pv_interrupted *interrupted, struct failure *failure)
{
	struct domain *domain;
	int error = check(id, &domain, failure);

	if (error)
		return error;
	struct pv_device *device = find(domain, kind, number);
	if (!device)
		return failure_set(failure, -ENOENT, "domain %u has no such device; 'xu %s-list %u' shows what it has",
				   id, kind == PV_DISK ? "block" : "network", id);
	if (device->is_busy)
		return failure_set(failure, -EBUSY, "the device is being attached or detached already");
	device->is_busy = true;
	error = detach(device, forced, interrupted, failure);
	if (error)
		pv_release(device);
	wait_queue_wake(&pv_changes);
	return error;
}

int pv_devices_each(domid_t id, enum pv_kind kind,
		    void (*each)(const struct pv_device *device, void *context), void *context,
		    struct failure *failure)
{
	int error = domain_check_exists(id, failure);
	struct domain *domain = error ? NULL : domain_find(id);
	struct pv_device *device;

	if (!domain)
		return error;
	LIST_FOR_EACH (device, &domain->pv_devices, link)
		if (device->kind == kind)
			each(device, context);
	return 0;
}
