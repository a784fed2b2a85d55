// SPDX-License-Identifier: Apache-2.0
// GICv3 (Arm IHI 0069): distributor and redistributors in memory, the CPU interface in system registers.
#include <errno.h>
#include <libfdt.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/cpu.h"
#include "kernel/devicetree.h"
#include "kernel/gic.h"
#include "kernel/sysreg.h"

#define GICD_CTLR 0x0000
#define GICD_TYPER 0x0004
#define GICD_ISENABLER 0x0100
#define GICD_ICENABLER 0x0180
#define GICD_IPRIORITYR 0x0400
#define GICD_ICFGR 0x0c00

#define GICD_CTLR_ENABLE_GROUP_1 (1u << 1)
#define GICD_CTLR_ARE (1u << 4)
#define GICD_CTLR_RWP (1u << 31)

#define GICR_TYPER 0x0008
#define GICR_WAKER 0x0014
#define GICR_TYPER_VLPIS (1u << 1)
#define GICR_TYPER_LAST (1u << 4)
#define GICR_WAKER_SLEEP (1u << 1)
#define GICR_WAKER_ASLEEP (1u << 2)

#define FRAME_SIZE 0x10000u // a redistributor has two, or four with VLPIs; the second is for SGIs and PPIs

// The CPU interface's registers by their encodings, which all assemblers know.
#define ICC_PMR_EL1 S3_0_C4_C6_0
#define ICC_IAR1_EL1 S3_0_C12_C12_0
#define ICC_EOIR1_EL1 S3_0_C12_C12_1
#define ICC_CTLR_EL1 S3_0_C12_C12_4
#define ICC_SRE_EL1 S3_0_C12_C12_5
#define ICC_IGRPEN1_EL1 S3_0_C12_C12_7
#define icc_read(name) sysreg_read_expanded(name)
#define icc_write(name, value) sysreg_write_expanded(name, value)
#define sysreg_read_expanded(name) sysreg_read(name)
#define sysreg_write_expanded(name, value) sysreg_write(name, value)

static char *distributor, *redistributor;

// Affinity as GICR_TYPER has it in its upper half: Aff3 to Aff0.
static uint32_t own_affinity(void)
{
	uint64_t mpidr = cpu_id();

	return (uint32_t)((mpidr >> 32 & 0xff) << 24 | (mpidr & 0xffffff));
}

static char *find_in_region(char *frame, uint64_t stride)
{
	for (;;) {
		uint64_t typer = mmio_read64(frame + GICR_TYPER);

		if (typer >> 32 == own_affinity())
			return frame;
		if (typer & GICR_TYPER_LAST)
			return NULL;
		frame += stride ? stride : typer & GICR_TYPER_VLPIS ? 4 * FRAME_SIZE : 2 * FRAME_SIZE;
	}
}

static char *find_redistributor(int node)
{
	int bytes;
	const void *property = fdt_getprop(devicetree(), node, "redistributor-stride", &bytes);
	uint64_t stride = !property ? 0 : bytes == 8 ? fdt64_ld(property) : fdt32_ld(property);
	char *found = NULL, *region;

	property = fdt_getprop(devicetree(), node, "#redistributor-regions", &bytes);
	unsigned int regions = property && bytes == 4 ? fdt32_ld(property) : 1;
	for (unsigned int i = 0; i < regions && !found; i++) {
		region = gic_map_registers(node, 1 + i);
		if (!region)
			return NULL;
		found = find_in_region(region, stride);
	}
	return found;
}

static void wake_redistributor(void)
{
	uint32_t waker = mmio_read32(redistributor + GICR_WAKER);

	mmio_write32(redistributor + GICR_WAKER, waker & ~GICR_WAKER_SLEEP);
	while (mmio_read32(redistributor + GICR_WAKER) & GICR_WAKER_ASLEEP)
		;
}

static int init(int node, unsigned int *lines)
{
	distributor = gic_map_registers(node, 0);
	redistributor = distributor ? find_redistributor(node) : NULL;
	if (!redistributor)
		return -EINVAL;
	*lines = gic_lines(mmio_read32(distributor + GICD_TYPER));
	mmio_write32(distributor + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_ENABLE_GROUP_1);
	while (mmio_read32(distributor + GICD_CTLR) & GICD_CTLR_RWP)
		;
	wake_redistributor();

	icc_write(ICC_SRE_EL1, icc_read(ICC_SRE_EL1) | 1);
	isb();
	icc_write(ICC_PMR_EL1, GIC_PRIORITY_MASK);
	icc_write(ICC_CTLR_EL1, 0); // EOI also deactivates
	icc_write(ICC_IGRPEN1_EL1, 1);
	isb();
	return 0;
}

// Where an interrupt's registers are: SGIs and PPIs have theirs in the redistributor.
static char *registers_of(unsigned int irq)
{
	return irq < 32 ? redistributor + FRAME_SIZE : distributor;
}

static void enable(unsigned int irq)
{
	mmio_write8(registers_of(irq) + GICD_IPRIORITYR + irq, GIC_PRIORITY);
	mmio_write32(registers_of(irq) + GICD_ISENABLER + irq / 32 * 4, 1u << irq % 32);
}

static void disable(unsigned int irq)
{
	mmio_write32(registers_of(irq) + GICD_ICENABLER + irq / 32 * 4, 1u << irq % 32);
}

static void set_edge(unsigned int irq, bool edge)
{
	char *config = registers_of(irq) + GICD_ICFGR + irq / 16 * 4;
	uint32_t bit = 2u << irq % 16 * 2;

	mmio_write32(config, edge ? mmio_read32(config) | bit : mmio_read32(config) & ~bit);
}

static unsigned int acknowledge(void)
{
	unsigned int acknowledged = (unsigned int)icc_read(ICC_IAR1_EL1);

	dsb(sy);
	return acknowledged;
}

static void end(unsigned int acknowledged)
{
	icc_write(ICC_EOIR1_EL1, acknowledged);
	isb();
}

static const char *const compatible[] = { "arm,gic-v3", NULL };

const struct gic gic_v3 = { compatible, init, enable, disable, set_edge, acknowledge, end };
