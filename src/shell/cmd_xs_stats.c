// SPDX-License-Identifier: Apache-2.0
// xs quota, xs stats: what each domain may take of the store and what it takes, how large the store is.
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "domain/domain.h"
#include "kernel/compiler.h"
#include "shell/domains.h"
#include "shell/store.h"

// ---- quota ----

struct usage {
	domid_t wanted;
	bool found;
	struct xs_domain_statistics statistics;
};

static void find_usage(const struct xs_domain_statistics *statistics, void *context)
{
	struct usage *usage = context;

	if (statistics->domid != usage->wanted)
		return;
	usage->found = true;
	usage->statistics = *statistics;
}

static int show_quota(const struct invocation *call, domid_t domid)
{
	struct usage usage = { .wanted = domid };

	xs_for_each_domain(find_usage, &usage);
	shell_print("%-24s %10s%s\n", "Quota", "Limit", usage.found ? "       Used" : "");
	for (enum xs_quota quota = 0; quota < XS_QUOTAS; quota++) {
		uint32_t limit;
		int error = xs_quota_get(domid, quota, &limit);
		if (error)
			return store_refused(call, xs_quota_name(quota), error);
		shell_print("%-24s %10" PRIu32, xs_quota_name(quota), limit);
		if (usage.found)
			shell_print(" %10" PRIu32, usage.statistics.used[quota]);
		shell_print("\n");
	}
	return 0;
}

static int set_quota(const struct invocation *call, domid_t domid)
{
	const char *name = call->argv[1];
	enum xs_quota quota = 0;
	uint64_t limit;

	while (quota < XS_QUOTAS && strcmp(xs_quota_name(quota), name))
		quota++;
	if (quota == XS_QUOTAS) {
		shell_error("%s: there is no quota '%s'; 'xs quota' shows those there are", call->name, name);
		return -ENOENT;
	}
	if (!shell_number(call->argv[2], UINT32_MAX, &limit)) {
		shell_error("%s: '%s' is not a limit; take a number, or 0 for none", call->name,
			    call->argv[2]);
		return -EINVAL;
	}
	int error = xs_quota_set(domid, quota, (uint32_t)limit);
	return error ? store_refused(call, name, error) : 0;
}

int store_quota_command(const struct invocation *call)
{
	domid_t domid = DOMID_INVALID;

	if (call->argc == 2) {
		shell_error("%s: a limit is missing behind '%s'", call->name, call->argv[1]);
		return -EINVAL;
	}
	if (call->argc && strcmp(call->argv[0], "default")) {
		int error = domains_argument(call, &domid);
		if (error)
			return error;
	}
	return call->argc == 3 ? set_quota(call, domid) : show_quota(call, domid);
}

// ---- stats ----

static const char *state(const struct xs_domain_statistics *statistics)
{
	if (statistics->broken)
		return "broken";
	return statistics->introduced || statistics->domid == 0 ? "on" : "off";
}

static void print_domain(const struct xs_domain_statistics *statistics, void *unused)
{
	const uint32_t *used = statistics->used;
	char name[DOMAIN_NAME_MAX];

	(void)unused;
	domain_name(statistics->domid, name, sizeof(name));
	shell_print("%-20.20s %5u %-6s %6" PRIu32 " %7" PRIu32 " %6" PRIu32 " %5" PRIu32 " %8" PRIu32
		    " %9" PRIu64 " %7" PRIu64 " %6" PRIu64 "\n",
		    name, statistics->domid, state(statistics), used[XS_QUOTA_NODES], used[XS_QUOTA_WATCHES],
		    used[XS_QUOTA_OUTSTANDING], used[XS_QUOTA_TRANSACTIONS], used[XS_QUOTA_MEMORY],
		    statistics->requests, statistics->refused, statistics->events_lost);
}

int store_stats_command(const struct invocation *call)
{
	struct xs_statistics all;

	(void)call;
	xs_statistics(&all);
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "nodes", all.nodes },
		{ "bytes of nodes", all.node_bytes },
		{ "bytes kept for transactions", all.retained_bytes },
		{ "watches", all.watches },
		{ "transactions", all.transactions },
		{ "requests so far", all.requests },
		{ "commits", all.commits },
		{ "conflicts", all.conflicts },
		{ "events", all.events },
		{ "events lost", all.events_lost },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		shell_print("%-28s %12" PRIu64 "\n", rows[i].name, rows[i].value);
	shell_print("\n%-20s %5s %-6s %6s %7s %6s %5s %8s %9s %7s %6s\n", "Name", "ID", "State", "Nodes",
		    "Watches", "Outst.", "Trans", "Bytes", "Requests", "Refused", "Lost");
	xs_for_each_domain(print_domain, NULL);
	return 0;
}
