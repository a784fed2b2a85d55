// SPDX-License-Identifier: Apache-2.0
// `xu top`: the domains as a table that is drawn again and again, as xentop(1) does.
#include <errno.h>
#include <inttypes.h>

#include "domain/domain.h"
#include "kernel/compiler.h"
#include "kernel/task.h"
#include "shell/commands.h"
#include "shell/domains.h"
#include "shell/usage.h"
#include "xen/console_io.h"
#include "xen/sysctl.h"
#include "xen/version.h"

#define KIB_PER_PAGE  (PAGE_SIZE / 1024)
#define DELAY_DEFAULT 3
#define DELAY_MAX     3600
#define CTRL_C        '\x03'

// Where the terminal can do no more than ANSI's oldest: home, and erase what is behind.
#define HOME_AND_ERASE "\033[H\033[J"

const struct command_option xu_top_options[] = {
	[XU_TOP_DELAY] = { "-d, --delay", "SECONDS", "between two tables (3)" },
	[XU_TOP_COUNT] = { "-i, --iterations", "COUNT", "so many tables, then end" },
	[XU_TOP_BATCH] = { "-b, --batch", NULL, "one table below the other, for a log" },
	{ 0 },
};

struct table {
	const struct usage *since;
	uint64_t total_pages;
	unsigned int domains;
	unsigned int counts[6]; // of each letter of a state
};

static void count_state(const struct domain_info *info, void *context)
{
	struct table *table = context;
	char state[DOMAIN_STATE_SIZE];

	domains_state(info, state);
	table->domains++;
	for (size_t i = 0; i < ARRAY_SIZE(table->counts); i++)
		table->counts[i] += state[i] != '-';
}

static void print_row(const struct domain_info *info, void *context)
{
	const struct table *table = context;
	uint64_t permille = table->total_pages ? info->pages * 1000 / table->total_pages : 0;
	char name[DOMAIN_NAME_MAX], state[DOMAIN_STATE_SIZE];

	domain_name(info->domid, name, sizeof(name));
	domains_state(info, state);
	shell_print("%-20.20s %6s %10" PRIu64, name, state, info->cpu_time / SECONDS(1));
	usage_print_share(usage_share(table->since, info), 8);
	shell_print(" %10" PRIu64 " %4" PRIu64 ".%" PRIu64, info->pages * KIB_PER_PAGE, permille / 10,
		    permille % 10);
	if (info->max_pages < UINT32_MAX)
		shell_print(" %10" PRIu64, info->max_pages * KIB_PER_PAGE);
	else
		shell_print(" %10s", "no limit");
	shell_print(" %5" PRIu32 " %5u\n", info->online_vcpus, info->domid);
}

static int print_table(const struct invocation *call, const struct usage *since)
{
	const struct xen_version *xen = xen_version();
	struct physical_info machine;
	struct table table = { .since = since };
	int error = sysctl_physical_info(&machine);

	if (error)
		return domains_refused(call, "about the machine", error);
	table.total_pages = machine.total_pages;
	error = domains_each(call, count_state, &table);
	if (error)
		return error;
	shell_print("xu top   Xen %u.%u%s\n", xen->major, xen->minor, xen->extra);
	shell_print("%u domains: %u running, %u blocked, %u paused, %u shut down, %u crashed, %u dying\n",
		    table.domains, table.counts[0], table.counts[1], table.counts[2], table.counts[3],
		    table.counts[4], table.counts[5]);
	shell_print("Mem: %" PRIu64 "k total, %" PRIu64 "k used, %" PRIu64 "k free   CPUs: %" PRIu32
		    " @ %" PRIu32 "MHz\n",
		    machine.total_pages * KIB_PER_PAGE,
		    (machine.total_pages - machine.free_pages) * KIB_PER_PAGE,
		    machine.free_pages * KIB_PER_PAGE, machine.cpus, machine.cpu_khz / 1000);
	shell_print("%-20s %6s %10s %7s %10s %6s %10s %5s %5s\n", "NAME", "STATE", "CPU(sec)", "CPU(%)",
		    "MEM(k)", "MEM(%)", "MAXMEM(k)", "VCPUS", "ID");
	return domains_each(call, print_row, &table);
}

// Waits; true when a key says that it is enough.
static bool wait_for_end(uint64_t deadline)
{
	while (time_now() < deadline) {
		char keys[16];
		size_t count = console_io_read(keys, sizeof(keys));

		for (size_t i = 0; i < count; i++)
			if (keys[i] == 'q' || keys[i] == 'Q' || keys[i] == CTRL_C)
				return true;
		if (!count)
			console_io_wait(deadline);
	}
	return false;
}

int xu_top_command(const struct invocation *call)
{
	bool batch = call->options[XU_TOP_BATCH];
	uint64_t delay = DELAY_DEFAULT, count = UINT32_MAX;
	struct usage usage = { 0 };
	int error = shell_number_option(call, XU_TOP_DELAY, "number of seconds", 1, DELAY_MAX, &delay);

	if (!error)
		error = shell_number_option(call, XU_TOP_COUNT, "number", 1, UINT32_MAX, &count);
	for (uint64_t i = 0; i < count && !error; i++) {
		// Of the first table's shares nobody knows the beginning yet.
		if (!batch)
			shell_print(HOME_AND_ERASE);
		error = print_table(call, &usage);
		if (!error)
			error = usage_take(call, &usage);
		if (!error && i + 1 < count && wait_for_end(time_now() + SECONDS(delay)))
			break;
	}
	usage_free(&usage);
	return error;
}
