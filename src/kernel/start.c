// SPDX-License-Identifier: Apache-2.0
// From start.S to main(): the order in which the kernel comes up.
#include "kernel/start.h"

#include "kernel/compiler.h"
#include "kernel/panic.h"
#include "kernel/timer.h"

// The program's.
int main(void);

void kernel_start(const void *tree, paddr_t tree_address, paddr_t image, uint64_t ticks) __attribute__((noreturn));

static const struct subsystem {
	const char *name;
	int (*init)(void);
} subsystems[] = {
	{ "power control (PSCI)", cpu_init },
	{ "the interrupt controller", irq_init },
	{ "the timer", timer_init },
};

static void require(const char *name, int error)
{
	if (error)
		panic("%s could not be started: error %d", name, error);
}

static void run_main(void *unused)
{
	(void)unused;
	main();
	kernel_shutdown(KERNEL_POWEROFF);
}

// Never returns, so the change of the stack protector's secret is seen by no function that began before.
void kernel_start(const void *tree, paddr_t tree_address, paddr_t image, uint64_t ticks)
{
	timer_at_entry = ticks;
	require("the device tree", devicetree_init(tree, tree_address));
	stack_protector_init();
	require("memory", memory_init(image, tree_address));
	for (size_t i = 0; i < ARRAY_SIZE(subsystems); i++)
		require(subsystems[i].name, subsystems[i].init());
	require("the first task", task_init(run_main));
	__builtin_unreachable();
}
