// SPDX-License-Identifier: Apache-2.0
// Interrupts: GICv2 and GICv3 behind one face, chosen by the device tree. Interrupt numbers are the GIC's
// INTIDs (SGI 0..15, PPI 16..31, SPI from 32). Target only.
#pragma once

#include <stdbool.h>

// Handlers run with interrupts masked on the exception stack; they wake queues and set flags. One handler per
// interrupt. -EBUSY when taken, -EINVAL when the GIC has no such interrupt.
int irq_register(unsigned int irq, void (*handler)(void *argument), void *argument);
void irq_unregister(unsigned int irq);

void irq_enable(unsigned int irq);
void irq_disable(unsigned int irq);

// A shared peripheral interrupt's trigger: true for edge, false for level.
void irq_set_edge(unsigned int irq, bool edge);

// The instruction of a long call into the hypervisor, which comes back to itself for interrupts to be taken,
// and what ends the call instead: whoever is at the first when an interrupt comes goes on at the second.
// Supplied by the program (src/xen/hypercall.S).
extern const char irq_call[], irq_call_interrupted[];
