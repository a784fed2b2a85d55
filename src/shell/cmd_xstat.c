// SPDX-License-Identifier: Apache-2.0
// Figures of the domains, the machine and the hypervisor.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "domain/domain.h"
#include "kernel/compiler.h"
#include "kernel/task.h"
#include "shell/commands.h"
#include "shell/domains.h"
#include "shell/usage.h"
#include "xen/console_io.h"
#include "xen/sysctl.h"
#include "xen/version.h"

#define KIB_PER_PAGE (PAGE_SIZE / 1024)
#define INTERVAL_MAX 3600 // seconds

static void print_version(void)
{
	const struct xen_version *xen = xen_version();

	shell_print("XEN version %u.%u%s\n", xen->major, xen->minor, xen->extra);
}

static int version(const struct invocation *call)
{
	const struct xen_version *xen = xen_version();
	const struct xen_abi *abi = xen_abi();

	(void)call;
	print_version();
	shell_print("Compiler     : %s\n", xen->compiler);
	shell_print("Compile date : %s\n", xen->build_date);
	shell_print("Changeset    : %s\n", xen->changeset);
	shell_print("Capabilities : %s\n", xen->capabilities);
	if (abi)
		shell_print("Interfaces   : domctl 0x%" PRIx32 ", sysctl 0x%" PRIx32 "\n",
			    abi->domctl_version, abi->sysctl_version);
	else
		shell_print("Interfaces   : unknown here; Xen %s can be controlled\n",
			    xen_supported_versions());
	return 0;
}

static int physinfo(const struct invocation *call)
{
	char capabilities[CAPABILITIES_SIZE];
	struct physical_info info;
	int error = sysctl_physical_info(&info);

	if (error)
		return domains_refused(call, "about the machine", error);
	print_version();
	shell_print("CPUs         : %" PRIu32 "\n", info.cpus);
	shell_print("CPU freq(kHz): %" PRIu32 "\n", info.cpu_khz);
	shell_print("Cores/socket : %" PRIu32 "\n", info.cores_per_socket);
	shell_print("Threads/core : %" PRIu32 "\n", info.threads_per_core);
	shell_print("NUMA nodes   : %" PRIu32 "\n", info.nodes);
	shell_print("Total mem(K) : %" PRIu64 "\n", info.total_pages * KIB_PER_PAGE);
	shell_print("Free mem(K)  : %" PRIu64 "\n", info.free_pages * KIB_PER_PAGE);
	shell_print("To scrub(K)  : %" PRIu64 "\n", info.scrub_pages * KIB_PER_PAGE);
	shell_print("Claimed(K)   : %" PRIu64 "\n", info.outstanding_pages * KIB_PER_PAGE);
	shell_print("Scheduler    : %s\n", sysctl_scheduler_name());
	domains_capabilities(info.capabilities, capabilities);
	shell_print("Capabilities : %s\n", capabilities);
	return 0;
}

static void print_domain(const struct domain_info *info, void *context)
{
	const struct usage *usage = context;
	char name[DOMAIN_NAME_MAX], state[DOMAIN_STATE_SIZE], time[SECONDS_TEXT_SIZE];
	char max_memory[24] = "no limit";

	domain_name(info->domid, name, sizeof(name));
	domains_state(info, state);
	domains_seconds(info->cpu_time, time);
	// Xen's own answer for a domain without a limit is a number of pages that no machine has.
	if (info->max_pages < UINT32_MAX)
		snprintf(max_memory, sizeof(max_memory), "%" PRIu64, info->max_pages * KIB_PER_PAGE);
	shell_print("%-22s %5u %6s %9" PRIu64 " %9s %3" PRIu32 "/%-3" PRIu32 " %8s", name, info->domid, state,
		    info->pages * KIB_PER_PAGE, max_memory, info->online_vcpus, info->max_vcpus, time);
	if (usage->samples)
		usage_print_share(usage_share(usage, info), 7);
	shell_print("\n");
}

static int measure(const struct invocation *call, struct usage *usage)
{
	uint64_t seconds = 0;
	int error = shell_number_option(call, 0, "number of seconds", 1, INTERVAL_MAX, &seconds);

	if (!error)
		error = usage_take(call, usage);
	if (error)
		return error;
	error = shell_sleep(SECONDS(seconds));
	if (error)
		shell_error("%s: stopped by Ctrl-C", call->name);
	return error;
}

static int stat(const struct invocation *call)
{
	struct usage usage = { 0 };
	int error = call->options[0] ? measure(call, &usage) : 0;

	if (!error) {
		shell_print("%-22s %5s %-6s %9s %9s %7s %8s%s\n", "Name", "ID", "State", "Mem(K)",
			    "MaxMem(K)", "VCPUs  ", "Time(s)", usage.samples ? " CPU(%)" : "");
		error = domains_each(call, print_domain, &usage);
	}
	usage_free(&usage);
	return error;
}

static const char *vcpu_state(const struct vcpu_info_summary *info)
{
	if (!info->online)
		return "offline";
	if (info->running)
		return "running";
	return info->blocked ? "blocked" : "ready";
}

static void print_vcpu(const struct domain_info *domain, unsigned int number)
{
	struct vcpu_info_summary info;
	char name[DOMAIN_NAME_MAX], time[SECONDS_TEXT_SIZE];
	int error = domctl_get_vcpu_info(domain->domid, number, &info);

	domain_name(domain->domid, name, sizeof(name));
	if (error) { // a domain that is being built has numbers without a CPU behind them
		shell_print("%-32s %5u %5u %5s %-8s %9s\n", name, domain->domid, number, "-", "none", "-");
		return;
	}
	domains_seconds(info.cpu_time, time);
	shell_print("%-32s %5u %5u %5" PRIu32 " %-8s %9s\n", name, domain->domid, number, info.cpu,
		    vcpu_state(&info), time);
}

static void print_vcpus(const struct domain_info *info, void *unused)
{
	(void)unused;
	for (unsigned int number = 0; number < info->max_vcpus; number++)
		print_vcpu(info, number);
}

static int vcpu(const struct invocation *call)
{
	bool all = !call->argc || !strcmp(call->argv[0], "all");
	struct domain_info info;
	domid_t id = 0;
	int error = all ? 0 : domains_argument(call, &id);

	if (error)
		return error;
	if (!all && (error = domctl_get_info(id, &info)))
		return domains_refused(call, "about the domain", error);
	shell_print("%-32s %5s %5s %5s %-8s %9s\n", "Name", "ID", "VCPU", "CPU", "State", "Time(s)");
	if (all)
		return domains_each(call, print_vcpus, NULL);
	print_vcpus(&info, NULL);
	return 0;
}

static const struct command_option stat_options[] = {
	{ "-i", "SECONDS", "watch so long, and show the share of a CPU that each used" },
	{ 0 },
};

const struct command xstat_commands[] = {
	{
		.name = "stat",
		.arguments = "[-i SECONDS]",
		.help = "Show all domains: state, memory, CPUs, CPU time",
		.details = "VCPUs is online/most. Time is what its CPUs have run, in seconds. State:\n"
			   "r running, b blocked, p paused, s shut down, c crashed, d dying.",
		.run = stat,
		.options = stat_options,
	},
	{ .name = "version", .help = "Show which Xen runs, and how it was built", .run = version },
	{ .name = "physinfo", .help = "Show the machine's CPUs and memory", .run = physinfo },
	{
		.name = "vcpu",
		.arguments = "[DOMAIN|all]",
		.help = "Show the virtual CPUs of a domain or of all",
		.details = "DOMAIN is an id or a name. CPU is the machine's, where it ran last. Time is\n"
			   "what it has run, in seconds.",
		.run = vcpu,
		.max_arguments = 1,
		.completion = COMPLETE_DOMAIN,
	},
	{ 0 },
};
