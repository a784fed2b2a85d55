// SPDX-License-Identifier: Apache-2.0
// The commands of `xu` about virtual CPUs and where they run: vcpu-list, vcpu-pin.
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "domain/domain.h"
#include "kernel/compiler.h"
#include "shell/commands.h"
#include "shell/domains.h"
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
