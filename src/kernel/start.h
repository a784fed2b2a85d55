// SPDX-License-Identifier: Apache-2.0
// The kernel's subsystems as start-up brings them up, in the order of this file. Each returns 0 or a negative
// errno; a program without one of them can't run.
#pragma once

#include "kernel/memory.h"

// From the device tree at `tree`, whose physical address is `address`; it is read there until
// devicetree_move().
int devicetree_init(const void *tree, paddr_t address);
void devicetree_move(void);

// The secret of -fstack-protector, from what randomness there is at the start.
void stack_protector_init(void);

// The final page tables, and the page allocator. Where the image and the device tree were loaded.
int memory_init(paddr_t image, paddr_t tree);

int cpu_init(void);
int irq_init(void);
int timer_init(void);

// Makes entry() the first task, `main`; the stack of the start is given up. Returns only when memory is
// short.
int task_init(void (*entry)(void *argument));
