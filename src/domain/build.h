// SPDX-License-Identifier: Apache-2.0
// What the files of this room share about building and unbuilding domains.
#pragma once

#include "domain/domain.h"

// Where this program runs; the other end of its guests' rings.
#define CONTROL_DOMAIN ((domid_t)0)

// Puts the domain, which may be in the list already, where its id belongs.
void domain_enlist(struct domain *domain);

// 0 when the id isn't this program's own domain and nobody builds or destroys the domain at the moment:
// -EPERM, -EBUSY.
int domain_check_free(domid_t id, struct failure *failure);

// 0 when Xen has the domain, -ESRCH.
int domain_check_exists(domid_t id, struct failure *failure);
