// SPDX-License-Identifier: Apache-2.0
// The commands of `xu` about schedulers and the domains' shares of the machine: sched-credit, sched-credit2, sched-rtds.
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "domain/domain.h"
#include "domain/pool.h"
#include "kernel/compiler.h"
#include "shell/commands.h"
#include "shell/domains.h"
#include "xen/cpupool.h"
#include "xen/domctl.h"
#include "xen/hypercall.h"
#include "xen/sysctl.h"

#define WEIGHT_MAX 65535
#define CAP_MAX    65535

// What credit and credit2 have in common.
#define SHARE_OPTIONS                                                                                        \
	[XU_SHARE_DOMAIN] = { "-d, --domain", "DOMAIN",                                                      \
			     "the domain to show or change; without, all are shown" },                       \
	[XU_SHARE_WEIGHT] = { "-w, --weight", "WEIGHT", "1 to 65535: its share against the others'" },       \
	[XU_SHARE_CAP] = { "-c, --cap", "CAP", "percent of a CPU that it gets at most; 0: no limit" },       \
	[XU_SHARE_POOL] = { "-p, --cpupool", "POOL", "this pool only; with -s, instead of Pool-0" },         \
	[XU_SHARE_SETTINGS] = { "-s, --schedparam", NULL, "the scheduler's own settings" },                  \
	[XU_SHARE_RATE] = { "-r, --ratelimit_us", "TIME", "-s: how long nobody takes a CPU away" }

const struct command_option xu_credit2_options[] = { SHARE_OPTIONS, { 0 } };

const struct command_option xu_credit_options[] = {
	SHARE_OPTIONS,
	[XU_SHARE_SLICE] = { "-t, --tslice_ms", "TIME", "-s: how long a turn is, 1 to 1000" },
	[XU_SHARE_DELAY] = { "-m, --migration_delay_us", "TIME", "-s: how long a CPU's cache counts as warm" },
	{ 0 },
};

const struct command_option xu_rtds_options[] = {
	[XU_SHARE_DOMAIN] = { "-d, --domain", "DOMAIN",
			     "the domain to show or change; without, all are shown" },
	[XU_RTDS_PERIOD] = { "-p, --period", "PERIOD", "microseconds" },
	[XU_RTDS_BUDGET] = { "-b, --budget", "BUDGET", "microseconds that it gets in each period" },
	[XU_RTDS_EXTRA] = { "-e, --extratime", "0|1", "whether it may have what is left over" },
	{ 0 },
};

struct shown_pool {
	const struct cpupool *pool;
	uint32_t scheduler;
};

static void print_scheduling(const struct domain_info *info, void *context)
{
	const struct shown_pool *shown = context;
	char name[DOMAIN_NAME_MAX];
	struct scheduling s;

	if (shown->pool && info->cpupool != shown->pool->id)
		return;
	if (domctl_get_scheduling(info->domid, shown->scheduler, &s))
		return;
	domain_name(info->domid, name, sizeof(name));
	if (shown->scheduler == XEN_SCHEDULER_RTDS)
		shell_print("%-33s %4u %9" PRIu32 " %9" PRIu32 " %10s\n", name, info->domid, s.period,
			    s.budget, s.extra_time ? "yes" : "no");
	else
		shell_print("%-33s %4u %6" PRIu32 " %4" PRIu32 "\n", name, info->domid, s.weight, s.cap);
}

static void print_heading(uint32_t scheduler)
{
	if (scheduler == XEN_SCHEDULER_RTDS)
		shell_print("%-33s %4s %9s %9s %10s\n", "Name", "ID", "Period", "Budget", "Extratime");
	else
		shell_print("%-33s %4s %6s %4s\n", "Name", "ID", "Weight", "Cap");
}

static void print_pool(uint32_t id, uint32_t scheduler)
{
	struct scheduler_settings settings;
	char name[POOL_NAME_MAX];

	pool_name(id, name);
	if (scheduler == XEN_SCHEDULER_RTDS)
		shell_print("Cpupool %s: sched=RTDS\n", name);
	else if (sysctl_get_scheduler(id, scheduler, &settings))
		shell_print("Cpupool %s: [sched params unavailable]\n", name);
	else if (scheduler == XEN_SCHEDULER_CREDIT)
		shell_print("Cpupool %s: tslice=%" PRIu32 "ms ratelimit=%" PRIu32 "us migration-delay=%" PRIu32
			    "us\n",
			    name, settings.slice_ms, settings.rate_limit_us, settings.migration_delay_us);
	else
		shell_print("Cpupool %s: ratelimit=%" PRIu32 "us\n", name, settings.rate_limit_us);
}

static int show_pools(const struct invocation *call, uint32_t scheduler, const char *wanted)
{
	struct failure failure = { 0 };
	struct cpupool pool;
	uint32_t wanted_id = 0;
	bool found = false;
	int error;

	if (wanted && pool_resolve(wanted, &wanted_id, &failure))
		return shell_failure(call, &failure);
	for (uint32_t id = 0; !(error = cpupool_next(id, &pool)); id = pool.id + 1) {
		if (pool.scheduler != scheduler || (wanted && pool.id != wanted_id))
			continue;
		found = true;
		print_pool(pool.id, scheduler);
		print_heading(scheduler);
		error = domains_each(call, print_scheduling, &(struct shown_pool){ &pool, scheduler });
		if (error)
			return error;
	}
	if (error != -ENOENT)
		return domains_refused(call, "its pools", error);
	if (!found)
		shell_error("%s: the scheduler %s runs no %s", call->name, scheduler_name(scheduler),
			    wanted ? "such pool" : "pool of this machine");
	return found ? 0 : -ENOENT;
}

// The scheduler of the domain's pool.
static int scheduler_of(domid_t id, uint32_t *scheduler)
{
	struct domain_info info;
	struct cpupool pool;
	int error = domctl_get_info(id, &info);

	if (!error)
		error = cpupool_next(info.cpupool, &pool);
	if (!error)
		*scheduler = pool.scheduler;
	return error;
}

static int number_option(const struct invocation *call, unsigned int option, const char *what, uint64_t least,
			 uint64_t most, uint32_t *value)
{
	uint64_t number = *value;
	int error = shell_number_option(call, option, what, least, most, &number);

	*value = (uint32_t)number;
	return error;
}

static int change_scheduling(const struct invocation *call, uint32_t scheduler, struct scheduling *s)
{
	uint32_t extra = s->extra_time;
	int error;

	if (scheduler == XEN_SCHEDULER_RTDS) {
		error = number_option(call, XU_RTDS_PERIOD, "period", 1, UINT32_MAX, &s->period);
		if (!error)
			error = number_option(call, XU_RTDS_BUDGET, "budget", 1, UINT32_MAX, &s->budget);
		if (!error)
			error = number_option(call, XU_RTDS_EXTRA, "choice", 0, 1, &extra);
		s->extra_time = extra;
		return error;
	}
	error = number_option(call, XU_SHARE_WEIGHT, "weight", 1, WEIGHT_MAX, &s->weight);
	return error ? error : number_option(call, XU_SHARE_CAP, "cap", 0, CAP_MAX, &s->cap);
}

static int one_domain(const struct invocation *call, uint32_t scheduler)
{
	struct failure failure = { 0 };
	struct scheduling s, before;
	struct domain_info info;
	uint32_t running;
	domid_t id;

	if (domain_resolve(call->options[XU_SHARE_DOMAIN], &id, &failure))
		return shell_failure(call, &failure);
	int error = scheduler_of(id, &running);
	if (error)
		return domains_refused(call, "the domain's scheduler", error);
	if (running != scheduler) {
		shell_error("%s: domain %u runs under the scheduler %s; see 'xu sched-%s'", call->name, id,
			    scheduler_name(running), scheduler_name(running));
		return -EINVAL;
	}
	error = domctl_get_scheduling(id, scheduler, &before);
	if (error)
		return domains_refused(call, "the domain's share", error);
	s = before;
	error = change_scheduling(call, scheduler, &s);
	if (error)
		return error;
	if (memcmp(&s, &before, sizeof(s))) {
		error = domctl_set_scheduling(id, scheduler, &s);
		if (error)
			shell_error("%s: Xen refuses that for domain %u: %s", call->name, id,
				    error_text(error));
		return error;
	}
	error = domctl_get_info(id, &info);
	if (error)
		return domains_refused(call, "about the domain", error);
	print_heading(scheduler);
	print_scheduling(&info, &(struct shown_pool){ NULL, scheduler });
	return 0;
}

// The settings of a pool's scheduler, shown or changed.
static int settings_of(const struct invocation *call, uint32_t scheduler, const char *pool)
{
	struct scheduler_settings settings, before;
	struct failure failure = { 0 };
	uint32_t id = 0;

	if (pool && pool_resolve(pool, &id, &failure))
		return shell_failure(call, &failure);
	if (sysctl_get_scheduler(id, scheduler, &settings)) {
		shell_error("%s: pool %" PRIu32 " doesn't run under the scheduler %s; 'xu cpupool-list' tells",
			    call->name, id, scheduler_name(scheduler));
		return -EINVAL;
	}
	before = settings;
	int error = number_option(call, XU_SHARE_RATE, "time", 0, UINT32_MAX, &settings.rate_limit_us);
	if (!error)
		error = number_option(call, XU_SHARE_SLICE, "time", 1, 1000, &settings.slice_ms);
	if (!error)
		error = number_option(call, XU_SHARE_DELAY, "time", 0, UINT32_MAX,
				      &settings.migration_delay_us);
	if (error)
		return error;
	if (!memcmp(&settings, &before, sizeof(settings))) {
		print_pool(id, scheduler);
		return 0;
	}
	error = sysctl_set_scheduler(id, scheduler, &settings);
	if (error)
		shell_error("%s: Xen refuses that: %s", call->name, error_text(error));
	return error;
}

static int needs(const struct invocation *call, const char *what)
{
	shell_error("%s: %s", call->name, what);
	return -EINVAL;
}

static int share(const struct invocation *call, uint32_t scheduler)
{
	const char *const *options = call->options, *pool = options[XU_SHARE_POOL];

	if (options[XU_SHARE_SETTINGS])
		return settings_of(call, scheduler, pool);
	if (options[XU_SHARE_RATE] || options[XU_SHARE_SLICE] || options[XU_SHARE_DELAY])
		return needs(call, "the scheduler's own settings need -s as well");
	if (options[XU_SHARE_DOMAIN])
		return one_domain(call, scheduler);
	if (options[XU_SHARE_WEIGHT] || options[XU_SHARE_CAP])
		return needs(call, "which domain? Say -d DOMAIN");
	return show_pools(call, scheduler, pool);
}

int xu_sched_credit_command(const struct invocation *call)
{
	return share(call, XEN_SCHEDULER_CREDIT);
}

int xu_sched_credit2_command(const struct invocation *call)
{
	return share(call, XEN_SCHEDULER_CREDIT2);
}

int xu_sched_rtds_command(const struct invocation *call)
{
	const char *const *options = call->options;

	if (options[XU_SHARE_DOMAIN])
		return one_domain(call, XEN_SCHEDULER_RTDS);
	if (options[XU_RTDS_PERIOD] || options[XU_RTDS_BUDGET] || options[XU_RTDS_EXTRA])
		return needs(call, "which domain? Say -d DOMAIN");
	return show_pools(call, XEN_SCHEDULER_RTDS, NULL);
}
