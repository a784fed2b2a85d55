// SPDX-License-Identifier: Apache-2.0
// The tables of sub-commands that commands.c puts together, and what the commands of the shell itself need of
// it.
#pragma once

#include "shell/history.h"
#include "shell/shell.h"

extern const struct command fs_commands[], xu_commands[], xs_commands[], xstat_commands[], kernel_commands[], log_commands[],
	shell_own_commands[], vchan_commands[];

int help_command(const struct invocation *call);
int clear_command(const struct invocation *call);
int history_command(const struct invocation *call);
int log_command(const struct invocation *call);

enum { XU_CONSOLE_TYPE, XU_CONSOLE_NUMBER, XU_CONSOLE_ESCAPE };
extern const struct command_option xu_console_options[];
int console_command(const struct invocation *call);

// Of `xu`, whose table is xu_commands.c: cmd_xu.c.
enum {
	XU_CREATE_ID,
	XU_CREATE_PAUSED,
	XU_CREATE_CONSOLE,
	XU_CREATE_DRY_RUN,
	XU_CREATE_QUIET,
	XU_CREATE_FILE,
};
extern const struct command_option xu_create_options[], xu_destroy_options[];
int xu_create_command(const struct invocation *call);
int xu_config_update_command(const struct invocation *call);
int xu_destroy_command(const struct invocation *call);
int xu_pause_command(const struct invocation *call);
int xu_unpause_command(const struct invocation *call);
int xu_resume_command(const struct invocation *call);
int xu_config_list_command(const struct invocation *call);
int xu_config_check_command(const struct invocation *call);
int xu_config_command(const struct invocation *call);

// cmd_control.c
enum { XU_END_ALL, XU_END_WAIT, XU_END_FALLBACK };
extern const struct command_option xu_end_options[];
int xu_shutdown_command(const struct invocation *call);
int xu_reboot_command(const struct invocation *call);
enum { XU_WAIT_TIME };
int xu_wait_command(const struct invocation *call);
int xu_dump_core_command(const struct invocation *call);
int xu_sysrq_command(const struct invocation *call);
int xu_rename_command(const struct invocation *call);
int xu_mem_set_command(const struct invocation *call);
int xu_vcpu_set_command(const struct invocation *call);
int xu_mem_max_command(const struct invocation *call);

extern const struct command xu_overlay_commands[]; // cmd_overlay.c

// cmd_list.c
enum { XU_LIST_VERBOSE, XU_LIST_LABEL, XU_LIST_POOL, XU_LIST_NODES, XU_LIST_LONG };
extern const struct command_option xu_list_options[];
int xu_list_command(const struct invocation *call);
int xu_claims_command(const struct invocation *call);
int xu_dev_list_command(const struct invocation *call);
int xu_vm_list_command(const struct invocation *call);
int xu_domid_command(const struct invocation *call);
int xu_domname_command(const struct invocation *call);
int xu_uptime_command(const struct invocation *call);

// A domain as libxl's JSON has it: a running one, one that a configuration describes, or one of which both is
// known. cmd_list_long.c
struct json;
struct domain_info;
struct domain_config;
void list_long(struct json *json, const struct domain_info *info, const struct domain_config *config);

// cmd_top.c
enum { XU_TOP_DELAY, XU_TOP_COUNT, XU_TOP_BATCH };
extern const struct command_option xu_top_options[];
int xu_top_command(const struct invocation *call);

// cmd_vcpu.c
enum { XU_PIN_FORCE };
extern const struct command_option xu_pin_options[];
int xu_vcpu_list_command(const struct invocation *call);
int xu_vcpu_pin_command(const struct invocation *call);

// cmd_sched.c
enum {
	XU_SHARE_DOMAIN,
	XU_SHARE_WEIGHT,
	XU_SHARE_CAP,
	XU_SHARE_POOL,
	XU_SHARE_SETTINGS,
	XU_SHARE_RATE,
	XU_SHARE_SLICE,
	XU_SHARE_DELAY,
};
enum { XU_RTDS_PERIOD = XU_SHARE_DOMAIN + 1, XU_RTDS_BUDGET, XU_RTDS_EXTRA };
extern const struct command_option xu_credit_options[], xu_credit2_options[], xu_rtds_options[];
int xu_sched_credit_command(const struct invocation *call);
int xu_sched_credit2_command(const struct invocation *call);
int xu_sched_rtds_command(const struct invocation *call);

// cmd_cpupool.c
enum { XU_POOL_CPUS };
enum { XU_POOL_FILE, XU_POOL_DRY_RUN };
extern const struct command_option xu_pool_list_options[], xu_pool_create_options[];
int xu_cpupool_list_command(const struct invocation *call);
int xu_cpupool_create_command(const struct invocation *call);
int xu_cpupool_destroy_command(const struct invocation *call);
int xu_cpupool_rename_command(const struct invocation *call);
int xu_cpupool_cpu_add_command(const struct invocation *call);
int xu_cpupool_cpu_remove_command(const struct invocation *call);
int xu_cpupool_migrate_command(const struct invocation *call);

// cmd_flask.c
extern const char *const xu_enforce_words[];
int xu_getenforce_command(const struct invocation *call);
int xu_setenforce_command(const struct invocation *call);
int xu_loadpolicy_command(const struct invocation *call);

// cmd_machine.c
enum { XU_DMESG_CLEAR, XU_DMESG_FOLLOW };
enum { XU_INFO_TOPOLOGY, XU_INFO_STORE };
extern const struct command_option xu_dmesg_options[], xu_info_options[];
int xu_info_command(const struct invocation *call);
int xu_dmesg_command(const struct invocation *call);
int xu_debug_keys_command(const struct invocation *call);
int xu_set_parameters_command(const struct invocation *call);

// Of `xu`: cmd_pv.c. The options of block-detach are two names of one.
int xu_block_attach_command(const struct invocation *call);
int xu_block_detach_command(const struct invocation *call);
int xu_block_list_command(const struct invocation *call);
int xu_network_attach_command(const struct invocation *call);
int xu_network_detach_command(const struct invocation *call);
int xu_network_list_command(const struct invocation *call);

// The lines typed so far: shell.c.
const struct history *shell_history(void);

// Waits; -EINTR: Ctrl-C was typed. shell.c.
int shell_sleep(uint64_t nanoseconds);

// When the first prompt stood, in nanoseconds of time_now(): shell.c.
uint64_t shell_ready_time(void);
