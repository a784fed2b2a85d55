// SPDX-License-Identifier: Apache-2.0
// Building a domain is a table of steps, run forwards; destroying it is the same table run backwards, from
// the last step that was done. So a creation that fails in the middle and the end of a domain that ran for a
// year are one piece of code; and a restart is the table backwards to its first step, and forwards again.
#include "domain/build.h"

#include <errno.h>

#include "domain/build_steps.h"
#include "domain/lifecycle.h"
#include "domain/pv_devices.h"
#include "kernel/compiler.h"
#include "kernel/log.h"
#include "kernel/task.h"
#include "xen/domctl.h"
#include "xen/hypercall.h"

// ---- The table ----

static const struct step {
	const char *name; // "... failed"
	int (*run)(struct build *build);
	int (*undo)(struct domain *domain, struct failure *failure); // on failure it can be tried again
} steps[] = {
	{ "taking the name", build_take_name, build_drop_name },
	{ "planning", build_make_plan, NULL },
	{ "finding its backends", build_find_backends, NULL },
	{ "creating the domain", build_create_domain, build_destroy_domain },
	{ "setting its limits", build_set_limits, NULL },
	{ "placing its CPUs", build_place_cpus, NULL },
	{ "giving it memory", build_populate_memory, NULL },
	{ "loading its images", build_fill_memory, NULL },
	{ "making its event channels", build_allocate_ports, NULL },
	{ "seeding its grant table", build_seed_grants, NULL },
	{ "setting its parameters", build_set_parameters, NULL },
	// Before anything can notify it: of an event for a CPU that is off, Xen drops the interrupt, and while the
	// event is pending it raises no other.
	{ "preparing its first CPU", build_set_first_cpu, NULL },
	{ "writing its store nodes", build_write_store_nodes, build_remove_store_nodes },
	{ "opening its store", build_open_store, pv_devices_detach_all }, // those that it was built with, and later ones
	{ "giving it devices", build_attach_devices, build_detach_devices },
	{ "opening its console", build_open_console, build_end_console },
	{ "giving it PV devices", build_attach_pv_devices, NULL },
	{ "starting it", build_start, build_stop },
};

#define STEP_OF_NAME 1 // done: the name is taken

static int run_steps(struct build *build)
{
	for (size_t i = build->domain ? build->domain->steps_done : 0; i < ARRAY_SIZE(steps); i++) {
		int error = steps[i].run(build);

		if (error)
			return failure_set(build->failure, error, "%s failed: %s", steps[i].name,
					   error_text(error));
		build->domain->steps_done = i + 1;
		if (task_should_yield())
			task_yield();
	}
	return 0;
}

int domain_unbuild(struct domain *domain, enum unbuilding extent, struct failure *failure)
{
	size_t kept = extent == UNBUILD_BUT_NAME ? STEP_OF_NAME : 0;

	for (size_t left = domain->steps_done; left > kept; left--) {
		const struct step *step = &steps[left - 1];
		int error;

		domain->steps_done = left;
		error = step->undo ? step->undo(domain, failure) : 0;
		if (error)
			return error;
	}
	if (kept)
		domain->steps_done = kept;
	return 0;
}

void domain_adopt(struct domain *domain)
{
	domain->steps_done = ARRAY_SIZE(steps);
	domain_enlist(domain);
}

void domain_forget_steps(struct domain *domain)
{
	domain->id = DOMID_INVALID;
	domain->devices = NULL;
	domain->steps_done = STEP_OF_NAME;
}

// ---- Creating and destroying ----

static int check_wanted(domid_t wanted, struct failure *failure)
{
	struct domain_info info;
	char name[DOMAIN_NAME_MAX];

	if (wanted == DOMID_ANY)
		return 0;
	if (wanted == CONTROL_DOMAIN || wanted >= DOMID_FIRST_RESERVED)
		return failure_set(failure, -EINVAL, "domain id %u is out of range: choose one from 1 to %u",
				   wanted, DOMID_FIRST_RESERVED - 1);
	if (domctl_get_info(wanted, &info)) // a failure of Xen's shows itself when the domain is created
		return 0;
	domain_name(wanted, name, sizeof(name));
	return failure_set(failure, -EEXIST,
			   "domain id %u is in use by '%s': choose another with -d, or leave it out", wanted,
			   name);
}

static void abandon(struct build *build)
{
	struct failure failure = { 0 };

	if (domain_unbuild(build->domain, UNBUILD_ALL, &failure)) {
		build->domain->being_built = build->domain->restarting = false;
		log_error("%s", failure.text);
	}
}

int domain_build(const struct domain_config *config, domid_t wanted, bool paused, struct domain **domain,
		 struct failure *failure)
{
	struct failure own = { 0 };
	struct build build = {
		.config = config,
		.wanted = wanted,
		.paused = paused,
		.domain = *domain,
		.failure = failure ? failure : &own,
	};
	int error = domain_config_check(config, build.failure);

	if (!error)
		error = check_wanted(wanted, build.failure);
	if (!error) {
		error = run_steps(&build);
		plan_free(&build.plan);
	}
	if (error && build.domain)
		abandon(&build);
	if (!error)
		*domain = build.domain;
	return error;
}

void domain_is_built(struct domain *domain)
{
	pv_devices_drop_kept(domain);
	domain->being_built = domain->restarting = domain->source_is_new = false;
	domain->start_time = time_now();
	pv_devices_domains_changed();
	lifecycle_look(); // it may have ended already
}

int domain_create(const struct domain_config *config, domid_t wanted, bool paused, struct domain **domain,
		  struct failure *failure)
{
	struct domain *built = NULL;
	int error = domain_build(config, wanted, paused || config->paused, &built, failure);

	if (error)
		return error;
	domain_is_built(built);
	*domain = built;
	return 0;
}

int domain_destroy(domid_t id, struct failure *failure)
{
	struct domain *domain = domain_find(id);
	int error = domain_check_free(id, failure);

	if (!error && !domain)
		error = domain_check_exists(id, failure);
	if (error)
		return error;
	if (!domain)
		return build_destroy_in_xen(id, failure);
	domain->being_destroyed = true;
	pv_devices_take_leave(id);
	pv_devices_domains_changed();
	error = domain_unbuild(domain, UNBUILD_ALL, failure);
	if (error)
		domain->being_destroyed = false;
	return error;
}
