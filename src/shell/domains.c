// SPDX-License-Identifier: Apache-2.0
// Domains as several commands show and name them.
#include "shell/domains.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "domain/domain.h"
#include "kernel/compiler.h"
#include "xen/hypercall.h"
#include "xen/sysctl.h"
#include "xen/version.h"

#define DOMAINS_AT_ONCE 8

int domains_refused(const struct invocation *call, const char *what, int error)
{
	const struct xen_version *xen = xen_version();

	if (error == -ENOTSUP)
		shell_error("%s: the control interfaces of Xen %u.%u%s are unknown here; run Xen %s",
			    call->name, xen->major, xen->minor, xen->extra, xen_supported_versions());
	else
		shell_error("%s: Xen doesn't tell %s: %s", call->name, what, error_text(error));
	return error;
}

int domains_each(const struct invocation *call, void (*each)(const struct domain_info *info, void *context),
		 void *context)
{
	struct domain_info list[DOMAINS_AT_ONCE];
	size_t count = 0;
	domid_t first = 0;

	do {
		int error = sysctl_domain_list(first, list, ARRAY_SIZE(list), &count);
		if (error)
			return domains_refused(call, "its domains", error);
		for (size_t i = 0; i < count; i++)
			each(&list[i], context);
		if (count)
			first = (domid_t)(list[count - 1].domid + 1);
	} while (count == ARRAY_SIZE(list));
	return 0;
}

void domains_state(const struct domain_info *info, char state[DOMAIN_STATE_SIZE])
{
	bool crashed = info->shutdown && info->shutdown_reason == SHUTDOWN_crash;

	state[0] = info->running ? 'r' : '-';
	state[1] = info->blocked ? 'b' : '-';
	state[2] = info->paused ? 'p' : '-';
	state[3] = info->shutdown ? 's' : '-';
	state[4] = crashed ? 'c' : '-';
	state[5] = info->dying ? 'd' : '-';
	state[6] = '\0';
}

void domains_seconds(uint64_t nanoseconds, char text[SECONDS_TEXT_SIZE])
{
	uint64_t tenths = nanoseconds / 100000000u;

	snprintf(text, SECONDS_TEXT_SIZE, "%" PRIu64 ".%" PRIu64, tenths / 10, tenths % 10);
}

int domains_argument(const struct invocation *call, domid_t *id)
{
	struct failure failure = { 0 };

	return domain_resolve(call->argv[0], id, &failure) ? shell_failure(call, &failure) : 0;
}

int domains_other_argument(const struct invocation *call, domid_t *id)
{
	int error = domains_argument(call, id);

	if (!error && *id == 0) {
		shell_error("%s: Domain-0 is this control domain itself; 'xu list' shows the others", call->name);
		error = -EPERM;
	}
	return error;
}

static const struct {
	uint32_t flag;
	const char *name;
} capabilities[] = {
	{ XEN_SYSCTL_PHYSCAP_pv, "pv" },
	{ XEN_SYSCTL_PHYSCAP_hvm, "hvm" },
	{ XEN_SYSCTL_PHYSCAP_directio, "hvm_directio" },
	{ XEN_SYSCTL_PHYSCAP_hap, "hap" },
	{ XEN_SYSCTL_PHYSCAP_iommu_hap_pt_share, "iommu_hap_pt_share" },
	{ XEN_SYSCTL_PHYSCAP_vmtrace, "vmtrace" },
	{ XEN_SYSCTL_PHYSCAP_vpmu, "vpmu" },
	{ XEN_SYSCTL_PHYSCAP_gnttab_v1, "gnttab-v1" },
	{ XEN_SYSCTL_PHYSCAP_gnttab_v2, "gnttab-v2" },
};

void domains_capabilities(uint32_t flags, char text[CAPABILITIES_SIZE])
{
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++)
		if (flags & capabilities[i].flag)
			length += (size_t)snprintf(text + length, CAPABILITIES_SIZE - length, "%s%s",
						   length ? " " : "", capabilities[i].name);
}
