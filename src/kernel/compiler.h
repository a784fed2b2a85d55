// SPDX-License-Identifier: Apache-2.0
// Small helpers of the C dialect that every room uses: array sizes, rounding, single reads of shared
// memory, barriers. Header only; compiles for the host as well.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer) - offsetof(type, member)))

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

// `alignment` is a power of two. ROUND_UP wraps to 0 for values within `alignment` of the type's end.
#define ROUND_DOWN(value, alignment) ((value) & ~((__typeof__(value))(alignment) - 1))
#define ROUND_UP(value, alignment) ROUND_DOWN((value) + ((__typeof__(value))(alignment) - 1), alignment)

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)

#define PRINTF_LIKE(format_index, first_argument)                                                            \
	__attribute__((format(printf, format_index, first_argument)))

// Memory that somebody else writes (a guest, a device, an interrupt handler) is read and written through
// these, once, so that the compiler can neither repeat nor merge the access.
#define READ_ONCE(object) (*(const volatile __typeof__(object) *)&(object))
#define WRITE_ONCE(object, value) (*(volatile __typeof__(object) *)&(object) = (value))

// Order against another CPU (a guest's, Xen's): `dmb ishld`, `dmb ishst`, `dmb ish`.
#define smp_rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#define smp_mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
