// SPDX-License-Identifier: Apache-2.0
// Interrupts: who handles which, over the controller that the device tree names.
#include "kernel/irq.h"

#include <errno.h>
#include <stdlib.h>

#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "kernel/gic.h"
#include "kernel/log.h"
#include "kernel/memory.h"
#include "kernel/start.h"
#include "kernel/task.h"
#include "kernel/trap_frame.h"

struct handler {
	void (*function)(void *argument);
	void *argument;
};

void irq_dispatch(struct irq_frame *frame);

static const struct gic *const controllers[] = { &gic_v3, &gic_v2 };

static const struct gic *gic;
static struct handler *handlers;
static unsigned int lines;

void *gic_map_registers(int node, unsigned int index)
{
	paddr_t address, page;
	uint64_t size;

	if (devicetree_reg(node, index, &address, &size))
		return NULL;
	page = ROUND_DOWN(address, PAGE_SIZE);
	char *mapped = memory_map(page, ROUND_UP(address + size, PAGE_SIZE) - page, MEMORY_DEVICE);
	return mapped ? mapped + (address - page) : NULL;
}

unsigned int gic_lines(unsigned int typer)
{
	return MIN(32 * ((typer & 0x1f) + 1), GIC_SPECIAL);
}

static int find_controller(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++)
		for (const char *const *compatible = controllers[i]->compatible; *compatible; compatible++) {
			int node = devicetree_find(-1, *compatible);

			gic = controllers[i];
			if (node >= 0)
				return node;
		}
	return -ENOENT;
}

int irq_init(void)
{
	int node = find_controller(), error = node < 0 ? node : gic->init(node, &lines);

	if (error)
		return error;
	handlers = calloc(lines, sizeof(*handlers));
	return handlers ? 0 : -ENOMEM;
}

int irq_register(unsigned int irq, void (*function)(void *argument), void *argument)
{
	unsigned long state;

	if (irq >= lines)
		return -EINVAL;
	if (handlers[irq].function)
		return -EBUSY;
	state = irq_save();
	handlers[irq] = (struct handler){ function, argument };
	irq_restore(state);
	return 0;
}

void irq_unregister(unsigned int irq)
{
	irq_disable(irq);
	handlers[irq] = (struct handler){ NULL, NULL };
}

void irq_enable(unsigned int irq)
{
	gic->enable(irq);
}

void irq_disable(unsigned int irq)
{
	gic->disable(irq);
}

void irq_set_edge(unsigned int irq, bool edge)
{
	gic->set_edge(irq, edge);
}

static void handle(unsigned int irq)
{
	if (irq < lines && handlers[irq].function) {
		handlers[irq].function(handlers[irq].argument);
	} else {
		irq_disable(irq);
		log_warning("interrupt %u has no handler and was disabled", irq);
	}
}

// vectors.S comes here, on the exception stack, with interrupts masked.
void irq_dispatch(struct irq_frame *frame)
{
	unsigned int acknowledged;

	while (GIC_INTID(acknowledged = gic->acknowledge()) < GIC_SPECIAL) {
		handle(GIC_INTID(acknowledged));
		gic->end(acknowledged);
	}
	if (frame->pc == (uintptr_t)irq_call)
		frame->pc = (uintptr_t)irq_call_interrupted;
}
