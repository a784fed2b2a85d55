// SPDX-License-Identifier: Apache-2.0
// One mistake of each kind that the kernel guards against.
#include "kernel/fault_test.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/panic.h"

static uint32_t data_with_code[] = { 0xd65f03c0 }; // ret

static void read_null(void)
{
	const volatile int *volatile pointer = NULL;

	(void)*pointer;
}

static int use_up_stack(int depth)
{
	volatile char room[512];

	room[0] = (char)depth;
	return depth < 0 ? room[0] : use_up_stack(depth + 1) + room[0];
}

static void overflow_stack(void)
{
	use_up_stack(0);
}

static void break_assertion(void)
{
	ASSERT(kernel_test_faults[0] == NULL);
}

static void execute_data(void)
{
	((void (*)(void))(uintptr_t)data_with_code)();
}

static void write_code(void)
{
	*(volatile uint32_t *)(uintptr_t)write_code = 0;
}

static void smash_stack(void)
{
	char small[16];
	volatile size_t size = 64;

	memset(small, 0x55, size);
	__asm__ volatile("" ::"r"(small) : "memory");
}

static const struct {
	const char *name;
	void (*commit)(void);
} faults[] = {
	{ "null", read_null },    { "stack", overflow_stack },  { "assert", break_assertion },
	{ "exec", execute_data }, { "write-text", write_code }, { "smash", smash_stack },
};

const char *const kernel_test_faults[] = { "null", "stack", "assert", "exec", "write-text", "smash", NULL };

void kernel_test_fault(const char *kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		if (strcmp(kind, faults[i].name) == 0)
			faults[i].commit();
}
