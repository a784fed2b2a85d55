// SPDX-License-Identifier: Apache-2.0
// switch.S, as task.c and trap.c use it.
#pragma once

#include <stdint.h>

struct task;

// What lies at the stack pointer of a task that doesn't run.
struct switch_frame {
	uint64_t x29, x30;
	uint64_t x19, x20, x21, x22, x23, x24, x25, x26, x27, x28;
	uint64_t d8_to_d15[8];
};

_Static_assert(sizeof(struct switch_frame) == 160, "SWITCH_FRAME_SIZE in switch.S");

// Stores the running task's stack pointer in *from and goes on at `to`.
void task_switch(uintptr_t *from, uintptr_t to);

// The same from the stack of the start, which is empty from then on.
void task_switch_first(uintptr_t to) __attribute__((noreturn));

// Where a new task begins, with its struct task in x19; calls task_run().
void task_start(void);
void task_run(struct task *task) __attribute__((noreturn));

// Calls function(argument) with all interrupts masked on the exception stack, where there is room.
void call_on_exception_stack(void (*function)(void *argument), void *argument) __attribute__((noreturn));
