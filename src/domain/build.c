// SPDX-License-Identifier: Apache-2.0
// Building a domain is a table of steps, run forwards; destroying it is the same table run backwards, from
// the last step that was done. So a creation that fails in the middle and the end of a domain that ran for a
// year are one piece of code; and a restart is the table backwards to its first step, and forwards again.
#include "domain/build.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/console.h"
#include "domain/label.h"
#include "domain/lifecycle.h"
#include "domain/load.h"
#include "domain/passthrough.h"
#include "domain/placement.h"
#include "domain/plan.h"
#include "domain/pool.h"
#include "domain/progress.h"
#include "domain/pv_devices.h"
#include "domain/store_nodes.h"
#include "domain/store_quota.h"
#include "domain/uuid.h"
#include "kernel/compiler.h"
#include "kernel/log.h"
#include "kernel/task.h"
#include "xen/domctl.h"
#include "xen/event.h"
#include "xen/grant.h"
#include "xen/hvm.h"
#include "xen/hypercall.h"
#include "xen/physmap.h"
#include "xenstore/xenstore.h"

#define EVENT_CHANNELS_DEFAULT 1023u // xl's

// Xen frees a domain when nobody refers to it any more: moments after the last step of destruction, unless
// something of it is still mapped somewhere.
#define FREE_TIMEOUT SECONDS(30)
#define FREE_POLL_FIRST MILLISECONDS(1)
#define FREE_POLL_MAX MILLISECONDS(100)

// Memory is asked for in pieces, between which a person can stop it. Of 1 GB, so that none of Xen's largest
// extents is cut.
#define POPULATE_PIECE (GIB(1) >> PAGE_SHIFT)

struct build {
	const struct domain_config *config;
	domid_t wanted;
	bool paused;
	struct plan plan;
	struct domain *domain;
	struct failure *failure;
};

// ---- The name ----

// A name that the configuration gives to its domain is for one domain. Without one, a configuration can be
// used any number of times: the domains are called as it is, and "NAME-2", "NAME-3" while there are others.
static int choose_name(const struct build *build, char name[DOMAIN_NAME_MAX])
{
	const struct domain_config *config = build->config;
	char suffix[sizeof("-4294967295")] = "";

	for (unsigned int n = 2; !config->domain_name; n++) {
		int room = (int)(DOMAIN_NAME_MAX - 1 - strlen(suffix));

		snprintf(name, DOMAIN_NAME_MAX, "%.*s%s", room, config->name, suffix);
		if (!domain_find_by_name(name))
			return 0;
		snprintf(suffix, sizeof(suffix), "-%u", n);
	}

	const struct domain *namesake = domain_find_by_name(config->domain_name);
	if (namesake)
		return failure_set(
			build->failure, -EEXIST,
			"domain %u is named '%s' already: destroy it first, or configure another domain_name",
			namesake->id, config->domain_name);
	snprintf(name, DOMAIN_NAME_MAX, "%s", config->domain_name);
	return 0;
}

// The entry in the list takes the name before anything is built.
static int take_name(struct build *build)
{
	const struct domain_config *config = build->config;
	char name[DOMAIN_NAME_MAX];
	int error = choose_name(build, name);

	if (error)
		return error;
	struct domain *domain = calloc(1, sizeof(*domain));
	if (!domain)
		return -ENOMEM;
	domain->id = DOMID_INVALID;
	domain->being_built = true;
	domain->start_time = time_now();
	memcpy(domain->name, name, sizeof(domain->name));
	if (config->uuid)
		memcpy(domain->uuid, config->uuid, sizeof(domain->uuid));
	else
		uuid_make(domain->uuid);
	list_init(&domain->link);
	domain_enlist(domain);
	build->domain = domain;
	return 0;
}

static int drop_name(struct domain *domain, struct failure *failure)
{
	(void)failure;
	list_remove(&domain->link);
	if (domain->console)
		console_close(domain->console);
	if (domain->source)
		domain->source->release(domain->source);
	free(domain);
	return 0;
}

// ---- The plan ----

static int make_plan(struct build *build)
{
	return plan_make(&build->plan, build->config, build->failure);
}

// ---- The domain in Xen ----

static enum tee_type tee_type(enum config_tee tee)
{
	static const enum tee_type types[] = {
		[CONFIG_TEE_NONE] = TEE_NONE,
		[CONFIG_TEE_OPTEE] = TEE_OPTEE,
		[CONFIG_TEE_FFA] = TEE_FFA,
	};

	return types[tee];
}

static uint32_t spis_needed(const struct domain_config *config)
{
	uint32_t needed = config->nr_spis;

	for (uint32_t i = 0; i < config->irq_count; i++)
		needed = MAX(needed, config->irqs[i] - 32 + 1); // INTID 32 is the first SPI
	return needed;
}

// Xen gives -EINVAL for almost all that it doesn't like: what is the most likely here?
static const char *creation_hint(const struct build *build, int error)
{
	if (error == -ENODEV)
		return "the machine's interrupt controller can't serve the GIC version that it wants";
	if (build->config->tee != CONFIG_TEE_NONE)
		return "perhaps it doesn't mediate the TEE that the domain wants";
	if (build->config->iommu || build->config->dtdev_count)
		return "perhaps it has no IOMMU on this machine";
	if (build->config->ssidref)
		return "perhaps its policy has no such security label (ssidref)";
	return "perhaps the limits (CPUs, event channels, grant frames) are too high for it";
}

static int creation_failed(const struct build *build, int error)
{
	if (error == -EEXIST && build->wanted == DOMID_ANY)
		return failure_set(build->failure, error,
				   "all domain ids are in use: destroy another domain");
	if (error == -EEXIST)
		return failure_set(build->failure, error,
				   "domain id %u is in use: choose another with -d, or leave it out",
				   build->wanted);
	if (error == -EINVAL || error == -ENODEV)
		return failure_set(build->failure, error, "Xen refuses to create such a domain: %s",
				   creation_hint(build, error));
	if (error == -EACCES)
		return failure_set(build->failure, error,
				   "Xen's policy doesn't allow Dom0 to create a domain with this security label");
	return failure_set(build->failure, error, "Xen can't create the domain: %s", error_text(error));
}

static int create_domain(struct build *build)
{
	const struct domain_config *config = build->config;
	struct domain_creation creation = {
		.iommu = config->iommu || config->dtdev_count,
		.max_vcpus = config_max_vcpus(config),
		.max_event_channel =
			config->max_event_channels ? config->max_event_channels : EVENT_CHANNELS_DEFAULT,
		.max_grant_frames = config->max_grant_frames,
		.max_maptrack_frames = config->max_maptrack_frames,
		.gic_version = build->plan.gic,
		.tee_type = tee_type(config->tee),
		.nr_spis = spis_needed(config),
		.trap_unmapped_accesses = true,
	};
	domid_t id;
	int error = label_choose(config, &creation.ssidref, build->failure);

	if (!error && config->pool)
		error = pool_resolve(config->pool, &creation.cpupool, build->failure);
	if (error)
		return error;
	memcpy(creation.handle, build->domain->uuid, sizeof(creation.handle));
	error = domctl_create(&creation, build->wanted, &id);
	if (error)
		return creation_failed(build, error);
	build->domain->id = id;
	domain_enlist(build->domain);
	return 0;
}

// Waits until Xen has no such domain any more.
static int wait_until_freed(domid_t id, struct failure *failure)
{
	uint64_t deadline = time_now() + FREE_TIMEOUT, pause = FREE_POLL_FIRST;
	struct domain_info info;
	int error;

	while (!(error = domctl_get_info(id, &info))) {
		if (time_now() >= deadline)
			return failure_set(failure, -ETIMEDOUT,
					   "domain %u is dying, but something still uses %" PRIu64
					   " pages of its memory: destroy it again when that has ended",
					   id, info.pages);
		task_sleep(pause);
		pause = MIN(2 * pause, FREE_POLL_MAX);
	}
	if (error != -ESRCH)
		return failure_set(failure, error, "Xen doesn't say whether domain %u is gone: %s", id,
				   error_text(error));
	return 0;
}

static int destroy_in_xen(domid_t id, struct failure *failure)
{
	int error = domctl_destroy(id);

	if (error == -ESRCH)
		return 0;
	if (error)
		return failure_set(failure, error, "Xen can't destroy domain %u: %s", id, error_text(error));
	return wait_until_freed(id, failure);
}

static int destroy_domain(struct domain *domain, struct failure *failure)
{
	int error = destroy_in_xen(domain->id, failure);

	if (error)
		return error;
	domain->id = DOMID_INVALID;
	domain_enlist(domain);
	return 0;
}

// The width of addresses comes before the first page.
static int set_limits(struct build *build)
{
	domid_t id = build->domain->id;
	int error = domctl_max_vcpus(id, config_max_vcpus(build->config));

	if (!error)
		error = domctl_set_64bit(id);
	if (!error)
		error = domctl_set_max_memory(id, plan_domain_pages(&build->plan) * (PAGE_SIZE / 1024));
	if (!error)
		error = domctl_set_paging_pool(id, build->plan.paging_pool);
	return error;
}

static int place_cpus(struct build *build)
{
	return placement_apply(build->domain->id, build->config, build->failure);
}

// ---- Memory ----

static int populate_bank(struct build *build, const struct guest_range *bank, uint64_t *done)
{
	gfn_t first = gfn_of_address(bank->start);
	uint64_t frames = bank->size >> PAGE_SHIFT, total = KIB(config_max_memory(build->config));

	for (uint64_t i = 0, count; i < frames; i += count) {
		count = MIN(frames - i, POPULATE_PIECE);
		int error = physmap_populate_range(build->domain->id, gfn_add(first, i), count);
		*done += count << PAGE_SHIFT;
		if (!error)
			error = progress_report("memory", *done, total, build->failure);
		if (error)
			return error;
	}
	return 0;
}

static int populate_memory(struct build *build)
{
	const struct guest_range *banks = build->plan.layout.banks;
	uint64_t done = 0;
	int error = 0;

	progress_begin();
	for (size_t i = 0; i < GUEST_RAM_BANKS && !error; i++)
		error = populate_bank(build, &banks[i], &done);
	if (!error)
		error = physmap_populate_range(build->domain->id, magic_gfn(0), MAGIC_PAGES);
	return error;
}

static int fill_memory(struct build *build)
{
	return load_images(&build->plan, build->domain->id, build->failure);
}

// ---- Rings ----

static int allocate_ports(struct build *build)
{
	struct domain *domain = build->domain;
	int error = event_alloc_unbound(domain->id, CONTROL_DOMAIN, &domain->console_port);

	if (!error)
		error = event_alloc_unbound(domain->id, CONTROL_DOMAIN, &domain->store_port);
	domain->store_frame = magic_gfn(MAGIC_STORE);
	if (error == -ENOSPC)
		failure_set(build->failure, error,
			    "%" PRIu32 " event channels are too few: console and store alone need 2",
			    build->config->max_event_channels);
	return error;
}

static int seed_grants(struct build *build)
{
	domid_t id = build->domain->id;
	int error = grant_seed(id, GNTTAB_RESERVED_CONSOLE, magic_gfn(MAGIC_CONSOLE), CONTROL_DOMAIN);

	return error ? error :
		       grant_seed(id, GNTTAB_RESERVED_XENSTORE, magic_gfn(MAGIC_STORE), CONTROL_DOMAIN);
}

// The interrupt of event channels, as the device tree says it too: PPI 31, level, active low
// (HVM_PARAM_CALLBACK_IRQ, public/hvm/params.h).
#define CALLBACK_IRQ                                                                                         \
	((uint64_t)HVM_PARAM_CALLBACK_TYPE_PPI << 56 | HVM_PARAM_CALLBACK_TYPE_PPI_FLAG_LOW_LEVEL << 8 |     \
	 GUEST_EVTCHN_PPI)

// HVM_PARAM_STORE_PFN is set when the store's ring is served: Linux takes 0 as 'there is no store' and goes on
// without.
static int set_parameters(struct build *build)
{
	const struct domain *domain = build->domain;
	const struct {
		uint32_t index;
		uint64_t value;
	} parameters[] = {
		{ HVM_PARAM_CALLBACK_IRQ, CALLBACK_IRQ },
		{ HVM_PARAM_CONSOLE_PFN, magic_gfn(MAGIC_CONSOLE).number },
		{ HVM_PARAM_CONSOLE_EVTCHN, domain->console_port },
		{ HVM_PARAM_STORE_EVTCHN, domain->store_port },
	};
	int error = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parameters) && !error; i++)
		error = hvm_param_set(domain->id, parameters[i].index, parameters[i].value);
	return error;
}

// What it printed stays to be read as long as its name is known.
static int end_console(struct domain *domain, struct failure *failure)
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

static int open_console(struct build *build)
{
	struct domain *domain = build->domain;
	gfn_t ring = magic_gfn(MAGIC_CONSOLE);
	int error;

	if (domain->console)
		error = console_reopen(domain->console, domain->id, ring, domain->console_port);
	else
		error = console_open(domain->id, ring, domain->console_port, &domain->console);
	if (error || !config_keeps_console(build->config))
		return error;
	error = console_keep_log(domain->console, domain->name);
	if (error)
		end_console(domain, build->failure);
	return error;
}

// ---- The store ----

// Nodes that name a domain make the store know it, also when they come to nothing.
static int write_store_nodes(struct build *build)
{
	int error = store_nodes_write(build->domain, build->config);

	if (error)
		xenstore_release(build->domain->id);
	return error;
}

static int remove_store_nodes(struct domain *domain, struct failure *failure)
{
	int error = store_nodes_remove(domain);

	if (!error)
		error = xenstore_release(domain->id);
	if (error && error != -ENOENT)
		return failure_set(failure, error, "the store can't forget domain %u: %s", domain->id,
				   error_text(error));
	return 0;
}

static int open_store(struct build *build)
{
	const struct domain *domain = build->domain;
	int error = store_quota_apply(domain->id, build->config);

	if (!error)
		error = xenstore_introduce(domain->id, domain->store_frame, domain->store_port);
	return error ? error : hvm_param_set(domain->id, HVM_PARAM_STORE_PFN, domain->store_frame.number);
}

// ---- Devices ----

static int attach_devices(struct build *build)
{
	return passthrough_attach(build->domain->id, build->config, &build->domain->devices, build->failure);
}

static int detach_devices(struct domain *domain, struct failure *failure)
{
	(void)failure;
	passthrough_detach(domain->id, domain->devices);
	domain->devices = NULL;
	return 0;
}

// What other domains serve it with. They are looked for before anything is built.
static int find_backends(struct build *build)
{
	return pv_devices_await_domains(build->config, progress_is_stopped, build->failure);
}

static int attach_pv_devices(struct build *build)
{
	return pv_devices_attach_all(build->domain, build->config, progress_is_stopped, build->failure);
}

// ---- Running ----

// The others stay off until the guest starts them (PSCI).
static int set_first_cpu(struct build *build)
{
	const struct guest_layout *layout = &build->plan.layout;

	return domctl_set_entry(build->domain->id, layout->kernel.start + build->plan.kernel.entry_offset,
				layout->tree.start);
}

static int start(struct build *build)
{
	if (build->paused)
		return 0;
	return domctl_unpause(build->domain->id);
}

// Its last words are in the ring when the console is closed, and none come later. A domain that can't be
// paused is gone or going: nothing is lost then.
static int stop(struct domain *domain, struct failure *failure)
{
	(void)failure;
	domctl_pause(domain->id);
	return 0;
}

// ---- The table ----

static const struct step {
	const char *name; // "... failed"
	int (*run)(struct build *build);
	int (*undo)(struct domain *domain, struct failure *failure); // on failure it can be tried again
} steps[] = {
	{ "taking the name", take_name, drop_name },
	{ "planning", make_plan, NULL },
	{ "finding its backends", find_backends, NULL },
	{ "creating the domain", create_domain, destroy_domain },
	{ "setting its limits", set_limits, NULL },
	{ "placing its CPUs", place_cpus, NULL },
	{ "giving it memory", populate_memory, NULL },
	{ "loading its images", fill_memory, NULL },
	{ "making its event channels", allocate_ports, NULL },
	{ "seeding its grant table", seed_grants, NULL },
	{ "setting its parameters", set_parameters, NULL },
	{ "writing its store nodes", write_store_nodes, remove_store_nodes },
	{ "opening its store", open_store, pv_devices_detach_all }, // those that it was built with, and later ones
	{ "giving it devices", attach_devices, detach_devices },
	{ "preparing its first CPU", set_first_cpu, NULL },
	{ "opening its console", open_console, end_console },
	{ "giving it PV devices", attach_pv_devices, NULL },
	{ "starting it", start, stop },
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
	domain->being_built = domain->restarting = false;
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
		return destroy_in_xen(id, failure);
	domain->being_destroyed = true;
	pv_devices_domains_changed();
	error = domain_unbuild(domain, UNBUILD_ALL, failure);
	if (error)
		domain->being_destroyed = false;
	return error;
}
