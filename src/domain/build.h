// SPDX-License-Identifier: Apache-2.0
// What the files of this room share about building and unbuilding domains.
#pragma once

#include "domain/domain.h"

// Where this program runs; the other end of its guests' rings.
#define CONTROL_DOMAIN ((domid_t)0)

// Runs the steps of building that are not done yet. *domain is NULL, or one of which only the name is left
// (domain_unbuild()). On success it is still marked as being built; on failure it is undone, freed, and not
// to be used any more.
int domain_build(const struct domain_config *config, domid_t wanted, bool paused, struct domain **domain,
		 struct failure *failure);

// Undoes the steps that are done, with the domain marked as being destroyed: all of them, and frees it; or all
// but the name, which nobody else gets meanwhile. On failure what is still to be undone can be tried again.
enum unbuilding { UNBUILD_ALL, UNBUILD_BUT_NAME };
int domain_unbuild(struct domain *domain, enum unbuilding extent, struct failure *failure);

// All steps count as done, for a domain that Xen built: destroying it undoes what there is.
void domain_adopt(struct domain *domain);

// All of the domain but its name belongs to another entry of the list now.
void domain_forget_steps(struct domain *domain);

// The domain is there: it can be used, and its end is answered.
void domain_is_built(struct domain *domain);

// Puts the domain, which may be in the list already, where its id belongs.
void domain_enlist(struct domain *domain);

// 0 when the id isn't this program's own domain and nobody builds or destroys the domain at the moment:
// -EPERM, -EBUSY.
int domain_check_free(domid_t id, struct failure *failure);

// 0 when Xen has the domain, -ESRCH.
int domain_check_exists(domid_t id, struct failure *failure);

// Both of them.
int domain_check_usable(domid_t id, struct failure *failure);
