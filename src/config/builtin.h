// SPDX-License-Identifier: Apache-2.0
// Configurations in their C form (xen_domain_cfg.h) as struct domain_config.
#pragma once

#include "config/domain_config.h"
#include "config/xen_domain_cfg.h"

// A new configuration that refers to `from`, which must stay; free() ends it. NULL with the reason in
// `failure`: -EINVAL, -ENOTSUP for what this program can't do, -ENOMEM. The result is well-formed, but not
// checked.
struct domain_config *builtin_config(const struct dom0_domain_cfg *from, struct failure *failure);
