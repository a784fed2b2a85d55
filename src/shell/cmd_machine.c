// SPDX-License-Identifier: Apache-2.0
// The commands of `xu` about the machine and Xen itself: info, dmesg, debug-keys, parameters.
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
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
#include "xenstore/xenstore.h"

// ---- info ----

#define PAGES_PER_MIB (MIB(1) / PAGE_SIZE)

// The name that a person asked for, whose value alone is shown; NULL: all.
static const char *wanted_line;
static bool found_line;

static void line(const char *name, const char *format, ...) PRINTF_LIKE(2, 3);

static void line(const char *name, const char *format, ...)
{
	char value[sizeof(((struct xen_version *)0)->command_line)];
	va_list arguments;

	if (wanted_line && strcmp(wanted_line, name))
		return;
	found_line = true;
	va_start(arguments, format);
	vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	if (wanted_line)
		shell_print("%s\n", value);
	else
		shell_print("%-23s: %s\n", name, value);
}

static void print_machine(const struct physical_info *info)
{
	struct cpu_set free_cpus;
	char capabilities[CAPABILITIES_SIZE];

	line("host", "Domain-0");
	line("release", THIN_DOM0_VERSION);
	line("version", "Thin Dom0");
	line("machine", "aarch64");
	line("nr_cpus", "%" PRIu32, info->cpus);
	line("max_cpu_id", "%" PRIu32, info->max_cpu_id);
	line("nr_nodes", "%" PRIu32, info->nodes);
	line("cores_per_socket", "%" PRIu32, info->cores_per_socket);
	line("threads_per_core", "%" PRIu32, info->threads_per_core);
	line("cpu_mhz", "%" PRIu32 ".%03" PRIu32, info->cpu_khz / 1000, info->cpu_khz % 1000);
	domains_capabilities(info->capabilities, capabilities);
	line("virt_caps", "%s", capabilities);
	line("total_memory", "%" PRIu64, info->total_pages / PAGES_PER_MIB);
	line("free_memory", "%" PRIu64, (info->free_pages - info->outstanding_pages) / PAGES_PER_MIB);
	line("outstanding_claims", "%" PRIu64, info->outstanding_pages / PAGES_PER_MIB);
	if (!cpupool_free_cpus(&free_cpus))
		line("free_cpus", "%u", cpu_set_count(&free_cpus));
}

static void print_xen(void)
{
	const struct xen_version *xen = xen_version();

	line("xen_major", "%u", xen->major);
	line("xen_minor", "%u", xen->minor);
	line("xen_extra", "%s", xen->extra);
	line("xen_version", "%u.%u%s", xen->major, xen->minor, xen->extra);
	line("xen_caps", "%s", xen->capabilities);
	line("xen_scheduler", "%s", sysctl_scheduler_name());
	line("xen_pagesize", "%u", (unsigned int)PAGE_SIZE);
	line("xen_changeset", "%s", xen->changeset);
	line("xen_commandline", "%s", xen->command_line);
	line("cc_compiler", "%s", xen->compiler);
	line("cc_compile_by", "%s", xen->compiled_by);
	line("cc_compile_domain", "%s", xen->compile_domain);
	line("cc_compile_date", "%s", xen->build_date);
	line("build_id", "%s", xen->build_id);
}

const struct command_option xu_info_options[] = {
	[XU_INFO_TOPOLOGY] = { "-n, --numa", NULL, "with the CPUs' places, and the nodes of memory" },
	[XU_INFO_STORE] = { "-x, --xenstore", NULL, "with what the store can do" },
	{ 0 },
};

static int print_topology(const struct invocation *call)
{
	struct cpu_place places[CPU_SET_CPUS];
	struct memory_node node;
	uint32_t count = ARRAY_SIZE(places);
	int error = sysctl_cpu_places(places, &count);

	if (!error)
		error = sysctl_memory_node(&node);
	if (error)
		return domains_refused(call, "about its CPUs", error);
	shell_print("cpu_topology           :\ncpu:    core    socket     node\n");
	for (uint32_t i = 0; i < count; i++)
		if (places[i].core != CPU_PLACE_NONE)
			shell_print("%3" PRIu32 ":    %4" PRIu32 "     %4" PRIu32 "     %4" PRIu32 "\n", i,
				    places[i].core, places[i].socket, places[i].node);
	shell_print("numa_info              :\nnode:    memsize    memfree    distances\n");
	shell_print("   0:    %6" PRIu64 "     %6" PRIu64 "      %" PRIu32 "\n", node.size / MIB(1),
		    node.free / MIB(1), node.distance);
	return 0;
}

int xu_info_command(const struct invocation *call)
{
	struct physical_info info;
	uint32_t features;
	int error = sysctl_physical_info(&info);

	if (error)
		return domains_refused(call, "about the machine", error);
	wanted_line = call->argc ? call->argv[0] : NULL;
	found_line = false;
	print_machine(&info);
	if (call->options[XU_INFO_TOPOLOGY])
		error = print_topology(call);
	print_xen();
	if (call->options[XU_INFO_STORE] && !xenstore_get_features(0, &features))
		line("xenstore_features", "0x%08" PRIx32, features);
	if (found_line)
		return error;
	shell_error("%s: there is no line '%s': '%s' shows all", call->name, wanted_line, call->name);
	return -ENOENT;
}

// ---- dmesg ----

#define DMESG_PIECE 512u
#define DMESG_POLL  MILLISECONDS(100)

const struct command_option xu_dmesg_options[] = {
	[XU_DMESG_CLEAR] = { "-c, --clear", NULL, "empty the ring" },
	[XU_DMESG_FOLLOW] = { "-f, --follow", NULL, "go on with what comes, until Ctrl-C" },
	{ 0 },
};

static int find_ring_end(uint32_t index, uint32_t *end)
{
	char text[DMESG_PIECE];
	uint32_t size;
	int error;

	do {
		size = DMESG_PIECE;
		error = sysctl_read_console(text, &size, &index, false);
	} while (!error && size);
	*end = index;
	return error;
}

// Prints what is in the ring from *index on, and takes it out where it is to be cleared. Not what comes meanwhile: with
// Xen's option console_to_ring that is the same text again.
static int print_ring(uint32_t *index, bool clear)
{
	char text[DMESG_PIECE];
	uint32_t end;
	int error = find_ring_end(*index, &end);

	while (!error && (int32_t)(end - *index) > 0) {
		uint32_t size = MIN(DMESG_PIECE, end - *index);

		error = sysctl_read_console(text, &size, index, clear);
		if (error || !size)
			break;
		// In the ring may be bytes that a serial line got wrong, and what a guest of Xen's own boot wrote to its UART.
		for (uint32_t at = 0; at < size; at++)
			if ((text[at] < ' ' || text[at] > '~') && !memchr("\t\n\r", text[at], 3))
				text[at] = '?';
		shell_print("%.*s", (int)size, text);
		if (task_should_yield())
			task_yield();
		if (console_io_interrupted()) {
			shell_print("%s", text[size - 1] == '\n' ? "" : "\n");
			return -EINTR;
		}
	}
	return error;
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
