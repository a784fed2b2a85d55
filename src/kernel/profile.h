// SPDX-License-Identifier: Apache-2.0
// A profiler that samples: an interrupt notes again and again what the CPU was at, and who had called
// that. Stacks are counted as they come, so a profile takes the same memory however long it lasts.
#pragma once

#include <stdint.h>

#include "kernel/panic.h"

#define PROFILE_DEPTH 24u
#define PROFILE_STACKS 1024u

// Addresses of code, as distances from the image's start: what was interrupted, the link register there, and return
// addresses from the innermost to the outermost; 0 behind the last.
struct profile_stack {
	uint32_t count; // of periods that were found to have been spent there; 0: no stack
	uint32_t place[PROFILE_DEPTH];
};

struct profile {
	uint32_t period; // microseconds
	uint32_t count; // of periods in all
	uint32_t lost; // of them: stacks for which there was no room
	char build[BUILD_ID_TEXT_SIZE]; // the image's build id
	struct profile_stack stacks[PROFILE_STACKS]; // in no order
};

// Begins to sample, each `period` microseconds; the caller frees *profile when it has stopped. -EBUSY where somebody profiles already, -ENOMEM, or the
// timer's: -ENOENT, -EINVAL. What runs with interrupts masked, the scheduler, counts where it unmasks them; a call of Xen's
// counts as a whole, however long.
int profile_start(uint32_t period, struct profile **profile);
void profile_stop(void);
