// SPDX-License-Identifier: Apache-2.0
// Security labels and their policy.
#include "xen/flask.h"

#include <errno.h>
#include <string.h>

#include "xen/hypercall.h"
#include "xen/public.h"

#define SID_XENBOOT 1u // the first of the initial ones

static int operation(uint32_t command, struct xen_flask_op *op)
{
	op->cmd = command;
	op->interface_version = XEN_FLASK_INTERFACE_VERSION;
	return xen_error(xen_hypercall(__HYPERVISOR_xsm_op, (uintptr_t)op, 0, 0, 0, 0));
}

int flask_sid_of_label(const char *label, uint32_t *sid)
{
	struct xen_flask_op op = { 0 };
	size_t length = strlen(label);

	int loaded = flask_has_policy();

	if (loaded <= 0)
		return loaded ? loaded : -ENODATA; // without a policy Xen answers with some number
	if (length >= FLASK_LABEL_MAX)
		return -EINVAL;
	op.u.sid_context.size = (uint32_t)length;
	set_xen_guest_handle(op.u.sid_context.context, (char *)(uintptr_t)label);
	int error = operation(FLASK_CONTEXT_TO_SID, &op);
	if (!error)
		*sid = op.u.sid_context.sid;
	return error;
}

int flask_label_of_sid(uint32_t sid, char label[FLASK_LABEL_MAX])
{
	struct xen_flask_op op = { 0 };

	op.u.sid_context.sid = sid;
	op.u.sid_context.size = FLASK_LABEL_MAX;
	set_xen_guest_handle(op.u.sid_context.context, label);
	int error = operation(FLASK_SID_TO_CONTEXT, &op);
	label[FLASK_LABEL_MAX - 1] = '\0';
	return error;
}

int flask_get_enforcing(void)
{
	return operation(FLASK_GETENFORCE, &(struct xen_flask_op){ 0 });
}

int flask_set_enforcing(bool enforcing)
{
	struct xen_flask_op op = { 0 };

	op.u.enforce.enforcing = enforcing;
	return operation(FLASK_SETENFORCE, &op);
}

int flask_load_policy(const void *policy, size_t size)
{
	struct xen_flask_op op = { 0 };

	if (size > UINT32_MAX)
		return -EINVAL;
	op.u.load.size = (uint32_t)size;
	set_xen_guest_handle(op.u.load.buffer, (char *)(uintptr_t)policy);
	return operation(FLASK_LOAD, &op);
}

int flask_has_policy(void)
{
	char label[FLASK_LABEL_MAX];
	int error = flask_label_of_sid(SID_XENBOOT, label);

	if (error == -EACCES) // nothing else keeps it from this domain
		return 1;
	return error ? error : strchr(label, ':') != NULL;
}

int flask_policy_version(void)
{
	return operation(FLASK_POLICYVERS, &(struct xen_flask_op){ 0 });
}
