// SPDX-License-Identifier: Apache-2.0
// Pools of CPUs as a person sees them: Xen numbers them, their names are in the store (/local/pool/ID/name),
// as xl's are. All return 0 or a negative errno with the reason in `failure`.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/cpu_set.h"
#include "kernel/failure.h"
#include "xen/types.h"

#define POOL_NAME_MAX 32 // bytes, with the NUL

// "Pool-0", the name that it was given, or "Pool-N".
void pool_name(uint32_t id, char name[POOL_NAME_MAX]);

// What a person types: a pool's name or its number. -ESRCH.
int pool_resolve(const char *text, uint32_t *id, struct failure *failure);

// A pool of these CPUs, which are in none; `cpus` NULL: of the first such CPU. Undone where it fails.
// -EEXIST, -EINVAL, -EBUSY (a CPU is in another pool, or there is none left).
int pool_create(const char *name, uint32_t scheduler, const struct cpu_set *cpus, uint32_t *id,
		struct failure *failure);

// -EBUSY while there are domains in it, -EPERM for pool 0.
int pool_destroy(uint32_t id, struct failure *failure);

int pool_rename(uint32_t id, const char *name, struct failure *failure);

// All of them or, where one fails, those before it.
int pool_add_cpus(uint32_t id, const struct cpu_set *cpus, struct failure *failure);
int pool_remove_cpus(uint32_t id, const struct cpu_set *cpus, struct failure *failure);

int pool_move_domain(uint32_t id, domid_t domid, struct failure *failure);
