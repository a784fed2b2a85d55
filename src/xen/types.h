// SPDX-License-Identifier: Apache-2.0
// Types that keep apart what Xen's interfaces pass as plain integers. domid_t and evtchn_port_t are Xen's
// own.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/memory.h"
#include "xen/public.h"

// A frame number of a guest's physical address space (which guest, the context says).
typedef struct {
	uint64_t number;
} gfn_t;

#define INVALID_GFN gfn_make(UINT64_MAX)
#define INVALID_EVTCHN ((evtchn_port_t)UINT32_MAX)

static inline gfn_t gfn_make(uint64_t number)
{
	return (gfn_t){ .number = number };
}

static inline gfn_t gfn_of_address(uint64_t address)
{
	return gfn_make(address >> PAGE_SHIFT);
}

static inline uint64_t gfn_address(gfn_t gfn)
{
	return gfn.number << PAGE_SHIFT;
}

static inline gfn_t gfn_add(gfn_t gfn, uint64_t frames)
{
	return gfn_make(gfn.number + frames);
}

static inline bool gfn_is_valid(gfn_t gfn)
{
	return gfn.number != UINT64_MAX;
}
