// SPDX-License-Identifier: Apache-2.0
// The tables of sub-commands that commands.c puts together, and what the commands of the shell itself need of
// it.
#pragma once

#include "shell/history.h"
#include "shell/shell.h"

extern const struct command fs_commands[], xu_commands[], xs_commands[], xstat_commands[], kernel_commands[], log_commands[],
	shell_own_commands[];

int help_command(const struct invocation *call);
int clear_command(const struct invocation *call);
int history_command(const struct invocation *call);
int log_command(const struct invocation *call);
int console_command(const struct invocation *call);

// Of `xu`: cmd_control.c. The first option of the first two is to wait.
enum { XU_END_WAIT };
int xu_shutdown_command(const struct invocation *call);
int xu_reboot_command(const struct invocation *call);
int xu_sysrq_command(const struct invocation *call);
int xu_rename_command(const struct invocation *call);
int xu_mem_set_command(const struct invocation *call);
int xu_vcpu_set_command(const struct invocation *call);

// The lines typed so far: shell.c.
const struct history *shell_history(void);
