// SPDX-License-Identifier: Apache-2.0
// xen_hypercall(): the table of families, arguments copied in and out as Xen does, faults, and counting.
#include "xen/hypercall.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <fcntl.h>
#include <sanitizer/asan_interface.h>

#include "kernel/compiler.h"
#include "kernel/panic.h"
#include "kernel/task.h"
#include "model/internal.h"

#define COST_OF_HYPERCALL MICROSECONDS(1)
#define SLICE MICROSECONDS(100)

#define ARGUMENT_MAX 1024u

static const struct family {
	unsigned int number;
	long (*run)(const uint64_t *arguments);
} families[] = {
	{ __HYPERVISOR_domctl, do_domctl },
	{ __HYPERVISOR_sysctl, do_sysctl },
	{ __HYPERVISOR_memory_op, do_memory_op },
	{ __HYPERVISOR_event_channel_op, do_event_channel_op },
	{ __HYPERVISOR_grant_table_op, do_grant_table_op },
	{ __HYPERVISOR_hvm_op, do_hvm_op },
	{ __HYPERVISOR_console_io, do_console_io },
	{ __HYPERVISOR_xen_version, do_xen_version },
	{ __HYPERVISOR_sched_op, do_sched_op },
	{ __HYPERVISOR_vcpu_op, do_vcpu_op },
	{ __HYPERVISOR_xsm_op, do_xsm_op },
};

static struct count {
	unsigned int number, command, calls;
} counts[256];
static size_t count_kinds;

// ---- Dom0's memory ----

// Asks the host's kernel, page by page, whether it could read there.
static bool readable(uint64_t address, size_t size)
{
	static int ends[2] = { -1, -1 };
	uint64_t last = address + size - 1;
	char byte;

	if (ends[0] < 0)
		ASSERT(pipe2(ends, O_CLOEXEC) == 0);
	if (last < address)
		return false;
	for (uint64_t at = address;; at = ROUND_DOWN(at, PAGE_SIZE) + PAGE_SIZE) {
		if (at > last)
			at = last;
		if (write(ends[1], (const void *)(uintptr_t)at, 1) != 1)
			return false;
		ASSERT(read(ends[0], &byte, 1) == 1);
		if (at == last || ROUND_DOWN(at, PAGE_SIZE) == ROUND_DOWN(last, PAGE_SIZE))
			return true;
	}
}

static bool accessible(uint64_t address, size_t size)
{
	if (!size)
		return true;
	if (!readable(address, size))
		return false;
	if (__asan_region_is_poisoned((void *)(uintptr_t)address, size))
		model_violation("hypercall argument of %zu bytes at %#llx reaches outside of its object",
				size, (unsigned long long)address);
	return true;
}

bool copy_in(void *to, uint64_t from, size_t size)
{
	if (!accessible(from, size))
		return false;
	memcpy(to, (const void *)(uintptr_t)from, size);
	return true;
}

bool copy_out(uint64_t to, const void *from, size_t size)
{
	if (!accessible(to, size))
		return false;
	memcpy((void *)(uintptr_t)to, from, size);
	return true;
}

// ---- Operations ----

static long fail(const struct operation *op, void *argument)
{
	if (op->fail)
		return op->fail(argument, fault_variant());
	return fault_choose(op->errors, ARRAY_SIZE(op->errors));
}

static long operate(const char *family, const struct operation *op, void *argument)
{
	bool can_fail = op->fail || op->errors[0];

	if (can_fail && fault_strikes(FAULT_HYPERCALL, "%s %s", family, op->name))
		return fail(op, argument);
	return op->run(argument);
}

long operation_run(const char *family, const struct operation *operations, size_t count, unsigned int number,
		   uint64_t argument)
{
	uint8_t copy[ARGUMENT_MAX] __attribute__((aligned(16)));

	for (size_t i = 0; i < count; i++) {
		const struct operation *op = &operations[i];
		long result;

		if (op->number != number)
			continue;
		ASSERT(op->size <= sizeof(copy));
		if (!copy_in(copy, argument, op->size))
			return -EFAULT;
		result = operate(family, op, copy);
		if (result >= 0 && !copy_out(argument, copy, op->size))
			return -EFAULT;
		return result;
	}
	return -ENOSYS;
}

static bool in_parts;

bool hypercall_takes_part(uint64_t *left)
{
	while (*left) {
		uint64_t slice = MIN(*left, SLICE);

		time_pass(slice);
		*left -= slice;
		if (in_parts)
			timers_run();
		bool interrupted = irq_deliver();
		interrupted |= timer_has_fired(); // asked in any case
		if (interrupted && in_parts && *left)
			return false;
	}
	return true;
}

void hypercall_takes(uint64_t nanoseconds)
{
	while (!hypercall_takes_part(&nanoseconds))
		continue;
}

// ---- The door ----

static void count_call(unsigned int number, unsigned int command)
{
	for (size_t i = 0; i < count_kinds; i++) {
		if (counts[i].number == number && counts[i].command == command) {
			counts[i].calls++;
			return;
		}
	}
	if (count_kinds < ARRAY_SIZE(counts))
		counts[count_kinds++] = (struct count){ number, command, 1 };
}

static unsigned int command_of(unsigned int number, const uint64_t *arguments)
{
	uint32_t command = (uint32_t)arguments[0];

	if (number == __HYPERVISOR_domctl || number == __HYPERVISOR_sysctl || number == __HYPERVISOR_xsm_op)
		if (!copy_in(&command, arguments[0], sizeof(command)))
			return UINT32_MAX;
	return command;
}

unsigned int model_hypercall_count(unsigned int number, unsigned int command)
{
	for (size_t i = 0; i < count_kinds; i++)
		if (counts[i].number == number && counts[i].command == command)
			return counts[i].calls;
	return 0;
}

void hypercalls_reset(void)
{
	count_kinds = 0;
}

// The model's negative errno values are the host's, which are Xen's on Linux.
long xen_hypercall(unsigned int number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
	const uint64_t arguments[] = { a0, a1, a2, a3, a4 };

	if (!dom0)
		model_violation("a hypercall before model_start()");
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		long result;

		if (families[i].number != number)
			continue;
		count_call(number, command_of(number, arguments));
		result = families[i].run(arguments);
		hypercall_takes(COST_OF_HYPERCALL);
		return result;
	}
	return -ENOSYS;
}

long xen_hypercall_in_parts(unsigned int number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
	in_parts = true;
	long result = xen_hypercall(number, a0, a1, a2, a3, a4);
	in_parts = false;
	return result;
}
