// SPDX-License-Identifier: Apache-2.0
// GICv2 (Arm IHI 0048B): distributor and CPU interface in memory. Xen emulates the first; behind the second
// is the real virtual CPU interface.
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/gic.h"
#include "kernel/sysreg.h"

#define GICD_CTLR 0x000
#define GICD_TYPER 0x004
#define GICD_ISENABLER 0x100
#define GICD_ICENABLER 0x180
#define GICD_IPRIORITYR 0x400
#define GICD_ICFGR 0xc00

#define GICC_CTLR 0x00
#define GICC_PMR 0x04
#define GICC_IAR 0x0c
#define GICC_EOIR 0x10

static char *distributor, *cpu_interface;

static int init(int node, unsigned int *lines)
{
	distributor = gic_map_registers(node, 0);
	cpu_interface = gic_map_registers(node, 1);
	if (!distributor || !cpu_interface)
		return -EINVAL;
	*lines = gic_lines(mmio_read32(distributor + GICD_TYPER));
	mmio_write32(distributor + GICD_CTLR, 1);
	mmio_write32(cpu_interface + GICC_PMR, GIC_PRIORITY_MASK);
	mmio_write32(cpu_interface + GICC_CTLR, 1);
	return 0;
}

static void enable(unsigned int irq)
{
	mmio_write8(distributor + GICD_IPRIORITYR + irq, GIC_PRIORITY);
	mmio_write32(distributor + GICD_ISENABLER + irq / 32 * 4, 1u << irq % 32);
}

static void disable(unsigned int irq)
{
	mmio_write32(distributor + GICD_ICENABLER + irq / 32 * 4, 1u << irq % 32);
}

static void set_edge(unsigned int irq, bool edge)
{
	char *config = distributor + GICD_ICFGR + irq / 16 * 4;
	uint32_t bit = 2u << irq % 16 * 2;

	mmio_write32(config, edge ? mmio_read32(config) | bit : mmio_read32(config) & ~bit);
}

static unsigned int acknowledge(void)
{
	return mmio_read32(cpu_interface + GICC_IAR);
}

static void end(unsigned int acknowledged)
{
	mmio_write32(cpu_interface + GICC_EOIR, acknowledged);
}

static const char *const compatible[] = {
	"arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a7-gic", "arm,cortex-a9-gic", NULL,
};

const struct gic gic_v2 = { compatible, init, enable, disable, set_edge, acknowledge, end };
