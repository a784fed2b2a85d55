// SPDX-License-Identifier: Apache-2.0
// HVM parameters (HVM_PARAM_*): where a domain's magic pages and their event channels are. DOMID_SELF for
// one's own.
#pragma once

#include <stdint.h>

#include "xen/types.h"

int hvm_param_set(domid_t domid, uint32_t index, uint64_t value);
int hvm_param_get(domid_t domid, uint32_t index, uint64_t *value);
