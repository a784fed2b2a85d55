// SPDX-License-Identifier: Apache-2.0
// What Xen says of itself (XENVER_*), and the choice of the interface version that follows from it.
#include "xen/version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/log.h"
#include "xen/hypercall.h"

extern const struct xen_abi xen_abi_4_17, xen_abi_4_18, xen_abi_4_19;
extern const struct xen_abi xen_abi_4_20, xen_abi_4_21, xen_abi_4_22;

// In order.
static const struct xen_abi *const supported[] = {
	&xen_abi_4_17, &xen_abi_4_18, &xen_abi_4_19, &xen_abi_4_20, &xen_abi_4_21, &xen_abi_4_22,
};

static struct xen_version version;
static const struct xen_abi *chosen;

static long ask(unsigned int command, void *answer)
{
	return xen_operation(__HYPERVISOR_xen_version, command, answer);
}

// `size` bytes from Xen as a string, cut where it doesn't fit; empty when Xen refuses to say.
static void ask_string(unsigned int command, char *text, size_t size)
{
	if (ask(command, text) < 0)
		text[0] = '\0';
	text[size - 1] = '\0';
}

static void ask_compiler(void)
{
	struct xen_compile_info info;

	memset(&info, 0, sizeof(info));
	if (ask(XENVER_compile_info, &info) < 0)
		return;
	snprintf(version.compiler, sizeof(version.compiler), "%.*s", (int)sizeof(info.compiler),
		 info.compiler);
	snprintf(version.compiled_by, sizeof(version.compiled_by), "%.*s", (int)sizeof(info.compile_by),
		 info.compile_by);
	snprintf(version.compile_domain, sizeof(version.compile_domain), "%.*s",
		 (int)sizeof(info.compile_domain), info.compile_domain);
	snprintf(version.build_date, sizeof(version.build_date), "%.*s", (int)sizeof(info.compile_date),
		 info.compile_date);
}

static void ask_build_id(void)
{
	_Alignas(xen_build_id_t) unsigned char buffer[sizeof(xen_build_id_t) + (sizeof(version.build_id) - 1) / 2];
	xen_build_id_t *id = (void *)buffer;

	id->len = sizeof(buffer) - sizeof(*id);
	long length = ask(XENVER_build_id, id);
	for (long i = 0; i < length && i < (long)(sizeof(buffer) - sizeof(*id)); i++)
		sprintf(version.build_id + 2 * i, "%02x", id->buf[i]);
}

static const struct xen_abi *find_abi(unsigned int major, unsigned int minor)
{
	for (size_t i = 0; i < ARRAY_SIZE(supported); i++)
		if (supported[i]->major == major && supported[i]->minor == minor)
			return supported[i];
	return NULL;
}

// A harmless call of each interface: Xen compares the version before anything else (-EACCES).
static int probe_sysctl(const struct xen_abi *abi)
{
	struct xen_sysctl op;

	memset(&op, 0, sizeof(op));
	op.cmd = XEN_SYSCTL_physinfo;
	op.interface_version = abi->sysctl_version;
	return xen_error(xen_hypercall(__HYPERVISOR_sysctl, (uintptr_t)&op, 0, 0, 0, 0));
}

static int probe_domctl(const struct xen_abi *abi)
{
	struct xen_domctl op;

	memset(&op, 0, sizeof(op));
	op.cmd = XEN_DOMCTL_getdomaininfo;
	op.interface_version = abi->domctl_version;
	op.domain = 0;
	return xen_error(xen_hypercall(__HYPERVISOR_domctl, (uintptr_t)&op, 0, 0, 0, 0));
}

static int choose_abi(void)
{
	const struct xen_abi *abi = find_abi(version.major, version.minor);

	if (!abi) {
		log_error("Xen %u.%u%s is not supported (%s are): domain control is off", version.major,
			  version.minor, version.extra, xen_supported_versions());
		return -ENOTSUP;
	}

	int error = probe_sysctl(abi);
	if (!error)
		error = probe_domctl(abi);
	if (error == -EACCES) {
		log_error("Xen %u.%u%s doesn't speak the interfaces of Xen %u.%u (domctl %#x, sysctl %#x): "
			  "domain control is off",
			  version.major, version.minor, version.extra, abi->major, abi->minor,
			  abi->domctl_version, abi->sysctl_version);
		return -ENOTSUP;
	}
	if (error)
		return error;
	chosen = abi;
	return 0;
}

int xen_version_init(void)
{
	memset(&version, 0, sizeof(version));
	chosen = NULL;

	long number = ask(XENVER_version, NULL);
	if (number < 0)
		return xen_error(number);
	version.major = (unsigned int)number >> 16;
	version.minor = (unsigned int)number & 0xffff;
	ask_string(XENVER_extraversion, version.extra, sizeof(version.extra));
	ask_string(XENVER_changeset, version.changeset, sizeof(version.changeset));
	ask_string(XENVER_capabilities, version.capabilities, sizeof(version.capabilities));
	ask_string(XENVER_commandline, version.command_line, sizeof(version.command_line));
	ask_compiler();
	ask_build_id();
	return choose_abi();
}

const struct xen_version *xen_version(void)
{
	return &version;
}

const struct xen_abi *xen_abi(void)
{
	return chosen;
}

const char *xen_supported_versions(void)
{
	static char text[24];
	const struct xen_abi *first = supported[0], *last = supported[ARRAY_SIZE(supported) - 1];

	snprintf(text, sizeof(text), "%u.%u to %u.%u", first->major, first->minor, last->major, last->minor);
	return text;
}

// Of several the last one with a meaning counts.
bool xen_isolates_domains(void)
{
	char line[sizeof(xen_commandline_t)];
	bool isolates = true;
	char *rest = line;

	ask_string(XENVER_commandline, line, sizeof(line));
	if (!line[0])
		return false;
	for (char *word; (word = strtok_r(rest, " ", &rest));)
		if (!strcmp(word, "xsm=dummy") || !strcmp(word, "xsm=flask"))
			isolates = false;
		else if (!strcmp(word, "xsm=silo"))
			isolates = true;
	return isolates;
}
