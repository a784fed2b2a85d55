// SPDX-License-Identifier: Apache-2.0
// SCHEDOP_shutdown and SCHEDOP_watchdog: how this domain, or with Dom0 the machine, ends.
#include "xen/sched.h"

#include "kernel/panic.h"
#include "xen/hypercall.h"
#include "xen/public.h"

void sched_shutdown(unsigned int reason)
{
	struct sched_shutdown shutdown = { .reason = reason };

	for (;;) // Xen may let the domain run on for a moment
		xen_operation(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &shutdown);
}

int sched_watchdog(uint32_t seconds)
{
	struct sched_watchdog watchdog = { .timeout = seconds }; // id 0: a new one
	long result = xen_operation(__HYPERVISOR_sched_op, SCHEDOP_watchdog, &watchdog);

	return result < 0 ? xen_error(result) : 0; // or its id
}

void kernel_shutdown(enum shutdown_reason_kernel reason)
{
	static const unsigned int reasons[] = {
		[KERNEL_POWEROFF] = SHUTDOWN_poweroff,
		[KERNEL_REBOOT] = SHUTDOWN_reboot,
		[KERNEL_CRASH] = SHUTDOWN_crash,
	};

	sched_shutdown(reasons[reason]);
}
