// SPDX-License-Identifier: Apache-2.0
// An interrupt controller as irq.c uses it: gic_v2.c and gic_v3.c, in the form that Xen gives to a domain.
// Xen starts a domain with all interrupts disabled, in group 1 and aimed at its first CPU, so what is as it
// should be isn't written: each access to the distributor is a trap into Xen.
#pragma once

#include <stdbool.h>

// What acknowledge() returns is written back to end(). It holds the INTID, and with GICv2 an SGI's sender.
// INTIDs from GIC_SPECIAL on mean that there is none.
#define GIC_INTID(acknowledged) ((acknowledged)&0x3ff)
#define GIC_SPECIAL 1020u

struct gic {
	const char *const *compatible; // NULL-terminated
	// Finds its registers in the node and takes the CPU interface into use; *lines gets the number of
	// INTIDs.
	int (*init)(int node, unsigned int *lines);
	void (*enable)(unsigned int irq);
	void (*disable)(unsigned int irq);
	void (*set_edge)(unsigned int irq, bool edge);
	unsigned int (*acknowledge)(void);
	void (*end)(unsigned int acknowledged);
};

extern const struct gic gic_v2, gic_v3;

// Priority of all interrupts: below the mask, and nothing preempts anything.
#define GIC_PRIORITY 0xa0u
#define GIC_PRIORITY_MASK 0xf0u

// Maps register window `index` of a node; NULL where there is none.
void *gic_map_registers(int node, unsigned int index);

// INTIDs of a distributor by GICD_TYPER.
unsigned int gic_lines(unsigned int typer);
