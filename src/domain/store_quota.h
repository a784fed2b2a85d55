// SPDX-License-Identifier: Apache-2.0
// A domain's own quotas of the store, as its configuration has them.
#pragma once

#include "config/domain_config.h"
#include "kernel/failure.h"
#include "xen/types.h"

// -EINVAL: a quota that the store doesn't have, or the same one twice.
int store_quota_check(const struct domain_config *config, struct failure *failure);

// For a domain that exists and isn't introduced to the store yet; of a checked configuration. -ENOMEM.
int store_quota_apply(domid_t domid, const struct domain_config *config);
