// SPDX-License-Identifier: Apache-2.0
// What several commands do with domains: walk all of Xen's, show states and times, understand a DOMAIN
// argument.
#pragma once

#include "shell/shell.h"
#include "xen/domctl.h"

// Calls `each` for every domain that Xen knows, in order of id. 0, or a negative errno after an error was
// printed.
int domains_each(const struct invocation *call, void (*each)(const struct domain_info *info, void *context),
		 void *context);

// "rbpscd" with '-' for what doesn't hold: running, blocked, paused, shut down, crashed, dying.
#define DOMAIN_STATE_SIZE 7
void domains_state(const struct domain_info *info, char state[DOMAIN_STATE_SIZE]);

// Seconds with one decimal.
#define SECONDS_TEXT_SIZE 24
void domains_seconds(uint64_t nanoseconds, char text[SECONDS_TEXT_SIZE]);

// Of a machine, XEN_SYSCTL_PHYSCAP_*, by xl's names.
#define CAPABILITIES_SIZE 128 // more than all of them
void domains_capabilities(uint32_t flags, char text[CAPABILITIES_SIZE]);

// The domain that the command's first argument names. Prints the error.
int domains_argument(const struct invocation *call, domid_t *id);

// The same, but not Dom0: -EPERM.
int domains_other_argument(const struct invocation *call, domid_t *id);

// "xstat stat: Xen refuses to tell the domains: permission denied", and returns the error.
int domains_refused(const struct invocation *call, const char *what, int error);
