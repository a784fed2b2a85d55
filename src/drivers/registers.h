// SPDX-License-Identifier: Apache-2.0
// A device's registers: single accesses, ordered against the memory that the device reads and writes by
// itself. Little-endian, as the devices of this folder are. Header only; on the host the "device" is ordinary
// memory, of which the model is told what is written to it.
#pragma once

#include <stdint.h>

#ifdef __aarch64__
#define device_barrier(kind) __asm__ volatile("dmb " #kind ::: "memory")
#define device_written(at)   ((void)0)
#else
void device_written(volatile void *at);
#define device_barrier(kind) __atomic_thread_fence(__ATOMIC_SEQ_CST)
#endif

// What a device sees of memory before a register is written, and what we see of it after one was read.
#define device_write_barrier() device_barrier(oshst)
#define device_read_barrier()  device_barrier(oshld)
#define device_full_barrier()  device_barrier(osh)

#define DEFINE_REGISTER_ACCESS(bits)                                                                         \
	static inline uint##bits##_t register_read##bits(const volatile void *base, uint32_t offset)         \
	{                                                                                                    \
		const volatile uint8_t *at = (const volatile uint8_t *)base + offset;                        \
		uint##bits##_t value = *(const volatile uint##bits##_t *)at;                                 \
                                                                                                             \
		device_read_barrier();                                                                       \
		return value;                                                                                \
	}                                                                                                    \
	static inline void register_write##bits(volatile void *base, uint32_t offset, uint##bits##_t value)  \
	{                                                                                                    \
		volatile uint8_t *at = (volatile uint8_t *)base + offset;                                    \
                                                                                                             \
		device_full_barrier();                                                                       \
		*(volatile uint##bits##_t *)at = value;                                                      \
		device_written(at);                                                                          \
	}

DEFINE_REGISTER_ACCESS(8)
DEFINE_REGISTER_ACCESS(16)
DEFINE_REGISTER_ACCESS(32)
