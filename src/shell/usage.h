// SPDX-License-Identifier: Apache-2.0
// How much of a CPU each domain used: CPU times at two moments, compared.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shell/shell.h"
#include "xen/domctl.h"

struct usage_sample {
	domid_t domid;
	uint64_t cpu_time; // nanoseconds
};

// {0} is one without samples.
struct usage {
	struct usage_sample *samples; // to be given to usage_free()
	size_t count, capacity;
	uint64_t time; // of the samples
	bool out_of_memory;
};

// Takes the times of all domains, in place of what was there. 0, or a negative errno after saying why.
int usage_take(const struct invocation *call, struct usage *usage);

// Tenths of a percent of one CPU that the domain used since; -1 when it wasn't there then.
long usage_share(const struct usage *since, const struct domain_info *info);

// " 12.5", or "   -" with blanks up to `width`.
void usage_print_share(long share, int width);

void usage_free(struct usage *usage);
