// SPDX-License-Identifier: Apache-2.0
// SCHEDOP_*: what a domain asks for itself. Defines kernel_shutdown().
#pragma once

#include <stdint.h>

// Ends this domain with SHUTDOWN_poweroff, _reboot or _crash; Dom0's ends the machine.
void sched_shutdown(unsigned int reason) __attribute__((noreturn));

// Has Xen end this domain (SHUTDOWN_watchdog) in so many seconds. 0 or a negative errno.
int sched_watchdog(uint32_t seconds);
