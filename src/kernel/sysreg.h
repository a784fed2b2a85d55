// SPDX-License-Identifier: Apache-2.0
// System registers, barriers and device registers. Target only.
#pragma once

#include <stdint.h>

// `name` as the assembler knows it.
#define sysreg_read(name)                                                                                    \
	({                                                                                                   \
		uint64_t value_;                                                                             \
		__asm__ volatile("mrs %0, " #name : "=r"(value_));                                           \
		value_;                                                                                      \
	})

#define sysreg_write(name, value) __asm__ volatile("msr " #name ", %x0" ::"rZ"((uint64_t)(value)) : "memory")

#define isb() __asm__ volatile("isb" ::: "memory")
#define dsb(domain) __asm__ volatile("dsb " #domain ::: "memory")

// Registers of a device. Xen emulates some, and can only follow loads and stores of this plain form, which a
// compiler is free not to use.
static inline uint32_t mmio_read32(const volatile void *address)
{
	uint32_t value;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return value;
}

static inline uint64_t mmio_read64(const volatile void *address)
{
	uint64_t value;

	__asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(address) : "memory");
	return value;
}

static inline void mmio_write32(volatile void *address, uint32_t value)
{
	__asm__ volatile("str %w0, [%1]" ::"rZ"(value), "r"(address) : "memory");
}

static inline void mmio_write64(volatile void *address, uint64_t value)
{
	__asm__ volatile("str %x0, [%1]" ::"rZ"(value), "r"(address) : "memory");
}

static inline void mmio_write8(volatile void *address, uint8_t value)
{
	__asm__ volatile("strb %w0, [%1]" ::"rZ"(value), "r"(address) : "memory");
}
