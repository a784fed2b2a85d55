// SPDX-License-Identifier: Apache-2.0
// Requests to guests: docs/misc/xenstore-paths.pandoc, "Platform Feature and Control Paths".
#include "domain/control.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/domain_config.h"
#include "domain/build.h"
#include "domain/domain.h"
#include "domain/layout.h"
#include "domain/pv_devices.h"
#include "domain/store_nodes.h"
#include "kernel/compiler.h"
#include "kernel/task.h"
#include "xen/domctl.h"
#include "xen/hypercall.h"
#include "xenstore/store_work.h"

#define ANSWER_TIME SECONDS(10)
#define POLL        MILLISECONDS(20)

#define PAGE_KIB (PAGE_SIZE / 1024)

// The longest value that is read here: a request, a number of KiB.
#define VALUE_SIZE 32

static const struct request {
	const char *command,
		*feature; // of control/shutdown, and the node that says whether the guest knows it
	const char *what;
} requests[] = {
	[CONTROL_POWEROFF] = { "poweroff", "control/feature-poweroff", "shut down" },
	[CONTROL_REBOOT] = { "reboot", "control/feature-reboot", "reboot" },
};

// ---- The domain ----

// 0 when the domain is one that can be asked.
static int check(domid_t id, struct failure *failure)
{
	int error = domain_check_usable(id, failure);

	if (!error && (!domain_find(id) || !xenstore_is_introduced(id)))
		error = failure_set(
			failure, -ENOTSUP,
			"domain %u has no store here: it is neither one that 'xu create' made, nor xen,enhanced", id);
	return error;
}

static int check_and_ask(domid_t id, struct domain_info *info, struct failure *failure)
{
	int error = check(id, failure);

	if (error)
		return error;
	error = domctl_get_info(id, info);
	if (error)
		return failure_set(failure, error, "Xen says nothing about domain %u: %s", id,
				   error_text(error));
	return 0;
}

static int check_runs(domid_t id, struct failure *failure)
{
	struct domain_info info;
	int error = check_and_ask(id, &info, failure);

	if (error)
		return error;
	if (info.shutdown)
		return failure_set(failure, -EAGAIN,
				   "domain %u has ended already; 'xu destroy %u' removes it", id, id);
	if (info.paused)
		return failure_set(failure, -EAGAIN,
				   "domain %u is paused and can't answer: 'xu unpause %u' first", id, id);
	return 0;
}

static bool has_ended(domid_t id)
{
	struct domain_info info;

	return domctl_get_info(id, &info) || info.shutdown || info.dying;
}

static int store_failed(domid_t id, int error, struct failure *failure)
{
	return failure_set(failure, error, "the store of domain %u can't be changed: %s", id,
			   error_text(error));
}

// ---- Requests ----

// A node of the domain's own is whatever it made of it: without one, or with too long a text in it, "".
static void read_node(xs_transaction_t transaction, domid_t id, const char *node, char value[VALUE_SIZE])
{
	char path[STORE_PATH_SIZE];

	store_home_path(id, node, path);
	if (xs_read(transaction, path, value, VALUE_SIZE) < 0)
		value[0] = '\0';
}

static int write_node(xs_transaction_t transaction, domid_t id, const char *node, const char *value)
{
	char path[STORE_PATH_SIZE];

	store_home_path(id, node, path);
	return xs_write(transaction, path, value, strlen(value));
}

struct withdrawal {
	domid_t id;
	const char *command;
};

// Unless the guest has just taken it.
static int withdraw(xs_transaction_t transaction, const void *context)
{
	const struct withdrawal *withdrawal = context;
	char value[VALUE_SIZE];

	read_node(transaction, withdrawal->id, "control/shutdown", value);
	if (strcmp(value, withdrawal->command))
		return 0;
	return write_node(transaction, withdrawal->id, "control/shutdown", "");
}

static bool is_acknowledged(domid_t id, const char *command)
{
	char value[VALUE_SIZE];

	read_node(XS_NO_TRANSACTION, id, "control/shutdown", value);
	return strcmp(value, command) || has_ended(id);
}

static int await_acknowledgement(domid_t id, const struct request *request, control_interrupted *interrupted,
				 struct failure *failure)
{
	uint64_t deadline = time_now() + ANSWER_TIME;
	int error = 0;

	while (!error && !is_acknowledged(id, request->command)) {
		if (interrupted && interrupted())
			error = failure_set(failure, -EINTR, "stopped before domain %u has answered", id);
		else if (time_now() >= deadline)
			error = failure_set(
				failure, -ETIMEDOUT,
				"domain %u doesn't answer the request to %s; 'xu destroy %u' ends it at "
				"once",
				id, request->what, id);
		else
			task_sleep(POLL);
	}
	if (error) {
		const struct withdrawal withdrawal = { id, request->command };
		store_transact(withdraw,
			       &withdrawal); // the guest may act on it still; the person hears of it as it is
	}
	return error;
}

int control_shutdown(domid_t id, enum control_request which, control_interrupted *interrupted,
		     struct failure *failure)
{
	const struct request *request = &requests[which];
	char value[VALUE_SIZE];
	int error = check_runs(id, failure);

	if (error)
		return error;
	read_node(XS_NO_TRANSACTION, id, request->feature, value);
	if (!strcmp(value, "0"))
		return failure_set(failure, -ENOTSUP,
				   "domain %u says that it can't %s when asked; 'xu destroy %u' ends it", id,
				   request->what, id);
	error = write_node(XS_NO_TRANSACTION, id, "control/shutdown", request->command);
	if (error)
		return store_failed(id, error, failure);
	return await_acknowledgement(id, request, interrupted, failure);
}

int control_wait_end(domid_t id, control_interrupted *interrupted, struct failure *failure)
{
	while (!has_ended(id)) {
		if (interrupted && interrupted())
			return failure_set(failure, -EINTR, "stopped waiting; domain %u runs still", id);
		task_sleep(POLL);
	}
	return 0;
}

int control_sysrq(domid_t id, char key, struct failure *failure)
{
	const char value[] = { key, '\0' };
	int error = check_runs(id, failure);

	if (error)
		return error;
	if (!isgraph((unsigned char)key))
		return failure_set(failure, -EINVAL, "a SysRq key is one printable character, h for help");
	error = write_node(XS_NO_TRANSACTION, id, "control/sysrq", value);
	return error ? store_failed(id, error, failure) : 0;
}

// ---- Name ----

int control_rename(domid_t id, const char *name, struct failure *failure)
{
	struct domain *domain = domain_find(id);
	const char *fault = domain_name_fault(name);
	int error = check(id, failure);

	if (error)
		return error;
	if (fault)
		return failure_set(failure, -EINVAL, "the name '%.64s' %s: choose another", name, fault);
	const struct domain *namesake = domain_find_by_name(name);
	if (namesake == domain)
		return 0;
	if (namesake)
		return failure_set(failure, -EEXIST, "there is a domain '%s' already: choose another name", name);
	char former[DOMAIN_NAME_MAX];
	memcpy(former, domain->name, sizeof(former));
	snprintf(domain->name, sizeof(domain->name), "%s",
		 name); // nobody else takes it while the store is written
	error = store_nodes_rename(domain, name);
	if (!error) {
		pv_devices_renamed(id);
		return 0;
	}
	memcpy(domain->name, former, sizeof(former));
	return store_failed(id, error, failure);
}

// ---- Memory and CPUs ----

static int set_limit(domid_t id, uint64_t kib)
{
	return domctl_set_max_memory(id, kib + MAGIC_PAGES * PAGE_KIB);
}

int control_set_memory(domid_t id, uint64_t kib, struct failure *failure)
{
	char most[VALUE_SIZE], path[STORE_PATH_SIZE];
	int error = check(id, failure);

	if (error)
		return error;
	read_node(XS_NO_TRANSACTION, id, "memory/static-max", most);
	uint64_t most_kib = strtoull(most, NULL, 10);
	if (!kib || kib > most_kib)
		return failure_set(failure, -EINVAL,
				   "domain %u can have up to %" PRIu64 " MiB, with which it was created", id,
				   most_kib / 1024);
	struct domain_info info;
	error = domctl_get_info(id, &info);
	if (!error)
		error = set_limit(id, kib);
	if (error)
		return failure_set(failure, error, "Xen can't set the memory of domain %u: %s", id,
				   error_text(error));
	store_home_path(id, "memory/target", path);
	error = xs_printf(XS_NO_TRANSACTION, path, "%" PRIu64, kib);
	if (!error)
		return 0;
	domctl_set_max_memory(id, info.max_pages * PAGE_KIB);
	return store_failed(id, error, failure);
}

int control_set_memory_limit(domid_t id, uint64_t kib, struct failure *failure)
{
	char target[VALUE_SIZE];
	int error = check(id, failure);

	if (error)
		return error;
	read_node(XS_NO_TRANSACTION, id, "memory/target", target);
	uint64_t target_kib = strtoull(target, NULL, 10);
	if (kib < target_kib)
		return failure_set(failure, -EINVAL,
				   "domain %u is to keep %" PRIu64 " MiB: 'xu mem-set' changes that first", id,
				   target_kib / 1024);
	error = set_limit(id, kib);
	if (error)
		return failure_set(failure, error, "Xen can't limit the memory of domain %u: %s", id,
				   error_text(error));
	return 0;
}

struct availability {
	domid_t id;
	uint32_t online, all;
};

static int write_availability(xs_transaction_t transaction, const void *context)
{
	const struct availability *cpus = context;
	int error = 0;

	for (uint32_t i = 0; i < cpus->all && !error; i++) {
		char node[sizeof("cpu/4294967295/availability")];

		snprintf(node, sizeof(node), "cpu/%" PRIu32 "/availability", i);
		error = write_node(transaction, cpus->id, node, i < cpus->online ? "online" : "offline");
	}
	return error;
}

int control_set_cpus(domid_t id, uint32_t count, struct failure *failure)
{
	struct domain_info info;
	int error = check_and_ask(id, &info, failure);

	if (error)
		return error;
	if (!count || count > info.max_vcpus)
		return failure_set(failure, -EINVAL, "domain %u can have from 1 to %" PRIu32 " CPUs", id,
				   info.max_vcpus);
	const struct availability cpus = { id, count, info.max_vcpus };
	error = store_transact(write_availability, &cpus);
	return error ? store_failed(id, error, failure) : 0;
}
