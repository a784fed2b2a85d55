// SPDX-License-Identifier: Apache-2.0
// The trap into Xen, as its arm64 ABI has it (xen/public arch-arm.h): number in x16, arguments in x0..x4,
// result in x0, `hvc #0xEA1`. Xen may clobber x0..x4 and x16 and keeps all else.

#define XEN_HYPERCALL_TAG 0xEA1
#define XEN_EAGAIN 11 // xen/public errno.h

.macro	function name
	.global \name
	.type \name, %function
	.balign 4
\name:
	.cfi_startproc
.endm

.macro	end name
	.cfi_endproc
	.size \name, . - \name
.endm

.macro	arguments
	mov	w16, w0
	mov	x0, x1
	mov	x1, x2
	mov	x2, x3
	mov	x3, x4
	mov	x4, x5
.endm

	.text

// long xen_hypercall(unsigned int number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
function xen_hypercall
	arguments
	hvc	#XEN_HYPERCALL_TAG
	ret
end xen_hypercall

// long xen_hypercall_in_parts(unsigned int number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
//
// Where an interrupt waits for this domain in a long hypercall, Xen puts it back to its `hvc`: it takes the
// interrupt and would then go on. irq_dispatch() has it end here instead.
function xen_hypercall_in_parts
	arguments
	.global irq_call
irq_call:
	hvc	#XEN_HYPERCALL_TAG
	ret
	.global irq_call_interrupted
irq_call_interrupted:
	mov	x0, #-XEN_EAGAIN
	ret
end xen_hypercall_in_parts

	.section .note.GNU-stack, "", %progbits
