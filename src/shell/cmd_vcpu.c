// SPDX-License-Identifier: Apache-2.0
// The commands of `xu` about virtual CPUs and their share of the machine: vcpu-list, vcpu-pin, sched-*.
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

// ---- vcpu-list ----

#define CPUS_TEXT_SIZE 128

static void print_vcpu(const struct domain_info *domain, unsigned int number, unsigned int machine_cpus)
{
	char name[DOMAIN_NAME_MAX], time[SECONDS_TEXT_SIZE], hard_text[CPUS_TEXT_SIZE],
		soft_text[CPUS_TEXT_SIZE];
	struct vcpu_info_summary info;
	struct cpu_set hard, soft;

	if (domctl_get_vcpu_info(domain->domid, number, &info))
		return; // a domain that is being built has numbers without a CPU behind them
	if (domctl_get_affinity(domain->domid, number, &hard, &soft))
		return;
	domain_name(domain->domid, name, sizeof(name));
	domains_seconds(info.cpu_time, time);
	cpu_set_print(&hard, machine_cpus, hard_text, sizeof(hard_text));
	cpu_set_print(&soft, machine_cpus, soft_text, sizeof(soft_text));
	shell_print("%-32s %5u %5u", name, domain->domid, number);
	if (info.online)
		shell_print("%6" PRIu32 "   %c%c- ", info.cpu, info.running ? 'r' : '-',
			    info.blocked ? 'b' : '-');
	else
		shell_print("     -   --p ");
	shell_print("%9s  %s / %s\n", time, hard_text, soft_text);
}

static void print_vcpus(const struct domain_info *info, void *machine_cpus)
{
	for (unsigned int number = 0; number < info->max_vcpus; number++)
		print_vcpu(info, number, *(const unsigned int *)machine_cpus);
}

static int machine_cpus(const struct invocation *call, unsigned int *count)
{
	struct physical_info info;
	int error = sysctl_physical_info(&info);

	if (error)
		return domains_refused(call, "about the machine", error);
	*count = info.max_cpu_id + 1;
	return 0;
}

int xu_vcpu_list_command(const struct invocation *call)
{
	unsigned int cpus;
	int error = machine_cpus(call, &cpus);

	if (error)
		return error;
	shell_print("%-32s %5s %5s %5s %5s %9s %s\n", "Name", "ID", "VCPU", "CPU", "State", "Time(s)",
		    "Affinity (Hard / Soft)");
	if (!call->argc)
		return domains_each(call, print_vcpus, &cpus);
	for (int i = 0; i < call->argc; i++) {
		struct failure failure = { 0 };
		struct domain_info info;
		domid_t id;

		if (domain_resolve(call->argv[i], &id, &failure)) {
			error = shell_failure(call, &failure);
			continue;
		}
		int refused = domctl_get_info(id, &info);
		if (refused)
			error = domains_refused(call, "about the domain", refused);
		else
			print_vcpus(&info, &cpus);
	}
	return error;
}

// ---- vcpu-pin ----

// "-" leaves a set as it is: *set is NULL then.
static int cpus_argument(const struct invocation *call, const char *text, struct cpu_set *cpus,
			 struct cpu_set **set)
{
	const char *wrong;

	*set = NULL;
	if (!text || !strcmp(text, "-"))
		return 0;
	wrong = cpu_set_parse(text, cpus);
	if (wrong) {
		shell_error("%s: '%s': give numbers of CPUs as 0-3,5,^1, or all, or - for no change",
			    call->name, wrong);
		return -EINVAL;
	}
	*set = cpus;
	return 0;
}

static int pin_refused(const struct invocation *call, domid_t id, unsigned int vcpu, int error)
{
	const char *reason = error_text(error);

	if (error == -EINVAL)
		reason = "none of these CPUs is in the domain's pool";
	else if (error == -EBUSY)
		reason = "the domain itself has pinned it for a moment; -f overrides that";
	shell_error("%s: CPU %u of domain %u: %s", call->name, vcpu, id, reason);
	return error;
}

static int pin(const struct invocation *call, domid_t id, unsigned int vcpu)
{
	struct cpu_set hard_cpus, soft_cpus, *hard, *soft;
	int error = cpus_argument(call, call->argv[2], &hard_cpus, &hard);

	if (!error)
		error = cpus_argument(call, call->argc > 3 ? call->argv[3] : NULL, &soft_cpus, &soft);
	if (error)
		return error;
	if (!hard && !soft)
		return 0;
	error = domctl_set_affinity(id, vcpu, hard, soft, call->options[XU_PIN_FORCE]);
	return error ? pin_refused(call, id, vcpu, error) : 0;
}

int xu_vcpu_pin_command(const struct invocation *call)
{
	const char *text = call->argv[1];
	struct domain_info info;
	uint64_t first = 0, end;
	domid_t id;
	int error = domains_argument(call, &id);

	if (error)
		return error;
	error = domctl_get_info(id, &info);
	if (error)
		return domains_refused(call, "about the domain", error);
	if (!strcmp(text, "all")) {
		end = info.max_vcpus;
	} else if (info.max_vcpus && shell_number(text, info.max_vcpus - 1, &first)) {
		end = first + 1;
	} else {
		shell_error("%s: '%s' is not a CPU of domain %u; it has %" PRIu32 ", from 0 on, or say all",
			    call->name, text, id, info.max_vcpus);
		return -EINVAL;
	}
	for (uint64_t vcpu = first; vcpu < end && !error; vcpu++)
		error = pin(call, id, (unsigned int)vcpu);
	return error;
}

const struct command_option xu_pin_options[] = {
	[XU_PIN_FORCE] = { "-f, --force", NULL, "also where the domain has pinned itself for a moment" },
	{ "--ignore-global-affinity-masks", NULL, "no difference: there are none" },
	{ 0 },
};

// ---- Schedulers ----

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
