// SPDX-License-Identifier: Apache-2.0
// Shared interrupts: one registration with the kernel per line, and a list of handlers behind it.
#include "drivers/interrupt.h"

#include <errno.h>
#include <stdlib.h>

#include "kernel/irq.h"
#include "kernel/task.h"

struct line {
	struct list link;
	struct list handlers;
	unsigned int irq;
};

static struct list lines = LIST_INITIAL(lines);

static void dispatch(void *argument)
{
	struct line *line = argument;
	struct interrupt *interrupt;

	LIST_FOR_EACH (interrupt, &line->handlers, link)
		interrupt->handler(interrupt->argument);
}

static struct line *find_line(unsigned int irq)
{
	struct line *line;

	LIST_FOR_EACH (line, &lines, link)
		if (line->irq == irq)
			return line;
	return NULL;
}

static int add_line(unsigned int irq, struct line **added)
{
	struct line *line = malloc(sizeof(*line));

	if (!line)
		return -ENOMEM;
	line->irq = irq;
	list_init(&line->handlers);
	int error = irq_register(irq, dispatch, line);
	if (error) {
		free(line);
		return error;
	}
	list_append(&lines, &line->link);
	*added = line;
	return 0;
}

int interrupt_attach(struct interrupt *interrupt, struct interrupt_line where,
		     void (*handler)(void *argument), void *argument)
{
	struct line *line = find_line(where.irq);
	int error = line ? 0 : add_line(where.irq, &line);

	if (error)
		return error;
	interrupt->handler = handler;
	interrupt->argument = argument;

	unsigned long state = irq_save();
	bool first = list_is_empty(&line->handlers);
	list_append(&line->handlers, &interrupt->link);
	irq_restore(state);
	if (first) {
		irq_set_edge(where.irq, where.edge);
		irq_enable(where.irq);
	}
	return 0;
}

void interrupt_detach(struct interrupt *interrupt)
{
	struct list *others = interrupt->link.next;
	unsigned long state = irq_save();

	list_remove(&interrupt->link);
	irq_restore(state);
	if (!list_is_empty(others))
		return;

	struct line *line = LIST_ENTRY(others, struct line, handlers);
	irq_unregister(line->irq);
	list_remove(&line->link);
	free(line);
}
