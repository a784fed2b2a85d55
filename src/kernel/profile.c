// SPDX-License-Identifier: Apache-2.0
// The profiler's clock is the physical timer, which Xen emulates and nobody else uses here: so the scheduler's own stays
// as it is. The stack is read from the frame records that begin in the interrupt's frame (vectors.S).
#include "kernel/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/irq.h"
#include "kernel/mmu.h"
#include "kernel/sysreg.h"
#include "kernel/task.h"
#include "kernel/timer.h"
#include "kernel/trap_frame.h"

#define TIMER_ENABLE 1u
#define PROBES_MAX 8u // of the table, before a stack is given up

extern const char image_start[], text_end[]; // link.ld

static struct profile *current;
static uint64_t period; // ticks
static uint64_t last; // ticks: up to when time has been counted
static unsigned int irq;

static bool add_place(struct profile_stack *stack, unsigned int *depth, uint64_t address)
{
	uint64_t place = address - (uintptr_t)image_start;

	if (*depth == PROFILE_DEPTH || place >= (uint64_t)(text_end - image_start))
		return false;
	stack->place[(*depth)++] = (uint32_t)place;
	return true;
}

static void read_stack(struct profile_stack *stack)
{
	const uint64_t *record = __builtin_frame_address(0);
	uint64_t interrupted = sysreg_read(elr_el1);
	unsigned int depth = 0;

	while (record[1] != interrupted) // of the handler and its callers
		record = (const uint64_t *)record[0];
	add_place(stack, &depth, interrupted);
	add_place(stack, &depth, record[IRQ_FRAME_LINK / sizeof(*record)]);
	for (;;) {
		record = (const uint64_t *)record[0];
		if ((uintptr_t)record % 8 || !mmu_is_readable((uintptr_t)record) || !add_place(stack, &depth, record[1]))
			return;
	}
}

static struct profile_stack *find_stack(const struct profile_stack *wanted)
{
	uint32_t hash = 0;

	for (unsigned int i = 0; i < PROFILE_DEPTH; i++)
		hash = (hash ^ wanted->place[i]) * 0x9e3779b1u; // 2^32 by the golden ratio
	for (unsigned int i = 0; i < PROBES_MAX; i++) {
		struct profile_stack *stack = &current->stacks[((hash >> 16) + i) % PROFILE_STACKS];

		if (!stack->count)
			*stack = *wanted;
		if (!memcmp(stack->place, wanted->place, sizeof(stack->place)))
			return stack;
	}
	return NULL;
}

static void sample(void *unused)
{
	struct profile_stack wanted = { 0 };
	uint64_t now = timer_ticks();
	// In a call of Xen's the interrupt had to wait.
	uint32_t periods = (uint32_t)MAX((now - last + period / 2) / period, (uint64_t)1);

	(void)unused;
	sysreg_write(cntp_tval_el0, period);
	last += (uint64_t)periods * period;
	read_stack(&wanted);
	struct profile_stack *stack = find_stack(&wanted);
	if (stack)
		stack->count += periods;
	else
		current->lost += periods;
	current->count += periods;
}

int profile_start(uint32_t microseconds, struct profile **profile)
{
	int error = current ? -EBUSY : timer_find_irq(TIMER_PHYSICAL, &irq);

	if (error)
		return error;
	*profile = calloc(1, sizeof(**profile));
	if (!*profile)
		return -ENOMEM;
	error = irq_register(irq, sample, NULL);
	if (error) {
		free(*profile);
		return error;
	}
	current = *profile;
	build_id_text(current->build);
	current->period = microseconds;
	period = timer_ticks_per_millisecond() * microseconds / 1000;
	last = timer_ticks();
	sysreg_write(cntp_tval_el0, period);
	sysreg_write(cntp_ctl_el0, TIMER_ENABLE);
	irq_enable(irq);
	return 0;
}

void profile_stop(void)
{
	sysreg_write(cntp_ctl_el0, 0);
	irq_unregister(irq);
	current = NULL;
}
