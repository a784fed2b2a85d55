// SPDX-License-Identifier: Apache-2.0
// XEN_SYSCTL_cpupool_op: the machine's CPUs in pools, each with a scheduler of its own. A domain runs in one
// pool; pool 0 is Xen's and Dom0's. Errors as in domctl.h.
#pragma once

#include <stdint.h>

#include "kernel/cpu_set.h"
#include "xen/types.h"

struct cpupool {
	uint32_t id;
	uint32_t scheduler; // XEN_SCHEDULER_*
	uint32_t domains;
	struct cpu_set cpus;
};

// The pool with this id, or the next one that there is: -ENOENT.
int cpupool_next(uint32_t id, struct cpupool *pool);

// CPUs that are in no pool.
int cpupool_free_cpus(struct cpu_set *cpus);

// An empty pool; *id gets the first free number.
int cpupool_create(uint32_t scheduler, uint32_t *id);
int cpupool_destroy(uint32_t id); // -EBUSY: there are domains in it

// -EBUSY: the CPU is in a pool (add), is the last one of a pool with domains (remove). -EAGAIN (remove): something runs
// on the CPU yet, to be called again. Under credit only as credit_ticks.h says.
int cpupool_add_cpu(uint32_t id, unsigned int cpu);
int cpupool_remove_cpu(uint32_t id, unsigned int cpu);

int cpupool_move_domain(uint32_t id, domid_t domid);
