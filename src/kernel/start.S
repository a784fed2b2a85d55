// SPDX-License-Identifier: Apache-2.0
// The first instructions: the arm64 Image header, tables to begin with, MMU and caches on, into C. Also the
// same for further CPUs, and the exchange of the tables under a running program.
//
// Entered as Linux is (Documentation/arch/arm64/booting.rst): EL1, MMU off, interrupts masked, x0 the
// device tree's physical address. Nothing is written to memory before the MMU is on, but the tables.
#include "kernel/layout.h"

	// Five tables, zeroed here: one root for both halves (the image's entry, 256, is none of a physical
	// address below 128 TB), then two levels for the page that runs while the MMU comes on, where
	// virtual is physical, and two for the image and the device tree.
	.section .bss.late, "aw", %nobits
	.balign	4096
	.global	early_root
early_root:
	.skip	4096
early_identity_1:
	.skip	4096
early_identity_2:
	.skip	4096
	.global	early_image_tables, early_image_tables_end
early_image_tables:
	.skip	2 * 4096
early_image_tables_end:

	.section .bss.stacks, "aw", %nobits
	.balign	16
	.skip	EMERGENCY_STACK_SIZE
	.global	emergency_stack_top
emergency_stack_top:
	.skip	EXCEPTION_STACK_SIZE
	.global	exception_stack_top
exception_stack_top:

#define BLOCK (PTE_NORMAL | PTE_VALID)
#define TABLE (PTE_TABLE | PTE_VALID)

	.section .head, "ax"
	.global	_start
_start:
	b	primary_start
	.long	0
	.quad	0 // text_offset: at a multiple of 2 MB
	.quad	image_size
	.quad	0xa // little endian, 4 KB pages, anywhere in memory
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

// Writes back and drops the cache lines of [x0, x1). Clobbers x2..x4.
flush_range:
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4 // log2 of the smallest line in words
	mov	x3, #4
	lsl	x3, x3, x2
	sub	x4, x3, #1
	bic	x4, x0, x4
1:	dc	civac, x4
	add	x4, x4, x3
	cmp	x4, x1
	b.lo	1b
	dsb	sy
	ret

// Turns the MMU and the caches on with TTBR0 x0 and TTBR1 x1. Clobbers x2, x3.
enable_mmu:
	msr	ttbr0_el1, x0
	msr	ttbr1_el1, x1
	mov	x2, #MAIR_VALUE
	msr	mair_el1, x2
	mrs	x2, id_aa64mmfr0_el1
	and	x2, x2, #0xf // PARange
	mov	x3, #TCR_IPS_MAX
	cmp	x2, x3
	csel	x2, x2, x3, lo
	ldr	x3, =TCR_VALUE
	orr	x2, x3, x2, lsl #TCR_IPS_SHIFT
	msr	tcr_el1, x2
	isb
	tlbi	vmalle1
	ic	iallu
	dsb	nsh
	isb
	ldr	x2, =SCTLR_VALUE
	msr	sctlr_el1, x2
	isb
	ret

primary_start:
	mrs	x21, cntvct_el0
	mov	x19, x0
	adrp	x20, image_start

	adrp	x0, early_root
	adrp	x1, early_image_tables_end
	bl	flush_range // dirty lines would be written over the tables later
	mov	x2, x0
1:	stp	xzr, xzr, [x2], #16
	cmp	x2, x1
	b.lo	1b

	adrp	x5, early_root
	adrp	x6, early_image_tables
	add	x7, x6, #4096
	mov	x9, #TABLE
	orr	x8, x6, x9
	str	x8, [x5, #256 * 8]
	orr	x8, x7, x9
	str	x8, [x6]

	// The image, writable and executable for the moment.
	ldr	x10, =BLOCK
	ldr	x11, =image_size
	orr	x8, x20, x10
	mov	x12, x7
2:	str	x8, [x12], #8
	add	x8, x8, #IMAGE_ALIGNMENT
	subs	x11, x11, #IMAGE_ALIGNMENT
	b.gt	2b

	// The device tree, in the last two blocks of the same gigabyte.
	ldr	x11, =PTE_READ_ONLY | PTE_NO_EXECUTE
	orr	x11, x11, x10
	bic	x8, x19, #IMAGE_ALIGNMENT - 1
	orr	x8, x8, x11
	str	x8, [x7, #510 * 8]
	add	x8, x8, #IMAGE_ALIGNMENT
	str	x8, [x7, #511 * 8]

	// This code where it is: read-only, so that the mapping also serves when writable excludes
	// executable.
	adrp	x6, early_identity_1
	adrp	x7, early_identity_2
	orr	x8, x6, x9
	ubfx	x12, x20, #39, #9
	str	x8, [x5, x12, lsl #3]
	orr	x8, x7, x9
	ubfx	x12, x20, #30, #9
	str	x8, [x6, x12, lsl #3]
	orr	x8, x20, x10
	orr	x8, x8, #PTE_READ_ONLY
	ubfx	x12, x20, #21, #9
	str	x8, [x7, x12, lsl #3]

	dsb	sy
	bl	flush_range // clean lines from before would hide what was written around the cache

	adrp	x0, early_root
	mov	x1, x0
	bl	enable_mmu
	ldr	x0, =primary_mapped
	br	x0

// Further CPUs (cpu.c): x0 is the virtual address of a struct secondary, whose first member is the stack's
// top.
	.global	secondary_start
secondary_start:
	mov	x19, x0
	adrp	x0, early_root
	adrp	x1, mmu_root
	bl	enable_mmu
	ldr	x0, =secondary_mapped
	br	x0

// void mmu_replace_root(uint64_t root, uint64_t empty): called at its physical address. Another translation
// of the same addresses must not meet the old one in the TLB, so there is none in between (break before
// make).
	.global	mmu_replace_root
mmu_replace_root:
	msr	ttbr1_el1, x1
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	msr	ttbr1_el1, x0
	isb
	ret

	.ltorg

	.text
.macro adr_l register, symbol
	adrp	\register, \symbol
	add	\register, \register, :lo12:\symbol
.endm

// What each CPU needs before it runs C.
.macro prepare_cpu
	adr_l	x0, vectors
	msr	vbar_el1, x0
	mov	x0, #3 << 20 // FPEN: the C library uses vector registers
	msr	cpacr_el1, x0
	adr_l	x0, boot_tls
	msr	tpidr_el0, x0
	msr	spsel, #1
	isb
	mov	x29, xzr
	mov	x30, xzr
.endm

primary_mapped:
	adr_l	x0, bss_start
	adr_l	x1, bss_end
1:	cmp	x0, x1
	b.hs	2f
	stp	xzr, xzr, [x0], #16
	b	1b
2:	prepare_cpu
	adr_l	x0, exception_stack_top
	mov	sp, x0
	ldr	x0, =EARLY_TREE_START
	and	x1, x19, #IMAGE_ALIGNMENT - 1
	add	x0, x0, x1
	mov	x1, x19
	mov	x2, x20
	mov	x3, x21
	b	kernel_start

secondary_mapped:
	prepare_cpu
	ldr	x0, [x19]
	mov	sp, x0
	mov	x0, x19
	b	cpu_secondary_start

	.section .note.GNU-stack, "", %progbits
