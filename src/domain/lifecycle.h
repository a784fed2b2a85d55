// SPDX-License-Identifier: Apache-2.0
// Domains that end by themselves: they power off, crash, or want to reboot.
#pragma once

// Starts the task that hears of it (VIRQ_DOM_EXC). Each such end of a domain that was built here is logged
// once, and ends its console, whose backlog stays to be read. The domain itself stays until it is destroyed.
// After event_init() and xen_version_init(). 0 or a negative errno.
int lifecycle_init(void);
