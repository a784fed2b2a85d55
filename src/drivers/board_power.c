// SPDX-License-Identifier: Apache-2.0
// The watchdog of the Raspberry Pi up to 4 (brcm,bcm2835-pm-wdt): when it runs out, the board starts anew,
// and the firmware looks at six bits of the reset's status for which partition to start from. The last one
// means none at all: the board stays off. Xen restarts such a board where the tree calls the node
// brcm,bcm2835-pm, which it then keeps for itself; and it switches none off.
#include "drivers/board_power.h"

#include "drivers/registers.h"
#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "kernel/memory.h"
#include "kernel/task.h"

// Every write carries the password.
#define PASSWORD       0x5a000000u
#define RESET_CONTROL  0x1cu
#define RESET_FULL     0x20u
#define RESET_MASK     0x30u
#define RESET_STATUS   0x20u
#define STATUS_NOWHERE 0x555u // the partition's six bits are every second one
#define WATCHDOG       0x24u
#define WATCHDOG_TICKS 10u // of 16 us
#define REGISTERS_SIZE 0x28u

void board_power(bool off)
{
	paddr_t address;
	uint64_t size;
	int node = devicetree_find(-1, "brcm,bcm2835-pm-wdt");

	if (node < 0 || devicetree_reg(node, 0, &address, &size) || size < REGISTERS_SIZE)
		return;
	paddr_t page = ROUND_DOWN(address, PAGE_SIZE);
	char *mapped = memory_map(page, ROUND_UP(address + size, PAGE_SIZE) - page, MEMORY_DEVICE);
	if (!mapped)
		return;
	char *base = mapped + (address - page);
	uint32_t status = register_read32(base, RESET_STATUS) & ~STATUS_NOWHERE & ~0xff000000u;
	register_write32(base, RESET_STATUS, PASSWORD | status | (off ? STATUS_NOWHERE : 0));
	register_write32(base, WATCHDOG, PASSWORD | WATCHDOG_TICKS);
	uint32_t control = register_read32(base, RESET_CONTROL) & ~RESET_MASK & ~0xff000000u;
	register_write32(base, RESET_CONTROL, PASSWORD | control | RESET_FULL);
	task_sleep(MILLISECONDS(10));
}
