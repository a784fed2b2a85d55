// SPDX-License-Identifier: Apache-2.0
// Which Xen this is, and which of its versioned interfaces (domctl, sysctl) this program speaks with it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "xen/public.h"
#include "xen/types.h"

struct domain_creation;

// What differs between the supported versions; one constant table per version, from abi_version.c, which is
// compiled once per version against that version's headers.
struct xen_abi {
	unsigned int major, minor;
	uint32_t domctl_version, sysctl_version;
	// Fills `op->u.createdomain` in this version's layout. `op` is zeroed before.
	void (*fill_createdomain)(struct xen_domctl *op, const struct domain_creation *creation);
};

struct xen_version {
	unsigned int major, minor;
	char extra[XEN_EXTRAVERSION_LEN]; // ".4-3+deb12u1" and the like, NUL-terminated
	char compiler[64], build_date[64], changeset[64];
	char compiled_by[16], compile_domain[32];
	char capabilities[1024];
	char command_line[1024]; // Xen's own, cut where it is longer
	char build_id[65]; // hexadecimal; empty where it has none
};

// Asks the hypervisor (XENVER_*) and chooses the ABI. 0, or -ENOTSUP when domctl or sysctl of this version
// isn't one that is supported: everything that needs them then returns -ENOTSUP, the rest works. Logs which
// was found and which are supported.
int xen_version_init(void);

const struct xen_version *xen_version(void);

// The chosen table, or NULL.
const struct xen_abi *xen_abi(void);

// "4.17 to 4.22"
const char *xen_supported_versions(void);

// Domains but Dom0 may not share memory or event channels with each other: Xen's XSM is in SILO mode, which on Arm
// it is unless its command line chooses another (xen/xsm/silo.c). False where Xen doesn't show its command line.
bool xen_isolates_domains(void);
