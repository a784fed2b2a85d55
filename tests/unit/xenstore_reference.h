// SPDX-License-Identifier: Apache-2.0
// The store as simple as possible: an array of nodes with whole paths, copied for each transaction, looked through from start to
// end for everything. What it answers is what xenstore.txt says; the server has to answer the same. For tests; included once.
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xenstore/permission.h"
#include "xenstore/transaction.h"
#include "xenstore/xenstore.h"

#define REF_NODES 512u
#define REF_PATH 64u
#define REF_VALUE 16u
#define REF_ENTRIES 4u
#define REF_RECORDS 128u
#define REF_OPERATIONS 256u

struct ref_permissions {
	struct xs_permission entries[REF_ENTRIES];
	unsigned int count;
	bool orphaned;
};

struct ref_node {
	char path[REF_PATH], value[REF_VALUE];
	struct ref_permissions permissions;
	uint64_t version, list_version; // of value and permissions; of the set of children
};

struct ref_store {
	struct ref_node nodes[REF_NODES];
	unsigned int count;
};

struct ref_client {
	domid_t domid;
	bool privileged;
	int node_limit;
	int present; // nodes that it has in the store as it is
	int elsewhere; // how many more those are than in the version from which the one in question was made
};

static uint64_t ref_version;

static struct ref_node *ref_find(struct ref_store *store, const char *path)
{
	for (unsigned int i = 0; i < store->count; i++)
		if (!strcmp(store->nodes[i].path, path))
			return &store->nodes[i];
	return NULL;
}

// `parent` may be `path` itself.
static void ref_parent(const char *path, char parent[REF_PATH])
{
	memmove(parent, path, strlen(path) + 1);
	*(strrchr(parent, '/') == parent ? parent + 1 : strrchr(parent, '/')) = '\0';
}

static bool ref_is_below(const char *path, const char *above)
{
	size_t size = strlen(above);

	return !strcmp(above, "/") || (!strncmp(path, above, size) && (!path[size] || path[size] == '/'));
}

static unsigned int ref_access(const struct ref_permissions *permissions, const struct ref_client *client)
{
	if (client->privileged || (!permissions->orphaned && permissions->entries[0].domid == client->domid))
		return 7;
	for (unsigned int i = 1; i < permissions->count; i++)
		if (!permissions->entries[i].ignored && (permissions->entries[i].domid == client->domid ||
							 permissions->entries[i].domid == DOMID_EVERYBODY))
			return permissions->entries[i].access;
	return permissions->entries[0].access;
}

// The nearest existing node at or above the path.
static struct ref_node *ref_nearest(struct ref_store *store, const char *path)
{
	char at[REF_PATH];
	struct ref_node *node;

	snprintf(at, sizeof(at), "%s", path);
	while (!(node = ref_find(store, at)))
		ref_parent(at, at);
	return node;
}

static int ref_look(struct ref_store *store, const struct ref_client *client, const char *path, unsigned int access,
		    struct ref_node **node)
{
	*node = ref_find(store, path);
	if (*node)
		return (ref_access(&(*node)->permissions, client) & access) == access ? 0 : -EACCES;
	return ref_access(&ref_nearest(store, path)->permissions, client) & access ? -ENOENT : -EACCES;
}

static unsigned int ref_count_owned(const struct ref_store *store, domid_t domid)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < store->count; i++)
		count += store->nodes[i].permissions.entries[0].domid == domid;
	return count;
}

static bool ref_permissions_equal(const struct ref_permissions *a, const struct ref_permissions *b)
{
	if (a->count != b->count || a->orphaned != b->orphaned)
		return false;
	for (unsigned int i = 0; i < a->count; i++)
		if (a->entries[i].domid != b->entries[i].domid || a->entries[i].access != b->entries[i].access ||
		    a->entries[i].ignored != b->entries[i].ignored)
			return false;
	return true;
}

// ---- Changes ----

enum ref_kind { REF_WRITE, REF_MKDIR, REF_RM, REF_SET_PERMS };

struct ref_operation {
	enum ref_kind kind;
	char path[REF_PATH], value[REF_VALUE];
	struct ref_permissions permissions;
};

static int ref_create(struct ref_store *store, const struct ref_client *client, const char *path, const char *value)
{
	struct ref_node *nearest = ref_nearest(store, path);
	struct ref_permissions permissions = nearest->permissions;
	char at[REF_PATH];
	unsigned int missing = 0;

	for (snprintf(at, sizeof(at), "%s", path); strcmp(at, nearest->path); ref_parent(at, at))
		missing++;
	int owned = (int)(ref_count_owned(store, client->domid) + missing) + client->elsewhere;
	if (!client->privileged && owned > client->node_limit && owned > client->present)
		return -ENOSPC;
	if (!client->privileged)
		permissions.entries[0].domid = client->domid;
	permissions.orphaned = false;
	nearest->list_version = ++ref_version;
	for (snprintf(at, sizeof(at), "%s", path); missing--; ref_parent(at, at)) {
		struct ref_node *node = &store->nodes[store->count++];

		if (store->count >= REF_NODES)
			abort();
		*node = (struct ref_node){ .permissions = permissions };
		node->version = node->list_version = ++ref_version;
		snprintf(node->path, sizeof(node->path), "%s", at);
		snprintf(node->value, sizeof(node->value), "%s", value);
		value = "";
	}
	return 0;
}

static void ref_remove(struct ref_store *store, const char *path)
{
	char parent[REF_PATH];
	unsigned int kept = 0;

	for (unsigned int i = 0; i < store->count; i++)
		if (!ref_is_below(store->nodes[i].path, path))
			store->nodes[kept++] = store->nodes[i];
	store->count = kept;
	ref_parent(path, parent);
	ref_find(store, parent)->list_version = ++ref_version;
}

// *changed says whether watches are to be told.
static int ref_apply(struct ref_store *store, const struct ref_client *client, const struct ref_operation *operation,
		     bool *changed)
{
	static const unsigned int wanted[] = { PERMISSION_WRITE, PERMISSION_WRITE, PERMISSION_WRITE,
					       PERMISSION_WRITE | PERMISSION_OWNER };
	struct ref_node *node;
	char parent[REF_PATH];
	int error = ref_look(store, client, operation->path, wanted[operation->kind], &node);

	*changed = false;
	switch (operation->kind) {
	case REF_WRITE:
	case REF_MKDIR:
		if (error && error != -ENOENT)
			return error;
		if (!error && operation->kind == REF_MKDIR)
			return 0;
		if (error)
			error = ref_create(store, client, operation->path, operation->value);
		else
			snprintf(node->value, sizeof(node->value), "%s", operation->value);
		break;
	case REF_RM:
		ref_parent(operation->path, parent);
		if (error == -ENOENT && ref_find(store, parent))
			return 0;
		if (!error && !strcmp(operation->path, "/"))
			return -EINVAL;
		if (!error)
			ref_remove(store, operation->path);
		break;
	case REF_SET_PERMS:
		if (!error && !client->privileged &&
		    operation->permissions.entries[0].domid != node->permissions.entries[0].domid)
			error = -EPERM;
		if (!error)
			node->permissions = operation->permissions;
		break;
	}
	if (!error && (node = ref_find(store, operation->path)))
		node->version = ++ref_version;
	*changed = !error;
	return error;
}

// ---- Transactions ----

struct ref_record {
	char path[REF_PATH];
	unsigned int flags; // as the server's: needs and deeds
};

struct ref_transaction {
	uint32_t id;
	struct ref_store base, own;
	struct ref_record records[REF_RECORDS]; // in order of the first access
	unsigned int record_count;
	struct ref_operation operations[REF_OPERATIONS];
	unsigned int operation_count;
};

static struct ref_record *ref_note(struct ref_transaction *transaction, const char *path, unsigned int need)
{
	struct ref_record *record = transaction->records;

	while (record < transaction->records + transaction->record_count && strcmp(record->path, path))
		record++;
	if (record == transaction->records + transaction->record_count) {
		if (++transaction->record_count > REF_RECORDS)
			abort();
		*record = (struct ref_record){ .flags = 0 };
		snprintf(record->path, sizeof(record->path), "%s", path);
	}
	if (record->flags & DEED_REMOVED)
		need = 0;
	if (record->flags & DEED_WROTE)
		need &= ~(unsigned int)NEED_VALUE;
	record->flags |= need;
	return record;
}

// What a creation looks at.
static void ref_note_missing(struct ref_transaction *transaction, const char *path, unsigned int deeds)
{
	const char *nearest = ref_nearest(&transaction->own, path)->path;
	char at[REF_PATH];

	for (snprintf(at, sizeof(at), "%s", path); strcmp(at, nearest); ref_parent(at, at))
		ref_note(transaction, at, 0)->flags |= deeds;
	ref_note(transaction, at, 0);
}

static bool ref_lists_equal(struct ref_store *a, struct ref_store *b, const char *path)
{
	char parent[REF_PATH];

	for (unsigned int i = 0; i < a->count; i++) {
		ref_parent(a->nodes[i].path, parent);
		if (!strcmp(parent, path) && !ref_find(b, a->nodes[i].path))
			return false;
	}
	return true;
}

// Two answers: whether something has happened since to what the transaction looked at, and whether that is different now. Where
// both differ (it was changed and changed back), a server may decide either way.
static bool ref_is_untouched(struct ref_transaction *transaction, const struct ref_record *record, struct ref_store *now)
{
	struct ref_node *seen = ref_find(&transaction->base, record->path), *node = ref_find(now, record->path);

	if (!seen || !node)
		return !seen && !node;
	return ref_permissions_equal(&seen->permissions, &node->permissions) &&
	       !((record->flags & NEED_VALUE) && seen->version != node->version) &&
	       !((record->flags & NEED_LIST) && seen->list_version != node->list_version);
}

static bool ref_is_equal(struct ref_transaction *transaction, const struct ref_record *record, struct ref_store *now)
{
	struct ref_node *seen = ref_find(&transaction->base, record->path), *node = ref_find(now, record->path);

	if (!seen || !node)
		return !seen && !node;
	return ref_permissions_equal(&seen->permissions, &node->permissions) &&
	       !((record->flags & NEED_VALUE) && strcmp(seen->value, node->value)) &&
	       !((record->flags & NEED_LIST) && (!ref_lists_equal(&transaction->base, now, record->path) ||
						 !ref_lists_equal(now, &transaction->base, record->path)));
}

// ---- The end of a domain ----

static void ref_drop_entries(struct ref_permissions *permissions, domid_t domid)
{
	unsigned int kept = 1;

	for (unsigned int n = 1; n < permissions->count; n++)
		if (permissions->entries[n].domid != domid)
			permissions->entries[kept++] = permissions->entries[n];
	permissions->count = kept;
	if (permissions->entries[0].domid == domid) {
		permissions->count = 1;
		permissions->entries[0] = (struct xs_permission){ .domid = 0 };
		permissions->orphaned = true;
	}
}

static void ref_forget_rights(struct ref_store *store, domid_t domid)
{
	for (unsigned int i = 0; i < store->count; i++)
		ref_drop_entries(&store->nodes[i].permissions, domid);
}

static void ref_forget_rights_in(struct ref_transaction *transaction, domid_t domid)
{
	ref_forget_rights(&transaction->base, domid);
	ref_forget_rights(&transaction->own, domid);
	for (unsigned int i = 0; i < transaction->operation_count; i++)
		ref_drop_entries(&transaction->operations[i].permissions, domid);
}
