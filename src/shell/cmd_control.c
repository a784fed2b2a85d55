// SPDX-License-Identifier: Apache-2.0
// The commands of `xu` that ask a running domain for something, or wait for it: to end, a SysRq key, memory,
// CPUs; and its name.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/control.h"
#include "domain/core.h"
#include "domain/domain.h"
#include "domain/wait.h"
#include "kernel/compiler.h"
#include "kernel/task.h"
#include "shell/commands.h"
#include "shell/domains.h"
#include "xen/console_io.h"

// ---- Ending ----

const struct command_option xu_end_options[] = {
	[XU_END_ALL] = { "-a, --all", NULL, "all domains but Dom0" },
	[XU_END_WAIT] = { "-w, --wait", NULL, "wait until it has ended, or all have" },
	[XU_END_FALLBACK] = { "-F", NULL, "no difference: there is no ACPI event to fall back to" },
	{ 0 },
};

struct endings {
	size_t count;
	domid_t *ids;
	bool out_of_memory;
};

static void add_ending(domid_t id, struct endings *endings)
{
	domid_t *ids = realloc(endings->ids, (endings->count + 1) * sizeof(*ids));

	if (ids) {
		endings->ids = ids;
		ids[endings->count++] = id;
	} else {
		endings->out_of_memory = true;
	}
}

static void add_running(const struct domain_info *info, void *endings)
{
	if (info->domid && !info->shutdown && !info->dying)
		add_ending(info->domid, endings);
}

static int find_endings(const struct invocation *call, struct endings *endings)
{
	domid_t id;
	int error;

	if (!call->options[XU_END_ALL] == !call->argc) {
		shell_error("%s: which? One domain, or all with -a", call->name);
		return -EINVAL;
	}
	if (call->options[XU_END_ALL]) {
		error = domains_each(call, add_running, endings);
	} else {
		error = domains_argument(call, &id);
		if (!error)
			add_ending(id, endings);
	}
	if (!error && endings->out_of_memory) {
		shell_error("%s: out of memory", call->name);
		error = -ENOMEM;
	}
	return error;
}

// Asks all before it waits for the first. One that can't be asked is told, and keeps none of the others.
static int end_all(const struct invocation *call, struct endings *endings, enum control_request request,
		   const char *done)
{
	bool waits = call->options[XU_END_WAIT];
	int result = 0;

	for (size_t i = 0; i < endings->count && result != -EINTR; i++) {
		struct failure failure = { 0 };
		domid_t id = endings->ids[i];

		if (control_shutdown(id, request, console_io_interrupted, &failure)) {
			result = shell_failure(call, &failure);
			endings->ids[i] = DOMID_INVALID;
		} else if (!waits) {
			shell_print("domain:%u %s\n", id, done);
		}
	}
	for (size_t i = 0; i < endings->count && waits && result != -EINTR; i++) {
		struct failure failure = { 0 };
		domid_t id = endings->ids[i];

		if (id == DOMID_INVALID)
			continue;
		if (control_wait_end(id, console_io_interrupted, &failure))
			result = shell_failure(call, &failure);
		else
			shell_print("domain:%u has ended\n", id);
	}
	return result;
}

static int ask_to_end(const struct invocation *call, enum control_request request, const char *done)
{
	struct endings endings = { 0 };
	int error = find_endings(call, &endings);

	if (!error)
		error = end_all(call, &endings, request, done);
	free(endings.ids);
	return error;
}

int xu_shutdown_command(const struct invocation *call)
{
	return ask_to_end(call, CONTROL_POWEROFF, "is shutting down");
}

int xu_reboot_command(const struct invocation *call)
{
	return ask_to_end(call, CONTROL_REBOOT, "is rebooting");
}

// ---- Waiting ----

// The condition of `xu wait`, which concerns a domain, as the text of one of config/condition.h.
static void compose(const char *wanted, domid_t id, char *text, size_t size)
{
	static const char store[] = "store:", console[] = "console:";

	if (!wanted || !strcmp(wanted, "end"))
		snprintf(text, size, "end:%u", id);
	else if (!strncmp(wanted, store, strlen(store)) && wanted[strlen(store)] != '/')
		snprintf(text, size, "store:/local/domain/%u/%s", id, wanted + strlen(store));
	else if (!strncmp(wanted, console, strlen(console)))
		snprintf(text, size, "console:%u:%s", id, wanted + strlen(console));
	else
		snprintf(text, size, "%s", wanted);
}

static struct {
	domid_t domain;
	bool has_ended;
} awaited;

// Also when the domain has ended: nothing comes any more.
static bool is_over(void)
{
	const struct domain *domain = domain_find(awaited.domain);
	struct domain_info info;

	// One that this program didn't make, Dom0 itself too, is Xen's alone to know.
	awaited.has_ended = domain ? domain->ended :
				     domctl_get_info(awaited.domain, &info) || info.shutdown || info.dying;
	return awaited.has_ended || console_io_interrupted();
}

int xu_wait_command(const struct invocation *call)
{
	const char *wanted = call->argc > 1 ? call->argv[1] : NULL;
	char text[CONFIG_SHELL_LINE_MAX + 32];
	struct failure failure = { 0 };
	uint64_t deadline = TIME_NEVER, seconds = 0;
	domid_t id;
	int error = domains_argument(call, &id);

	if (!error)
		error = shell_number_option(call, XU_WAIT_TIME, "number of seconds", 0, UINT32_MAX, &seconds);
	if (error)
		return error;
	if (call->options[XU_WAIT_TIME])
		deadline = time_now() + SECONDS(seconds);
	compose(wanted, id, text, sizeof(text));
	awaited.domain = id;
	awaited.has_ended = false;
	error = wait_for(text, deadline, !wanted || !strcmp(wanted, "end") ? console_io_interrupted : is_over,
			 &failure);
	if (!awaited.has_ended)
		return error ? shell_failure(call, &failure) : 0;
	shell_error("%s: domain %u has ended before that", call->name, id);
	return -ESRCH;
}

// ---- The others ----

int xu_dump_core_command(const struct invocation *call)
{
	struct failure failure = { 0 };
	domid_t id;
	int error = domains_other_argument(call, &id);

	if (error)
		return error;
	return core_write_file(id, call->argv[1], console_io_interrupted, &failure) ? shell_failure(call, &failure) :
										      0;
}

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

// "64", "64m", "1g", "65536k", "67108864b".
static bool parse_memory(const char *text, uint64_t *kib)
{
	static const struct {
		char letter;
		unsigned int shift; // from KiB
	} units[] = { { 'k', 0 }, { 'm', 10 }, { 'g', 20 }, { 't', 30 } };
	size_t length = strlen(text);
	unsigned int shift = 10;
	char digits[16], unit = length ? (char)(text[length - 1] | 0x20) : '\0';

	length -= unit == 'b';
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (unit == units[i].letter) {
			shift = units[i].shift;
			length--;
		}
	}
	if (length >= sizeof(digits))
		return false;
	memcpy(digits, text, length);
	digits[length] = '\0';
	if (!shell_number(digits, UINT64_MAX >> 30, kib))
		return false;
	*kib = unit == 'b' ? *kib / 1024 : *kib << shift;
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
