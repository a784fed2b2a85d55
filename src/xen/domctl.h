// SPDX-License-Identifier: Apache-2.0
// XEN_DOMCTL_*: control of other domains. Every function returns 0 or a negative errno; -ENOTSUP when this
// Xen's interface version isn't supported (version.h), -ESRCH when there is no such domain. `domid` is an
// existing domain's. Those that work through a range (cache, iomem, destruction) yield as they go, none waits
// for anything else.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/cpu_set.h"
#include "xen/types.h"

enum gic_version { GIC_NATIVE, GIC_V2, GIC_V3 };
enum tee_type { TEE_NONE, TEE_OPTEE, TEE_FFA };

// XEN_DOMCTL_createdomain in terms that hold for every version.
struct domain_creation {
	uint8_t handle[16]; // UUID
	uint32_t ssidref; // Xen's number of the security label (flask.h)
	bool iommu; // devices will be assigned
	uint32_t max_vcpus; // 1..
	uint32_t max_event_channel; // highest port number, (uint32_t)-1: no limit but Xen's
	int32_t max_grant_frames, max_maptrack_frames; // -1: Xen's default
	enum gic_version gic_version;
	enum tee_type tee_type;
	bool scmi; // its SCMI calls go to firmware; from 4.21 on, before it means nothing
	uint32_t nr_spis;
	uint32_t cpupool;
	bool trap_unmapped_accesses; // from 4.21; before, Xen always traps
};

// DOMID_ANY asks for a free id. *domid is written on success only. -EEXIST: taken.
#define DOMID_ANY ((domid_t)0x7FF5)
int domctl_create(const struct domain_creation *creation, domid_t wanted, domid_t *domid);

// Destroys the domain, in parts of a millisecond at most, or up to the next interrupt, with task_yield()
// between them: Xen takes some 0.3 ms for each MB, and whoever asks this domain for something meanwhile is
// answered. Afterwards the domain is dying; it is gone when domctl_get_info() says -ESRCH (Xen frees the last
// few pages of its own bookkeeping a moment later).
int domctl_destroy(domid_t domid);

int domctl_pause(domid_t domid);
int domctl_unpause(domid_t domid);

// Lets a domain that has shut down go on where it did so.
int domctl_resume(domid_t domid);

struct domain_info {
	domid_t domid;
	bool dying, shutdown, paused, blocked, running;
	unsigned int shutdown_reason; // SHUTDOWN_*, when shutdown
	uint64_t pages, max_pages; // of 4 KB
	uint64_t claimed_pages; // promised to it, and not given yet
	uint64_t cpu_time; // nanoseconds
	uint32_t online_vcpus, max_vcpus;
	uint32_t ssidref, cpupool;
	unsigned int address_bits; // width of its physical addresses
	uint8_t handle[16];
};
// -ESRCH when there is none (also on 4.17, where Xen answers for the next one).
int domctl_get_info(domid_t domid, struct domain_info *info);

struct vcpu_info_summary {
	bool online, blocked, running;
	uint64_t cpu_time; // nanoseconds
	uint32_t cpu; // last ran on
};
int domctl_get_vcpu_info(domid_t domid, unsigned int vcpu, struct vcpu_info_summary *info);

int domctl_max_vcpus(domid_t domid, uint32_t vcpus);
int domctl_set_64bit(domid_t domid);
int domctl_set_max_memory(domid_t domid, uint64_t kib);
// Bytes, a multiple of the page size.
int domctl_set_paging_pool(domid_t domid, uint64_t bytes);
int domctl_set_handle(domid_t domid, const uint8_t handle[16]);

// First CPU's start: 64-bit EL1 with the MMU off, interrupts masked, x0 = argument; CPU brought online.
int domctl_set_entry(domid_t domid, uint64_t entry, uint64_t x0);

// A CPU's registers; the domain should be paused. -ENODATA: it was never started.
int domctl_get_vcpu_context(domid_t domid, unsigned int vcpu, vcpu_guest_context_t *context);

// ---- Where its CPUs run ----

// The machine's CPUs on which a virtual CPU may run (hard) and should run (soft), as they were asked for.
int domctl_get_affinity(domid_t domid, unsigned int vcpu, struct cpu_set *hard, struct cpu_set *soft);

// NULL leaves one as it is. *hard and *soft become what counts: what was asked for, as far as the domain's pool
// has such CPUs. `force` also ends a temporary pinning by the domain itself. -EINVAL: none of these CPUs is in
// the pool.
int domctl_set_affinity(domid_t domid, unsigned int vcpu, struct cpu_set *hard, struct cpu_set *soft,
			bool force);

// Its share, in terms of the scheduler that runs it; each has some of them.
struct scheduling {
	uint32_t weight, cap; // credit, credit2; cap: percent of a CPU, 0: none
	uint32_t period, budget; // rtds: microseconds
	bool extra_time; // rtds
};
// `scheduler` is XEN_SCHEDULER_*, that of the domain's pool: -EINVAL when it isn't; -EINVAL or -EOPNOTSUPP when
// it has nothing to set.
int domctl_get_scheduling(domid_t domid, uint32_t scheduler, struct scheduling *scheduling);
int domctl_set_scheduling(domid_t domid, uint32_t scheduler, const struct scheduling *scheduling);

// Cleans and invalidates the caches for guest frames, and drops the instruction cache, so that a guest with
// its caches off sees what was written. Any count: split as Xen wants.
int domctl_flush_cache(domid_t domid, gfn_t first, uint64_t frames);

// Devices. Ranges are frames of the machine; any count: split as Xen wants (64 a call). On failure what was
// done is undone.
int domctl_map_iomem(domid_t domid, gfn_t gfn, uint64_t mfn, uint64_t frames);
int domctl_unmap_iomem(domid_t domid, gfn_t gfn, uint64_t mfn, uint64_t frames);
int domctl_permit_iomem(domid_t domid, uint64_t mfn, uint64_t frames, bool allow);
// An SPI, delivered to the guest under the same number.
int domctl_bind_irq(domid_t domid, uint32_t irq);
int domctl_unbind_irq(domid_t domid, uint32_t irq);
// A device by its path in the host's device tree, for the IOMMU. -EOPNOTSUPP: the domain was created without
// `iommu`, or this machine has none that Xen drives; -EINVAL: no IOMMU covers the device; -EBUSY: another
// domain has it; -ESRCH: no such path.
int domctl_assign_device(domid_t domid, const char *path);
int domctl_deassign_device(domid_t domid, const char *path);
