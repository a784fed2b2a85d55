// SPDX-License-Identifier: Apache-2.0
// The commands of `xu` that ask a running domain for something: to end, a SysRq key, memory, CPUs; and its
// name.
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "domain/control.h"
#include "kernel/compiler.h"
#include "shell/commands.h"
#include "shell/domains.h"
#include "xen/console_io.h"

// ---- Ending ----

static int ask_to_end(const struct invocation *call, enum control_request request, const char *done)
{
	struct failure failure = { 0 };
	domid_t id;
	int error = domains_argument(call, &id);

	if (error)
		return error;
	error = control_shutdown(id, request, console_io_interrupted, &failure);
	if (!error && call->options[XU_END_WAIT])
		error = control_wait_end(id, console_io_interrupted, &failure);
	if (error)
		return shell_failure(call, &failure);
	shell_print("domain:%u %s\n", id, call->options[XU_END_WAIT] ? "has ended" : done);
	return 0;
}

int xu_shutdown_command(const struct invocation *call)
{
	return ask_to_end(call, CONTROL_POWEROFF, "is shutting down");
}

int xu_reboot_command(const struct invocation *call)
{
	return ask_to_end(call, CONTROL_REBOOT, "is rebooting");
}

// ---- The others ----

int xu_sysrq_command(const struct invocation *call)
{
	const char *key = call->argv[1];
	struct failure failure = { 0 };
	domid_t id;
	int error = domains_argument(call, &id);

	if (error)
		return error;
	if (strlen(key) != 1) {
		shell_error("%s: '%s' is not a key; take a single letter, h for help", call->name, key);
		return -EINVAL;
	}
	return control_sysrq(id, key[0], &failure) ? shell_failure(call, &failure) : 0;
}

int xu_rename_command(const struct invocation *call)
{
	struct failure failure = { 0 };
	domid_t id;
	int error = domains_argument(call, &id);

	if (error)
		return error;
	return control_rename(id, call->argv[1], &failure) ? shell_failure(call, &failure) : 0;
}

// "64", "64m", "1g", "65536k".
static bool parse_memory(const char *text, uint64_t *kib)
{
	static const struct {
		char letter;
		unsigned int shift; // from KiB
	} units[] = { { 'k', 0 }, { 'm', 10 }, { 'g', 20 } };
	size_t length = strlen(text);
	unsigned int shift = 10;
	char digits[16];

	for (size_t i = 0; i < ARRAY_SIZE(units) && length; i++) {
		if ((text[length - 1] | 0x20) == units[i].letter) {
			shift = units[i].shift;
			length--;
			break;
		}
	}
	if (length >= sizeof(digits))
		return false;
	memcpy(digits, text, length);
	digits[length] = '\0';
	if (!shell_number(digits, UINT64_MAX >> 30, kib))
		return false;
	*kib <<= shift;
	return true;
}

static int set_memory(const struct invocation *call,
		      int (*set)(domid_t id, uint64_t kib, struct failure *failure))
{
	struct failure failure = { 0 };
	uint64_t kib;
	domid_t id;
	int error = domains_argument(call, &id);

	if (error)
		return error;
	if (!parse_memory(call->argv[1], &kib)) {
		shell_error("%s: '%s' is not an amount of memory; take a number of MiB, or one with k, m or "
			    "g behind it",
			    call->name, call->argv[1]);
		return -EINVAL;
	}
	return set(id, kib, &failure) ? shell_failure(call, &failure) : 0;
}

int xu_mem_set_command(const struct invocation *call)
{
	return set_memory(call, control_set_memory);
}

int xu_mem_max_command(const struct invocation *call)
{
	return set_memory(call, control_set_memory_limit);
}

int xu_vcpu_set_command(const struct invocation *call)
{
	struct failure failure = { 0 };
	uint64_t count;
	domid_t id;
	int error = domains_argument(call, &id);

	if (error)
		return error;
	if (!shell_number(call->argv[1], UINT32_MAX, &count)) {
		shell_error("%s: '%s' is not a number of CPUs", call->name, call->argv[1]);
		return -EINVAL;
	}
	return control_set_cpus(id, (uint32_t)count, &failure) ? shell_failure(call, &failure) : 0;
}
