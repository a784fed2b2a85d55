// SPDX-License-Identifier: Apache-2.0
// The end of the program by its own fault: a broken assertion, an unexpected exception. Never used to
// handle an error that a guest, a medium, a configuration or a person can cause.
#pragma once

#include "kernel/compiler.h"

// Prints the message with registers, the running task and a backtrace (addresses that `scripts/backtrace`
// turns into file and line), then reboots or halts the machine as CONFIG_PANIC_REBOOT / CONFIG_PANIC_HALT
// say. On the host: prints and aborts.
void panic(const char *format, ...) PRINTF_LIKE(1, 2) __attribute__((noreturn, cold));

#define ASSERT(condition)                                                                                    \
	do {                                                                                                 \
		if (__builtin_expect(!(condition), 0))                                                       \
			panic("assertion failed: %s, %s:%d", #condition, __FILE__, __LINE__);                \
	} while (0)

// A panic from now on ends in kernel_shutdown(KERNEL_CRASH), whatever CONFIG_PANIC_* say: for a guest, so that
// its control domain hears of it. Target only.
void panic_crashes_domain(void);

// What the linker calls this image, in hexadecimal: the scripts that know its functions take no other. Target only.
#define BUILD_ID_TEXT_SIZE 41u
void build_id_text(char text[BUILD_ID_TEXT_SIZE]);

// How a panic leaves the machine; the program supplies it (a control domain and a guest both ask Xen:
// src/xen/sched.c). Doesn't return.
enum shutdown_reason_kernel { KERNEL_POWEROFF, KERNEL_REBOOT, KERNEL_CRASH };
void kernel_shutdown(enum shutdown_reason_kernel reason) __attribute__((noreturn));
