// SPDX-License-Identifier: Apache-2.0
// Operations of XEN_DOMCTL_* that have files of their own.
#pragma once

#include "model/internal.h"

long createdomain(struct xen_domctl *op);                                              // xen_createdomain.c
long device_assign(struct domain_model *d, const struct xen_domctl_assign_device *op); // xen_device.c
long device_deassign(struct domain_model *d, const struct xen_domctl_assign_device *op);
