// SPDX-License-Identifier: Apache-2.0
// The one domain of the fuzz targets of the store: its ring page, and the moments at which it acts. There are no tasks: the
// store's task for the guest runs from lone_guest_run() on, and whenever it waits or yields, the guest acts.
#pragma once

#include <stdbool.h>

#include "xen/types.h"

#define LONE_GUEST 1u // its id; xen/domctl.h knows domains 1 to 3 besides Dom0

// Page-aligned, PAGE_SIZE bytes, cleared by lone_guest_start().
extern unsigned char lone_guest_page[];

// Introduces the domain to the store, with a cleared page.
void lone_guest_start(void);

// Runs the store's task until it waits and `act` answers that there is nothing more to do. `act` may change every byte of the
// page, and calls lone_guest_notify() for an event.
void lone_guest_run(bool (*act)(void));
void lone_guest_notify(void);

// The domain is gone.
void lone_guest_end(void);
