// SPDX-License-Identifier: Apache-2.0
// Steps of building: what others serve a domain with, which are its console, its store and its devices; and their
// undoing.
#include <errno.h>
#include <inttypes.h>

#include "console/console.h"
#include "domain/build.h"
#include "domain/build_steps.h"
#include "domain/host_device.h"
#include "domain/passthrough.h"
#include "domain/progress.h"
#include "domain/pv_devices.h"
#include "domain/store_nodes.h"
#include "domain/store_quota.h"
#include "kernel/compiler.h"
#include "xen/event.h"
#include "xen/grant.h"
#include "xen/hvm.h"
#include "xen/hypercall.h"
#include "xenstore/xenstore.h"

// ---- Rings ----

int build_allocate_ports(struct build *build)
{
	struct domain *domain = build->domain;
	int error = event_alloc_unbound(domain->id, CONTROL_DOMAIN, &domain->console_port);

	if (!error)
		error = event_alloc_unbound(domain->id, CONTROL_DOMAIN, &domain->store_port);
	domain->console_frame = magic_gfn(MAGIC_CONSOLE);
	domain->store_frame = magic_gfn(MAGIC_STORE);
	if (error == -ENOSPC)
		failure_set(build->failure, error,
			    "%" PRIu32 " event channels are too few: console and store alone need 2",
			    build->config->max_event_channels);
	return error;
}

int build_seed_grants(struct build *build)
{
	const struct domain *domain = build->domain;
	domid_t id = domain->id;
	int error = grant_seed(id, GNTTAB_RESERVED_CONSOLE, domain->console_frame, CONTROL_DOMAIN);

	return error ? error : grant_seed(id, GNTTAB_RESERVED_XENSTORE, domain->store_frame, CONTROL_DOMAIN);
}

// The interrupt of event channels, as the device tree says it too: PPI 31, level, active low
// (HVM_PARAM_CALLBACK_IRQ, public/hvm/params.h).
#define CALLBACK_IRQ                                                                                         \
	((uint64_t)HVM_PARAM_CALLBACK_TYPE_PPI << 56 | HVM_PARAM_CALLBACK_TYPE_PPI_FLAG_LOW_LEVEL << 8 |     \
	 GUEST_EVTCHN_PPI)

// HVM_PARAM_STORE_PFN is set when the store's ring is served: Linux takes 0 as 'there is no store' and goes on
// without.
int build_set_parameters(struct build *build)
{
	const struct domain *domain = build->domain;
	const struct {
		uint32_t index;
		uint64_t value;
	} parameters[] = {
		{ HVM_PARAM_CALLBACK_IRQ, CALLBACK_IRQ },
		{ HVM_PARAM_CONSOLE_PFN, domain->console_frame.number },
		{ HVM_PARAM_CONSOLE_EVTCHN, domain->console_port },
		{ HVM_PARAM_STORE_EVTCHN, domain->store_port },
	};
	int error = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parameters) && !error; i++)
		error = hvm_param_set(domain->id, parameters[i].index, parameters[i].value);
	return error;
}

// What it printed stays to be read as long as its name is known.
int build_end_console(struct domain *domain, struct failure *failure)
{
	(void)failure;
	if (!domain->console)
		return 0;
	if (domain->restarting)
		console_hold(domain->console);
	else
		console_end(domain->console);
	return 0;
}

int build_open_console(struct build *build)
{
	struct domain *domain = build->domain;
	gfn_t ring = domain->console_frame;
	int error;

	if (domain->console)
		error = console_reopen(domain->console, domain->id, ring, domain->console_port);
	else
		error = console_open(domain->id, ring, domain->console_port, &domain->console);
	if (error || !config_keeps_console(build->config))
		return error;
	error = console_keep_log(domain->console, domain->name);
	if (error)
		build_end_console(domain, build->failure);
	return error;
}

// ---- The store ----

// Nodes that name a domain make the store know it, also when they come to nothing.
int build_write_store_nodes(struct build *build)
{
	int error = store_nodes_write(build->domain, build->config);

	if (error)
		xenstore_release(build->domain->id);
	return error;
}

int build_remove_store_nodes(struct domain *domain, struct failure *failure)
{
	int error = store_nodes_remove(domain);

	if (!error)
		error = xenstore_release(domain->id);
	if (error && error != -ENOENT)
		return failure_set(failure, error, "the store can't forget domain %u: %s", domain->id,
				   error_text(error));
	return 0;
}

int build_open_store(struct build *build)
{
	const struct domain *domain = build->domain;
	int error = store_quota_apply(domain->id, build->config);

	if (!error)
		error = xenstore_introduce(domain->id, domain->store_frame, domain->store_port);
	return error ? error : hvm_param_set(domain->id, HVM_PARAM_STORE_PFN, domain->store_frame.number);
}

// ---- Devices ----

// Another domain may have got them since this one was planned.
int build_attach_devices(struct build *build)
{
	int error = host_devices_check_free(build->config, build->failure);

	if (error)
		return error;
	return passthrough_attach(build->domain->id, build->config, &build->domain->devices, build->failure);
}

int build_detach_devices(struct domain *domain, struct failure *failure)
{
	(void)failure;
	passthrough_detach(domain->id, domain->devices);
	domain->devices = NULL;
	return 0;
}

// What other domains serve it with. They are looked for before anything is built.
int build_find_backends(struct build *build)
{
	return pv_devices_await_domains(build->domain, build->config, progress_is_stopped, build->failure);
}

int build_attach_pv_devices(struct build *build)
{
	return pv_devices_attach_all(build->domain, build->config, progress_is_stopped, build->failure);
}
