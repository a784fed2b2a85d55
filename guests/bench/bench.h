// SPDX-License-Identifier: Apache-2.0
// The parts of the store's benchmark: nodes.c owns the nodes in the store and the requests about them, measure.c the clock and
// the figures, main.c the order of things.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/store.h"

#define REQUEST_BYTES_MAX 64u

struct request {
	uint32_t type;
	size_t size;
	char payload[REQUEST_BYTES_MAX];
};

// Requests that can be sent ahead. Number `i` of a run is the same each time.
struct request_kind {
	const char *name;
	unsigned int requests; // that make one sample
	void (*make)(unsigned int i, struct request *request);
	bool (*is_right)(unsigned int i, const struct store_message *reply);
};
extern const struct request_kind request_kinds[];
extern const size_t request_kind_count;

// What takes several requests that depend on each other: does it once; false when an answer was wrong.
struct procedure {
	const char *name;
	bool (*begin)(void); // NULL: nothing to do before
	bool (*run)(unsigned int i, unsigned int *repeats);
	bool (*end)(void); // NULL
};
extern const struct procedure procedures[];
extern const size_t procedure_count;

// Makes the nodes that the requests are about: at least NODES_MIN, and as many as are wanted. False: the store refused, and why was
// said.
#define NODES_MIN 16u
bool nodes_fill(unsigned int wanted);

// Measures all kinds and procedures and prints a line for each. False: an answer was wrong, or memory is short, as was said.
bool measure_all(unsigned int samples);
