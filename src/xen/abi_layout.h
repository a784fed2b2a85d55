// SPDX-License-Identifier: Apache-2.0
// The layouts that this room relies on, checked at compile time against whichever of Xen's headers the
// including file is compiled with. All but XEN_DOMCTL_createdomain (abi_version.c) are the same from Xen 4.17
// to 4.22, which is why the rest of this room is compiled only once. Included by abi_version.c, so that each
// version's headers are checked.
#pragma once

#include <stddef.h>

#include "xen/public.h"

#define CHECK_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " has another size")
#define CHECK_OFFSET(type, member, offset) \
	_Static_assert(offsetof(type, member) == (offset), #type "." #member " is elsewhere")

CHECK_SIZE(xen_pfn_t, 8);
CHECK_SIZE(xen_ulong_t, 8);
CHECK_SIZE(XEN_GUEST_HANDLE(xen_pfn_t), 8);
CHECK_SIZE(XEN_GUEST_HANDLE_64(char), 8);

CHECK_SIZE(struct xen_domctl, 144);
CHECK_OFFSET(struct xen_domctl, interface_version, 4);
CHECK_OFFSET(struct xen_domctl, domain, 8);
CHECK_OFFSET(struct xen_domctl, u, 16);
CHECK_OFFSET(struct xen_domctl_getdomaininfo, flags, 4);
CHECK_OFFSET(struct xen_domctl_getdomaininfo, tot_pages, 8);
CHECK_OFFSET(struct xen_domctl_getdomaininfo, max_pages, 16);
CHECK_OFFSET(struct xen_domctl_getdomaininfo, cpu_time, 56);
CHECK_OFFSET(struct xen_domctl_getdomaininfo, nr_online_vcpus, 64);
CHECK_OFFSET(struct xen_domctl_getdomaininfo, max_vcpu_id, 68);
CHECK_OFFSET(struct xen_domctl_getdomaininfo, ssidref, 72);
CHECK_OFFSET(struct xen_domctl_getdomaininfo, handle, 76);
CHECK_OFFSET(struct xen_domctl_getdomaininfo, cpupool, 92);
CHECK_SIZE(struct xen_domctl_getdomaininfo, 120);
CHECK_SIZE(vcpu_guest_context_t, 352);
CHECK_SIZE(struct xen_domctl_vcpucontext, 16);
CHECK_SIZE(struct xen_domctl_getvcpuinfo, 24);
CHECK_SIZE(struct xen_domctl_max_vcpus, 4);
CHECK_SIZE(struct xenctl_bitmap, 16);
CHECK_SIZE(struct xen_domctl_vcpuaffinity, 40);
CHECK_SIZE(struct xen_domctl_scheduler_op, 24);
CHECK_OFFSET(struct xen_domctl_scheduler_op, u, 8);
CHECK_SIZE(struct xen_domctl_max_mem, 8);
CHECK_SIZE(struct xen_domctl_address_size, 4);
CHECK_SIZE(struct xen_domctl_setdomainhandle, 16);
CHECK_SIZE(struct xen_domctl_paging_mempool, 8);
CHECK_SIZE(struct xen_domctl_cacheflush, 16);
CHECK_SIZE(struct xen_domctl_memory_mapping, 32);
CHECK_SIZE(struct xen_domctl_iomem_permission, 24);
CHECK_SIZE(struct xen_domctl_bind_pt_irq, 24);
CHECK_OFFSET(struct xen_domctl_bind_pt_irq, u, 8);
CHECK_SIZE(struct xen_domctl_assign_device, 24);
CHECK_OFFSET(struct xen_domctl_assign_device, u.dt.path, 16);

CHECK_SIZE(struct xen_sysctl, 136);
CHECK_OFFSET(struct xen_sysctl, interface_version, 4);
CHECK_OFFSET(struct xen_sysctl, u, 8);
CHECK_SIZE(struct xen_sysctl_readconsole, 24);
CHECK_SIZE(struct xen_sysctl_physinfo, 112);
CHECK_OFFSET(struct xen_sysctl_physinfo, cpu_khz, 24);
CHECK_OFFSET(struct xen_sysctl_physinfo, capabilities, 28);
CHECK_OFFSET(struct xen_sysctl_physinfo, arch_capabilities, 32);
CHECK_OFFSET(struct xen_sysctl_physinfo, total_pages, 40);
CHECK_SIZE(struct xen_sysctl_getdomaininfolist, 24);
CHECK_SIZE(struct xen_sysctl_sched_id, 4);
CHECK_SIZE(struct xen_sysctl_cpupool_op, 40);
CHECK_SIZE(struct xen_sysctl_debug_keys, 16);

CHECK_SIZE(struct xen_memory_reservation, 32);
CHECK_SIZE(struct xen_memory_domain, 2);
CHECK_SIZE(struct xen_add_to_physmap, 24);
CHECK_SIZE(struct xen_add_to_physmap_batch, 32);
CHECK_SIZE(struct xen_remove_from_physmap, 16);
CHECK_SIZE(struct xen_mem_acquire_resource, 32);

CHECK_SIZE(struct evtchn_alloc_unbound, 8);
CHECK_SIZE(struct evtchn_bind_interdomain, 12);
CHECK_SIZE(struct evtchn_bind_virq, 12);
CHECK_SIZE(struct evtchn_close, 4);
CHECK_SIZE(struct evtchn_send, 4);
CHECK_OFFSET(shared_info_t, evtchn_pending, 48);
CHECK_OFFSET(shared_info_t, evtchn_mask, 48 + 512);
CHECK_SIZE(((shared_info_t *)0)->evtchn_pending, 512);

CHECK_SIZE(struct xen_flask_op, 40);
CHECK_OFFSET(struct xen_flask_op, u, 8);
CHECK_OFFSET(struct xen_flask_sid_context, context, 8);
CHECK_OFFSET(struct xen_flask_load, size, 8);
_Static_assert(XEN_FLASK_INTERFACE_VERSION == 1, "FLASK speaks another version");

CHECK_SIZE(grant_entry_v1_t, 8);
CHECK_SIZE(struct gnttab_copy, 40);
CHECK_SIZE(struct xen_hvm_param, 16);
CHECK_SIZE(struct sched_shutdown, 4);
CHECK_OFFSET(struct xencons_interface, out, 1024);
CHECK_OFFSET(struct xencons_interface, in_cons, 1024 + 2048);
