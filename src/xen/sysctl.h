// SPDX-License-Identifier: Apache-2.0
// XEN_SYSCTL_*: the machine as a whole. Errors as in domctl.h.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xen/domctl.h"
#include "xen/types.h"

struct physical_info {
	uint32_t threads_per_core, cores_per_socket, cpus, max_cpu_id, nodes;
	uint32_t cpu_khz;
	uint64_t total_pages, free_pages, scrub_pages, outstanding_pages; // of 4 KB
	uint64_t max_mfn;
	uint32_t capabilities, arch_capabilities; // XEN_SYSCTL_PHYSCAP_*
};
int sysctl_physical_info(struct physical_info *info);

// Where a CPU sits. In all of them CPU_PLACE_NONE where there is no such CPU.
#define CPU_PLACE_NONE UINT32_MAX
struct cpu_place {
	uint32_t core, socket, node;
};

// Of CPUs 0..*count-1; *count in: as many as `places` holds, out: as many as were filled in.
int sysctl_cpu_places(struct cpu_place *places, uint32_t *count);

// The node of memory, of which Xen on Arm64 knows one.
struct memory_node {
	uint64_t size, free; // bytes
	uint32_t distance;   // from itself
};
int sysctl_memory_node(struct memory_node *node);

// Domains with ids from `first` on, in order: fills at most `capacity` of `list`, *count says how many.
int sysctl_domain_list(domid_t first, struct domain_info *list, size_t capacity, size_t *count);

// "credit2" for XEN_SCHEDULER_CREDIT2 and so on, "unknown" for what isn't one; and the way back.
const char *scheduler_name(uint32_t scheduler);
bool scheduler_find(const char *name, uint32_t *scheduler);

// Name of the scheduler that the machine was started with, never NULL.
const char *sysctl_scheduler_name(void);

// What holds for all domains of a pool: credit has all of them, credit2 the limit.
struct scheduler_settings {
	uint32_t slice_ms, rate_limit_us, migration_delay_us;
};
// -EINVAL: the pool's scheduler is another one, or the value is out of its range; -EOPNOTSUPP: it has none of them.
int sysctl_get_scheduler(uint32_t pool, uint32_t scheduler, struct scheduler_settings *settings);
int sysctl_set_scheduler(uint32_t pool, uint32_t scheduler, const struct scheduler_settings *settings);

// Reads Xen's console ring from *index on into `buffer`; *size in: capacity, out: bytes read; *index moves
// on. `clear` empties the ring.
int sysctl_read_console(char *buffer, uint32_t *size, uint32_t *index, bool clear);

// Handles the keys as if they were typed at Xen's own console; what they print goes there.
int sysctl_debug_keys(const char *keys, uint32_t count);
