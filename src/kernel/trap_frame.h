// SPDX-License-Identifier: Apache-2.0
// What vectors.S and trap.c share: the state of whoever ran into a fault.
#pragma once

// The vectors' order (Arm ARM, D1.3: Exception vectors).
#define VECTOR_TASK_SYNC 0
#define VECTOR_TASK_FIQ 2
#define VECTOR_TASK_SERROR 3
#define VECTOR_HANDLER_SYNC 4

#define FAULT_FRAME_SIZE 288
#define FAULT_FRAME_SP 248
#define FAULT_FRAME_PC 256
#define FAULT_FRAME_ESR 272

// The frame of an interrupt, which begins with a frame record (x29, ELR): x0 to x18, x30.
#define IRQ_RECORD 0
#define IRQ_GENERAL 16
#define IRQ_FRAME_LINK (IRQ_GENERAL + 19 * 8)

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct fault_frame {
	uint64_t x[31];
	uint64_t sp;
	uint64_t pc;
	uint64_t pstate;
	uint64_t esr;
	uint64_t far;
};

// Its beginning, of which pc may be changed: the interrupted task goes on there.
struct irq_frame {
	uint64_t frame_pointer;
	uint64_t pc;
};

_Static_assert(offsetof(struct irq_frame, pc) == IRQ_RECORD + 8, "vectors.S");
_Static_assert(sizeof(struct fault_frame) == FAULT_FRAME_SIZE, "vectors.S");
_Static_assert(offsetof(struct fault_frame, sp) == FAULT_FRAME_SP, "vectors.S");
_Static_assert(offsetof(struct fault_frame, pc) == FAULT_FRAME_PC, "vectors.S");
_Static_assert(offsetof(struct fault_frame, esr) == FAULT_FRAME_ESR, "vectors.S");
#endif
