// SPDX-License-Identifier: Apache-2.0
// What differs between the versions of Xen, and what Xen says of itself (XENVER_*, xen/common/kernel.c).
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/compiler.h"
#include "model/internal.h"

#define TRAP_UNMAPPED (1u << 8) // XEN_DOMCTL_CDF_trap_unmapped_accesses
#define FLAGS (XEN_DOMCTL_CDF_iommu | XEN_DOMCTL_CDF_vpmu)
#define FLAGS_FROM_4_21 (FLAGS | XEN_DOMCTL_CDF_xs_domain | TRAP_UNMAPPED)

// XEN_DOMCTL_createdomain as compiled from each version's headers; up to `grant_opts` at 44 all are the same.
static const struct creation_layout layout_4_17 = {
	.vmtrace = 48, .cpupool = 52, .arch = 56, .size = 68, .sve = NOWHERE, .sci = NOWHERE, .padding = 1,
};
static const struct creation_layout layout_4_18 = {
	.vmtrace = 48, .cpupool = 52, .arch = 56, .size = 68, .sve = 1, .sci = NOWHERE, .padding = NOWHERE,
};
static const struct creation_layout layout_4_19 = {
	.has_altp2m = true, .altp2m = 48, .vmtrace = 52, .cpupool = 56, .arch = 60, .size = 72,
	.sve = 1, .sci = NOWHERE, .padding = NOWHERE,
};
static const struct creation_layout layout_4_21 = {
	.has_altp2m = true, .altp2m = 48, .vmtrace = 52, .cpupool = 56, .arch = 60, .size = 76,
	.sve = 1, .sci = 12, .padding = 13,
};
static const struct creation_layout layout_4_22 = {
	.has_altp2m = true, .altp2m = 48, .vmtrace = 52, .cpupool = 56, .arch = 60, .size = 76,
	.sve = 1, .sci = 12, .padding = 14, .padding_is_checked = true,
};

#define OPTEE XEN_DOMCTL_CONFIG_TEE_OPTEE
#define FFA XEN_DOMCTL_CONFIG_TEE_FFA

static const struct version_rules versions[] = {
	{ 17, 0x15, 0x15, FLAGS, OPTEE, &layout_4_17, NEXT_DOMAIN_INFO | IRQ_PERMISSION | DOMID_0_IS_ANY },
	{ 18, 0x16, 0x15, FLAGS, FFA, &layout_4_18, IRQ_PERMISSION | DOMID_0_IS_ANY },
	{ 19, 0x17, 0x15, FLAGS, FFA, &layout_4_19, DOMID_0_IS_ANY },
	{ 20, 0x17, 0x15, FLAGS, FFA, &layout_4_19, DOMID_0_IS_ANY },
	{ 21, 0x17, 0x16, FLAGS_FROM_4_21, FFA, &layout_4_21, VIRQ_HAS_ONE_HANDLER },
	{ 22, 0x18, 0x16, FLAGS_FROM_4_21, FFA, &layout_4_22, VIRQ_HAS_ONE_HANDLER | ONLY_DOMID_ANY },
};

const struct version_rules *version_rules(unsigned int minor)
{
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
		if (versions[i].minor == minor)
			return &versions[i];
	model_violation("the model has no Xen 4.%u", minor);
}

// ---- XENVER_* ----

static const char *command_line = "dom0_mem=16M console=dtuart xsm=dummy";

void model_set_command_line(const char *text)
{
	command_line = text;
}

static long answer_text(uint64_t buffer, const char *text, size_t size)
{
	char answer[1024] = "";

	snprintf(answer, sizeof(answer), "%s", text);
	return copy_out(buffer, answer, size) ? 0 : -EFAULT;
}

static long compile_info(uint64_t buffer)
{
	struct xen_compile_info info = { .compiler = "gcc (model) 12",
					 .compile_by = "model",
					 .compile_domain = "host",
					 .compile_date = "Thu Jan  1 00:00:00 UTC 1970" };

	return copy_out(buffer, &info, sizeof(info)) ? 0 : -EFAULT;
}

static long capabilities(uint64_t buffer)
{
	char text[64];

	snprintf(text, sizeof(text), "xen-3.0-aarch64 xen-3.0-armv7l ");
	return answer_text(buffer, text, sizeof(xen_capabilities_info_t));
}

static long get_features(uint64_t buffer)
{
	struct xen_feature_info info;

	if (!copy_in(&info, buffer, sizeof(info)))
		return -EFAULT;
	if (info.submap_idx)
		return -EINVAL;
	info.submap = 1u << XENFEAT_dom0 | 1u << XENFEAT_hvm_callback_vector |
		      1u << XENFEAT_memory_op_vnode_supported | 1u << XENFEAT_direct_mapped |
		      1u << XENFEAT_auto_translated_physmap;
	return copy_out(buffer, &info, sizeof(info)) ? 0 : -EFAULT;
}

long do_xen_version(const uint64_t *a)
{
	switch ((unsigned int)a[0]) {
	case XENVER_version:
		return (long)(4u << 16 | machine.rules->minor);
	case XENVER_extraversion:
		return answer_text(a[1], ".0-model", sizeof(xen_extraversion_t));
	case XENVER_compile_info:
		return compile_info(a[1]);
	case XENVER_capabilities:
		return capabilities(a[1]);
	case XENVER_changeset:
		return answer_text(a[1], "unavailable", sizeof(xen_changeset_info_t));
	case XENVER_get_features:
		return get_features(a[1]);
	case XENVER_pagesize:
		return (long)PAGE_SIZE;
	case XENVER_commandline:
		return answer_text(a[1], command_line, sizeof(xen_commandline_t));
	default:
		return -ENOSYS;
	}
}
