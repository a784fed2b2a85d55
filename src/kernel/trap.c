// SPDX-License-Identifier: Apache-2.0
// The program's last words: an exception that nobody expects, or panic(). What is printed, and how the
// machine is left.
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "kernel/compiler.h"
#include "kernel/console.h"
#include "kernel/cpu.h"
#include "kernel/log.h"
#include "kernel/memory.h"
#include "kernel/mmu.h"
#include "kernel/panic.h"
#include "kernel/stack.h"
#include "kernel/sysreg.h"
#include "kernel/task.h"
#include "kernel/task_switch.h"
#include "kernel/trap_frame.h"
#include "version.h"

#define BACKTRACE_MAX 24u
#define FRAME_POINTER 29u
#define LINK_REGISTER 30u

// Fields of ESR_EL1.
#define ESR_CLASS(esr) ((esr) >> 26 & 0x3f)
#define ESR_FAULT_STATUS(esr) ((esr)&0x3f)
#define ESR_WRITE(esr) ((esr) >> 6 & 1)

// SPSR_EL1.M.
#define MODE(pstate) ((pstate)&0xf)
#define MODE_TASK 0x4 // EL1t: on SP_EL0

#define CLASS_INSTRUCTION_ABORT 0x21u
#define CLASS_DATA_ABORT 0x25u

void trap_fault(struct fault_frame *frame, unsigned int vector) __attribute__((noreturn));

static const char *const class_names[64] = {
	[0x00] = "undefined instruction",
	[0x07] = "floating point disabled",
	[0x0e] = "illegal execution state",
	[0x15] = "supervisor call",
	[0x18] = "system register access",
	[CLASS_INSTRUCTION_ABORT] = "instruction abort",
	[0x22] = "misaligned pc",
	[CLASS_DATA_ABORT] = "data abort",
	[0x26] = "misaligned stack pointer",
	[0x2f] = "SError",
	[0x3c] = "breakpoint instruction",
};

static const char *fault_status_name(unsigned int status)
{
	static const char *const by_level[] = { "address size fault", "translation fault",
						"access flag fault", "permission fault" };

	if (status < 0x10)
		return by_level[status >> 2];
	switch (status) {
	case 0x10:
		return "external abort";
	case 0x21:
		return "misaligned access";
	case 0x30:
		return "TLB conflict";
	default:
		return "fault";
	}
}

static void print(const char *format, ...) PRINTF_LIKE(1, 2);
static void print(const char *format, ...)
{
	char line[160];
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (length > 0)
		kernel_console_write(line, MIN((size_t)length, sizeof(line) - 1));
}

extern const char exception_guard[]; // link.ld, as the following
extern const uint8_t build_id_start[], build_id_end[];

// The ELF note's first 16 bytes are its head.
void build_id_text(char text[BUILD_ID_TEXT_SIZE])
{
	for (const uint8_t *byte = build_id_start + 16; byte < build_id_end; byte++, text += 2)
		snprintf(text, 3, "%02x", *byte);
}

// Frame records: the caller's record, and the address that is returned to (AAPCS64, 6.2.3). Whatever they
// say, only readable memory is followed.
static void print_backtrace(const uint64_t *record)
{
	char build[BUILD_ID_TEXT_SIZE];

	build_id_text(build);
	print("Backtrace, build %s (scripts/backtrace names the lines):\n", build);
	for (unsigned int depth = 0; depth < BACKTRACE_MAX; depth++) {
		if ((uintptr_t)record % 8 || !mmu_is_readable((uintptr_t)record) || !record[1])
			break;
		print("  #%u 0x%016lx\n", depth, (unsigned long)record[1]);
		record = (const uint64_t *)record[0];
	}
}

static void print_task(void)
{
	const struct task *task = task_current();
	uint64_t now = time_now();

	print("in %s%s%s, %llu.%06llu s after the start of the clock, " THIN_DOM0_VERSION "\n",
	      task ? "task '" : "", task ? task_name(task) : "start-up", task ? "'" : "",
	      (unsigned long long)(now / SECONDS(1)), (unsigned long long)(now % SECONDS(1) / 1000));
}

static bool crashes_domain;

void panic_crashes_domain(void)
{
	crashes_domain = true;
}

static void leave(void) __attribute__((noreturn));
static void leave(void)
{
	if (crashes_domain)
		kernel_shutdown(KERNEL_CRASH);
#ifdef CONFIG_PANIC_REBOOT
	kernel_shutdown(KERNEL_REBOOT);
#else
	cpu_halt();
#endif
}

static void begin(void)
{
	static unsigned int entries;

	switch (entries++) {
	case 0:
		console_flush();
		return;
	case 1: // the report itself has failed
		leave();
	default: // even leaving has
		cpu_halt();
	}
}

static void finish(void) __attribute__((noreturn));
static void finish(void)
{
#ifdef CONFIG_PANIC_REBOOT
	const char *end = "Rebooting.\n";
#else
	const char *end = "Halted.\n";
#endif
	print("%s", crashes_domain ? "Crashed.\n" : end);
	leave();
}

// ---- Exceptions ----

static void print_registers(const struct fault_frame *frame)
{
	for (unsigned int i = 0; i < LINK_REGISTER; i++)
		print("x%-2u %016lx%s", i, (unsigned long)frame->x[i], i % 4 == 3 ? "\n" : "  ");
	print("sp  %016lx\n", (unsigned long)frame->sp);
	print("pstate %08lx  esr %08lx  far %016lx\n", (unsigned long)frame->pstate,
	      (unsigned long)frame->esr, (unsigned long)frame->far);
	print("pc  %016lx\n", (unsigned long)frame->pc);
	print("lr  %016lx\n", (unsigned long)frame->x[LINK_REGISTER]);
}

static void print_abort(const struct fault_frame *frame)
{
	unsigned int class = (unsigned int)ESR_CLASS(frame->esr), status = ESR_FAULT_STATUS(frame->esr);

	if (stack_is_guard(frame->far) || frame->far - (uintptr_t)exception_guard < PAGE_SIZE)
		print("stack overflow: ");
	print("%s at 0x%016lx, %s", class_names[class], (unsigned long)frame->far, fault_status_name(status));
	if (status < 0x10)
		print(" level %u", status & 3);
	if (class == CLASS_DATA_ABORT)
		print(", %s", ESR_WRITE(frame->esr) ? "write" : "read");
}

// Xen delivers the aborts that it makes itself, for accesses that it refuses, to the vectors of SP_EL1, also where a task is
// interrupted; which the mode tells.
static bool is_from_xen(const struct fault_frame *frame, unsigned int vector)
{
	return vector == VECTOR_HANDLER_SYNC && MODE(frame->pstate) == MODE_TASK;
}

static void print_fault(const struct fault_frame *frame, unsigned int vector)
{
	unsigned int class = (unsigned int)ESR_CLASS(frame->esr), kind = vector % 4;

	print("\n*** Fault: ");
	if (is_from_xen(frame, vector)) {
		print("%s at 0x%016lx, refused by Xen\n", class_names[class] ? class_names[class] : "exception",
		      (unsigned long)frame->far);
		return;
	}
	if (kind == VECTOR_TASK_FIQ)
		print("FIQ");
	else if (kind == VECTOR_TASK_SERROR)
		print("SError");
	else if (kind != VECTOR_TASK_SYNC)
		print("interrupt in a handler");
	else if (class == CLASS_DATA_ABORT || class == CLASS_INSTRUCTION_ABORT)
		print_abort(frame);
	else
		print("%s", class_names[class] ? class_names[class] : "unknown exception");
	print(vector >= VECTOR_HANDLER_SYNC ? ", in an interrupt handler or start-up\n" : "\n");
}

// vectors.S comes here, on the exception stack, or on the emergency stack when that one itself was in use.
void trap_fault(struct fault_frame *frame, unsigned int vector)
{
	begin();
	if (is_from_xen(frame, vector))
		frame->sp = sysreg_read(sp_el0);
	print_fault(frame, vector);
	print_task();
	print_registers(frame);
	print_backtrace((const uint64_t *)frame->x[FRAME_POINTER]);
	finish();
}

// ---- panic() ----

struct last_words {
	const char *format;
	va_list *arguments;
	const uint64_t *record;
};

static void report_panic(void *argument)
{
	const struct last_words *words = argument;
	char message[LOG_LINE_MAX];

	begin();
	vsnprintf(message, sizeof(message), words->format, *words->arguments);
	kernel_console_write("\n*** Panic: ", 12);
	print("%s\n", message);
	print_task();
	print_backtrace(words->record);
	finish();
}

void panic(const char *format, ...)
{
	va_list arguments;
	struct last_words words = { format, &arguments, __builtin_frame_address(0) };

	va_start(arguments, format);
	call_on_exception_stack(report_panic, &words);
}
