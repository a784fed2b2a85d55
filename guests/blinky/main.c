// SPDX-License-Identifier: Apache-2.0
// Makes an LED blink on a GPIO controller that was given to the domain, found in its device tree: the LED
// that the alias `led0` names (binding gpio-leds), otherwise a pin of the first controller that is known.
// `pin=N` and `period=MS` on the command line override the pin and the time between two toggles.
#include <libfdt.h>
#include <stdio.h>

#include "common/guest.h"
#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "kernel/memory.h"
#include "kernel/task.h"

#define GPIO_ACTIVE_LOW 1u // in the flags of a `gpios` property

static volatile uint32_t *reg(uintptr_t base, uintptr_t offset)
{
	return (volatile uint32_t *)(base + offset);
}

// Arm PrimeCell GPIO (DDI 0190B): GPIODATA at 0x000, whose address bits 9:2 select the pins that an access
// touches; GPIODIR at 0x400, 1 is output.
static void pl061_set_output(uintptr_t base, unsigned int pin)
{
	*reg(base, 0x400) |= 1u << pin;
}

static void pl061_set_level(uintptr_t base, unsigned int pin, bool high)
{
	*reg(base, (uintptr_t)4 << pin) = (uint32_t)high << pin;
}

// BCM2835 to BCM2711 (BCM2711 ARM Peripherals, chapter 5): GPFSELn with three bits a pin, 1 is output; GPSETn
// at 0x1c and GPCLRn at 0x28, where writing 1 acts on the pin.
static void bcm2835_set_output(uintptr_t base, unsigned int pin)
{
	volatile uint32_t *select = reg(base, pin / 10 * 4);
	unsigned int shift = pin % 10 * 3;

	*select = (*select & ~(7u << shift)) | 1u << shift;
}

static void bcm2835_set_level(uintptr_t base, unsigned int pin, bool high)
{
	*reg(base, (high ? 0x1cu : 0x28u) + pin / 32 * 4) = 1u << pin % 32;
}

// Broadcom STB (BCM2712): banks of 32 pins, 0x20 bytes of registers each; DATA at 0x4; IODIR at 0x8, 0 is
// output.
static void brcmstb_set_output(uintptr_t base, unsigned int pin)
{
	*reg(base, pin / 32 * 0x20 + 0x8) &= ~(1u << pin % 32);
}

static void brcmstb_set_level(uintptr_t base, unsigned int pin, bool high)
{
	volatile uint32_t *data = reg(base, pin / 32 * 0x20 + 0x4);

	*data = (*data & ~(1u << pin % 32)) | (uint32_t)high << pin % 32;
}

static const struct controller {
	const char *compatible;
	unsigned int pins;
	void (*set_output)(uintptr_t base, unsigned int pin);
	void (*set_level)(uintptr_t base, unsigned int pin, bool high);
} controllers[] = {
	{ "arm,pl061", 8, pl061_set_output, pl061_set_level },
	{ "brcm,bcm2711-gpio", 58, bcm2835_set_output, bcm2835_set_level },
	{ "brcm,bcm2835-gpio", 54, bcm2835_set_output, bcm2835_set_level },
	{ "brcm,brcmstb-gpio", 64, brcmstb_set_output, brcmstb_set_level },
};

struct led {
	const struct controller *controller;
	int node; // the controller's
	uintptr_t base;
	unsigned int pin;
	bool active_low;
};

static const struct controller *controller_of(int node)
{
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++)
		if (fdt_node_check_compatible(devicetree(), node, controllers[i].compatible) == 0)
			return &controllers[i];
	return NULL;
}

// /aliases led0 names a node whose `gpios` is <&controller pin flags>.
static bool find_alias(struct led *led)
{
	const void *tree = devicetree();
	const char *path = fdt_get_alias(tree, "led0");
	int size;
	const fdt32_t *gpios = path ? fdt_getprop(tree, fdt_path_offset(tree, path), "gpios", &size) : NULL;

	if (!gpios || size < 12)
		return false;
	led->node = fdt_node_offset_by_phandle(tree, fdt32_ld(gpios));
	led->controller = led->node >= 0 ? controller_of(led->node) : NULL;
	led->pin = fdt32_ld(gpios + 1);
	led->active_low = fdt32_ld(gpios + 2) & GPIO_ACTIVE_LOW;
	return led->controller != NULL;
}

static bool find_controller(struct led *led)
{
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++) {
		led->node = devicetree_find(-1, controllers[i].compatible);
		led->controller = &controllers[i];
		if (led->node >= 0)
			return true;
	}
	return false;
}

static bool map_registers(struct led *led)
{
	paddr_t address, page;
	uint64_t size;

	if (devicetree_reg(led->node, 0, &address, &size) != 0)
		return false;
	page = ROUND_DOWN(address, PAGE_SIZE);
	char *mapped = memory_map(page, ROUND_UP(address + size, PAGE_SIZE) - page, MEMORY_DEVICE);
	led->base = (uintptr_t)mapped + (address - page);
	return mapped != NULL;
}

static void explain_missing_controller(void)
{
	printf("No GPIO controller to blink with. The domain's device tree needs a node with one of\n");
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++)
		printf("\t%s\n", controllers[i].compatible);
	printf("from a partial device tree in its configuration, which also has to pass the registers' "
	       "frames (iomem).\n");
}

int main(void)
{
	struct led led = { 0 };

	guest_start("blinky");
	if (!find_alias(&led) && !find_controller(&led)) {
		explain_missing_controller();
		return 1;
	}
	if (!map_registers(&led)) {
		printf("The registers of %s can't be mapped: its `reg` is missing or not translatable.\n",
		       fdt_get_name(devicetree(), led.node, NULL));
		return 1;
	}
	led.pin = (unsigned int)guest_option("pin", led.pin, led.controller->pins - 1);
	uint64_t period = MILLISECONDS(guest_option("period", 1000, 3600000));

	printf("LED on pin %u of %s\n", led.pin, fdt_get_name(devicetree(), led.node, NULL));
	led.controller->set_output(led.base, led.pin);
	for (bool on = true;; on = !on) {
		led.controller->set_level(led.base, led.pin, on != led.active_low);
		printf("LED state: %s\n", on ? "ON" : "OFF");
		task_sleep(period);
	}
}
