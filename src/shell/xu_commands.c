// SPDX-License-Identifier: Apache-2.0
// The table of `xu`, which is `xl` as well.
#include <stddef.h>

#include "shell/commands.h"
#include "shell/words.h"

// Numbers of arguments; those of which the first is a domain.
#define TAKES(least, most)	  .min_arguments = (least), .max_arguments = (most)
#define TAKES_DOMAIN(least, most) TAKES(least, most), .completion = COMPLETE_DOMAIN

static const struct command_option wait_options[] = {
	[XU_WAIT_TIME] = { "-t", "SECONDS", "give up after so long" },
	{ 0 },
};

static const struct command_option block_detach_options[] = {
	{ "--force", NULL, "take it away at once, without asking the guest" },
	{ "-f", NULL, "the same" },
	{ 0 },
};

static const struct command_option vcpu_set_options[] = {
	{ "-i, --ignore-host", NULL, "no difference: the machine's CPUs are no limit" },
	{ 0 },
};

static const char *const pool_settings[] = { "cpus=", "name=", "sched=", NULL };

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
		.arguments = "NAME|FILE [KEY=VALUE ...] [-d ID] [-p] [-c] [-n] [-q]",
		.help = "Build a domain from the configuration NAME and start it",
		.details = "'xu config_list' shows the configurations. FILE ends in .cfg and is in the\n"
			   "images folder, or is a path from '/' on. Settings behind a file, or behind the\n"
			   "name of one, count as if they stood at its end. Ctrl-C stops a creation that\n"
			   "takes long; nothing of the domain is left then.",
		.run = xu_create_command,
		.max_arguments = WORDS_MAX,
		.completion = COMPLETE_CONFIG,
		.options = xu_create_options,
	},
	{
		.name = "config-update",
		.arguments = "DOMAIN FILE [KEY=VALUE ...]",
		.help = "Change what a domain is built from when it restarts",
		.details = "Nothing of it changes before; its devices, too, are the file's then.",
		.run = xu_config_update_command,
		TAKES_DOMAIN(2, WORDS_MAX),
		.rest = COMPLETE_CONFIG_FILE,
	},
	{
		.name = "destroy",
		.arguments = "DOMAIN",
		.help = "End a domain at once and give its memory back",
		.details = "DOMAIN is an id or a name.",
		.run = xu_destroy_command,
		TAKES_DOMAIN(1, 1),
		.options = xu_destroy_options,
	},
	{
		.name = "pause",
		.arguments = "DOMAIN",
		.help = "Stop a domain's CPUs",
		.details = "DOMAIN is an id or a name. 'xu unpause' lets it go on where it was.",
		.run = xu_pause_command,
		TAKES_DOMAIN(1, 1),
	},
	{
		.name = "unpause",
		.arguments = "DOMAIN",
		.help = "Let a paused domain go on",
		.details = "DOMAIN is an id or a name.",
		.run = xu_unpause_command,
		TAKES_DOMAIN(1, 1),
	},
	{
		.name = "resume",
		.arguments = "DOMAIN",
		.help = "Let a domain that has suspended itself go on",
		.run = xu_resume_command,
		TAKES_DOMAIN(1, 1),
	},
	{
		.name = "shutdown",
		.arguments = "DOMAIN|-a [-w]",
		.help = "Ask a domain, or all, to shut down",
		.details = "It is asked through its store and has ten seconds to answer. Ctrl-C stops that.",
		.run = xu_shutdown_command,
		TAKES_DOMAIN(0, 1),
		.options = xu_end_options,
	},
	{
		.name = "reboot",
		.arguments = "DOMAIN|-a [-w]",
		.help = "Ask a domain, or all, to reboot",
		.details = "It is asked through its store and has ten seconds to answer. Ctrl-C stops that.",
		.run = xu_reboot_command,
		TAKES_DOMAIN(0, 1),
		.options = xu_end_options,
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
		TAKES_DOMAIN(1, 2),
		.options = wait_options,
	},
	{
		.name = "dump-core",
		.arguments = "DOMAIN FILE",
		.help = "Write a domain's memory and CPUs to a file",
		.details = "FILE is in the images folder, or a path from '/' on; one that is there is\n"
			   "overwritten. The domain stands still meanwhile. Ctrl-C stops it.",
		.run = xu_dump_core_command,
		TAKES_DOMAIN(2, 2),
		.rest = COMPLETE_FILE,
	},
	{
		.name = "sysrq",
		.arguments = "DOMAIN KEY",
		.help = "Press a magic SysRq key of a Linux domain",
		.details = "KEY is a letter or digit; h shows Linux's list on its console.",
		.run = xu_sysrq_command,
		TAKES_DOMAIN(2, 2),
	},
	{
		.name = "rename",
		.arguments = "DOMAIN NAME",
		.help = "Give a domain another name",
		.details = "No other domain may have it.",
		.run = xu_rename_command,
		TAKES_DOMAIN(2, 2),
	},
	{
		.name = "mem-set",
		.arguments = "DOMAIN MEMORY",
		.help = "Set how much memory a domain is to keep",
		.details = "MEMORY is in MiB, or has b, k, m, g or t behind it; at most what the domain\n"
			   "was created with.\n"
			   "The domain gives the rest back as it can; 'xu list' shows what it has.",
		.run = xu_mem_set_command,
		TAKES_DOMAIN(2, 2),
	},
	{
		.name = "vcpu-set",
		.arguments = "DOMAIN COUNT",
		.help = "Set how many CPUs a domain is to use",
		.details = "At most as many as it was created with. The domain takes the others off\n"
			   "by itself.",
		.run = xu_vcpu_set_command,
		TAKES_DOMAIN(2, 2),
		.options = vcpu_set_options,
	},
	{
		.name = "console",
		.arguments = "DOMAIN",
		.help = "Attach to a domain's console; Ctrl-] detaches",
		.details = "DOMAIN is an id or a name. What the domain printed since nobody looked is shown\n"
			   "first. What is typed goes to the domain, until Ctrl-] is.",
		.run = console_command,
		TAKES_DOMAIN(1, 1),
		.options = xu_console_options,
	},
	{
		.name = "block-attach",
		.arguments = "DOMAIN OPTION ...",
		.help = "Give a running domain a PV disk",
		.details = "The options are those of 'disk' in a configuration: backend=DOMAIN vdev=xvdb\n"
			   "target=/disk.img, or TARGET,FORMAT,VDEV,ACCESS,backend=DOMAIN. What that domain\n"
			   "refuses is taken back.",
		.run = xu_block_attach_command,
		TAKES_DOMAIN(2, WORDS_MAX),
		.words = disk_options,
	},
	{
		.name = "block-detach",
		.arguments = "DOMAIN VDEV [-f]",
		.help = "Take a PV disk away from a running domain",
		.details = "VDEV is its name in the domain, as xvdb. The domain is asked to let it go; Linux\n"
			   "does even when it is mounted, and loses what it hasn't written: unmount it there\n"
			   "first. -f doesn't ask.",
		.run = xu_block_detach_command,
		TAKES_DOMAIN(2, 2),
		.options = block_detach_options,
	},
	{
		.name = "block-list",
		.arguments = "DOMAIN ...",
		.help = "Show the PV disks of domains",
		.details = "State: 1 new, 2 and 3 connecting, 4 connected, 5 and 6 closing, -1 without\n"
			   "nodes, as when its backend's domain has died.",
		.run = xu_block_list_command,
		TAKES_DOMAIN(1, WORDS_MAX),
		.rest = COMPLETE_DOMAIN,
	},
	{
		.name = "network-attach",
		.arguments = "DOMAIN OPTION ...",
		.help = "Give a running domain a PV network device",
		.details = "The options are those of 'vif' in a configuration: backend=DOMAIN bridge=xenbr0\n"
			   "mac=00:16:3e:01:02:03.",
		.run = xu_network_attach_command,
		TAKES_DOMAIN(2, WORDS_MAX),
		.words = vif_options,
	},
	{
		.name = "network-detach",
		.arguments = "DOMAIN DEVICE",
		.help = "Take a PV network device away from a running domain",
		.details = "DEVICE is its number or its MAC, as 'xu network-list' shows them.",
		.run = xu_network_detach_command,
		TAKES_DOMAIN(2, 2),
	},
	{
		.name = "network-list",
		.arguments = "DOMAIN ...",
		.help = "Show the PV network devices of domains",
		.details = "State: 1 new, 2 and 3 connecting, 4 connected, 5 and 6 closing, -1 without\n"
			   "nodes, as when its backend's domain has died.",
		.run = xu_network_list_command,
		TAKES_DOMAIN(1, WORDS_MAX),
		.rest = COMPLETE_DOMAIN,
	},
	{
		.name = "list",
		.arguments = "[DOMAIN] [-l] [-v] [-Z] [-c] [-n]",
		.help = "Show all domains of this machine, or one",
		.details = "Mem is in MiB. Time is what its CPUs have run, in seconds. State:\n"
			   "r running, b blocked, p paused, s shut down, c crashed, d dying.",
		.run = xu_list_command,
		TAKES_DOMAIN(0, 1),
		.options = xu_list_options,
	},
	{ .name = "config_list",
	  .help = "Show the configurations that 'xu create' takes",
	  .run = xu_config_list_command },
	{
		.name = "config",
		.arguments = "NAME",
		.help = "Show the configuration NAME",
		.details = "It is shown as this program understands it, in the syntax of xl.cfg, so that\n"
			   "it can be used as a file. What has its default is left out.",
		.run = xu_config_command,
		TAKES(1, 1),
		.completion = COMPLETE_CONFIG,
	},
	{
		.name = "config_check",
		.arguments = "FILE",
		.help = "Check a configuration file",
		.details = "FILE is in the images folder, or a path from '/' on. The files that it\n"
			   "names must be there as well. Nothing is created.",
		.run = xu_config_check_command,
		TAKES(1, 1),
		.completion = COMPLETE_CONFIG_FILE,
	},
	{
		.name = "claims",
		.help = "Show the memory that is promised to domains, in MiB",
		.details = "This program promises none; Mem is with it.",
		.run = xu_claims_command,
	},
	{
		.name = "dev-list",
		.help = "Show the machine's devices, and which domain has them",
		.details = "- as Owner: nobody; it can be given to a domain, with its interrupts.",
		.run = xu_dev_list_command,
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
		TAKES_DOMAIN(1, 1),
	},
	{
		.name = "domname",
		.arguments = "ID",
		.help = "Show the name of the domain ID",
		.run = xu_domname_command,
		TAKES_DOMAIN(1, 1),
	},
	{
		.name = "uptime",
		.arguments = "[DOMAIN]",
		.help = "Show how long the domains have been there",
		.run = xu_uptime_command,
		TAKES_DOMAIN(0, 1),
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
		.arguments = "[DOMAIN ...]",
		.help = "Show the virtual CPUs, and on which CPUs they may run",
		.details = "State: r running, b blocked, p off. Hard: where it may run; soft: where it\n"
			   "does best.",
		.run = xu_vcpu_list_command,
		TAKES_DOMAIN(0, WORDS_MAX),
		.rest = COMPLETE_DOMAIN,
	},
	{
		.name = "vcpu-pin",
		.arguments = "DOMAIN VCPU|all HARD|- [SOFT|-] [-f]",
		.help = "Choose the CPUs on which a virtual CPU may run",
		.details = "HARD and SOFT are as 0-3,5,^1, or all; - leaves one as it is.",
		.run = xu_vcpu_pin_command,
		TAKES_DOMAIN(3, 4),
		.options = xu_pin_options,
	},
	{
		.name = "mem-max",
		.arguments = "DOMAIN MEMORY",
		.help = "Set how much memory Xen lets a domain have at most",
		.details = "MEMORY is in MiB, or has b, k, m, g or t behind it; at least what\n"
			   "'xu mem-set' asked of it.",
		.run = xu_mem_max_command,
		TAKES_DOMAIN(2, 2),
	},
	{
		.name = "sched-credit",
		.arguments = "[-d DOMAIN [-w N] [-c N]] [-p POOL] [-s [-t|-r|-m TIME]]",
		.help = "Show or set the domains' shares under the scheduler credit",
		.details = "Times are in what the options' long names end in.",
		.run = xu_sched_credit_command,
		.options = xu_credit_options,
	},
	{
		.name = "sched-credit2",
		.arguments = "[-d DOMAIN [-w N] [-c N]] [-p POOL] [-s [-r TIME]]",
		.help = "Show or set the domains' shares under the scheduler credit2",
		.run = xu_sched_credit2_command,
		.options = xu_credit2_options,
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
		.arguments = "[FILE] [name=NAME] [sched=SCHEDULER] [cpus=CPUS]",
		.help = "Make a pool of CPUs that are in none",
		.details = "FILE has those settings as xlcpupool.cfg(5) has them. Without cpus, the pool\n"
			   "gets the first such CPU; 'xu cpupool-cpu-remove' takes some from Pool-0.\n"
			   "A configuration with pool=\"NAME\" starts its domain there.",
		.run = xu_cpupool_create_command,
		.max_arguments = 4,
		.completion = COMPLETE_CONFIG_FILE,
		.words = pool_settings,
		.options = xu_pool_create_options,
	},
	{
		.name = "cpupool-destroy",
		.arguments = "POOL",
		.help = "Dissolve a pool without domains",
		.run = xu_cpupool_destroy_command,
		TAKES(1, 1),
	},
	{
		.name = "cpupool-rename",
		.arguments = "POOL NAME",
		.help = "Give a pool another name",
		.run = xu_cpupool_rename_command,
		TAKES(2, 2),
	},
	{
		.name = "cpupool-cpu-add",
		.arguments = "POOL CPUS",
		.help = "Put CPUs that are in no pool into one",
		.run = xu_cpupool_cpu_add_command,
		TAKES(2, 2),
	},
	{
		.name = "cpupool-cpu-remove",
		.arguments = "POOL CPUS",
		.help = "Take CPUs out of a pool",
		.run = xu_cpupool_cpu_remove_command,
		TAKES(2, 2),
	},
	{
		.name = "cpupool-migrate",
		.arguments = "DOMAIN POOL",
		.help = "Move a domain to another pool",
		.run = xu_cpupool_migrate_command,
		TAKES_DOMAIN(2, 2),
	},
	{
		.name = "help",
		.arguments = "[COMMAND]",
		.help = "List these commands, or tell about one",
		.run = help_command,
		.max_arguments = 2,
		.completion = COMPLETE_COMMAND,
	},
	{
		.name = "info",
		.arguments = "[LINE] [-n] [-x]",
		.help = "Show the machine and Xen, or one of these lines",
		.run = xu_info_command,
		.max_arguments = 1,
		.options = xu_info_options,
	},
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
		TAKES(1, 1),
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
		TAKES(1, 1),
		.words = xu_enforce_words,
	},
	{
		.name = "loadpolicy",
		.arguments = "FILE",
		.help = "Give Xen a security policy, in the place of the one it has",
		.details = "FILE is in the images folder, or a path from '/' on. Domains keep the labels\n"
			   "that they were created with.",
		.run = xu_loadpolicy_command,
		TAKES(1, 1),
		.completion = COMPLETE_FILE,
	},
	{ 0 },
};
