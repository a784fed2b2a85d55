// SPDX-License-Identifier: Apache-2.0
// All that is decided before a domain exists: its images' headers read, its device tree written, a place
// found for everything. What is wrong with a configuration or its images is found here, where nothing needs
// to be undone.
#pragma once

#include <stdint.h>

#include "config/domain_config.h"
#include "domain/host_device.h"
#include "domain/image.h"
#include "domain/layout.h"
#include "kernel/failure.h"
#include "xen/domctl.h"

struct plan {
	struct host_devices devices;        // holds the next
	const struct domain_config *config; // with what the devices' nodes have
	enum gic_version gic; // GIC_V2 or GIC_V3
	struct kernel_image kernel;
	struct image_part ramdisk; // size 0: none
	struct guest_layout layout;
	void *tree;           // as large as layout.tree says
	uint64_t paging_pool; // bytes for Xen's page tables of the domain
};

// From a checked configuration. Whatever it returns, plan_free() follows. May wait.
int plan_make(struct plan *plan, const struct domain_config *config, struct failure *failure);
void plan_free(struct plan *plan);

// Pages that Xen allots to the domain's own use.
uint64_t plan_domain_pages(const struct plan *plan);
