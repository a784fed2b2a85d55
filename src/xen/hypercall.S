// SPDX-License-Identifier: Apache-2.0
// The trap into Xen, as its arm64 ABI has it (xen/public arch-arm.h): number in x16, arguments in x0..x4,
// result in x0, `hvc #0xEA1`. Xen may clobber x0..x4 and x16 and keeps all else.

#define XEN_HYPERCALL_TAG 0xEA1

	.text

// long xen_hypercall(unsigned int number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
	.global xen_hypercall
	.type xen_hypercall, %function
	.balign 4
xen_hypercall:
	.cfi_startproc
	mov	w16, w0
	mov	x0, x1
	mov	x1, x2
	mov	x2, x3
	mov	x3, x4
	mov	x4, x5
	hvc	#XEN_HYPERCALL_TAG
	ret
	.cfi_endproc
	.size xen_hypercall, . - xen_hypercall

	.section .note.GNU-stack, "", %progbits
