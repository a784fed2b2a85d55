// SPDX-License-Identifier: Apache-2.0
// The device tree that a guest is started with: what of the machine Xen emulates for it, its memory, its
// command line, and the devices of its partial tree. Nodes as Xen's own toolstack writes them
// (tools/libs/light/libxl_arm.c); the interrupt controller has the phandle GUEST_PHANDLE_GIC, which partial
// trees refer to.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/domain_config.h"
#include "domain/layout.h"
#include "kernel/failure.h"
#include "xen/domctl.h"

struct guest_tree_parameters {
	const struct domain_config *config;
	const struct guest_layout *layout; // banks
	const void *partial;               // checked, or NULL
	enum gic_version gic;              // GIC_V2 or GIC_V3
	uint32_t clock_frequency;          // of the timer; 0: the CPU's register is right
	unsigned int xen_major, xen_minor;
	const uint8_t *seed;               // RANDOM_BYTES; NULL: the guest gets none
	const struct guest_range *extended;
	size_t extended_count;
};

// A new tree, the caller's to free; NULL with *error set. Its ramdisk, where there is one, is still to be
// placed.
void *guest_tree_build(const struct guest_tree_parameters *parameters, int *error, struct failure *failure);

// Writes where the ramdisk lies. The size of the tree stays.
void guest_tree_set_ramdisk(void *tree, const struct guest_range *ramdisk);
