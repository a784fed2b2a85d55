// SPDX-License-Identifier: Apache-2.0
// What is special to one version of Xen. Compiled once for each supported version, with XEN_ABI_MINOR saying
// which, against the headers of that version, or of the nearest older one that Debian has: 4.17's for 4.17
// and 4.18, 4.20's for 4.19 to 4.22. Each object defines one table, xen_abi_4_NN.
//
// What versions without headers of their own changed in XEN_DOMCTL_createdomain:
//   4.18  arch.sve_vl took a byte of padding
//   4.21  arch_domainconfig grew from 12 to 16 bytes (arm_sci_type); altp2m_opts became two halves;
//         flag bit 8, trap_unmapped_accesses
//   4.22  arch.v8r_el1_msa and a padding that must be 0, in the 16 bytes
// Zero means "none" in each of these fields, and the operation is zeroed whole; so only the flag and arm_sci_type
// are written here.
#include <string.h>

#include "xen/abi_layout.h"
#include "xen/domctl.h"
#include "xen/version.h"

#define CREATE_TRAP_UNMAPPED_ACCESSES (1u << 8)
#define ARM_SCI_TYPE_OFFSET           12 // of the arch part
#define ARM_SCI_SCMI_SMC              1

#if XEN_ABI_MINOR == 17
#define DOMCTL_VERSION 0x15
#define SYSCTL_VERSION 0x15
#define ARCH_OFFSET 56
#elif XEN_ABI_MINOR == 18
#define DOMCTL_VERSION 0x16
#define SYSCTL_VERSION 0x15
#define ARCH_OFFSET 56
#elif XEN_ABI_MINOR == 19 || XEN_ABI_MINOR == 20
#define DOMCTL_VERSION 0x17
#define SYSCTL_VERSION 0x15
#define ARCH_OFFSET 60
#elif XEN_ABI_MINOR == 21
#define DOMCTL_VERSION 0x17
#define SYSCTL_VERSION 0x16
#define ARCH_OFFSET 60
#elif XEN_ABI_MINOR == 22
#define DOMCTL_VERSION 0x18
#define SYSCTL_VERSION 0x16
#define ARCH_OFFSET 60
#else
#error "XEN_ABI_MINOR must name a supported version of Xen: 17 to 22"
#endif

#if XEN_ABI_MINOR == 17 || XEN_ABI_MINOR == 20
_Static_assert(DOMCTL_VERSION == XEN_DOMCTL_INTERFACE_VERSION, "these headers are of another version");
_Static_assert(SYSCTL_VERSION == XEN_SYSCTL_INTERFACE_VERSION, "these headers are of another version");
#endif

CHECK_OFFSET(struct xen_domctl_createdomain, handle, 4);
CHECK_OFFSET(struct xen_domctl_createdomain, flags, 20);
CHECK_OFFSET(struct xen_domctl_createdomain, max_vcpus, 28);
CHECK_OFFSET(struct xen_domctl_createdomain, max_evtchn_port, 32);
CHECK_OFFSET(struct xen_domctl_createdomain, max_grant_frames, 36);
CHECK_OFFSET(struct xen_domctl_createdomain, max_maptrack_frames, 40);
CHECK_OFFSET(struct xen_domctl_createdomain, grant_opts, 44);
CHECK_OFFSET(struct xen_domctl_createdomain, cpupool_id, ARCH_OFFSET - 4);
CHECK_OFFSET(struct xen_domctl_createdomain, arch, ARCH_OFFSET);
CHECK_OFFSET(struct xen_arch_domainconfig, tee_type, 2);
CHECK_OFFSET(struct xen_arch_domainconfig, nr_spis, 4);

static void fill_createdomain(struct xen_domctl *op, const struct domain_creation *creation)
{
	static const uint8_t gic_versions[] = {
		[GIC_NATIVE] = XEN_DOMCTL_CONFIG_GIC_NATIVE,
		[GIC_V2] = XEN_DOMCTL_CONFIG_GIC_V2,
		[GIC_V3] = XEN_DOMCTL_CONFIG_GIC_V3,
	};
	struct xen_domctl_createdomain *create = &op->u.createdomain;

	create->ssidref = creation->ssidref;
	memcpy(create->handle, creation->handle, sizeof(create->handle));
	create->flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
	if (creation->iommu)
		create->flags |= XEN_DOMCTL_CDF_iommu;
#if XEN_ABI_MINOR >= 21
	if (creation->trap_unmapped_accesses)
		create->flags |= CREATE_TRAP_UNMAPPED_ACCESSES;
	if (creation->scmi)
		op->u.pad[ARCH_OFFSET + ARM_SCI_TYPE_OFFSET] = ARM_SCI_SCMI_SMC;
#endif
	create->max_vcpus = creation->max_vcpus;
	create->max_evtchn_port = creation->max_event_channel;
	create->max_grant_frames = creation->max_grant_frames;
	create->max_maptrack_frames = creation->max_maptrack_frames;
	create->grant_opts = XEN_DOMCTL_GRANT_version(1);
	create->cpupool_id = creation->cpupool;
	create->arch.gic_version = gic_versions[creation->gic_version];
	create->arch.tee_type = (uint16_t)creation->tee_type; // numbered as XEN_DOMCTL_CONFIG_TEE_*
	create->arch.nr_spis = creation->nr_spis;
}

#define TABLE_NAME__(minor) xen_abi_4_##minor
#define TABLE_NAME_(minor) TABLE_NAME__(minor)
#define TABLE_NAME TABLE_NAME_(XEN_ABI_MINOR)

extern const struct xen_abi TABLE_NAME;

const struct xen_abi TABLE_NAME = {
	.major = 4,
	.minor = XEN_ABI_MINOR,
	.domctl_version = DOMCTL_VERSION,
	.sysctl_version = SYSCTL_VERSION,
	.fill_createdomain = fill_createdomain,
};
