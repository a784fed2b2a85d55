// SPDX-License-Identifier: Apache-2.0
// Domains that end by themselves: they power off, crash, want to reboot, or their watchdog barks. Each end of
// a domain that was built here is logged once and answered as its configuration says (config_action()):
//
// - destroy: what it printed last stays to be read (departed.h);
// - restart: it is built again, under its name (restart.h), unless it has ended quickly too often;
// - rename-restart: the same beside its remains;
// - coredump-destroy, coredump-restart: as those, after its core was written to the images folder (core.h);
// - preserve: it stays until it is destroyed, and its console's backlog with it. So does a domain without a
//   configuration of its own, and one that has suspended itself.
//
// A soft reset, which Xen on Arm doesn't know, is a restart.
#pragma once

// Starts the task that hears of it (VIRQ_DOM_EXC). After event_init() and xen_version_init(). 0 or a negative
// errno.
int lifecycle_init(void);

// Has it look at all domains, for one that may have ended while nobody could answer. Doesn't wait.
void lifecycle_look(void);
