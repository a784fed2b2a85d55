// SPDX-License-Identifier: Apache-2.0
// CPUs and power: PSCI calls of the device tree's conduit. Target only.
#pragma once

#include <stdint.h>

// Starts CPU `mpidr` (affinity bits) with entry(argument) on a stack of its own, in the same address space,
// interrupts masked. The entry must not use tasks, the heap or the log: it is for guests that exercise
// several CPUs, such as tests. It never returns. 0, or a negative errno from PSCI_CPU_ON (-EALREADY, -EINVAL,
// -ENOMEM).
int cpu_start(uint64_t mpidr, void (*entry)(void *argument), void *argument);

// Affinity of this CPU as PSCI takes it.
uint64_t cpu_id(void);

// PSCI SYSTEM_OFF and SYSTEM_RESET; return only where there is no PSCI.
void cpu_system_off(void);
void cpu_system_reset(void);

// Stops this CPU for good.
void cpu_halt(void) __attribute__((noreturn));
