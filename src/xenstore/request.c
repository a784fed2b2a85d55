// SPDX-License-Identifier: Apache-2.0
// The requests of xenstore.txt: one table, one handler each, one place that replies.
#include "xenstore/request.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/log.h"
#include "xenstore/control.h"
#include "xenstore/directory.h"
#include "xenstore/path.h"
#include "xenstore/store.h"
#include "xenstore/watch.h"

// ---- Arguments and results ----

static unsigned int argument_count(const struct request *request)
{
	return wire_count_strings(request->payload, request->header.size);
}

// Some libraries send an empty string where they mean no arguments.
static unsigned int optional_count(const struct request *request)
{
	return request->header.size == 1 ? 0 : argument_count(request);
}

static const char *argument(const struct request *request, unsigned int number)
{
	return wire_string(request->payload, number);
}

// The path at the payload's start, made canonical; NULL: it breaks the rules.
static char *path_argument(const struct request *request, bool special)
{
	const struct client *client = request->client;
	size_t limit = client->who.privileged ? 0 : client->account->limit[XS_QUOTA_PATH_MAX];

	return path_resolve(request->payload, client->who.domid, limit, special);
}

// The same where the payload is nothing but a path.
static char *only_path(const struct request *request, bool special)
{
	return wire_only_string(request->payload, request->header.size) ? path_argument(request, special) : NULL;
}

static int reply_bytes(struct request *request, const void *bytes, size_t size)
{
	if (size > WIRE_PAYLOAD_MAX)
		return -E2BIG;
	memcpy(request->reply, bytes, size);
	request->reply_size = size;
	return 0;
}

static int reply_text(struct request *request, const char *text)
{
	return reply_bytes(request, text, strlen(text) + 1);
}

static int reply_number(struct request *request, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	return reply_text(request, text);
}

// ---- Nodes ----

static int read_node(struct request *request, bool special, unsigned int need, const struct node **node)
{
	const char *path = only_path(request, special);

	return path ? store_read(request->client, request->transaction, path, need, node) : -EINVAL;
}

static int handle_read(struct request *request)
{
	const struct node *node;
	int error = read_node(request, false, NEED_VALUE, &node);

	return error ? error : reply_bytes(request, node_value(node), node->value_size);
}

static int handle_directory(struct request *request)
{
	const struct node *node;
	int error = read_node(request, false, NEED_LIST, &node);

	if (error)
		return error;
	if (directory_list_size(node->children) > WIRE_PAYLOAD_MAX)
		return -E2BIG;
	request->reply_size = directory_list(node->children, 0, request->reply, WIRE_PAYLOAD_MAX);
	return 0;
}

// <generation>|<names from the offset on>; an empty name follows the last one.
static int handle_directory_part(struct request *request)
{
	const char *path;
	const struct node *node;
	uint64_t offset;

	if (argument_count(request) != 2 || !wire_parse_number(argument(request, 1), SIZE_MAX, &offset))
		return -EINVAL;
	path = path_argument(request, false);
	if (!path)
		return -EINVAL;
	int error = store_read(request->client, request->transaction, path, NEED_LIST, &node);
	if (!error)
		error = reply_number(request, MAX(node->generation, node->list_generation));
	if (error)
		return error;

	size_t room = WIRE_PAYLOAD_MAX - request->reply_size - 1;
	size_t size = directory_list(node->children, (size_t)offset, request->reply + request->reply_size, room);
	request->reply_size += size;
	if (offset >= directory_list_size(node->children) || offset + size == directory_list_size(node->children))
		request->reply[request->reply_size++] = '\0';
	return 0;
}

static int handle_write(struct request *request)
{
	const char *path = argument_count(request) ? path_argument(request, false) : NULL;

	if (!path)
		return -EINVAL;
	size_t start = strlen(request->payload) + 1;
	return store_write(request->client, request->transaction, path, request->payload + start,
			   request->header.size - start);
}

static int handle_mkdir(struct request *request)
{
	const char *path = only_path(request, false);

	return path ? store_mkdir(request->client, request->transaction, path) : -EINVAL;
}

static int handle_rm(struct request *request)
{
	const char *path = only_path(request, false);

	return path ? store_remove(request->client, request->transaction, path) : -EINVAL;
}

static int handle_get_perms(struct request *request)
{
	const struct node *node;
	int error = read_node(request, true, NEED_ACCESS, &node);
	size_t size = 0;

	for (size_t i = 0; !error && i < node->acl->count; i++) {
		if (size + WIRE_PERMISSION_MAX > WIRE_PAYLOAD_MAX)
			return -E2BIG;
		size += wire_format_permission(&node->acl->entries[i], request->reply + size) + 1;
	}
	request->reply_size = size;
	return error;
}

static int handle_set_perms(struct request *request)
{
	// In the reply's room, which is free until this is done.
	struct xs_permission *entries = (struct xs_permission *)(void *)request->reply;
	unsigned int count = argument_count(request);
	const char *path = count >= 2 ? path_argument(request, true) : NULL;

	if (!path)
		return -EINVAL;
	const char *text = argument(request, 1);
	count--;
	if (!account_allows_size(request->client->account, XS_QUOTA_NODE_PERMISSIONS, count))
		return -ENOSPC;
	if (count > WIRE_PAYLOAD_MAX / sizeof(*entries))
		return -E2BIG;
	for (unsigned int i = 0; i < count; i++, text += strlen(text) + 1)
		if (!wire_parse_permission(text, &entries[i]))
			return -EINVAL;
	return store_set_permissions(request->client, request->transaction, path, entries, count);
}

// ---- Watches ----

static int handle_watch(struct request *request)
{
	struct client *client = request->client;
	unsigned int count = argument_count(request);
	bool with_depth = count == 3 && (client->account->features & WIRE_FEATURE_WATCH_DEPTH);
	const char *path = count == 2 || with_depth ? path_argument(request, true) : NULL;
	uint64_t depth;
	struct watch *watch;

	if (!path || (with_depth && !wire_parse_number(argument(request, 2), INT_MAX, &depth)))
		return -EINVAL;
	int error = watch_add(client, path, (size_t)(request->payload - path), argument(request, 1),
			      with_depth ? (int)depth : -1, &watch);
	if (!error)
		watch_fire_first(watch);
	return error;
}

static int handle_unwatch(struct request *request)
{
	const char *path = argument_count(request) == 2 ? path_argument(request, true) : NULL;

	return path ? watch_remove(request->client, path, argument(request, 1)) : -EINVAL;
}

static int handle_reset_watches(struct request *request)
{
	request->transaction = NULL;
	client_reset(request->client);
	return 0;
}

// ---- Transactions ----

static int handle_transaction_start(struct request *request)
{
	struct transaction *transaction;

	if (request->transaction)
		return -EBUSY;
	int error = store_start(request->client, false, &transaction);
	return error ? error : reply_number(request, transaction->id);
}

static int handle_transaction_end(struct request *request)
{
	const char *end = wire_only_string(request->payload, request->header.size);
	struct transaction *transaction = request->transaction;

	if (!end || (strcmp(end, "T") && strcmp(end, "F")))
		return -EINVAL;
	if (!transaction)
		return -ENOENT;
	request->transaction = NULL;
	return store_end(transaction, *end == 'T');
}

// ---- Domains ----

static int domid_argument(const struct request *request, domid_t *domid)
{
	const char *text = wire_only_string(request->payload, request->header.size);

	return text && wire_parse_domid(text, domid) ? 0 : -EINVAL;
}

// For what concerns a domain that is served, other than this one.
static int served_argument(const struct request *request, domid_t *domid)
{
	int error = domid_argument(request, domid);

	if (!error && *domid == 0)
		error = -EINVAL;
	return error ? error : xenstore_is_introduced(*domid) ? 0 : -ENOENT;
}

static int handle_introduce(struct request *request)
{
	uint64_t frame, port;
	domid_t domid;

	if (argument_count(request) < 3 || !wire_parse_domid(argument(request, 0), &domid) ||
	    !wire_parse_number(argument(request, 1), UINT64_MAX, &frame) ||
	    !wire_parse_number(argument(request, 2), UINT32_MAX, &port) || !port)
		return -EINVAL;
	return xenstore_introduce(domid, gfn_make(frame), (evtchn_port_t)port);
}

static int handle_release(struct request *request)
{
	domid_t domid;
	int error = served_argument(request, &domid);

	return error ? error : xenstore_release(domid);
}

static int handle_resume(struct request *request)
{
	domid_t domid;
	int error = served_argument(request, &domid);

	return error ? error : xenstore_resume(domid);
}

static int handle_set_target(struct request *request)
{
	domid_t domid, target;

	if (argument_count(request) < 2 || !wire_parse_domid(argument(request, 0), &domid) ||
	    !wire_parse_domid(argument(request, 1), &target))
		return -EINVAL;
	return xenstore_set_target(domid, target);
}

static int handle_get_domain_path(struct request *request)
{
	char path[PATH_PREFIX_MAX + 1];
	domid_t domid;
	int error = domid_argument(request, &domid);

	if (error)
		return error;
	path_of_domain(domid, path);
	return reply_text(request, path);
}

static int handle_is_domain_introduced(struct request *request)
{
	domid_t domid;
	int error = domid_argument(request, &domid);

	if (error)
		return error;
	return reply_text(request, domid == DOMID_SELF || xenstore_is_introduced(domid) ? "T" : "F");
}

static int handle_get_feature(struct request *request)
{
	unsigned int count = optional_count(request);
	uint32_t features = request->client->account->features;
	domid_t domid;

	if (!count)
		return reply_number(request, features);
	if (!request->client->who.privileged)
		return -EACCES;
	int error = domid_argument(request, &domid);
	if (!error)
		error = xenstore_get_features(domid, &features);
	return error ? error : reply_number(request, features);
}

static int handle_set_feature(struct request *request)
{
	uint64_t features;
	domid_t domid;

	if (argument_count(request) != 2 || !wire_parse_domid(argument(request, 0), &domid) ||
	    !wire_parse_number(argument(request, 1), UINT32_MAX, &features))
		return -EINVAL;
	return xenstore_set_features(domid, (uint32_t)features);
}

static int reply_quota_names(struct request *request)
{
	size_t size = 0;

	for (unsigned int i = 0; i < XS_QUOTAS; i++)
		size += (size_t)snprintf(request->reply + size, WIRE_PAYLOAD_MAX - size, "%s%s", i ? " " : "",
					 xs_quota_name(i));
	request->reply_size = size + 1;
	return 0;
}

// A quota by its name, of the domain in the argument before it, or of new domains when there is none.
static int quota_arguments(const struct request *request, unsigned int count, domid_t *domid, enum xs_quota *quota)
{
	*domid = DOMID_INVALID;
	if (count > 2 || (count == 2 && !wire_parse_domid(argument(request, 0), domid)))
		return -EINVAL;
	return quota_by_name(argument(request, count - 1), quota);
}

static int handle_get_quota(struct request *request)
{
	unsigned int count = optional_count(request);
	enum xs_quota quota;
	uint32_t limit;
	domid_t domid;

	if (!count)
		return reply_quota_names(request);
	int error = quota_arguments(request, count, &domid, &quota);
	if (!error)
		error = xs_quota_get(domid, quota, &limit);
	return error ? error : reply_number(request, limit);
}

static int handle_set_quota(struct request *request)
{
	unsigned int count = argument_count(request);
	enum xs_quota quota;
	uint64_t limit;
	domid_t domid;

	if (count < 2 || !wire_parse_number(argument(request, count - 1), UINT32_MAX, &limit))
		return -EINVAL;
	int error = quota_arguments(request, count - 1, &domid, &quota);
	return error ? error : xs_quota_set(domid, quota, (uint32_t)limit);
}

static int handle_control(struct request *request)
{
	unsigned int count = argument_count(request);

	if (!count)
		return -EINVAL;
	int error = control_run(request->payload, count, request->reply, WIRE_PAYLOAD_MAX);
	if (!error)
		request->reply_size = strlen(request->reply) + 1;
	return error;
}

// ---- The table ----

enum flag {
	PRIVILEGED = 1, // for domain 0 only
	OUTSIDE = 2, // never belongs to a transaction: the id is ignored
	ACKNOWLEDGED = 4, // the reply is "OK"
};

static const struct operation {
	const char *name;
	int (*handle)(struct request *request);
	unsigned int flags;
} operations[WIRE_TYPES] = {
	[WIRE_CONTROL] = { "CONTROL", handle_control, PRIVILEGED },
	[WIRE_DIRECTORY] = { "DIRECTORY", handle_directory, 0 },
	[WIRE_READ] = { "READ", handle_read, 0 },
	[WIRE_GET_PERMS] = { "GET_PERMS", handle_get_perms, 0 },
	[WIRE_WATCH] = { "WATCH", handle_watch, OUTSIDE | ACKNOWLEDGED },
	[WIRE_UNWATCH] = { "UNWATCH", handle_unwatch, OUTSIDE | ACKNOWLEDGED },
	[WIRE_TRANSACTION_START] = { "TRANSACTION_START", handle_transaction_start, 0 },
	[WIRE_TRANSACTION_END] = { "TRANSACTION_END", handle_transaction_end, ACKNOWLEDGED },
	[WIRE_INTRODUCE] = { "INTRODUCE", handle_introduce, PRIVILEGED | ACKNOWLEDGED },
	[WIRE_RELEASE] = { "RELEASE", handle_release, PRIVILEGED | ACKNOWLEDGED },
	[WIRE_GET_DOMAIN_PATH] = { "GET_DOMAIN_PATH", handle_get_domain_path, 0 },
	[WIRE_WRITE] = { "WRITE", handle_write, ACKNOWLEDGED },
	[WIRE_MKDIR] = { "MKDIR", handle_mkdir, ACKNOWLEDGED },
	[WIRE_RM] = { "RM", handle_rm, ACKNOWLEDGED },
	[WIRE_SET_PERMS] = { "SET_PERMS", handle_set_perms, ACKNOWLEDGED },
	[WIRE_IS_DOMAIN_INTRODUCED] = { "IS_DOMAIN_INTRODUCED", handle_is_domain_introduced, PRIVILEGED },
	[WIRE_RESUME] = { "RESUME", handle_resume, PRIVILEGED | ACKNOWLEDGED },
	[WIRE_SET_TARGET] = { "SET_TARGET", handle_set_target, PRIVILEGED | ACKNOWLEDGED },
	[WIRE_RESET_WATCHES] = { "RESET_WATCHES", handle_reset_watches, ACKNOWLEDGED },
	[WIRE_DIRECTORY_PART] = { "DIRECTORY_PART", handle_directory_part, 0 },
	[WIRE_GET_FEATURE] = { "GET_FEATURE", handle_get_feature, 0 },
	[WIRE_SET_FEATURE] = { "SET_FEATURE", handle_set_feature, PRIVILEGED | ACKNOWLEDGED },
	[WIRE_GET_QUOTA] = { "GET_QUOTA", handle_get_quota, PRIVILEGED },
	[WIRE_SET_QUOTA] = { "SET_QUOTA", handle_set_quota, PRIVILEGED | ACKNOWLEDGED },
};

static uint64_t processed;

static int run(struct request *request, const struct operation *operation)
{
	uint32_t id = request->header.transaction_id;

	if (!operation || !operation->handle)
		return -ENOSYS;
	if ((operation->flags & PRIVILEGED) && !request->client->who.privileged)
		return -EACCES;
	if (id && !(operation->flags & OUTSIDE)) {
		request->transaction = transaction_find(request->client, id);
		if (!request->transaction)
			return -ENOENT;
	}
	int error = operation->handle(request);
	return error || !(operation->flags & ACKNOWLEDGED) ? error : reply_text(request, "OK");
}

int request_process(struct request *request)
{
	uint32_t type = request->header.type;
	const struct operation *operation = type < WIRE_TYPES ? &operations[type] : NULL;

	request->transaction = NULL;
	request->reply_size = 0;
	int error = run(request, operation);
	if (error) {
		log_debug("xenstore: domain %u: %s: %s", request->client->who.domid,
			  operation && operation->name ? operation->name : "unknown request", wire_error_name(error));
		type = WIRE_ERROR;
		reply_text(request, wire_error_name(error));
	}
	request->reply_header = request->header;
	request->reply_header.type = type;
	request->reply_header.size = (uint32_t)request->reply_size;
	request->client->account->requests++;
	request->client->account->refused += error == -ENOSPC;
	processed++;
	return error;
}

uint64_t request_count(void)
{
	return processed;
}
