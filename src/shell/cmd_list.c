// SPDX-License-Identifier: Apache-2.0
// The commands of `xu` that tell which domains there are: list, vm-list, domid, domname, uptime.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "domain/domain.h"
#include "domain/pool.h"
#include "domain/uuid.h"
#include "kernel/compiler.h"
#include "kernel/task.h"
#include "shell/commands.h"
#include "shell/domains.h"
#include "shell/json.h"
#include "xen/domctl.h"
#include "xen/flask.h"

// ---- list ----

const struct command_option xu_list_options[] = {
	[XU_LIST_VERBOSE] = { "-v, --verbose", NULL, "with UUID, reason of a shutdown, security label" },
	[XU_LIST_LABEL] = { "-Z, --context", NULL, "with the security label" },
	[XU_LIST_POOL] = { "-c, --cpupool", NULL, "with the pool of CPUs" },
	[XU_LIST_NODES] = { "-n, --numa", NULL, "with the nodes of memory" },
	[XU_LIST_LONG] = { "-l, --long", NULL, "all that there is to say, as JSON" },
	{ 0 },
};

// Where Xen doesn't tell labels there are none, or Dom0 may not know.
static void print_label(uint32_t sid)
{
	char label[FLASK_LABEL_MAX];

	shell_print(" %16s", flask_label_of_sid(sid, label) ? "-" : label);
}

static void print_domain(const struct domain_info *info, void *context)
{
	const struct invocation *call = context;
	char name[DOMAIN_NAME_MAX], state[DOMAIN_STATE_SIZE], time[SECONDS_TEXT_SIZE];

	domain_name(info->domid, name, sizeof(name));
	domains_state(info, state);
	domains_seconds(info->cpu_time, time);
	shell_print("%-40s %5u %5" PRIu64 " %5" PRIu32 "     %6s  %8s", name, info->domid,
		    info->pages * PAGE_SIZE / MIB(1), info->online_vcpus, state, time);
	if (call->options[XU_LIST_VERBOSE]) {
		char uuid[UUID_TEXT_SIZE];

		uuid_print(info->handle, uuid);
		shell_print(" %s", uuid);
		if (info->shutdown)
			shell_print(" %8x", info->shutdown_reason);
		else
			shell_print(" %8s", "-");
	}
	if (call->options[XU_LIST_VERBOSE] || call->options[XU_LIST_LABEL])
		print_label(info->ssidref);
	if (call->options[XU_LIST_POOL]) {
		char pool[POOL_NAME_MAX];

		pool_name(info->cpupool, pool);
		shell_print(" %15s", pool);
	}
	shell_print("%s\n", call->options[XU_LIST_NODES] ? " all" : ""); // Xen on Arm64 knows one node
}

static void print_long(const struct domain_info *info, void *json)
{
	const struct domain *domain = domain_find(info->domid);

	list_long(json, info, domain && domain->source ? domain->source->config : NULL);
}

static int print_all_long(const struct invocation *call, const struct domain_info *one)
{
	struct json json = { 0 };
	int error = 0;

	if (one) {
		print_long(one, &json);
		return 0;
	}
	json_open(&json, NULL, '[');
	error = domains_each(call, print_long, &json);
	json_close(&json, ']');
	return error;
}

int xu_list_command(const struct invocation *call)
{
	struct domain_info info;
	domid_t id = 0;
	int error = call->argc ? domains_argument(call, &id) : 0;

	if (!error && call->argc && (error = domctl_get_info(id, &info)))
		domains_refused(call, "about the domain", error);
	if (error)
		return error;
	if (call->options[XU_LIST_LONG])
		return print_all_long(call, call->argc ? &info : NULL);
	shell_print("%-40s %5s %5s %5s     %-6s  %8s", "Name", "ID", "Mem", "VCPUs", "State", "Time(s)");
	if (call->options[XU_LIST_VERBOSE])
		shell_print(" %-36s %8s", "UUID", "Reason");
	if (call->options[XU_LIST_VERBOSE] || call->options[XU_LIST_LABEL])
		shell_print(" %16s", "Security Label");
	if (call->options[XU_LIST_POOL])
		shell_print(" %15s", "Cpupool");
	shell_print("%s\n", call->options[XU_LIST_NODES] ? " NODE Affinity" : "");
	if (!call->argc)
		return domains_each(call, print_domain, (void *)(uintptr_t)call);
	print_domain(&info, (void *)(uintptr_t)call);
	return 0;
}

static void print_vm(const struct domain_info *info, void *context)
{
	char uuid[UUID_TEXT_SIZE], name[DOMAIN_NAME_MAX];

	(void)context;
	uuid_print(info->handle, uuid);
	domain_name(info->domid, name, sizeof(name));
	shell_print("%s  %u    %-30s\n", uuid, info->domid, name);
}

int xu_vm_list_command(const struct invocation *call)
{
	shell_print("UUID                                  ID    name\n");
	return domains_each(call, print_vm, NULL);
}

static void print_claim(const struct domain_info *info, void *context)
{
	char name[DOMAIN_NAME_MAX];

	(void)context;
	domain_name(info->domid, name, sizeof(name));
	shell_print("%-40s %5u %5" PRIu64 " %8" PRIu64 "\n", name, info->domid,
		    (info->pages + info->claimed_pages) * PAGE_SIZE / MIB(1),
		    info->claimed_pages * PAGE_SIZE / MIB(1));
}

int xu_claims_command(const struct invocation *call)
{
	shell_print("%-40s %5s %5s %8s\n", "Name", "ID", "Mem", "Claimed");
	return domains_each(call, print_claim, NULL);
}

// ---- Names and ids ----

int xu_domid_command(const struct invocation *call)
{
	domid_t id;
	int error = domains_argument(call, &id);

	if (!error)
		shell_print("%u\n", id);
	return error;
}

int xu_domname_command(const struct invocation *call)
{
	char name[DOMAIN_NAME_MAX];
	domid_t id;
	int error = domains_argument(call, &id);

	if (error)
		return error;
	domain_name(id, name, sizeof(name));
	shell_print("%s\n", name);
	return 0;
}

// ---- uptime ----

static void print_uptime(const struct domain_info *info, void *context)
{
	uint64_t seconds = (time_now() - domain_start_time(info->domid)) / SECONDS(1);
	uint64_t days = seconds / 86400;
	char name[DOMAIN_NAME_MAX], time[40];
	int at = 0;

	(void)context;
	if (days)
		at = snprintf(time, sizeof(time), "%" PRIu64 " day%s, ", days, days == 1 ? "" : "s");
	snprintf(time + at, sizeof(time) - (size_t)at, "%2" PRIu64 ":%02" PRIu64 ":%02" PRIu64,
		 seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
	domain_name(info->domid, name, sizeof(name));
	shell_print("%-33s %4u %s\n", name, info->domid, time);
}

int xu_uptime_command(const struct invocation *call)
{
	struct domain_info info = { 0 };
	int error = call->argc ? domains_argument(call, &info.domid) : 0;

	if (error)
		return error;
	shell_print("%-33s %4s %s\n", "Name", "ID", "Uptime");
	if (!call->argc)
		return domains_each(call, print_uptime, NULL);
	print_uptime(&info, NULL);
	return 0;
}
