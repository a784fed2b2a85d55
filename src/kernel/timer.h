// SPDX-License-Identifier: Apache-2.0
// The virtual timer. Nobody is told when it fires: its interrupt only ends the CPU's sleep. time_now() is in
// task.h.
#pragma once

#include <stdint.h>

// Of the timer node's interrupts: secure, non-secure, virtual.
enum timer { TIMER_PHYSICAL = 1, TIMER_VIRTUAL };

// The interrupt of one of this CPU's timers; 0, or a negative errno where the device tree doesn't name it.
int timer_find_irq(enum timer timer, unsigned int *irq);

// The counter when the program was entered: start.c sets it.
extern uint64_t timer_at_entry;

// Counter ticks since the counter's start, and how many make a millisecond: for measuring without divisions.
uint64_t timer_ticks(void);
uint64_t timer_ticks_per_millisecond(void);
uint64_t timer_ticks_to_nanoseconds(uint64_t ticks);

// Has the interrupt come when `deadline` (nanoseconds of time_now()) has passed, or in an hour, whichever is
// first; TIME_NEVER: not at all. It holds until the CPU sleeps next.
void timer_set(uint64_t deadline);
