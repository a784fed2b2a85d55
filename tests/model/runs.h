// SPDX-License-Identifier: Apache-2.0
// Runs of frames: a sorted map from a frame number to a value that counts along with it. Serves as page table
// (guest frame to machine frame), as list of free frames and as set of permissions, where a gigabyte is one
// entry.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct run {
	uint64_t start, count;
	uint64_t value; // of `start`; start + n has value + n
	unsigned int kind;
};

struct runs {
	struct run *items; // sorted, not overlapping; neighbours that continue each other are one
	size_t count, capacity;
};

// The run that holds `key`, or NULL; valid until the next change.
const struct run *runs_find(const struct runs *runs, uint64_t key);

// Maps [start, start + count), replacing what was there.
void runs_set(struct runs *runs, uint64_t start, uint64_t count, uint64_t value, unsigned int kind);
void runs_remove(struct runs *runs, uint64_t start, uint64_t count);
void runs_clear(struct runs *runs);
struct runs runs_copy(const struct runs *runs);

// The part of the first run that lies in [start, end), false when there is none. To walk a range:
// for (at = start; runs_next(runs, at, end, &part); at = part.start + part.count)
bool runs_next(const struct runs *runs, uint64_t start, uint64_t end, struct run *part);

// Frames mapped in [start, start + count).
uint64_t runs_covered(const struct runs *runs, uint64_t start, uint64_t count);
uint64_t runs_total(const struct runs *runs);

// Sets: each frame maps to itself.
static inline void runs_add(struct runs *runs, uint64_t start, uint64_t count)
{
	runs_set(runs, start, count, start, 0);
}
