// SPDX-License-Identifier: Apache-2.0
// Dom0's device tree, as Xen makes it from that of QEMU's machine `virt`: /hypervisor with the extended
// regions, one bank of memory, the devices that Dom0 is given; and one device behind an IOMMU, and one below
// a bus, which `virt` doesn't have.
#include <string.h>

#include <arpa/inet.h>
#include <libfdt.h>

#include "kernel/panic.h"
#include "model/internal.h"

#define TREE_SIZE 16384u

#define PHANDLE_GIC 1u
#define PHANDLE_CLOCK 2u
#define PHANDLE_IOMMU 3u

#define SPI 0u
#define PPI 1u
#define EDGE 1u
#define LEVEL_HIGH 4u
#define TO_ALL_CPUS 0xf00u

// Grant tables go to the first, foreign frames to the others: free addresses, below and above 4 GB.
#define GRANT_REGION 0x38000000ull, MIB(16)
#define REGION_LOW 0x60000000ull, MIB(128)
#define REGION_HIGH 0x100000000ull, MIB(512)

static char tree[TREE_SIZE];

static void begin(const char *name)
{
	ASSERT(!fdt_begin_node(tree, name));
}

static void end(void)
{
	ASSERT(!fdt_end_node(tree));
}

static void number(const char *name, uint32_t value)
{
	ASSERT(!fdt_property_u32(tree, name, value));
}

static void text(const char *name, const char *value)
{
	ASSERT(!fdt_property(tree, name, value, (int)strlen(value) + 1));
}

static void flag(const char *name)
{
	ASSERT(!fdt_property(tree, name, NULL, 0));
}

static void cells(const char *name, const uint32_t *values, unsigned int count)
{
	uint32_t big_endian[32];

	ASSERT(count <= 32);
	for (unsigned int i = 0; i < count; i++)
		big_endian[i] = htonl(values[i]);
	ASSERT(!fdt_property(tree, name, big_endian, (int)(count * sizeof(uint32_t))));
}

#define CELLS(name, ...)                                                                                     \
	cells(name, (const uint32_t[]){ __VA_ARGS__ },                                                       \
	      sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

// Pairs of address and size, two cells each.
static void windows(const uint64_t *values, unsigned int count)
{
	uint32_t halves[32];

	for (unsigned int i = 0; i < count; i++) {
		halves[2 * i] = (uint32_t)(values[i] >> 32);
		halves[2 * i + 1] = (uint32_t)values[i];
	}
	cells("reg", halves, 2 * count);
}

#define REG(...)                                                                                             \
	windows((const uint64_t[]){ __VA_ARGS__ },                                                           \
		sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

// Strings one after the other, each with its NUL, as a literal "one\0two" has them.
#define STRINGS(name, list) ASSERT(!fdt_property(tree, name, list, sizeof(list)))

static void hypervisor(unsigned int minor)
{
	char compatible[sizeof("xen,xen-4.xx\0xen,xen")] = "xen,xen-4.xx\0xen,xen";

	begin("hypervisor");
	compatible[10] = (char)('0' + minor / 10);
	compatible[11] = (char)('0' + minor % 10);
	STRINGS("compatible", compatible);
	REG(GRANT_REGION, REGION_LOW, REGION_HIGH);
	CELLS("interrupts", PPI, TREE_EVENT_IRQ - 16, TO_ALL_CPUS | LEVEL_HIGH);
	number("interrupt-parent", PHANDLE_GIC);
	end();
}

static void cpus(void)
{
	begin("cpus");
	number("#address-cells", 1);
	number("#size-cells", 0);
	begin("cpu@0");
	text("device_type", "cpu");
	text("compatible", "arm,armv8");
	text("enable-method", "psci");
	number("reg", 0);
	end();
	end();
}

static void interrupt_controller(unsigned int version)
{
	begin("intc@8000000");
	if (version == 3)
		text("compatible", "arm,gic-v3");
	else
		text("compatible", "arm,cortex-a15-gic");
	flag("interrupt-controller");
	number("#interrupt-cells", 3);
	number("#address-cells", 0);
	REG(0x08000000, 0x10000, version == 3 ? 0x080a0000 : 0x08010000, version == 3 ? 0xf60000 : 0x10000);
	number("phandle", PHANDLE_GIC);
	end();
}

static void timer(void)
{
	begin("timer");
	STRINGS("compatible", "arm,armv8-timer\0arm,armv7-timer");
	CELLS("interrupts", PPI, 13, TO_ALL_CPUS | LEVEL_HIGH, PPI, 14, TO_ALL_CPUS | LEVEL_HIGH, PPI, 11,
	      TO_ALL_CPUS | LEVEL_HIGH);
	end();
}

static void psci(void)
{
	begin("psci");
	STRINGS("compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci");
	text("method", "hvc");
	number("cpu_off", 1);
	number("cpu_on", 2);
	end();
}

static void gpio(void)
{
	begin("apb-pclk");
	text("compatible", "fixed-clock");
	number("#clock-cells", 0);
	number("clock-frequency", 24000000);
	number("phandle", PHANDLE_CLOCK);
	end();
	begin("pl061@9030000");
	STRINGS("compatible", "arm,pl061\0arm,primecell");
	REG(TREE_GPIO_ADDRESS, 0x1000);
	CELLS("interrupts", SPI, TREE_GPIO_IRQ - 32, LEVEL_HIGH);
	number("#gpio-cells", 2);
	flag("gpio-controller");
	number("clocks", PHANDLE_CLOCK);
	text("clock-names", "apb_pclk");
	end();
}

static void dma(void)
{
	begin("iommu@a000000");
	text("compatible", "arm,mmu-500");
	REG(0x0a000000, 0x10000);
	number("#iommu-cells", 1);
	number("phandle", PHANDLE_IOMMU);
	end();
	begin(&TREE_DMA_PATH[1]);
	text("compatible", "arm,pl330");
	REG(TREE_DMA_ADDRESS, 0x1000);
	CELLS("interrupts", SPI, TREE_DMA_IRQ - 32, LEVEL_HIGH);
	CELLS("iommus", PHANDLE_IOMMU, 0x10);
	end();
}

// Addresses below it are offsets: `ranges` translates.
static void bus(void)
{
	begin("bus@c000000");
	text("compatible", "simple-bus");
	number("#address-cells", 1);
	number("#size-cells", 1);
	CELLS("ranges", 0, 0, 0x0c000000, 0x100000);
	begin("mmc@1000");
	text("compatible", "model,mmc");
	CELLS("reg", 0x1000, 0x1000);
	CELLS("interrupts", SPI, 100, EDGE);
	end();
	begin("mmc@2000");
	text("compatible", "model,mmc");
	text("status", "disabled");
	CELLS("reg", 0x2000, 0x1000);
	end();
	end();
}

static void root(void)
{
	text("compatible", "linux,dummy-virt");
	text("model", "linux,dummy-virt");
	number("#address-cells", 2);
	number("#size-cells", 2);
	number("interrupt-parent", PHANDLE_GIC);
}

static void chosen(const struct model_options *options)
{
	begin("chosen");
	text("bootargs", options->bootargs ? options->bootargs : "console=hvc0");
	end();
}

static void memory(const struct model_options *options)
{
	begin("memory@48000000");
	text("device_type", "memory");
	REG(DOM0_RAM_START, options->dom0_ram);
	end();
}

const void *tree_build(const struct model_options *options)
{
	ASSERT(!fdt_create(tree, sizeof(tree)));
	ASSERT(!fdt_finish_reservemap(tree));
	begin("");
	root();
	chosen(options);
	memory(options);
	cpus();
	psci();
	timer();
	interrupt_controller(options->gic_version);
	hypervisor(options->xen_minor);
	gpio();
	dma();
	bus();
	end();
	ASSERT(!fdt_finish(tree));
	return tree;
}
