// SPDX-License-Identifier: Apache-2.0
// Parts of the machine given to a domain: devices behind the IOMMU, memory ranges, interrupts.
#pragma once

#include "config/domain_config.h"
#include "kernel/failure.h"
#include "xen/types.h"

// What a domain was given, in the order in which it was.
struct device_list;

// Gives the domain all that its configuration names, or nothing. *list is NULL where that is nothing; it is there
// from the start, so that passthrough_has() knows what is being given. May wait.
int passthrough_attach(domid_t domid, const struct domain_config *config, struct device_list **list,
		       struct failure *failure);

// Takes everything back and frees the list, which may be NULL. What Xen doesn't take back is said in the log:
// it goes back when the domain is destroyed.
void passthrough_detach(domid_t domid, struct device_list *list);

// Whether one of these frames is in the list, which may be NULL.
bool passthrough_has(const struct device_list *list, uint64_t mfn, uint64_t frames);
