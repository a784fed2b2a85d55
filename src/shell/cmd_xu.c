// SPDX-License-Identifier: Apache-2.0
// Domains: created, listed, paused, destroyed. Attaching to a console is in cmd_console.c.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "config/catalog.h"
#include "config/xlcfg.h"
#include "domain/domain.h"
#include "kernel/compiler.h"
#include "kernel/task.h"
#include "shell/commands.h"
#include "shell/domains.h"
#include "shell/output.h"
#include "shell/words.h"
#include "xen/console_io.h"
#include "xen/domctl.h"

// A creation that takes longer tells how far it is.
#define PROGRESS_AFTER MILLISECONDS(500)
#define SPEED_AFTER    100u // milliseconds

static uint64_t creation_start;

// "kernel: 43 %, 11.8 MB/s (Ctrl-C stops)"; how fast is known after a while.
static bool show_progress(const struct domain_progress *progress)
{
	uint64_t milliseconds = progress->nanoseconds / 1000000;
	char speed[32] = "";

	if (time_now() - creation_start < PROGRESS_AFTER)
		return console_io_interrupted();
	if (!progress->total) {
		shell_status("waiting for %.40s (Ctrl-C stops)", progress->what);
		return console_io_interrupted();
	}
	if (milliseconds >= SPEED_AFTER) {
		uint64_t tenths = progress->done / 100 / milliseconds; // of MB/s

		snprintf(speed, sizeof(speed), ", %" PRIu64 ".%" PRIu64 " MB/s", tenths / 10, tenths % 10);
	}
	shell_status("%.40s: %" PRIu64 " %%%s (Ctrl-C stops)", progress->what,
		     progress->done * 100 / progress->total, speed);
	return console_io_interrupted();
}

enum { OPTION_ID, OPTION_PAUSED };

static const struct command_option create_options[] = {
	[OPTION_ID] = { "-d", "ID", "the domain's id; 0 or none: Xen chooses one" },
	[OPTION_PAUSED] = { "-p", NULL, "leave the domain paused" },
	{ 0 },
};

static int wanted_id(const struct invocation *call, domid_t *id)
{
	const char *text = call->options[OPTION_ID];
	uint64_t number = 0;

	if (text && !shell_number(text, DOMID_FIRST_RESERVED - 1, &number)) {
		shell_error("%s: '%s' is not a domain id; take one from 1 to %u, or 0 to let Xen choose",
			    call->name, text, DOMID_FIRST_RESERVED - 1);
		return -EINVAL;
	}
	*id = number ? (domid_t)number : DOMID_ANY;
	return 0;
}

static void show_warnings(const struct catalog_entry *entry)
{
	for (const struct config_warning *warning = entry->warnings; warning; warning = warning->next)
		shell_print("W: %s\n", warning->text);
	if (entry->shadows)
		shell_print("W: there is a built-in configuration '%s' as well; the file counts\n",
			    entry->config.name);
}

static int wanted_config(const struct invocation *call, struct catalog_entry **entry)
{
	struct failure failure = { 0 };

	*entry = catalog_find(call->argv[0], &failure);
	return *entry ? 0 : shell_failure(call, &failure);
}

// On success the entry is the domain's.
static int build(struct catalog_entry *entry, domid_t wanted, bool paused, struct failure *failure)
{
	struct domain *domain;

	creation_start = time_now();
	paused |= entry->config.paused;
	domain_set_progress(show_progress);
	int error = domain_create_from(&entry->source, wanted, paused, &domain, failure);
	domain_set_progress(NULL);
	shell_status_clear();
	if (error)
		return error;
	if (paused)
		shell_print("I: Created domain is paused\nTo unpause issue: xu unpause %u\n", domain->id);
	shell_print("domain:%u created\n", domain->id);
	return 0;
}

static int create(const struct invocation *call)
{
	struct failure failure = { 0 };
	struct catalog_entry *entry;
	domid_t wanted;
	int error = wanted_id(call, &wanted);

	if (!error)
		error = wanted_config(call, &entry);
	if (error)
		return error;
	show_warnings(entry);
	error = domain_config_check_support(&entry->config, &failure);
	if (!error)
		error = build(entry, wanted, call->options[OPTION_PAUSED], &failure);
	if (!error)
		return 0;
	catalog_release(entry);
	return shell_failure(call, &failure);
}

static int apply(const struct invocation *call, int (*action)(domid_t id, struct failure *failure),
		 const char *done)
{
	struct failure failure = { 0 };
	domid_t id;
	int error = domains_argument(call, &id);

	if (error)
		return error;
	if (id == 0) {
		shell_error("%s: Domain-0 is this control domain itself; 'xu list' shows the others",
			    call->name);
		return -EPERM;
	}
	if (action(id, &failure))
		return shell_failure(call, &failure);
	shell_print("domain:%u %s\n", id, done);
	return 0;
}

static int destroy(const struct invocation *call)
{
	return apply(call, domain_destroy, "destroyed");
}

static int pause(const struct invocation *call)
{
	return apply(call, domain_pause, "paused");
}

static int unpause(const struct invocation *call)
{
	return apply(call, domain_unpause, "unpaused");
}

static void print_name(const char *name, void *unused)
{
	(void)unused;
	shell_print("%s\n", name);
}

static int config_list(const struct invocation *call)
{
	struct failure failure = { 0 };

	return catalog_each(print_name, NULL, &failure) ? shell_failure(call, &failure) : 0;
}

// Everything that 'xu create' would check before it builds anything.
static int config_check(const struct invocation *call)
{
	struct failure failure = { 0 };
	struct catalog_entry *entry = catalog_read(call->argv[0], &failure);

	if (!entry)
		return shell_failure(call, &failure);
	show_warnings(entry);
	int error = domain_config_check_support(&entry->config, &failure);
	if (!error)
		error = catalog_open_images(entry, &failure);
	if (!error)
		shell_print("%s: right, it is the configuration '%s'\n", call->argv[0], entry->config.name);
	catalog_release(entry);
	return error ? shell_failure(call, &failure) : 0;
}

static const struct command_option end_options[] = {
	[XU_END_WAIT] = { "-w", NULL, "wait until it has ended" },
	{ 0 },
};

static const struct command_option wait_options[] = {
	[XU_WAIT_TIME] = { "-t", "SECONDS", "give up after so long" },
	{ 0 },
};

static void write_config(const char *text, void *unused)
{
	(void)unused;
	shell_print("%s", text);
}

static int config(const struct invocation *call)
{
	struct catalog_entry *entry;
	int error = wanted_config(call, &entry);

	if (error)
		return error;
	show_warnings(entry);
	config_print(&entry->config, write_config, NULL);
	catalog_release(entry);
	return 0;
}

static const struct command_option block_detach_options[] = {
	{ "--force", NULL, "take it away at once, without asking the guest" },
	{ "-f", NULL, "the same" },
	{ 0 },
};

static const char *const disk_options[] = {
	"access=", "backend=", "backendtype=phy", "format=raw", "script=", "target=", "vdev=xvd", NULL,
};

static const char *const vif_options[] = {
	"backend=", "bridge=", "devid=", "gatewaydev=", "ip=",   "mac=",
	"mtu=",	    "rate=",   "script=", "type=vif",	 "vifname=", NULL,
};

const struct command xu_commands[] = {
	{
		.name = "create",
		.arguments = "NAME [-d ID] [-p]",
		.help = "Build a domain from the configuration NAME and start it",
		.details = "'xu config_list' shows the configurations. Ctrl-C stops a creation that\n"
			   "takes long; nothing of the domain is left then.",
		.run = create,
		.min_arguments = 1,
		.max_arguments = 1,
		.completion = COMPLETE_CONFIG,
		.options = create_options,
	},
	{
		.name = "destroy",
		.arguments = "DOMAIN",
		.help = "End a domain at once and give its memory back",
		.details = "DOMAIN is an id or a name.",
		.run = destroy,
		.min_arguments = 1,
		.max_arguments = 1,
		.completion = COMPLETE_DOMAIN,
	},
	{
		.name = "pause",
		.arguments = "DOMAIN",
		.help = "Stop a domain's CPUs",
		.details = "DOMAIN is an id or a name. 'xu unpause' lets it go on where it was.",
		.run = pause,
		.min_arguments = 1,
		.max_arguments = 1,
		.completion = COMPLETE_DOMAIN,
	},
	{
		.name = "unpause",
		.arguments = "DOMAIN",
		.help = "Let a paused domain go on",
		.details = "DOMAIN is an id or a name.",
		.run = unpause,
		.min_arguments = 1,
		.max_arguments = 1,
		.completion = COMPLETE_DOMAIN,
	},
	{
		.name = "shutdown",
		.arguments = "DOMAIN [-w]",
		.help = "Ask a domain to shut down",
		.details = "It is asked through its store and has ten seconds to answer. Ctrl-C stops that.",
		.run = xu_shutdown_command,
		.min_arguments = 1,
		.max_arguments = 1,
		.completion = COMPLETE_DOMAIN,
		.options = end_options,
	},
	{
		.name = "reboot",
		.arguments = "DOMAIN [-w]",
		.help = "Ask a domain to reboot",
		.details = "It is asked through its store and has ten seconds to answer. Ctrl-C stops that.",
		.run = xu_reboot_command,
		.min_arguments = 1,
		.max_arguments = 1,
		.completion = COMPLETE_DOMAIN,
		.options = end_options,
	},
	{
		.name = "wait",
		.arguments = "DOMAIN [CONDITION] [-t SECONDS]",
		.help = "Wait for what a domain does",
		.details = "CONDITION is one of: end, the default; store:NODE or store:NODE=VALUE, a node\n"
			   "below the domain's own or, with a '/' in front, anywhere in the store;\n"
			   "console:TEXT, a piece of a line that it prints or has printed. The end of the\n"
			   "domain ends the waiting, and so does Ctrl-C.",
		.run = xu_wait_command,
		.min_arguments = 1,
		.max_arguments = 2,
		.completion = COMPLETE_DOMAIN,
		.options = wait_options,
	},
	{
		.name = "dump-core",
		.arguments = "DOMAIN FILE",
		.help = "Write a domain's memory and CPUs to a file",
		.details = "FILE is in the images folder, or a path from '/' on; one that is there is\n"
			   "overwritten. The domain stands still meanwhile. Ctrl-C stops it.",
		.run = xu_dump_core_command,
		.min_arguments = 2,
		.max_arguments = 2,
		.completion = COMPLETE_DOMAIN,
	},
	{
		.name = "sysrq",
		.arguments = "DOMAIN KEY",
		.help = "Press a magic SysRq key of a Linux domain",
		.details = "KEY is a letter or digit; h shows Linux's list on its console.",
		.run = xu_sysrq_command,
		.min_arguments = 2,
		.max_arguments = 2,
		.completion = COMPLETE_DOMAIN,
	},
	{
		.name = "rename",
		.arguments = "DOMAIN NAME",
		.help = "Give a domain another name",
		.details = "No other domain may have it.",
		.run = xu_rename_command,
		.min_arguments = 2,
		.max_arguments = 2,
		.completion = COMPLETE_DOMAIN,
	},
	{
		.name = "mem-set",
		.arguments = "DOMAIN MEMORY",
		.help = "Set how much memory a domain is to keep",
		.details = "MEMORY is in MiB, or has k, m or g behind it; at most what the domain was\n"
			   "created with.\n"
			   "The domain gives the rest back as it can; 'xu list' shows what it has.",
		.run = xu_mem_set_command,
		.min_arguments = 2,
		.max_arguments = 2,
		.completion = COMPLETE_DOMAIN,
	},
	{
		.name = "vcpu-set",
		.arguments = "DOMAIN COUNT",
		.help = "Set how many CPUs a domain is to use",
		.details = "At most as many as it was created with. The domain takes the others off\n"
			   "by itself.",
		.run = xu_vcpu_set_command,
		.min_arguments = 2,
		.max_arguments = 2,
		.completion = COMPLETE_DOMAIN,
	},
	{
		.name = "console",
		.arguments = "DOMAIN",
		.help = "Attach to a domain's console; Ctrl-] detaches",
		.details = "DOMAIN is an id or a name. What the domain printed since nobody looked is shown\n"
			   "first. What is typed goes to the domain, until Ctrl-] is.",
		.run = console_command,
		.min_arguments = 1,
		.max_arguments = 1,
		.completion = COMPLETE_DOMAIN,
	},
	{
		.name = "block-attach",
		.arguments = "DOMAIN OPTION ...",
		.help = "Give a running domain a PV disk",
		.details = "The options are those of 'disk' in a configuration: backend=DOMAIN vdev=xvdb\n"
			   "target=/disk.img, or TARGET,FORMAT,VDEV,ACCESS,backend=DOMAIN.",
		.run = xu_block_attach_command,
		.min_arguments = 2,
		.max_arguments = WORDS_MAX,
		.completion = COMPLETE_DOMAIN,
		.words = disk_options,
	},
	{
		.name = "block-detach",
		.arguments = "DOMAIN VDEV [-f]",
		.help = "Take a PV disk away from a running domain",
		.details = "VDEV is its name in the domain, as xvdb. A disk in use goes when the domain\n"
			   "closes it; -f takes it at once, and the domain loses what it hasn't written.",
		.run = xu_block_detach_command,
		.min_arguments = 2,
		.max_arguments = 2,
		.completion = COMPLETE_DOMAIN,
		.options = block_detach_options,
	},
	{
		.name = "block-list",
		.arguments = "DOMAIN ...",
		.help = "Show the PV disks of domains",
		.details = "State: 1 new, 2 and 3 connecting, 4 connected, 5 and 6 closing, -1 without\n"
			   "nodes, as when its backend's domain has died.",
		.run = xu_block_list_command,
		.min_arguments = 1,
		.max_arguments = WORDS_MAX,
		.completion = COMPLETE_DOMAIN,
	},
	{
		.name = "network-attach",
		.arguments = "DOMAIN OPTION ...",
		.help = "Give a running domain a PV network device",
		.details = "The options are those of 'vif' in a configuration: backend=DOMAIN bridge=xenbr0\n"
			   "mac=00:16:3e:01:02:03.",
		.run = xu_network_attach_command,
		.min_arguments = 2,
		.max_arguments = WORDS_MAX,
		.completion = COMPLETE_DOMAIN,
		.words = vif_options,
	},
	{
		.name = "network-detach",
		.arguments = "DOMAIN DEVICE",
		.help = "Take a PV network device away from a running domain",
		.details = "DEVICE is its number or its MAC, as 'xu network-list' shows them.",
		.run = xu_network_detach_command,
		.min_arguments = 2,
		.max_arguments = 2,
		.completion = COMPLETE_DOMAIN,
	},
	{
		.name = "network-list",
		.arguments = "DOMAIN ...",
		.help = "Show the PV network devices of domains",
		.details = "State: 1 new, 2 and 3 connecting, 4 connected, 5 and 6 closing, -1 without\n"
			   "nodes, as when its backend's domain has died.",
		.run = xu_network_list_command,
		.min_arguments = 1,
		.max_arguments = WORDS_MAX,
		.completion = COMPLETE_DOMAIN,
	},
	{
		.name = "list",
		.arguments = "[DOMAIN] [-v] [-Z] [-c]",
		.help = "Show all domains of this machine, or one",
		.details = "Mem is in MiB. Time is what its CPUs have run, in seconds. State:\n"
			   "r running, b blocked, p paused, s shut down, c crashed, d dying.",
		.run = xu_list_command,
		.max_arguments = 1,
		.completion = COMPLETE_DOMAIN,
		.options = xu_list_options,
	},
	{ .name = "config_list",
	  .help = "Show the configurations that 'xu create' takes",
	  .run = config_list },
	{
		.name = "config",
		.arguments = "NAME",
		.help = "Show the configuration NAME",
		.details = "It is shown as this program understands it, in the syntax of xl.cfg, so that\n"
			   "it can be used as a file. What has its default is left out.",
		.run = config,
		.min_arguments = 1,
		.max_arguments = 1,
		.completion = COMPLETE_CONFIG,
	},
	{
		.name = "config_check",
		.arguments = "FILE",
		.help = "Check a configuration file",
		.details = "FILE is in the images folder, or a path from '/' on. The files that it\n"
			   "names must be there as well. Nothing is created.",
		.run = config_check,
		.min_arguments = 1,
		.max_arguments = 1,
		.completion = COMPLETE_CONFIG_FILE,
	},
	{
		.name = "vm-list",
		.help = "Show the domains' UUIDs, ids and names",
		.run = xu_vm_list_command,
	},
	{
		.name = "domid",
		.arguments = "NAME",
		.help = "Show the id of the domain NAME",
		.run = xu_domid_command,
		.min_arguments = 1,
		.max_arguments = 1,
		.completion = COMPLETE_DOMAIN,
	},
	{
		.name = "domname",
		.arguments = "ID",
		.help = "Show the name of the domain ID",
		.run = xu_domname_command,
		.min_arguments = 1,
		.max_arguments = 1,
		.completion = COMPLETE_DOMAIN,
	},
	{
		.name = "uptime",
		.arguments = "[DOMAIN]",
		.help = "Show how long the domains have been there",
		.run = xu_uptime_command,
		.max_arguments = 1,
		.completion = COMPLETE_DOMAIN,
	},
	{
		.name = "top",
		.arguments = "[-d SECONDS] [-i COUNT] [-b]",
		.help = "Show what the domains use, again and again; q ends it",
		.details = "CPU(%) is of one CPU, since the table before.",
		.run = xu_top_command,
		.options = xu_top_options,
	},
	{
		.name = "vcpu-list",
		.arguments = "[DOMAIN]",
		.help = "Show the virtual CPUs, and on which CPUs they may run",
		.details = "State: r running, b blocked, p off. Hard: where it may run; soft: where it\n"
			   "does best.",
		.run = xu_vcpu_list_command,
		.max_arguments = 1,
		.completion = COMPLETE_DOMAIN,
	},
	{
		.name = "vcpu-pin",
		.arguments = "DOMAIN VCPU|all HARD|- [SOFT|-] [-f]",
		.help = "Choose the CPUs on which a virtual CPU may run",
		.details = "HARD and SOFT are as 0-3,5,^1, or all; - leaves one as it is.",
		.run = xu_vcpu_pin_command,
		.min_arguments = 3,
		.max_arguments = 4,
		.completion = COMPLETE_DOMAIN,
		.options = xu_pin_options,
	},
	{
		.name = "mem-max",
		.arguments = "DOMAIN MEMORY",
		.help = "Set how much memory Xen lets a domain have at most",
		.details = "MEMORY is in MiB, or has k, m or g behind it; at least what 'xu mem-set'\n"
			   "asked of it.",
		.run = xu_mem_max_command,
		.min_arguments = 2,
		.max_arguments = 2,
		.completion = COMPLETE_DOMAIN,
	},
	{
		.name = "sched-credit",
		.arguments = "[-d DOMAIN [-w WEIGHT] [-c CAP]] [-p POOL]",
		.help = "Show or set the domains' shares under the scheduler credit",
		.run = xu_sched_credit_command,
		.options = xu_share_options,
	},
	{
		.name = "sched-credit2",
		.arguments = "[-d DOMAIN [-w WEIGHT] [-c CAP]] [-p POOL]",
		.help = "Show or set the domains' shares under the scheduler credit2",
		.run = xu_sched_credit2_command,
		.options = xu_share_options,
	},
	{
		.name = "sched-rtds",
		.arguments = "[-d DOMAIN [-p PERIOD] [-b BUDGET] [-e 0|1]]",
		.help = "Show or set the domains' shares under the scheduler rtds",
		.run = xu_sched_rtds_command,
		.options = xu_rtds_options,
	},
	{
		.name = "cpupool-list",
		.arguments = "[POOL] [-c]",
		.help = "Show the pools of CPUs",
		.run = xu_cpupool_list_command,
		.max_arguments = 1,
		.options = xu_pool_list_options,
	},
	{
		.name = "cpupool-create",
		.arguments = "name=NAME [sched=SCHEDULER] [cpus=CPUS]",
		.help = "Make a pool of CPUs that are in none",
		.details = "Without cpus=, it gets the first such CPU; 'xu cpupool-cpu-remove' takes some\n"
			   "from Pool-0. A configuration with pool=\"NAME\" starts its domain there.",
		.run = xu_cpupool_create_command,
		.min_arguments = 1,
		.max_arguments = 3,
	},
	{
		.name = "cpupool-destroy",
		.arguments = "POOL",
		.help = "Dissolve a pool without domains",
		.run = xu_cpupool_destroy_command,
		.min_arguments = 1,
		.max_arguments = 1,
	},
	{
		.name = "cpupool-rename",
		.arguments = "POOL NAME",
		.help = "Give a pool another name",
		.run = xu_cpupool_rename_command,
		.min_arguments = 2,
		.max_arguments = 2,
	},
	{
		.name = "cpupool-cpu-add",
		.arguments = "POOL CPUS",
		.help = "Put CPUs that are in no pool into one",
		.run = xu_cpupool_cpu_add_command,
		.min_arguments = 2,
		.max_arguments = 2,
	},
	{
		.name = "cpupool-cpu-remove",
		.arguments = "POOL CPUS",
		.help = "Take CPUs out of a pool",
		.run = xu_cpupool_cpu_remove_command,
		.min_arguments = 2,
		.max_arguments = 2,
	},
	{
		.name = "cpupool-migrate",
		.arguments = "DOMAIN POOL",
		.help = "Move a domain to another pool",
		.run = xu_cpupool_migrate_command,
		.min_arguments = 2,
		.max_arguments = 2,
		.completion = COMPLETE_DOMAIN,
	},
	{ .name = "info", .help = "Show the machine and Xen", .run = xu_info_command },
	{
		.name = "dmesg",
		.arguments = "[-c] [-f]",
		.help = "Show what Xen has printed",
		.details = "Only what its log level let through (loglvl= on Xen's command line).",
		.run = xu_dmesg_command,
		.options = xu_dmesg_options,
	},
	{
		.name = "debug-keys",
		.arguments = "KEYS",
		.help = "Press Xen's own debug keys; h lists them in 'xu dmesg'",
		.run = xu_debug_keys_command,
		.min_arguments = 1,
		.max_arguments = 1,
	},
	{
		.name = "dt-overlay",
		.help = "Device-tree overlays at run time",
		.subcommands = xu_overlay_commands,
	},
	{
		.name = "set-parameters",
		.arguments = "[NAME[=VALUE] ...]",
		.help = "Show or set Xen's parameters at run time",
		.run = xu_set_parameters_command,
		.max_arguments = 16,
	},
	{
		.name = "getenforce",
		.help = "Show whether Xen enforces its security policy",
		.details = "Enforcing, Permissive (what the policy forbids is done, and told on Xen's\n"
			   "console), or Disabled: Xen was booted without xsm=flask.",
		.run = xu_getenforce_command,
	},
	{
		.name = "setenforce",
		.arguments = "0|1",
		.help = "Have Xen enforce its security policy (1) or not (0)",
		.details = "The words permissive and enforcing do as well.",
		.run = xu_setenforce_command,
		.min_arguments = 1,
		.max_arguments = 1,
		.words = xu_enforce_words,
	},
	{
		.name = "loadpolicy",
		.arguments = "FILE",
		.help = "Give Xen a security policy, in the place of the one it has",
		.details = "FILE is in the images folder, or a path from '/' on. Domains keep the labels\n"
			   "that they were created with.",
		.run = xu_loadpolicy_command,
		.min_arguments = 1,
		.max_arguments = 1,
		.completion = COMPLETE_FILE,
	},
	{ 0 },
};
