// SPDX-License-Identifier: Apache-2.0
// What the kernel's allocators stand on in these tests: memory for the page allocator, and a panic() that a
// test can expect.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// Gives the page allocator a bank of `size` bytes, aligned to its largest block, of which `usable` from
// `offset` on are free. Adds to what was given before.
void *arena_add(size_t size, size_t offset, size_t usable);

// True when function(context) ends in panic(). The allocator is then what the fault has left of it.
bool arena_panics(void (*function)(void *context), void *context);
