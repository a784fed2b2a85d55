// SPDX-License-Identifier: Apache-2.0
// Cache maintenance by address, to the point of coherency.
#include "kernel/compiler.h"
#include "kernel/memory.h"
#include "kernel/sysreg.h"

// CTR_EL0.DminLine: log2 of the smallest line's words.
static uintptr_t line_size(void)
{
	return (uintptr_t)4 << (sysreg_read(ctr_el0) >> 16 & 0xf);
}

void cache_clean(const void *pointer, size_t size)
{
	uintptr_t line = line_size(), end = (uintptr_t)pointer + size;

	for (uintptr_t at = ROUND_DOWN((uintptr_t)pointer, line); at < end; at += line)
		__asm__ volatile("dc cvac, %0" ::"r"(at) : "memory");
	dsb(sy);
}

void cache_clean_invalidate(const void *pointer, size_t size)
{
	uintptr_t line = line_size(), end = (uintptr_t)pointer + size;

	for (uintptr_t at = ROUND_DOWN((uintptr_t)pointer, line); at < end; at += line)
		__asm__ volatile("dc civac, %0" ::"r"(at) : "memory");
	dsb(sy);
}
