// SPDX-License-Identifier: Apache-2.0
// The exception vectors. Tasks run on SP_EL0, so whatever interrupts them finds SP_EL1 at the top of the
// exception stack, and a task that has used up its stack can still be reported. What goes wrong on the
// exception stack itself is reported from a third one.
#include "kernel/trap_frame.h"

// The frame of an interrupt: all that a C function may change. The vector registers too, because a handler
// may log, and the C library's printf and memset use them. It begins with a frame record, so that a
// backtrace goes on into the task.
#define IRQ_STATUS (IRQ_GENERAL + 20 * 8) // SPSR, FPSR, FPCR
#define IRQ_VECTORS (IRQ_STATUS + 4 * 8)
#define IRQ_FRAME_SIZE (IRQ_VECTORS + 32 * 16)

.macro general op, base
	\op	x0, x1, [sp, #\base + 0 * 8]
	\op	x2, x3, [sp, #\base + 2 * 8]
	\op	x4, x5, [sp, #\base + 4 * 8]
	\op	x6, x7, [sp, #\base + 6 * 8]
	\op	x8, x9, [sp, #\base + 8 * 8]
	\op	x10, x11, [sp, #\base + 10 * 8]
	\op	x12, x13, [sp, #\base + 12 * 8]
	\op	x14, x15, [sp, #\base + 14 * 8]
	\op	x16, x17, [sp, #\base + 16 * 8]
.endm

.macro vectors op
	\op	q0, q1, [sp, #IRQ_VECTORS + 0 * 16]
	\op	q2, q3, [sp, #IRQ_VECTORS + 2 * 16]
	\op	q4, q5, [sp, #IRQ_VECTORS + 4 * 16]
	\op	q6, q7, [sp, #IRQ_VECTORS + 6 * 16]
	\op	q8, q9, [sp, #IRQ_VECTORS + 8 * 16]
	\op	q10, q11, [sp, #IRQ_VECTORS + 10 * 16]
	\op	q12, q13, [sp, #IRQ_VECTORS + 12 * 16]
	\op	q14, q15, [sp, #IRQ_VECTORS + 14 * 16]
	\op	q16, q17, [sp, #IRQ_VECTORS + 16 * 16]
	\op	q18, q19, [sp, #IRQ_VECTORS + 18 * 16]
	\op	q20, q21, [sp, #IRQ_VECTORS + 20 * 16]
	\op	q22, q23, [sp, #IRQ_VECTORS + 22 * 16]
	\op	q24, q25, [sp, #IRQ_VECTORS + 24 * 16]
	\op	q26, q27, [sp, #IRQ_VECTORS + 26 * 16]
	\op	q28, q29, [sp, #IRQ_VECTORS + 28 * 16]
	\op	q30, q31, [sp, #IRQ_VECTORS + 30 * 16]
.endm

	.text
irq_of_task:
	sub	sp, sp, #IRQ_FRAME_SIZE
	general	stp, IRQ_GENERAL
	stp	x18, x30, [sp, #IRQ_GENERAL + 18 * 8]
	mrs	x0, elr_el1
	mrs	x1, spsr_el1
	mrs	x2, fpsr
	mrs	x3, fpcr
	stp	x29, x0, [sp, #IRQ_RECORD]
	stp	x1, x2, [sp, #IRQ_STATUS]
	str	x3, [sp, #IRQ_STATUS + 16]
	vectors	stp
	mov	x29, sp
	mov	x0, sp
	bl	irq_dispatch
	vectors	ldp
	ldp	x1, x2, [sp, #IRQ_STATUS]
	ldr	x3, [sp, #IRQ_STATUS + 16]
	ldp	x29, x0, [sp, #IRQ_RECORD]
	msr	elr_el1, x0
	msr	spsr_el1, x1
	msr	fpsr, x2
	msr	fpcr, x3
	ldp	x18, x30, [sp, #IRQ_GENERAL + 18 * 8]
	general	ldp, IRQ_GENERAL
	add	sp, sp, #IRQ_FRAME_SIZE
	eret

// Saves everything at sp for trap_fault(frame, vector). x0 holds the vector's number; the interrupted x0,
// x1 and sp are in TPIDR_EL1, TPIDRRO_EL0 and x1.
report_fault:
	sub	sp, sp, #FAULT_FRAME_SIZE
	general	stp, 0
	stp	x18, x19, [sp, #18 * 8]
	stp	x20, x21, [sp, #20 * 8]
	stp	x22, x23, [sp, #22 * 8]
	stp	x24, x25, [sp, #24 * 8]
	stp	x26, x27, [sp, #26 * 8]
	stp	x28, x29, [sp, #28 * 8]
	stp	x30, x1, [sp, #30 * 8]
	mrs	x2, tpidr_el1
	mrs	x3, tpidrro_el0
	stp	x2, x3, [sp]
	mrs	x2, elr_el1
	mrs	x3, spsr_el1
	mrs	x4, esr_el1
	mrs	x5, far_el1
	stp	x2, x3, [sp, #FAULT_FRAME_PC]
	stp	x4, x5, [sp, #FAULT_FRAME_ESR]
	mov	x1, x0
	mov	x0, sp
	bl	trap_fault

.macro fault number
	.balign	0x80
	msr	tpidr_el1, x0
	msr	tpidrro_el0, x1
.if \number < VECTOR_HANDLER_SYNC
	mrs	x1, sp_el0
.else
	mov	x1, sp
	adrp	x0, emergency_stack_top
	add	x0, x0, :lo12:emergency_stack_top
	mov	sp, x0
.endif
	mov	x0, #\number
	b	report_fault
.endm

.macro interrupt
	.balign	0x80
	b	irq_of_task
.endm

	.balign	0x800
	.global	vectors
vectors:
	fault	VECTOR_TASK_SYNC
	interrupt
	.irp	number, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	fault	\number
	.endr

	.section .note.GNU-stack, "", %progbits
