// SPDX-License-Identifier: Apache-2.0
// Xen's description of a domain, which domctl and sysctl share, as a `struct domain_info`. Private to this
// room.
#pragma once

#include "xen/domctl.h"

void domain_info_read(struct domain_info *info, const struct xen_domctl_getdomaininfo *from);
