// SPDX-License-Identifier: Apache-2.0
// Xen's console ring, for XEN_SYSCTL_readconsole.
#pragma once

#include "model/internal.h"

long console_read_ring(struct xen_sysctl_readconsole *op);
