// SPDX-License-Identifier: Apache-2.0
// Interrupts that several devices share: PCI's INTx lines, and the SD controllers of the Raspberry Pi. Each
// handler of a line is called; it asks its own device whether it was meant.
#pragma once

#include <stdbool.h>

#include "kernel/list.h"

// Where a device's interrupt comes in: INTID, and its trigger (edge, else level).
struct interrupt_line {
	unsigned int irq;
	bool edge;
};

struct interrupt {
	struct list link;
	void (*handler)(void *argument); // as irq_register() wants it: wakes, sets flags, quiets the device
	void *argument;
};

// Calls handler(argument) with each interrupt of the line. `interrupt` is the caller's, filled here, in use
// until interrupt_detach(). -ENOMEM; -EINVAL, -EBUSY as irq_register().
int interrupt_attach(struct interrupt *interrupt, struct interrupt_line line, void (*handler)(void *argument),
		     void *argument);

// The line is disabled with the last of its devices.
void interrupt_detach(struct interrupt *interrupt);
