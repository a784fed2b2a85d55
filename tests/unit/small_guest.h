// SPDX-License-Identifier: Apache-2.0
// The smallest kernel that a domain can be made of, and the model with what domains need. For tests; each includes it once.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/domain_config.h"
#include "console/console.h"
#include "domain/store_nodes.h"
#include "model/model.h"
#include "xen/event.h"
#include "xen/foreign.h"
#include "xen/version.h"
#include "xenstore/xenstore.h"

static uint8_t kernel[4096];
static struct model_image kernel_image = {
	.name = "kernel",
	.data = kernel,
	.size = sizeof(kernel),
};

// The header of an arm64 Image (Linux, Documentation/arm64/booting.rst): its size, its flags, its magic.
static inline void make_kernel(void)
{
	memcpy(kernel + 16, &(uint64_t){ sizeof(kernel) }, 8);
	kernel[24] = 0xa;
	memcpy(kernel + 56, "ARM\x64", 4);
}

// The store starts once in a program: each test leaves the machine as it found it.
static inline int start_machine(void)
{
	make_kernel();
	model_start(NULL);
	return event_init() || xen_version_init() || foreign_init() || console_init() || xenstore_init() ||
	       store_nodes_init();
}

// A configuration of that kernel.
static inline struct domain_config small_config(void)
{
	return (struct domain_config){
		.name = "guest",
		.memory_kib = 8192,
		.vcpus = 1,
		.max_grant_frames = -1,
		.max_maptrack_frames = -1,
		.command_line = "",
		.kernel = model_image_source(&kernel_image),
	};
}
