// SPDX-License-Identifier: Apache-2.0
// HVMOP_set_param and HVMOP_get_param.
#include "xen/hvm.h"

#include "xen/hypercall.h"

int hvm_param_set(domid_t domid, uint32_t index, uint64_t value)
{
	struct xen_hvm_param param = { .domid = domid, .index = index, .value = value };

	return xen_error(xen_operation(__HYPERVISOR_hvm_op, HVMOP_set_param, &param));
}

int hvm_param_get(domid_t domid, uint32_t index, uint64_t *value)
{
	struct xen_hvm_param param = { .domid = domid, .index = index };
	int error = xen_error(xen_operation(__HYPERVISOR_hvm_op, HVMOP_get_param, &param));

	if (!error)
		*value = param.value;
	return error;
}
