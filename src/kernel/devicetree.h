// SPDX-License-Identifier: Apache-2.0
// The device tree that the program was started with, read with libfdt. The tree is untrusted input only as
// far as its maker is: Xen, or the toolstack; a malformed one is refused at start-up with a message.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/memory.h"

// The whole tree, valid for ever, read-only.
const void *devicetree(void);

// Register window `index` of a node, translated through the `ranges` of its parents to a CPU address.
// -ENOENT where there is none, -EINVAL where it can't be translated.
int devicetree_reg(int node, unsigned int index, paddr_t *address, uint64_t *size);

// Interrupt `index` of a node below a GIC (3 cells, or `interrupts-extended`), as an INTID. -ENOENT, -EINVAL.
int devicetree_irq(int node, unsigned int index, unsigned int *irq, bool *edge);

// First node after `start` (-1: from the beginning) with the compatible string, that isn't disabled. -ENOENT.
int devicetree_find(int start, const char *compatible);

// The node that a node is in; the node that a phandle names. A negative number where there is none.
int devicetree_parent(int node);
int devicetree_by_phandle(uint32_t phandle);

// The node /chosen, a negative number where there is none.
int devicetree_chosen(void);

// Its bootargs, or "".
const char *devicetree_bootargs(void);
