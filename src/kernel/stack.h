// SPDX-License-Identifier: Apache-2.0
// Stacks in a window of addresses of their own, an unmapped page below and above each.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// [start, end), CONFIG_TASK_STACK_SIZE bytes. start 0: none.
struct stack {
	uintptr_t start, end;
};

// Filled with a pattern that stack_used() knows. .start is 0 when memory or addresses are short.
struct stack stack_create(void);

// Not the running one.
void stack_destroy(struct stack stack);

// High-water mark in bytes.
size_t stack_used(struct stack stack);

// True when the address is in one of the unmapped pages between stacks.
bool stack_is_guard(uintptr_t address);
