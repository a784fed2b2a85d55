// SPDX-License-Identifier: Apache-2.0
// The commands of `xu` about the machine and Xen itself: info, dmesg, debug-keys, parameters.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/task.h"
#include "shell/commands.h"
#include "shell/domains.h"
#include "version.h"
#include "xen/console_io.h"
#include "xen/cpupool.h"
#include "xen/hypercall.h"
#include "xen/hypfs.h"
#include "xen/sysctl.h"
#include "xen/version.h"

// ---- info ----

#define PAGES_PER_MIB (MIB(1) / PAGE_SIZE)

static const struct {
	uint32_t flag;
	const char *name;
} virt_caps[] = {
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

static void print_machine(const struct physical_info *info)
{
	struct cpu_set free_cpus;

	shell_print("machine                : aarch64\n");
	shell_print("nr_cpus                : %" PRIu32 "\n", info->cpus);
	shell_print("max_cpu_id             : %" PRIu32 "\n", info->max_cpu_id);
	shell_print("nr_nodes               : %" PRIu32 "\n", info->nodes);
	shell_print("cores_per_socket       : %" PRIu32 "\n", info->cores_per_socket);
	shell_print("threads_per_core       : %" PRIu32 "\n", info->threads_per_core);
	shell_print("cpu_mhz                : %" PRIu32 ".%03" PRIu32 "\n", info->cpu_khz / 1000,
		    info->cpu_khz % 1000);
	shell_print("virt_caps              :");
	for (size_t i = 0; i < ARRAY_SIZE(virt_caps); i++)
		if (info->capabilities & virt_caps[i].flag)
			shell_print(" %s", virt_caps[i].name);
	shell_print("\n");
	shell_print("total_memory           : %" PRIu64 "\n", info->total_pages / PAGES_PER_MIB);
	shell_print("free_memory            : %" PRIu64 "\n",
		    (info->free_pages - info->outstanding_pages) / PAGES_PER_MIB);
	shell_print("outstanding_claims     : %" PRIu64 "\n", info->outstanding_pages / PAGES_PER_MIB);
	if (!cpupool_free_cpus(&free_cpus))
		shell_print("free_cpus              : %u\n", cpu_set_count(&free_cpus));
}

static void print_xen(void)
{
	const struct xen_version *xen = xen_version();

	shell_print("xen_major              : %u\n", xen->major);
	shell_print("xen_minor              : %u\n", xen->minor);
	shell_print("xen_extra              : %s\n", xen->extra);
	shell_print("xen_version            : %u.%u%s\n", xen->major, xen->minor, xen->extra);
	shell_print("xen_caps               : %s\n", xen->capabilities);
	shell_print("xen_scheduler          : %s\n", sysctl_scheduler_name());
	shell_print("xen_pagesize           : %u\n", (unsigned int)PAGE_SIZE);
	shell_print("xen_changeset          : %s\n", xen->changeset);
	shell_print("xen_commandline        : %s\n", xen->command_line);
	shell_print("cc_compiler            : %s\n", xen->compiler);
	shell_print("cc_compile_by          : %s\n", xen->compiled_by);
	shell_print("cc_compile_domain      : %s\n", xen->compile_domain);
	shell_print("cc_compile_date        : %s\n", xen->build_date);
	shell_print("build_id               : %s\n", xen->build_id);
}

int xu_info_command(const struct invocation *call)
{
	struct physical_info info;
	int error = sysctl_physical_info(&info);

	if (error)
		return domains_refused(call, "about the machine", error);
	shell_print("host                   : Domain-0\n");
	shell_print("release                : " THIN_DOM0_VERSION "\n");
	shell_print("version                : Thin Dom0\n");
	print_machine(&info);
	print_xen();
	return 0;
}

// ---- dmesg ----

#define DMESG_PIECE 512u
#define DMESG_POLL  MILLISECONDS(100)

const struct command_option xu_dmesg_options[] = {
	[XU_DMESG_CLEAR] = { "-c, --clear", NULL, "empty the ring" },
	[XU_DMESG_FOLLOW] = { "-f, --follow", NULL, "go on with what comes, until Ctrl-C" },
	{ 0 },
};

// Prints what is in the ring from *index on, and takes it out where it is to be cleared.
static int print_ring(uint32_t *index, bool clear)
{
	char text[DMESG_PIECE + 1];

	for (;;) {
		uint32_t size = DMESG_PIECE;
		int error = sysctl_read_console(text, &size, index, clear);

		if (error || !size)
			return error;
		text[size] = '\0';
		// What is in the ring may hold NULs: bytes that a serial line got wrong.
		for (uint32_t at = 0; at < size; at += (uint32_t)strlen(text + at) + 1)
			shell_print("%s", text + at);
		if (console_io_interrupted())
			return -EINTR;
	}
}

int xu_dmesg_command(const struct invocation *call)
{
	uint32_t index = 0;
	int error = print_ring(&index, call->options[XU_DMESG_CLEAR]);

	while (!error && call->options[XU_DMESG_FOLLOW]) {
		task_sleep(DMESG_POLL);
		error = console_io_interrupted() ? -EINTR : print_ring(&index, false);
	}
	if (error == -EINTR) // that's how it is ended
		return 0;
	return error ? domains_refused(call, "what it printed", error) : 0;
}

// ---- debug-keys ----

int xu_debug_keys_command(const struct invocation *call)
{
	int error = sysctl_debug_keys(call->argv[0], (uint32_t)strlen(call->argv[0]));

	if (error)
		shell_error("%s: Xen doesn't take the keys: %s", call->name, error_text(error));
	return error;
}

// ---- Parameters ----

static int parameter_refused(const struct invocation *call, const char *name, int error)
{
	const char *reason = error_text(error);

	if (error == -ENOSYS || error == -EOPNOTSUPP)
		reason = "this Xen was built without parameters at run time (CONFIG_HYPFS)";
	else if (error == -ENOENT)
		reason = "there is no such parameter at run time";
	else if (error == -EACCES)
		reason = "it can't be changed at run time";
	else if (error == -EINVAL || error == -ERANGE || error == -EDOM)
		reason = "Xen doesn't take this value";
	shell_error("%s: %s: %s", call->name, name, reason);
	return error;
}

static int set_parameter(const struct invocation *call, char *word)
{
	char value[HYPFS_TEXT_MAX];
	char *equals = strchr(word, '=');

	if (equals)
		*equals = '\0';
	int error = equals ? hypfs_write_parameter(word, equals + 1) : 0;
	if (!error)
		error = hypfs_read_parameter(word, value);
	if (error)
		return parameter_refused(call, word, error);
	shell_print("%s = %s\n", word, value);
	return 0;
}

static void print_parameter(const char *name, void *context)
{
	char value[HYPFS_TEXT_MAX];

	(void)context;
	if (!hypfs_read_parameter(name, value))
		shell_print("%s = %s\n", name, value);
}

int xu_set_parameters_command(const struct invocation *call)
{
	int error = 0;

	if (!call->argc) {
		error = hypfs_each_parameter(print_parameter, NULL);
		return error ? parameter_refused(call, "parameters", error) : 0;
	}
	for (int i = 0; i < call->argc && !error; i++)
		error = set_parameter(call, call->argv[i]);
	return error;
}
