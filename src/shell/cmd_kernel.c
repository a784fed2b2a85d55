// SPDX-License-Identifier: Apache-2.0
// The control domain itself: version, tasks, memory, power.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "console/log_file.h"
#include "drivers/board_power.h"
#include "kernel/fault_test.h"
#include "kernel/memory.h"
#include "kernel/panic.h"
#include "kernel/profile.h"
#include "kernel/task.h"
#include "shell/command.h"
#include "shell/commands.h"
#include "shell/domains.h"
#include "shell/words.h"
#include "version.h"
#include "xen/event.h"
#include "xen/foreign.h"
#include "xen/hypercall.h"
#include "xen/version.h"

#define SECONDS_MAX 3600u // of a profile

static int version(const struct invocation *call)
{
	const struct xen_version *xen = xen_version();
	const struct xen_abi *abi = xen_abi();

	(void)call;
	shell_print("Thin Dom0 " THIN_DOM0_VERSION "\n");
	shell_print("Xen %u.%u%s, ", xen->major, xen->minor, xen->extra);
	if (abi)
		shell_print("controlled by the interfaces of Xen %u.%u\n", abi->major, abi->minor);
	else
		shell_print("not controlled: the interfaces of Xen %s are known\n", xen_supported_versions());
	return 0;
}

static int uptime(const struct invocation *call)
{
	(void)call;
	shell_print("Uptime: %" PRIu64 " ms\n", time_now() / MILLISECONDS(1));
	shell_print("Ready : %" PRIu64 " us after the start\n", (shell_ready_time() - time_of_entry()) / MICROSECONDS(1));
	return 0;
}

// Runs the command and says how long it took.
static int time_command(const struct invocation *call)
{
	uint64_t idle = task_idle_time(), start = time_now();
	int result = command_run_words(shell_commands, call->argv);
	uint64_t time = time_now() - start;

	idle = task_idle_time() - idle;
	shell_print("%" PRIu64 " us, of these %" PRIu64 " at work\n", time / MICROSECONDS(1), (time - idle) / MICROSECONDS(1));
	return result;
}

static void print_profile(const struct profile *profile)
{
	shell_print("Profile, build %s (scripts/profile names the functions):\n", profile->build);
	shell_print("%" PRIu32 " periods of %" PRIu32 " us, %" PRIu32 " lost\n", profile->count, profile->period, profile->lost);
	for (const struct profile_stack *stack = profile->stacks; stack < profile->stacks + PROFILE_STACKS; stack++) {
		if (!stack->count)
			continue;
		shell_print("%6" PRIu32, stack->count);
		for (unsigned int i = 0; i < PROFILE_DEPTH && stack->place[i]; i++)
			shell_print(" %" PRIx32, stack->place[i]);
		shell_print("\n");
	}
}

// No divisor of anything that happens regularly.
#define PERIOD_USUAL 997u

static const struct command_option profile_options[] = {
	{ "-p", "PERIOD", "microseconds between samples, 50 to 100000 (997)" },
	{ 0 },
};

static int profile_command(const struct invocation *call)
{
	struct profile *profile;
	uint64_t period = PERIOD_USUAL, seconds;
	int result, error = shell_number_option(call, 0, "number of microseconds", 50, 100000, &period);

	if (error)
		return error;
	error = profile_start((uint32_t)period, &profile);
	if (error) {
		shell_error("%s: it can't begin: %s", call->name, error_text(error));
		return error;
	}
	if (call->argc == 1 && shell_number(call->argv[0], SECONDS_MAX, &seconds))
		result = shell_sleep(SECONDS(seconds));
	else
		result = command_run_words(shell_commands, call->argv);
	profile_stop();
	print_profile(profile);
	free(profile);
	return result;
}

static void print_task(const struct task_info *info, void *unused)
{
	char time[SECONDS_TEXT_SIZE];

	(void)unused;
	domains_seconds(info->cpu_time, time);
	shell_print("%-16s %-10s %9s %7zu/%zu\n", info->name, info->state, time, info->stack_used,
		    info->stack_size);
}

static int tasks(const struct invocation *call)
{
	char time[SECONDS_TEXT_SIZE];

	(void)call;
	shell_print("%-16s %-10s %9s %s\n", "Name", "State", "Time(s)", "Stack used/size");
	task_for_each(print_task, NULL);
	domains_seconds(task_idle_time(), time);
	shell_print("%-16s %-10s %9s\n", "(idle)", "", time);
	return 0;
}

static int memory(const struct invocation *call)
{
	struct memory_usage usage;

	(void)call;
	memory_usage(&usage);
	shell_print("RAM            : %zu KiB\n", usage.total / 1024);
	shell_print("Image          : %zu KiB\n", usage.image / 1024);
	shell_print("Free           : %zu KiB\n", usage.free_pages / 1024);
	shell_print("Heap           : %zu KiB\n", usage.heap_size / 1024);
	shell_print("Heap used      : %zu bytes in %zu blocks, %zu bytes at most\n", usage.heap_used,
		    usage.heap_blocks, usage.heap_peak);
	shell_print("Foreign frames : %zu mapped\n", foreign_mapped_frames());
	shell_print("Event channels : %u bound\n", event_channels_bound());
	return 0;
}

// For what the domains printed last, before the machine ends.
#define FLUSH_TIME SECONDS(2)

static int poweroff(const struct invocation *call)
{
	(void)call;
	console_log_flush(time_now() + FLUSH_TIME);
	board_power(true);
	kernel_shutdown(KERNEL_POWEROFF);
}

static int reboot(const struct invocation *call)
{
	(void)call;
	console_log_flush(time_now() + FLUSH_TIME);
	board_power(false);
	kernel_shutdown(KERNEL_REBOOT);
}

static int crash(const struct invocation *call)
{
	kernel_test_fault(call->argv[0]);
	shell_error("%s: there is no kind '%s'; the kinds are:", call->name, call->argv[0]);
	for (const char *const *kind = kernel_test_faults; *kind; kind++)
		shell_print("  %s\n", *kind);
	return -EINVAL;
}

const struct command kernel_commands[] = {
	{ .name = "version",
	  .help = "Show the version of Thin Dom0, and the Xen that it controls",
	  .run = version },
	{ .name = "uptime", .help = "Show the time since the start, and how long the start took", .run = uptime },
	{
		.name = "time",
		.arguments = "COMMAND ...",
		.help = "Run a command and show how long it took",
		.details = "In microseconds: in all, and how many of them this domain was at work, its calls\n"
			   "of Xen included, and wasn't waiting.",
		.run = time_command,
		.min_arguments = 1,
		.max_arguments = WORDS_MAX,
		.completion = COMPLETE_LINE,
	},
	{
		.name = "profile",
		.arguments = "[-p PERIOD] SECONDS|COMMAND ...",
		.help = "Show what this domain does meanwhile, by samples",
		.details = "Each line is a stack, and how often it was found. On the host, scripts/profile\n"
			   "makes a table of functions of the console's log.",
		.run = profile_command,
		.options = profile_options,
		.min_arguments = 1,
		.max_arguments = WORDS_MAX,
		.completion = COMPLETE_LINE,
	},
	{ .name = "tasks", .help = "Show the tasks, their time and their stacks", .run = tasks },
	{
		.name = "memory",
		.help = "Show what of this domain's memory is used for what",
		.details = "RAM is all that this domain has. Free is what neither the image nor the heap nor\n"
			   "stacks have. Foreign frames are pages of other domains that are mapped here.",
		.run = memory,
	},
	{
		.name = "poweroff",
		.help = "Switch the machine off, with all its domains",
		.details = "The domains are not asked first, they just end.",
		.run = poweroff,
	},
	{
		.name = "reboot",
		.help = "Start the machine again, with all its domains ended",
		.details = "The domains are not asked first, they just end.",
		.run = reboot,
	},
	{
		.name = "crash",
		.arguments = "KIND",
		.help = "Crash Thin Dom0 on purpose, to see how it reports a fault",
		.details = "Tab lists the kinds. What follows the report is a build option (After a panic).",
		.run = crash,
		.min_arguments = 1,
		.max_arguments = 1,
		.words = kernel_test_faults,
	},
	{ 0 },
};
