// SPDX-License-Identifier: Apache-2.0
// Where a new domain's CPUs run, and how much of the machine they get.
#pragma once

#include "config/domain_config.h"
#include "kernel/failure.h"
#include "xen/types.h"

// Sets affinity and share as the configuration says, of a domain whose CPUs exist. 0 or a negative errno with
// the reason in `failure`: -EINVAL where none of the wanted CPUs is in the domain's pool, -EOPNOTSUPP where its
// scheduler knows no weight or cap.
int placement_apply(domid_t domid, const struct domain_config *config, struct failure *failure);
