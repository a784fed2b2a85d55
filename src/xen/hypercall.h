// SPDX-License-Identifier: Apache-2.0
// The one door to the hypervisor: hypercall.S on the target, the model hypervisor in the host tests.
#pragma once

#include <stdint.h>

// Hypercall `number` (__HYPERVISOR_...), arguments as Xen's arm64 ABI takes them (x0..x4; pointers are
// virtual addresses of this domain). Returns Xen's value, where -errno uses Xen's numbers.
long xen_hypercall(unsigned int number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4);

// The same for one that Xen does in parts and that may be repeated as it is until it is done: -EAGAIN (Xen's
// number) where an interrupt was taken before or within it, so that the caller can let others run.
long xen_hypercall_in_parts(unsigned int number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4);

// A hypercall of the shape that most families have: a command and the address of its arguments.
static inline long xen_operation(unsigned int number, unsigned int command, const void *argument)
{
	return xen_hypercall(number, command, (uintptr_t)argument, 0, 0, 0);
}

// Xen's negative error numbers (public/errno.h, which are Linux's) as this program's negative errno values; 0
// and positive values pass. Every wrapper of this room converts before it returns.
int xen_error(long result);

// An errno as a person reads it: "no such domain" and the like come from the caller, this is only the reason:
// "permission denied", "out of memory". Never NULL. `error` may be negative.
const char *error_text(int error);
