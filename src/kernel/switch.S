// SPDX-License-Identifier: Apache-2.0
// Changing stacks: from task to task, and from anywhere to the exception stack for the last words.

// What a function keeps for its caller (AAPCS64, 6.1): x19 to x30, d8 to d15. task.c lays out the same for
// a new task.
#define SWITCH_FRAME_SIZE (20 * 8)

	.text
// void task_switch(uintptr_t *from, uintptr_t to): both are stack pointers of tasks that are not running.
	.global	task_switch
	.type	task_switch, %function
task_switch:
	sub	sp, sp, #SWITCH_FRAME_SIZE
	stp	x29, x30, [sp, #0]
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	stp	d8, d9, [sp, #96]
	stp	d10, d11, [sp, #112]
	stp	d12, d13, [sp, #128]
	stp	d14, d15, [sp, #144]
	mov	x2, sp
	str	x2, [x0]
resume:
	mov	sp, x1
	ldp	x29, x30, [sp, #0]
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	d8, d9, [sp, #96]
	ldp	d10, d11, [sp, #112]
	ldp	d12, d13, [sp, #128]
	ldp	d14, d15, [sp, #144]
	add	sp, sp, #SWITCH_FRAME_SIZE
	ret

// void task_switch_first(uintptr_t to): leaves the stack of the start, which becomes the exception stack.
	.global	task_switch_first
	.type	task_switch_first, %function
task_switch_first:
	mov	x1, x0
	adrp	x2, exception_stack_top
	add	x2, x2, :lo12:exception_stack_top
	mov	sp, x2
	msr	spsel, #0
	b	resume

// Where a new task begins: x19 is its struct task, masked interrupts.
	.global	task_start
	.type	task_start, %function
task_start:
	mov	x0, x19
	mov	x30, xzr
	b	task_run

// void call_on_exception_stack(void (*function)(void *), void *argument): for a task that may have little
// stack left. Already there, it is a call like any other. The function doesn't return.
	.global	call_on_exception_stack
	.type	call_on_exception_stack, %function
call_on_exception_stack:
	msr	daifset, #0xf
	msr	spsel, #1
	mov	x2, x0
	mov	x0, x1
	br	x2

	.section .note.GNU-stack, "", %progbits
