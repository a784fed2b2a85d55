// SPDX-License-Identifier: Apache-2.0
// What a running domain is asked for through its store nodes, which it answers or not as it likes: to shut
// down or reboot, a magic SysRq key, another amount of memory, another number of CPUs. And its name, which
// only we give.
//
// All return 0 or a negative errno with the reason in `failure`: -ESRCH, -EPERM (Dom0 itself), -EBUSY while
// the domain is built or destroyed, -ENOTSUP when it has no store, as a domain that others built. They may
// wait.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/failure.h"
#include "xen/types.h"

enum control_request { CONTROL_POWEROFF, CONTROL_REBOOT };

// Asked while something is waited for, many times a second: true gives up, with -EINTR. Or NULL.
typedef bool control_interrupted(void);

// Waits until the guest has acknowledged the request. -ETIMEDOUT when it has not for ten seconds: the request
// is withdrawn. -EAGAIN when it is paused or has ended.
int control_shutdown(domid_t id, enum control_request request, control_interrupted *interrupted,
		     struct failure *failure);

// Waits until the domain has ended or is gone, however long.
int control_wait_end(domid_t id, control_interrupted *interrupted, struct failure *failure);

// Sends a magic SysRq key, a printable character. It is Linux that has such.
int control_sysrq(domid_t id, char key, struct failure *failure);

// -EINVAL, -EEXIST.
int control_rename(domid_t id, const char *name, struct failure *failure);

// From 1 KiB up to what the domain was created with; it can't get more than that. The guest gives memory back
// as it can, and takes it again.
int control_set_memory(domid_t id, uint64_t kib, struct failure *failure);

// How much Xen lets it have at most, above what it is asked to keep: it may be more than the domain was created
// with, and nobody gives it that by itself. -EINVAL: less than its target.
int control_set_memory_limit(domid_t id, uint64_t kib, struct failure *failure);

// CPUs 0..count-1 are to be online, the others not. At most as many as the domain was created with.
int control_set_cpus(domid_t id, uint32_t count, struct failure *failure);
