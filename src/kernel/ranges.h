// SPDX-License-Identifier: Apache-2.0
// A small set of addresses, as sorted disjoint ranges [start, end): which memory there is, and which of it is
// free, while the kernel starts.
#pragma once

#include <stddef.h>

#include "kernel/memory.h"

#define RANGES_MAX 64u

struct range {
	paddr_t start, end;
};

struct ranges {
	size_t count;
	struct range items[RANGES_MAX];
};

// Where the set would need more than RANGES_MAX ranges, it is left smaller than it should be: it never claims
// what it doesn't have.
void ranges_add(struct ranges *ranges, paddr_t start, paddr_t end);
void ranges_remove(struct ranges *ranges, paddr_t start, paddr_t end);

// The first range that has an address in [start, end), NULL where none has.
const struct range *ranges_find(const struct ranges *ranges, paddr_t start, paddr_t end);

// Sum of all.
paddr_t ranges_size(const struct ranges *ranges);
