// SPDX-License-Identifier: Apache-2.0
// XEN_DOMCTL_createdomain: the one structure whose layout differs from version to version. It is read here
// byte by byte, by the offsets of xen_version.c, so that the program's own layouts are checked against an
// independent reading.
#include <errno.h>
#include <string.h>

#include "kernel/compiler.h"
#include "model/xen_domctl.h"

#define GIC_V2_VCPUS 8u
#define VCPUS_MAX 128u
#define SPIS_MAX 960u // 988 lines, in whole blocks of 32

// What is at the same place in all versions.
struct creation {
	uint32_t ssidref;
	uint8_t handle[16];
	uint32_t flags, iommu_opts, max_vcpus, max_evtchn_port;
	int32_t max_grant_frames, max_maptrack_frames;
	uint32_t grant_opts;
};

#define GIC_VERSION 0u
#define TEE_TYPE 2u
#define NR_SPIS 4u
#define CLOCK_FREQUENCY 8u

static uint32_t word_at(const uint8_t *bytes, unsigned int offset)
{
	uint32_t word;

	memcpy(&word, bytes + offset, sizeof(word));
	return word;
}

static uint16_t half_at(const uint8_t *bytes, unsigned int offset)
{
	uint16_t half;

	memcpy(&half, bytes + offset, sizeof(half));
	return half;
}

// ---- What Xen refuses ----

static unsigned int resolve_gic(uint8_t *arch)
{
	if (arch[GIC_VERSION] == XEN_DOMCTL_CONFIG_GIC_NATIVE)
		arch[GIC_VERSION] = machine.options.gic_version == 3 ? XEN_DOMCTL_CONFIG_GIC_V3
								     : XEN_DOMCTL_CONFIG_GIC_V2;
	return arch[GIC_VERSION];
}

static unsigned int vcpus_max(unsigned int gic)
{
	if (gic == XEN_DOMCTL_CONFIG_GIC_V2)
		return GIC_V2_VCPUS;
	return gic == XEN_DOMCTL_CONFIG_GIC_V3 ? VCPUS_MAX : 0;
}

static bool flags_are_allowed(const struct creation *c)
{
	const uint32_t required = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;

	return (c->flags & ~machine.rules->optional_flags) == required && !(c->flags & XEN_DOMCTL_CDF_vpmu) &&
	       (!(c->flags & XEN_DOMCTL_CDF_iommu) || machine.options.iommu) && !c->iommu_opts;
}

static bool tee_is_allowed(unsigned int tee)
{
	if (tee == XEN_DOMCTL_CONFIG_TEE_NONE)
		return true;
	return tee <= machine.rules->max_tee && machine.options.tee && tee == XEN_DOMCTL_CONFIG_TEE_OPTEE;
}

static int check(const struct creation *c, const uint8_t *u, uint8_t *arch)
{
	const struct creation_layout *layout = machine.rules->layout;
	unsigned int gic = resolve_gic(arch);

	if (!flags_are_allowed(c) || !c->max_vcpus || c->max_vcpus > vcpus_max(gic))
		return -EINVAL;
	if (word_at(u, layout->vmtrace) || (layout->has_altp2m && word_at(u, layout->altp2m)))
		return -EINVAL;
	if (!tee_is_allowed(half_at(arch, TEE_TYPE)))
		return -EINVAL;
	if (word_at(arch, NR_SPIS) > SPIS_MAX)
		return -EINVAL;
	if (layout->padding_is_checked && half_at(arch, (unsigned int)layout->padding))
		return -EINVAL;
	if (layout->sve != NOWHERE && arch[layout->sve])
		return -EINVAL; // no SVE on this machine
	if (layout->sci != NOWHERE && arch[layout->sci] > machine.options.scmi) // 1: SCMI over SMC
		return -EINVAL;
	if ((c->grant_opts & XEN_DOMCTL_GRANT_version_mask) == 0 ||
	    (c->grant_opts & XEN_DOMCTL_GRANT_version_mask) > 1) // Arm has version 1 only
		return -EINVAL;
	if (c->max_grant_frames == 0)
		return -EINVAL;
	return pool_cpus(word_at(u, layout->cpupool)) ? 0 : -ENOENT;
}

// ---- What a toolstack must get right although Xen doesn't look ----

static void check_padding(const uint8_t *u, const uint8_t *arch)
{
	const struct creation_layout *layout = machine.rules->layout;

	for (unsigned int i = layout->size; i < sizeof(((struct xen_domctl *)0)->u); i++)
		if (u[i])
			model_violation(
				"createdomain: byte %u lies behind the structure of Xen 4.%u but isn't 0", i,
				machine.rules->minor);
	if (layout->padding != NOWHERE && arch[layout->padding])
		model_violation("createdomain: padding of the architecture's part isn't 0");
	if (word_at(arch, CLOCK_FREQUENCY))
		model_violation("createdomain: clock_frequency is Xen's to fill");
}

static void check_unmapped_accesses(const struct creation *c)
{
	if (machine.rules->minor >= 21 && !(c->flags & 1u << 8))
		model_violation(
			"createdomain: from Xen 4.21 on a domain must ask for trap_unmapped_accesses");
}

// ---- Ids ----

static domid_t automatic_domid(void)
{
	static domid_t last;

	for (unsigned int tries = 0; tries < DOMID_FIRST_RESERVED; tries++) {
		if (++last >= DOMID_FIRST_RESERVED)
			last = 1;
		if (!domain_by_id(last))
			return last;
	}
	return DOMID_INVALID;
}

static int choose_domid(domid_t wanted, domid_t *domid)
{
	bool any = wanted >= DOMID_FIRST_RESERVED && (wanted == 0x7ff5 || !xen_has(ONLY_DOMID_ANY));

	if (any || (wanted == 0 && xen_has(DOMID_0_IS_ANY)))
		*domid = automatic_domid();
	else if (wanted >= DOMID_FIRST_RESERVED || domain_by_id(wanted))
		*domid = DOMID_INVALID;
	else
		*domid = wanted;
	return *domid == DOMID_INVALID ? -EEXIST : 0;
}

// ---- Creating ----

static void configure(struct domain_model *d, const struct creation *c, const uint8_t *u, const uint8_t *arch)
{
	memcpy(d->handle, c->handle, sizeof(d->handle));
	d->flags = c->flags;
	d->ssidref = c->ssidref;
	d->cpupool = word_at(u, machine.rules->layout->cpupool);
	d->pause_count = 1;
	d->max_port = c->max_evtchn_port;
	d->wanted_grant_frames = c->max_grant_frames;
	d->wanted_maptrack_frames = c->max_maptrack_frames;
	if (c->max_grant_frames > 0)
		d->max_grant_frames = MIN((unsigned int)c->max_grant_frames, GRANT_FRAMES_MAX);
	d->gic_version = arch[GIC_VERSION] == XEN_DOMCTL_CONFIG_GIC_V3 ? 3 : 2;
	d->tee_type = half_at(arch, TEE_TYPE);
	d->nr_spis = ROUND_UP(word_at(arch, NR_SPIS), 32u);
}

long createdomain(struct xen_domctl *op)
{
	uint8_t *u = (uint8_t *)&op->u, *arch = u + machine.rules->layout->arch;
	struct creation creation;
	struct domain_model *d;
	domid_t domid;
	int error;

	memcpy(&creation, u, sizeof(creation));
	check_padding(u, arch);
	error = choose_domid(op->domain, &domid);
	if (!error)
		error = check(&creation, u, arch);
	if (error)
		return error;
	if (!flask_allows_creation(creation.ssidref))
		return -EACCES;
	check_unmapped_accesses(&creation);
	d = domain_make(domid, creation.max_vcpus, &error);
	if (!d)
		return error;
	configure(d, &creation, u, arch);
	op->domain = domid;
	return 0;
}
