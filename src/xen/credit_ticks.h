// SPDX-License-Identifier: Apache-2.0
// When CPUs may join and leave a pool with the scheduler credit.
//
// Such a pool has a timer that comes once in a slice, and each of its CPUs one that comes three times. The
// timer of a CPU that joins runs before the data that it looks at is in place, and that of one that leaves
// when its data is gone; and Xen ends the pool's timer while it holds the lock that the timer's function
// takes (schedule_cpu_add(), schedule_cpu_rm(), csched_deinit_pdata() of Xen 4.17 to 4.20). A tick in between
// ends in Xen's panic, or with a CPU that hangs. So no tick may be due then: the slice is the longest that
// there is, and each timer has been started since it is.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "xen/sysctl.h"

struct credit_ticks {
	uint32_t pool;
	bool are_there; // the pool's scheduler is credit
	uint64_t none_until; // after credit_ticks_before_leaving()
	struct scheduler_settings usual; // of the pool
};

// Where it returns 0, credit_ticks_end() is due. A pool with another scheduler has no ticks: all of these do nothing.
int credit_ticks_begin(struct credit_ticks *ticks, uint32_t pool);

// Any CPUs may join when this returns 0.
int credit_ticks_before_joining(const struct credit_ticks *ticks);

// A CPU may leave when this returns 0: to be called for each. Waits for a second where it has to, which is for the first
// one, and where a third of a second has gone by since.
int credit_ticks_before_leaving(struct credit_ticks *ticks);

// Puts the usual settings back.
int credit_ticks_end(const struct credit_ticks *ticks);
