// SPDX-License-Identifier: Apache-2.0
// The generic timer's virtual counter and virtual timer (Arm ARM, D12).
#include "kernel/timer.h"

#include <errno.h>
#include <libfdt.h>

#include "kernel/devicetree.h"
#include "kernel/irq.h"
#include "kernel/start.h"
#include "kernel/sysreg.h"
#include "kernel/task.h"

#define NANOSECONDS 1000000000u
#define TIMER_ENABLE 1u

// A deadline further away is approached in steps, which keeps the conversion into ticks from overflowing.
#define STEP_MAX SECONDS(3600)

uint64_t timer_at_entry;

static uint64_t frequency; // ticks per second

uint64_t timer_ticks(void)
{
	isb(); // not earlier than what comes before
	return sysreg_read(cntvct_el0);
}

uint64_t timer_ticks_per_millisecond(void)
{
	return frequency / 1000;
}

// In two parts, so that nothing overflows and nothing is lost to rounding.
uint64_t timer_ticks_to_nanoseconds(uint64_t ticks)
{
	uint64_t seconds = ticks / frequency, rest = ticks % frequency;

	return seconds * NANOSECONDS + rest * NANOSECONDS / frequency;
}

uint64_t time_now(void)
{
	return timer_ticks_to_nanoseconds(timer_ticks());
}

uint64_t time_of_entry(void)
{
	return timer_ticks_to_nanoseconds(timer_at_entry);
}

void timer_set(uint64_t deadline)
{
	uint64_t now = time_now(), wait = deadline > now ? MIN(deadline - now, STEP_MAX) : 0;

	if (deadline == TIME_NEVER) {
		sysreg_write(cntv_ctl_el0, 0);
	} else {
		uint64_t ticks =
			wait / NANOSECONDS * frequency + wait % NANOSECONDS * frequency / NANOSECONDS;

		sysreg_write(cntv_cval_el0, timer_ticks() + ticks + 1); // not before the deadline
		sysreg_write(cntv_ctl_el0, TIMER_ENABLE);
	}
	isb();
}

static void handle_timer(void *unused)
{
	(void)unused;
	sysreg_write(cntv_ctl_el0, 0);
	isb();
}

// A tree whose firmware left CNTFRQ wrong says so.
static uint64_t find_frequency(int node)
{
	int bytes;
	const fdt32_t *value = fdt_getprop(devicetree(), node, "clock-frequency", &bytes);

	return value && bytes == sizeof(*value) && fdt32_ld(value) ? fdt32_ld(value) :
								     sysreg_read(cntfrq_el0);
}

static int find_node(void)
{
	int node = devicetree_find(-1, "arm,armv8-timer");

	return node < 0 ? devicetree_find(-1, "arm,armv7-timer") : node;
}

int timer_find_irq(enum timer timer, unsigned int *irq)
{
	bool edge;
	int node = find_node();

	return node < 0 ? node : devicetree_irq(node, timer, irq, &edge);
}

int timer_init(void)
{
	unsigned int irq;
	int error = timer_find_irq(TIMER_VIRTUAL, &irq);

	if (error)
		return error;
	frequency = find_frequency(find_node());
	if (!frequency)
		return -EINVAL;
	error = irq_register(irq, handle_timer, NULL);
	if (!error)
		irq_enable(irq);
	return error;
}
