// SPDX-License-Identifier: Apache-2.0
// The small families: HVM parameters (xen/arch/arm/hvm.c), SCHEDOP_* (xen/common/sched/core.c), VCPUOP_*
// (xen/arch/arm/domain.c).
#include <errno.h>
#include <setjmp.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/panic.h"
#include "model/internal.h"

// ---- HVM parameters ----

static bool is_toolstack_param(uint32_t index)
{
	static const uint32_t known[] = { HVM_PARAM_CALLBACK_IRQ,   HVM_PARAM_STORE_PFN,
					  HVM_PARAM_STORE_EVTCHN,   HVM_PARAM_CONSOLE_PFN,
					  HVM_PARAM_CONSOLE_EVTCHN, HVM_PARAM_MONITOR_RING_PFN };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i] == index)
			return true;
	return false;
}

static long set_param(void *argument)
{
	const struct xen_hvm_param *op = argument;
	struct domain_model *d = domain_by_id(op->domid);

	if (!d)
		return -ESRCH;
	if (op->pad)
		model_violation("HVMOP_set_param: pad isn't 0");
	if (!is_toolstack_param(op->index))
		return -EINVAL;
	if (d == dom0)
		return -EPERM;
	d->params[op->index] = op->value;
	return 0;
}

static long get_param(void *argument)
{
	struct xen_hvm_param *op = argument;
	const struct domain_model *d = domain_by_id(op->domid);

	if (!d)
		return -ESRCH;
	if (op->pad)
		model_violation("HVMOP_get_param: pad isn't 0");
	if (!is_toolstack_param(op->index))
		return -EINVAL;
	if (d == dom0 && op->index == HVM_PARAM_MONITOR_RING_PFN)
		return -EPERM;
	op->value = d->params[op->index];
	return 0;
}

static const struct operation hvm_operations[] = {
	OPERATION_OF(HVMOP_set_param, set_param, xen_hvm_param, -EPERM),
	OPERATION_OF(HVMOP_get_param, get_param, xen_hvm_param, -EPERM),
};

long do_hvm_op(const uint64_t *a)
{
	return operation_run("hvm_op", hvm_operations, ARRAY_SIZE(hvm_operations), (unsigned int)a[0], a[1]);
}

uint64_t model_guest_param(domid_t domid, unsigned int index)
{
	return domain_must_exist(domid)->params[index];
}

// ---- Scheduling ----

static jmp_buf shutdown_exit;
static bool shutdown_expected;

static long shut_down_dom0(void *argument)
{
	const struct sched_shutdown *op = argument;

	if (!shutdown_expected)
		model_violation("Dom0 shuts the machine down, reason %u", op->reason);
	longjmp(shutdown_exit, (int)op->reason + 1);
}

static long yield(void *argument)
{
	(void)argument;
	return 0;
}

static const struct operation sched_operations[] = {
	OPERATION_OF(SCHEDOP_shutdown, shut_down_dom0, sched_shutdown),
	{ SCHEDOP_yield, "yield", yield, 0, { 0 }, NULL },
};

long do_sched_op(const uint64_t *a)
{
	return operation_run("sched_op", sched_operations, ARRAY_SIZE(sched_operations), (unsigned int)a[0],
			     a[1]);
}

int model_shutdown_reason(void (*function)(void *context), void *context)
{
	int result = setjmp(shutdown_exit);

	if (result == 0) {
		shutdown_expected = true;
		function(context);
	}
	shutdown_expected = false;
	return result - 1;
}

void model_guest_shutdown(domid_t domid, unsigned int reason)
{
	domain_shut_down(domain_must_exist(domid), reason);
}

// ---- CPUs ----

long do_vcpu_op(const uint64_t *a)
{
	if (a[1] >= dom0->max_vcpus)
		return -ENOENT;
	return -ENOSYS; // nothing that Dom0 has a use for
}

static struct vcpu_model *vcpu_of(domid_t domid, unsigned int vcpu)
{
	struct domain_model *d = domain_must_exist(domid);

	if (vcpu >= d->max_vcpus || !d->vcpus[vcpu].exists)
		model_violation("the test asks for CPU %u of domain %u, which doesn't exist", vcpu, domid);
	return &d->vcpus[vcpu];
}

void model_guest_cpu_on(domid_t domid, unsigned int vcpu)
{
	vcpu_of(domid, vcpu)->down = false;
}

void model_guest_ran(domid_t domid, unsigned int vcpu, uint64_t nanoseconds)
{
	vcpu_of(domid, vcpu)->cpu_time += nanoseconds;
}
