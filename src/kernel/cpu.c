// SPDX-License-Identifier: Apache-2.0
// PSCI (Arm DEN 0022): CPUs on and off, the machine off and reset.
#include "kernel/cpu.h"

#include <errno.h>
#include <libfdt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "kernel/memory.h"
#include "kernel/mmu.h"
#include "kernel/stack.h"
#include "kernel/start.h"
#include "kernel/sysreg.h"

#define PSCI_CPU_OFF 0x84000002u
#define PSCI_CPU_ON 0xc4000003u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u

#define MPIDR_AFFINITY 0xff00ffffffu

static enum { CONDUIT_NONE, CONDUIT_HVC, CONDUIT_SMC } conduit;

static int64_t psci_call(uint32_t function, uint64_t first, uint64_t second, uint64_t third)
{
	register uint64_t x0 __asm__("x0") = function;
	register uint64_t x1 __asm__("x1") = first;
	register uint64_t x2 __asm__("x2") = second;
	register uint64_t x3 __asm__("x3") = third;

	if (conduit == CONDUIT_HVC)
		__asm__ volatile("hvc #0"
				 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"x4", "x5", "x6", "x7", "x8", "x9",
				   "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
	else if (conduit == CONDUIT_SMC)
		__asm__ volatile("smc #0"
				 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"x4", "x5", "x6", "x7", "x8", "x9",
				   "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
	else
		return -1; // NOT_SUPPORTED
	return (int32_t)x0;
}

static int psci_error(int64_t result)
{
	static const int errors[] = { 0,        ENOTSUP, EINVAL, EPERM, EALREADY,
				      EALREADY, EIO,     ENODEV, EPERM, EINVAL };

	return result <= 0 && -result < (int64_t)ARRAY_SIZE(errors) ? -errors[-result] : -EIO;
}

// A machine without PSCI runs all the same, on one CPU and until the power goes.
int cpu_init(void)
{
	const void *tree = devicetree();
	int node = devicetree_find(-1, "arm,psci-0.2");
	const char *method;

	if (node < 0)
		node = devicetree_find(-1, "arm,psci-1.0");
	method = node < 0 ? NULL : fdt_stringlist_get(tree, node, "method", 0, NULL);
	if (method && strcmp(method, "hvc") == 0)
		conduit = CONDUIT_HVC;
	else if (method && strcmp(method, "smc") == 0)
		conduit = CONDUIT_SMC;
	return 0;
}

uint64_t cpu_id(void)
{
	return sysreg_read(mpidr_el1) & MPIDR_AFFINITY;
}

void cpu_system_off(void)
{
	psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
}

void cpu_system_reset(void)
{
	psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
}

void cpu_halt(void)
{
	__asm__ volatile("msr daifset, #0xf" ::: "memory");
	psci_call(PSCI_CPU_OFF, 0, 0, 0);
	for (;;)
		__asm__ volatile("wfi");
}

// ---- Further CPUs ----

struct secondary {
	uintptr_t stack_top; // read by start.S
	void (*entry)(void *argument);
	void *argument;
};

extern const char secondary_start[];
void cpu_secondary_start(const struct secondary *secondary) __attribute__((noreturn));

int cpu_start(uint64_t mpidr, void (*entry)(void *argument), void *argument)
{
	struct secondary *secondary = malloc(sizeof(*secondary));
	struct stack stack = secondary ? stack_create() : (struct stack){ 0, 0 };

	if (!stack.start) {
		free(secondary);
		return -ENOMEM;
	}
	*secondary = (struct secondary){ stack.end, entry, argument };

	int64_t result = psci_call(PSCI_CPU_ON, mpidr, virt_to_phys(secondary_start), (uintptr_t)secondary);
	if (result) {
		stack_destroy(stack);
		free(secondary);
	}
	return psci_error(result);
}

// start.S comes here on the new CPU, on its own stack.
void cpu_secondary_start(const struct secondary *secondary)
{
	mmu_lock_down();
	secondary->entry(secondary->argument);
	cpu_halt();
}
