// SPDX-License-Identifier: Apache-2.0
// Sets of the machine's CPUs, and the text that a person writes for one. Pure.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPU_SET_CPUS 128 // as many as Xen on Arm64 is built for

// A bit for each CPU: bit n % 64 of bits[n / 64].
struct cpu_set {
	uint64_t bits[CPU_SET_CPUS / 64];
};

static inline bool cpu_set_has(const struct cpu_set *set, unsigned int cpu)
{
	return cpu < CPU_SET_CPUS && set->bits[cpu / 64] >> cpu % 64 & 1;
}

static inline void cpu_set_add(struct cpu_set *set, unsigned int cpu)
{
	set->bits[cpu / 64] |= UINT64_C(1) << cpu % 64;
}

// CPUs in it.
unsigned int cpu_set_count(const struct cpu_set *set);

// True when it has all of the first `cpus`; of the others nobody asks.
bool cpu_set_is_all(const struct cpu_set *set, unsigned int cpus);

// The syntax of xl(1) and xl.cfg(5): "all", or "0-3,5,^1" with "nodes:0" for all CPUs of a node, of which
// there is one here. NULL, or the part of `text` that is wrong.
const char *cpu_set_parse(const char *text, struct cpu_set *set);

// "0-3,5", "none", or "all" where it has all of the first `cpus`. Cut where it doesn't fit.
void cpu_set_print(const struct cpu_set *set, unsigned int cpus, char *text, size_t size);
