// SPDX-License-Identifier: Apache-2.0
// The kernel's address space, for C, assembly and the linker script's eyes: what lies where, and the sizes
// that more than one file has to agree on. 48-bit addresses, 4 KB granule, everything in the upper half
// (TTBR1); the lower half is never mapped after the start, so that a NULL pointer faults.
//
//   0xffff000000000000  direct map: physical address 0, 128 TB. RAM, and what memory_map() adds
//   0xffff800000000000  the image, as linked (link.ld): text RX, read-only data R, data RW
//   0xffff80003fc00000  at the start only: the device tree, 4 MB from the 2 MB boundary below it
//   0xffffc00000000000  stacks of tasks, with unmapped pages between them
#pragma once

#ifdef __ASSEMBLER__
#define ADDRESS(value) value
#else
#include <stdint.h>
#define ADDRESS(value) ((uintptr_t)(value))
#endif

#define DIRECT_MAP_START ADDRESS(0xffff000000000000)
#define DIRECT_MAP_SIZE ADDRESS(0x0000800000000000)
#define IMAGE_START ADDRESS(0xffff800000000000)
#define EARLY_TREE_START ADDRESS(0xffff80003fc00000)
#define STACKS_START ADDRESS(0xffffc00000000000)

// The image is loaded at a multiple of this, as the arm64 boot protocol has it (text_offset 0).
#define IMAGE_ALIGNMENT 0x200000

// A device tree of at most 2 MB, anywhere, lies within two blocks.
#define TREE_SIZE_MAX 0x200000

// Stacks of the exception level itself (SP_EL1): interrupts and faults of tasks; faults of their handlers.
#define EXCEPTION_STACK_SIZE 8192
#define EMERGENCY_STACK_SIZE 4096

// MAIR_EL1's entries and their numbers in page-table entries.
#define MAIR_NORMAL 0 // write-back, read and write allocate
#define MAIR_DEVICE 1 // nGnRE
#define MAIR_VALUE ((0xff << (8 * MAIR_NORMAL)) | (0x04 << (8 * MAIR_DEVICE)))

// Bits of page-table entries (Arm ARM, D8.3: VMSAv8-64 translation table format descriptors).
#define PTE_VALID (ADDRESS(1) << 0)
#define PTE_TABLE (ADDRESS(1) << 1) // at level 3: a page; at levels 1 and 2: a table, else a block
#define PTE_ATTRIBUTES(index) (ADDRESS(index) << 2)
#define PTE_READ_ONLY (ADDRESS(1) << 7)
#define PTE_INNER_SHAREABLE (ADDRESS(3) << 8)
#define PTE_ACCESSED (ADDRESS(1) << 10)
#define PTE_NO_EXECUTE (ADDRESS(1) << 53) // at EL1
#define PTE_NO_EXECUTE_EL0 (ADDRESS(1) << 54)
#define PTE_ADDRESS ADDRESS(0x0000fffffffff000)

#define PTE_NORMAL (PTE_ATTRIBUTES(MAIR_NORMAL) | PTE_INNER_SHAREABLE | PTE_ACCESSED | PTE_NO_EXECUTE_EL0)

// SCTLR_EL1 with MMU and caches on; and with what is writable not executable (WXN), which the tables of the
// start are not ready for.
#define SCTLR_RES1 0x30d00800 // EOS, TSCXT, EIS, SPAN, nTLSMD, LSMAOE
#define SCTLR_MMU (1 << 0)
#define SCTLR_DATA_CACHE (1 << 2)
#define SCTLR_SP_ALIGNMENT (1 << 3)
#define SCTLR_INSTRUCTION_CACHE (1 << 12)
#define SCTLR_WXN (1 << 19)
#define SCTLR_VALUE (SCTLR_RES1 | SCTLR_MMU | SCTLR_DATA_CACHE | SCTLR_SP_ALIGNMENT | SCTLR_INSTRUCTION_CACHE)

// TCR_EL1: both halves 48 bits, 4 KB granule, tables in write-back inner-shareable memory; IPS is added.
#define TCR_VALUE                                                                                            \
	((ADDRESS(16) << 0) | (ADDRESS(0x35) << 8) | (ADDRESS(16) << 16) | (ADDRESS(0x35) << 24) |           \
	 (ADDRESS(2) << 30))
#define TCR_EPD0 (ADDRESS(1) << 7) // no translation through TTBR0
#define TCR_IPS_SHIFT 32
#define TCR_IPS_MAX 5 // 48 bits, all that this granule reaches
