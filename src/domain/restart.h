// SPDX-License-Identifier: Apache-2.0
// A domain that has ended is built again from the configuration that it was built from, as that was then: its
// images are read anew. It keeps its name, its UUID and its console, and gets another id.
#pragma once

#include "domain/domain.h"

// The domain has a source, and is marked as being destroyed and restarting. Waits. On failure it is gone, or
// left to be destroyed: either way `domain` isn't to be used any more.
int domain_restart(struct domain *domain, struct failure *failure);

// The same beside what is left of the old domain, which stays under another name (NAME-ID) and UUID until it
// is destroyed.
int domain_restart_beside(struct domain *domain, struct failure *failure);
