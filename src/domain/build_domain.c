// SPDX-License-Identifier: Apache-2.0
// Steps of building: the name, the domain in Xen with its limits and memory, its start; and their undoing.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/console.h"
#include "domain/build.h"
#include "domain/build_steps.h"
#include "domain/label.h"
#include "domain/load.h"
#include "domain/placement.h"
#include "domain/pool.h"
#include "domain/progress.h"
#include "domain/pv_devices.h"
#include "domain/uuid.h"
#include "kernel/compiler.h"
#include "kernel/task.h"
#include "xen/domctl.h"
#include "xen/grant.h"
#include "xen/hypercall.h"
#include "xen/physmap.h"
#include "xenstore/xenstore.h"

#define EVENT_CHANNELS_DEFAULT 1023u // xl's

// Xen frees a domain when nobody refers to it any more: moments after the last step of destruction, unless
// something of it is still mapped somewhere.
#define FREE_TIMEOUT SECONDS(30)
#define FREE_POLL_FIRST MILLISECONDS(1)
#define FREE_POLL_MAX MILLISECONDS(100)

// Memory is asked for in pieces, between which a person can stop it. A multiple of Xen's extents, so that none is cut.
#define POPULATE_PIECE (MIB(128) >> PAGE_SHIFT)

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

	if (domain_find_by_name(config->domain_name)) // which may have no id yet
		return failure_set(build->failure, -EEXIST,
				   "there is a domain '%s' already: destroy it first, or give this one another name",
				   config->domain_name);
	snprintf(name, DOMAIN_NAME_MAX, "%s", config->domain_name);
	return 0;
}

// The entry in the list takes the name before anything is built.
int build_take_name(struct build *build)
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

int build_drop_name(struct domain *domain, struct failure *failure)
{
	(void)failure;
	list_remove(&domain->link);
	if (domain->console)
		console_close(domain->console);
	if (domain->source)
		domain->source->release(domain->source);
	pv_devices_drop_kept(domain);
	free(domain);
	return 0;
}

// ---- The plan ----

int build_make_plan(struct build *build)
{
	int error = plan_make(&build->plan, build->config, build->failure);

	if (!error)
		build->config = build->plan.config;
	return error;
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
	if (build->config->scmi)
		return "perhaps it isn't told scmi-smc-passthrough (arm_sci)";
	if (build->config->iommu || build->config->dtdev_count)
		return "perhaps it has no IOMMU on this machine; what doesn't write to memory itself can be given "
		       "without one (dt_passthrough)";
	if (build->config->ssidref)
		return "perhaps its policy has no such security label (ssidref)";
	return "perhaps the limits (CPUs, event channels, grant frames) are too high for it";
}

static int creation_failed(const struct build *build, int error)
{
	if (error == -EEXIST && build->wanted == DOMID_ANY)
		return failure_set(build->failure, error, "%s: destroy another domain",
				   build->config->scmi ? "another domain has SCMI (arm_sci)" : "all domain ids are in use");
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

int build_create_domain(struct build *build)
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
		.scmi = config->scmi,
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
	// Xen may have lost a domain of which something is to be undone here yet: by its id, which would be this one's.
	error = domain_find(build->wanted) ? -EEXIST : domctl_create(&creation, build->wanted, &id);
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

int build_destroy_in_xen(domid_t id, struct failure *failure)
{
	int error = domctl_destroy(id);

	if (error && error != -ESRCH)
		return failure_set(failure, error, "Xen can't destroy domain %u: %s", id, error_text(error));
	error = error ? 0 : wait_until_freed(id, failure);
	if (error)
		return error;
	// The next one with this id isn't meant by who gave it rights, or pages, as long as Xen knew it.
	xenstore_release(id);
	grant_share_reclaim(id);
	return 0;
}

int build_destroy_domain(struct domain *domain, struct failure *failure)
{
	int error = build_destroy_in_xen(domain->id, failure);

	if (error)
		return error;
	domain->id = DOMID_INVALID;
	domain_enlist(domain);
	return 0;
}

// The width of addresses comes before the first page.
int build_set_limits(struct build *build)
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

int build_place_cpus(struct build *build)
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

int build_populate_memory(struct build *build)
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

int build_fill_memory(struct build *build)
{
	return load_images(&build->plan, build->domain->id, build->failure);
}

// ---- Running ----

// The others stay off until the guest starts them (PSCI).
int build_set_first_cpu(struct build *build)
{
	const struct guest_layout *layout = &build->plan.layout;

	return domctl_set_entry(build->domain->id, layout->kernel.start + build->plan.kernel.entry_offset,
				layout->tree.start);
}

int build_start(struct build *build)
{
	if (build->paused)
		return 0;
	return domctl_unpause(build->domain->id);
}

// Its last words are in the ring when the console is closed, and none come later. A domain that can't be
// paused is gone or going: nothing is lost then.
int build_stop(struct domain *domain, struct failure *failure)
{
	(void)failure;
	domctl_pause(domain->id);
	return 0;
}
