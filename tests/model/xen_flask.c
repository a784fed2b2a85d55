// SPDX-License-Identifier: Apache-2.0
// FLASK (xen/xsm/flask/flask_op.c): labels, and whether they are enforced. A policy is a text here: the types that it has, one
// after the other, with MODEL_POLICY in front. It decides on nothing but who may be created.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/compiler.h"
#include "model/internal.h"

#define INITIAL_SIDS 13u
#define LABEL_MAX    256u
#define POLICY_MAX   256u

static const char *const initial[INITIAL_SIDS + 1] = {
	NULL,	    "xenboot",	"xen",	 "dom0", "domio",  "domxen", "unlabeled",
	"security", "ioport",	"iomem", "irq",	 "device", "domU",   "domDM",
};

static struct {
	bool on, enforcing;
	char policy[POLICY_MAX]; // empty: none yet
} flask;

void flask_reset(void)
{
	memset(&flask, 0, sizeof(flask));
}

void model_flask(const char *policy)
{
	flask.on = flask.enforcing = true;
	snprintf(flask.policy, sizeof(flask.policy), "%s", policy);
}

// The n-th type of the policy, from 0; false: there are fewer.
static bool type_at(unsigned int n, char type[LABEL_MAX])
{
	const char *at = flask.policy + (flask.policy[0] ? strlen(MODEL_POLICY) : 0);
	int length = 0;

	for (unsigned int i = 0; i <= n; i++) {
		at += length;
		at += strspn(at, " ");
		length = (int)strcspn(at, " ");
	}
	snprintf(type, LABEL_MAX, "%.*s", length, at);
	return length;
}

// Types that Xen has no SID of its own for have those behind.
static bool label_of(uint32_t sid, char label[LABEL_MAX])
{
	char type[LABEL_MAX];

	if (!sid)
		return false;
	if (!flask.policy[0]) {
		snprintf(label, LABEL_MAX, "%s", sid <= INITIAL_SIDS ? initial[sid] : "");
		return sid <= INITIAL_SIDS;
	}
	if (sid <= INITIAL_SIDS)
		snprintf(type, sizeof(type), "%s_t", initial[sid]);
	else if (!type_at(sid - INITIAL_SIDS - 1, type))
		return false;
	snprintf(label, LABEL_MAX, "system_u:system_r:%.200s", type);
	return true;
}

bool flask_allows_creation(uint32_t sid)
{
	char label[LABEL_MAX];

	if (!flask.on || !flask.policy[0] || !flask.enforcing)
		return true;
	return sid >= 12 && label_of(sid, label);
}

static long load(const struct xen_flask_op *op)
{
	char policy[POLICY_MAX] = { 0 };

	if (op->u.load.size >= POLICY_MAX)
		return -EINVAL;
	if (!copy_in(policy, (uintptr_t)op->u.load.buffer.p, op->u.load.size))
		return -EFAULT;
	if (strncmp(policy, MODEL_POLICY, strlen(MODEL_POLICY)))
		return -EINVAL;
	memcpy(flask.policy, policy, sizeof(policy));
	return 0;
}

static long context_to_sid(struct xen_flask_op *op)
{
	char wanted[LABEL_MAX * 2] = { 0 }, label[LABEL_MAX];

	if (op->u.sid_context.size >= sizeof(wanted))
		return -ENOENT;
	if (!copy_in(wanted, (uintptr_t)op->u.sid_context.context.p, op->u.sid_context.size))
		return -EFAULT;
	if (!flask.policy[0]) {
		op->u.sid_context.sid = 2;
		return 0;
	}
	for (uint32_t sid = 1; label_of(sid, label); sid++) {
		op->u.sid_context.sid = sid;
		if (!strcmp(label, wanted))
			return 0;
	}
	return -EINVAL;
}

static long sid_to_context(struct xen_flask_op *op)
{
	uint32_t room = op->u.sid_context.size;
	char label[LABEL_MAX];

	if (!label_of(op->u.sid_context.sid, label))
		return -EINVAL;
	op->u.sid_context.size = (uint32_t)strlen(label) + 1;
	if (op->u.sid_context.size > room)
		return -ERANGE;
	return copy_out((uintptr_t)op->u.sid_context.context.p, label, op->u.sid_context.size) ? 0 : -EFAULT;
}

static long run(void *argument)
{
	struct xen_flask_op *op = argument;

	if (op->interface_version != XEN_FLASK_INTERFACE_VERSION)
		return -ENOSYS;
	switch (op->cmd) {
	case FLASK_LOAD:
		return load(op);
	case FLASK_GETENFORCE:
		return flask.enforcing;
	case FLASK_SETENFORCE:
		flask.enforcing = op->u.enforce.enforcing;
		return 0;
	case FLASK_CONTEXT_TO_SID:
		return context_to_sid(op);
	case FLASK_SID_TO_CONTEXT:
		return sid_to_context(op);
	case FLASK_POLICYVERS:
		return 30;
	}
	return -ENOSYS;
}

static const struct operation operations[] = {
	{ 0, "flask", run, sizeof(struct xen_flask_op), { -EACCES, -ENOMEM }, NULL },
};

long do_xsm_op(const uint64_t *a)
{
	return flask.on ? operation_run("xsm_op", operations, ARRAY_SIZE(operations), 0, a[0]) : -ENOSYS;
}
