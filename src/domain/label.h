// SPDX-License-Identifier: Apache-2.0
// The security label that a domain is created with.
#pragma once

#include <stdint.h>

#include "config/domain_config.h"
#include "kernel/failure.h"

// Xen's number for the configuration's seclabel, its ssidref, or the one for domains without either. Xen ignores it where
// it was booted without FLASK; a seclabel is an error there: whoever writes one counts on it.
int label_choose(const struct domain_config *config, uint32_t *sid, struct failure *failure);
