// SPDX-License-Identifier: Apache-2.0
// kernel/irq.h on the host: lines that the model raises, edge-triggered. A handler runs when the task that
// runs has interrupts unmasked: at the end of a hypercall, at irq_restore(), and whenever tasks wait.
#include "kernel/irq.h"

#include <errno.h>
#include <string.h>

#include "kernel/task.h"
#include "model/internal.h"

static struct line {
	void (*handler)(void *argument);
	void *argument;
	bool enabled, raised;
} lines[IRQS];

static unsigned int lines_raised;

int irq_register(unsigned int irq, void (*handler)(void *argument), void *argument)
{
	if (irq >= IRQS)
		return -EINVAL;
	if (lines[irq].handler)
		return -EBUSY;
	lines[irq].handler = handler;
	lines[irq].argument = argument;
	return 0;
}

void irq_unregister(unsigned int irq)
{
	lines_raised -= lines[irq].raised;
	lines[irq] = (struct line){ 0 };
}

void irq_enable(unsigned int irq)
{
	if (!lines[irq].handler)
		model_violation("irq_enable(%u) before irq_register()", irq);
	lines[irq].enabled = true;
	irq_deliver();
}

void irq_disable(unsigned int irq)
{
	lines[irq].enabled = false;
}

void irq_set_edge(unsigned int irq, bool edge)
{
	(void)irq;
	(void)edge;
}

bool irq_deliver(void)
{
	bool delivered = false;

	if (!lines_raised || task_interrupts_masked()) // most often
		return false;
	for (unsigned int irq = 0; irq < IRQS; irq++) {
		struct line *line = &lines[irq];

		if (!line->raised || !line->enabled)
			continue;
		line->raised = false;
		lines_raised--;
		task_enter_interrupt();
		line->handler(line->argument);
		task_leave_interrupt();
		delivered = true;
	}
	return delivered;
}

void model_raise_irq(unsigned int irq)
{
	lines_raised += !lines[irq].raised;
	lines[irq].raised = true;
}

void irq_reset(void)
{
	memset(lines, 0, sizeof(lines));
	lines_raised = 0;
}
