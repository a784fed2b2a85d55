// SPDX-License-Identifier: Apache-2.0
// The tables of nodes, and the little language they are written in.
#include "domain/store_nodes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "domain/build.h"
#include "domain/layout.h"
#include "domain/uuid.h"
#include "kernel/compiler.h"
#include "kernel/panic.h"
#include "xenstore/store_text.h"
#include "xenstore/store_work.h"

#define TEXT(value)  TEXT_(value)
#define TEXT_(value) #value

// ---- The tables ----

// A path or a value is a text, in which
//
//	%d  is the domain's id            %m  its memory in KiB
//	%M  the most that it can have     %i  a virtual CPU's number
//	%h  its home, /local/domain/%d    %s  "online" or "offline", whether it is to be used
//	%n  its name                      %p  the port of its console, %r the frame of the ring
//	%u  its UUID                      %P  the port of its store, %R the frame of the ring
//
// Of permissions, the first name is the owner's, and the second may read. A node without any has those of the
// node above it.
enum access { AS_ABOVE, DOM0, DOM0_GUEST, GUEST, GUEST_DOM0 };

struct node {
	const char *path, *value;
	enum access access;
};

static const struct node domain_nodes[] = {
	{ "%h", "", DOM0_GUEST },
	{ "/vm/%u", "", DOM0_GUEST },
	{ "/libxl/%d", "", DOM0 },
	{ "%h/vm", "/vm/%u", AS_ABOVE },
	{ "%h/name", "%n", AS_ABOVE },
	{ "%h/domid", "%d", AS_ABOVE },
	{ "%h/memory", "", AS_ABOVE },
	{ "%h/memory/static-max", "%M", AS_ABOVE },
	{ "%h/memory/target", "%m", AS_ABOVE },
	{ "%h/memory/videoram", "0", AS_ABOVE },
	{ "%h/cpu", "", AS_ABOVE },
	{ "%h/store", "", AS_ABOVE },
	{ "%h/store/port", "%P", AS_ABOVE },
	{ "%h/store/ring-ref", "%R", AS_ABOVE },
	{ "%h/device", "", AS_ABOVE },
	{ "%h/device/suspend", "", AS_ABOVE },
	{ "%h/device/suspend/event-channel", "", GUEST },
	{ "%h/control", "", AS_ABOVE },
	{ "%h/control/shutdown", "", GUEST },
	{ "%h/control/feature-poweroff", "", GUEST },
	{ "%h/control/feature-reboot", "", GUEST },
	{ "%h/control/feature-suspend", "", GUEST },
	{ "%h/control/sysrq", "", GUEST },
	{ "%h/control/platform-feature-multiprocessor-suspend", "1", AS_ABOVE },
	{ "%h/control/platform-feature-xs_reset_watches", "1", AS_ABOVE },
	{ "%h/data", "", GUEST },
	{ "%h/drivers", "", GUEST },
	{ "%h/feature", "", GUEST },
	{ "%h/attr", "", GUEST },
	{ "%h/error", "", GUEST },
	{ "%h/libxl", "", GUEST },
	{ "%h/device-model", "", GUEST },
	{ "/vm/%u/uuid", "%u", AS_ABOVE },
	{ "/vm/%u/name", "%n", AS_ABOVE },
	{ "/libxl/%d/type", "pvh", AS_ABOVE },
	{ "/libxl/%d/device", "", AS_ABOVE },
};

// Of a domain with a console.
static const struct node console_nodes[] = {
	{ "%h/console", "", AS_ABOVE },
	{ "%h/console/backend", "/local/domain/0/backend/console/%d/0", AS_ABOVE },
	{ "%h/console/backend-id", "0", GUEST_DOM0 },
	{ "%h/console/limit", TEXT(CONFIG_CONSOLE_BACKLOG_SIZE), AS_ABOVE },
	{ "%h/console/type", "xenconsoled", AS_ABOVE }, // as opposed to a device model's
	{ "%h/console/output", "pty", AS_ABOVE },
	{ "%h/console/tty", "", AS_ABOVE },
	{ "%h/console/port", "%p", AS_ABOVE },
	{ "%h/console/ring-ref", "%r", AS_ABOVE },
	{ "/local/domain/0/backend/console/%d", "", DOM0 },
	{ "/local/domain/0/backend/console/%d/0", "", DOM0_GUEST },
	{ "/local/domain/0/backend/console/%d/0/frontend", "%h/console", AS_ABOVE },
	{ "/local/domain/0/backend/console/%d/0/frontend-id", "%d", AS_ABOVE },
	{ "/local/domain/0/backend/console/%d/0/online", "1", AS_ABOVE },
	{ "/local/domain/0/backend/console/%d/0/state", "1", AS_ABOVE },
	{ "/local/domain/0/backend/console/%d/0/protocol", "vt100", AS_ABOVE },
	{ "/libxl/%d/device/console/0/frontend", "%h/console", AS_ABOVE },
	{ "/libxl/%d/device/console/0/backend", "/local/domain/0/backend/console/%d/0", AS_ABOVE },
	{ "/libxl/%d/device/console/0/frontend-id", "%d", AS_ABOVE },
	{ "/libxl/%d/device/console/0/online", "1", AS_ABOVE },
	{ "/libxl/%d/device/console/0/state", "1", AS_ABOVE },
	{ "/libxl/%d/device/console/0/protocol", "vt100", AS_ABOVE },
};

static const struct node cpu_nodes[] = {
	{ "%h/cpu/%i", "", AS_ABOVE },
	{ "%h/cpu/%i/availability", "%s", AS_ABOVE },
};

// What others look for even before there is a domain.
static const struct node own_nodes[] = {
	{ "/local/domain/0", "", DOM0 },
	{ "/local/domain/0/name", "Domain-0", AS_ABOVE },
	{ "/local/domain/0/domid", "0", AS_ABOVE },
	{ "/local/domain/0/backend/console", "", AS_ABOVE },
	{ "/local/pool/0/name", "Pool-0", AS_ABOVE },
	{ "/libxl", "", DOM0 },
	{ "/vm", "", DOM0 },
};

static const char *const domain_trees[] = {
	"%h",
	"/vm/%u",
	"/libxl/%d",
	"/local/domain/0/backend/console/%d",
};

static const struct node name_nodes[] = {
	{ "%h/name", "%n", AS_ABOVE },
	{ "/vm/%u/name", "%n", AS_ABOVE },
};

static const struct node identity_nodes[] = {
	{ "/vm/%u", "", DOM0_GUEST },
	{ "/vm/%u/uuid", "%u", AS_ABOVE },
	{ "/vm/%u/name", "%n", AS_ABOVE },
	{ "%h/vm", "/vm/%u", AS_ABOVE },
	{ "%h/name", "%n", AS_ABOVE },
};

// ---- Expanding ----

struct values {
	domid_t domid;
	const char *name;
	const uint8_t *uuid;
	uint64_t memory_kib, max_memory_kib;
	uint32_t cpu, online_cpus;
	evtchn_port_t console_port, store_port;
	gfn_t console_frame, store_frame;
};

static bool print_value(const void *context, char letter, char *text, size_t size)
{
	const struct values *values = context;
	char uuid[UUID_TEXT_SIZE];
	uint64_t number = 0;

	switch (letter) {
	case 'h':
		snprintf(text, size, "/local/domain/%u", values->domid);
		return true;
	case 'n':
		snprintf(text, size, "%s", values->name);
		return true;
	case 'u':
		uuid_print(values->uuid, uuid);
		snprintf(text, size, "%s", uuid);
		return true;
	case 'd':
		number = values->domid;
		break;
	case 'm':
		number = values->memory_kib;
		break;
	case 'M':
		number = values->max_memory_kib;
		break;
	case 's':
		snprintf(text, size, "%s", values->cpu < values->online_cpus ? "online" : "offline");
		return true;
	case 'i':
		number = values->cpu;
		break;
	case 'p':
		number = values->console_port;
		break;
	case 'r':
		number = values->console_frame.number;
		break;
	case 'P':
		number = values->store_port;
		break;
	case 'R':
		number = values->store_frame.number;
		break;
	default:
		return false;
	}
	snprintf(text, size, "%" PRIu64, number);
	return true;
}

static void expand(const struct values *values, const char *template, char text[STORE_PATH_SIZE])
{
	bool expanded = store_expand(template, print_value, values, text, STORE_PATH_SIZE);

	ASSERT(expanded);
}

// ---- Writing ----

static int set_access(xs_transaction_t transaction, const char *path, domid_t guest, enum access access)
{
	const struct {
		struct xs_permission list[2];
		size_t count;
	} permissions[] = {
		[DOM0] = { { { .domid = CONTROL_DOMAIN } }, 1 },
		[DOM0_GUEST] = { { { .domid = CONTROL_DOMAIN },
				   { .domid = guest, .access = XS_ACCESS_READ } },
				 2 },
		[GUEST] = { { { .domid = guest } }, 1 },
		[GUEST_DOM0] = { { { .domid = guest },
				   { .domid = CONTROL_DOMAIN, .access = XS_ACCESS_READ } },
				 2 },
	};

	if (access == AS_ABOVE)
		return 0;
	return xs_set_permissions(transaction, path, permissions[access].list, permissions[access].count);
}

static int write_nodes(xs_transaction_t transaction, const struct values *values, const struct node *nodes,
		       size_t count)
{
	char path[STORE_PATH_SIZE], value[STORE_PATH_SIZE];
	int error = 0;

	for (size_t i = 0; i < count && !error; i++) {
		expand(values, nodes[i].path, path);
		expand(values, nodes[i].value, value);
		error = xs_write(transaction, path, value, strlen(value));
		if (!error)
			error = set_access(transaction, path, values->domid, nodes[i].access);
	}
	return error;
}

static int remove_trees(xs_transaction_t transaction, const struct values *values)
{
	char path[STORE_PATH_SIZE];
	int error = 0;

	for (size_t i = 0; i < ARRAY_SIZE(domain_trees) && !error; i++) {
		expand(values, domain_trees[i], path);
		error = xs_rm(transaction, path);
		if (error == -ENOENT)
			error = 0;
	}
	return error;
}

// ---- Transactions ----

struct whole_domain {
	struct values values;
	uint32_t cpus;
};

static int write_own(xs_transaction_t transaction, const void *unused)
{
	(void)unused;
	return write_nodes(transaction, &(struct values){ .domid = CONTROL_DOMAIN }, own_nodes,
			   ARRAY_SIZE(own_nodes));
}

static int write_domain(xs_transaction_t transaction, const void *context)
{
	const struct whole_domain *whole = context;
	struct values values = whole->values;
	int error = remove_trees(transaction, &values);

	if (!error)
		error = write_nodes(transaction, &values, domain_nodes, ARRAY_SIZE(domain_nodes));
	if (!error && values.console_port)
		error = write_nodes(transaction, &values, console_nodes, ARRAY_SIZE(console_nodes));
	for (values.cpu = 0; values.cpu < whole->cpus && !error; values.cpu++)
		error = write_nodes(transaction, &values, cpu_nodes, ARRAY_SIZE(cpu_nodes));
	return error;
}

static int write_name(xs_transaction_t transaction, const void *values)
{
	return write_nodes(transaction, values, name_nodes, ARRAY_SIZE(name_nodes));
}

struct identity {
	struct values values;
	const uint8_t *former_uuid;
};

static int write_identity(xs_transaction_t transaction, const void *context)
{
	const struct identity *identity = context;
	const struct values former = { .uuid = identity->former_uuid };
	char path[STORE_PATH_SIZE];

	expand(&former, "/vm/%u", path);
	int error = xs_rm(transaction, path);
	return error ? error : write_nodes(transaction, &identity->values, identity_nodes, ARRAY_SIZE(identity_nodes));
}

static struct values values_of(const struct domain *domain)
{
	return (struct values){
		.domid = domain->id,
		.name = domain->name,
		.uuid = domain->uuid,
		.console_port = domain->console_port,
		.store_port = domain->store_port,
		.console_frame = domain->console_frame,
		.store_frame = domain->store_frame,
	};
}

// ---- The public face ----

int store_nodes_init(void)
{
	return store_transact(write_own, NULL);
}

int store_nodes_write(const struct domain *domain, const struct domain_config *config)
{
	struct whole_domain whole = {
		.values = values_of(domain),
		.cpus = config_max_vcpus(config),
	};

	whole.values.online_cpus = config->vcpus;

	whole.values.memory_kib = config->memory_kib;
	whole.values.max_memory_kib = config_max_memory(config);
	return store_transact(write_domain, &whole);
}

int store_nodes_remove(const struct domain *domain)
{
	const struct values values = values_of(domain);

	return remove_trees(XS_NO_TRANSACTION, &values);
}

int store_nodes_rename(const struct domain *domain, const char *name)
{
	struct values values = values_of(domain);

	values.name = name;
	return store_transact(write_name, &values);
}

int store_nodes_set_identity(const struct domain *domain, const uint8_t former_uuid[16])
{
	const struct identity identity = { values_of(domain), former_uuid };

	return store_transact(write_identity, &identity);
}

void store_home_path(domid_t domid, const char *node, char path[STORE_PATH_SIZE])
{
	int length = snprintf(path, STORE_PATH_SIZE, "/local/domain/%u/%s", domid, node);

	ASSERT(length < STORE_PATH_SIZE);
}
