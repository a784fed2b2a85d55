// SPDX-License-Identifier: Apache-2.0
// The shared permission lists: a hash table of those that exist, by content.
#include "xenstore/permission.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/task.h"

#define BUCKETS 256u

static struct acl *buckets[BUCKETS];
static size_t lists;

// Guests choose the contents, but not where they end up: the start value is not known to them.
static uint32_t hash_entries(const struct xs_permission *entries, size_t count)
{
	static uint32_t start;

	if (!start)
		start = (uint32_t)time_now() | 1;
	uint32_t hash = start;
	for (size_t i = 0; i < count; i++) {
		uint32_t word = (uint32_t)entries[i].domid << 8 | (uint32_t)(entries[i].access << 1) | entries[i].ignored;

		hash = (hash ^ word) * 0x9e3779b1u;
		hash ^= hash >> 15;
	}
	return hash % BUCKETS;
}

static bool entries_equal(const struct acl *acl, const struct xs_permission *entries, size_t count)
{
	if (acl->count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (acl->entries[i].domid != entries[i].domid || acl->entries[i].access != entries[i].access ||
		    acl->entries[i].ignored != entries[i].ignored)
			return false;
	return true;
}

static void enter(struct acl *acl)
{
	struct acl **bucket = &buckets[hash_entries(acl->entries, acl->count)];

	acl->next = *bucket;
	*bucket = acl;
}

static void leave(struct acl *acl)
{
	struct acl **link = &buckets[hash_entries(acl->entries, acl->count)];

	while (*link != acl)
		link = &(*link)->next;
	*link = acl->next;
}

int acl_intern(const struct xs_permission *entries, size_t count, struct acl **result)
{
	struct acl *acl = buckets[hash_entries(entries, count)];

	while (acl && (acl->orphaned || !entries_equal(acl, entries, count)))
		acl = acl->next;
	if (acl) {
		*result = acl_get(acl);
		return 0;
	}

	acl = malloc(sizeof(*acl) + count * sizeof(*entries));
	if (!acl)
		return -ENOMEM;
	*acl = (struct acl){ .references = 1, .count = (uint16_t)count };
	memcpy(acl->entries, entries, count * sizeof(*entries));
	enter(acl);
	lists++;
	*result = acl;
	return 0;
}

int acl_inherit(const struct acl *parent, domid_t owner, struct acl **result)
{
	if (owner == DOMID_INVALID)
		owner = acl_owner(parent);
	if (owner == acl_owner(parent) && !parent->orphaned) {
		*result = acl_get((struct acl *)parent);
		return 0;
	}

	struct xs_permission *entries = malloc(parent->count * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	memcpy(entries, parent->entries, parent->count * sizeof(*entries));
	entries[0].domid = owner;
	int error = acl_intern(entries, parent->count, result);
	free(entries);
	return error;
}

void acl_put(struct acl *acl)
{
	if (--acl->references)
		return;
	leave(acl);
	lists--;
	free(acl);
}

bool acl_equal(const struct acl *a, const struct acl *b)
{
	return a == b || (a->orphaned == b->orphaned && entries_equal(a, b->entries, b->count));
}

static bool names(const struct xs_permission *entry, const struct credentials *who)
{
	return entry->domid == who->domid || entry->domid == who->target;
}

unsigned int acl_access(const struct acl *acl, const struct credentials *who)
{
	if (who->privileged || (!acl->orphaned && names(&acl->entries[0], who)))
		return PERMISSION_READ | PERMISSION_WRITE | PERMISSION_OWNER;

	for (size_t i = 1; i < acl->count; i++) {
		const struct xs_permission *entry = &acl->entries[i];

		if (!entry->ignored && (names(entry, who) || entry->domid == DOMID_EVERYBODY))
			return entry->access;
	}
	return acl->entries[0].access;
}

// True when the list has changed.
static bool forget(struct acl *acl, domid_t domid)
{
	uint16_t kept = 1;

	for (size_t i = 1; i < acl->count; i++)
		if (acl->entries[i].domid != domid)
			acl->entries[kept++] = acl->entries[i];
	bool changed = kept != acl->count;
	acl->count = kept;

	if (acl_owner(acl) == domid) {
		acl->orphaned = true;
		acl->count = 1;
		acl->entries[0] = (struct xs_permission){ .domid = 0, .access = XS_ACCESS_NONE };
		changed = true;
	}
	return changed;
}

void acl_forget_domain(domid_t domid)
{
	struct acl *changed = NULL, *acl;

	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct acl **link = &buckets[i]; (acl = *link);) {
			if (!forget(acl, domid)) {
				link = &acl->next;
				continue;
			}
			*link = acl->next;
			acl->next = changed;
			changed = acl;
		}
	}
	while ((acl = changed)) { // each into the bucket of what it says now
		changed = acl->next;
		enter(acl);
	}
}

size_t acl_count(void)
{
	return lists;
}
