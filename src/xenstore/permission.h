// SPDX-License-Identifier: Apache-2.0
// Who may do what with a node. Lists of permissions are shared: nodes with equal lists point to one object, of which there
// are few, so a node costs one pointer, and a dead domain's rights are taken from all nodes at once, in every version of the
// tree.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xen/types.h"
#include "xenstore/xenstore.h"

// Xen's id that stands for every domain in a permission entry (XENSTORE_SERVER_FEATURE_DOMID_ANY).
#define DOMID_EVERYBODY ((domid_t)0x7FF5)

#define PERMISSION_READ XS_ACCESS_READ
#define PERMISSION_WRITE XS_ACCESS_WRITE
#define PERMISSION_OWNER 4u // beyond the entry's own access bits: to the owner, his successor and the privileged

struct acl {
	struct acl *next; // in the same bucket
	uint32_t references;
	uint16_t count; // of entries, 1..
	bool orphaned; // its owner is dead: the node is to go, or is one of a former version
	struct xs_permission entries[];
};

static inline domid_t acl_owner(const struct acl *acl)
{
	return acl->entries[0].domid;
}

// The shared list with these entries, of which there is at least one; the caller owns a reference. -ENOMEM.
int acl_intern(const struct xs_permission *entries, size_t count, struct acl **acl);

// The list that a new node inherits: the parent's, but owned by `owner`; DOMID_INVALID: by the parent's owner. -ENOMEM.
int acl_inherit(const struct acl *parent, domid_t owner, struct acl **acl);

static inline struct acl *acl_get(struct acl *acl)
{
	acl->references++;
	return acl;
}
void acl_put(struct acl *acl);

bool acl_equal(const struct acl *a, const struct acl *b);

// Who asks: a domain, and the one that it stands in for (DOMID_INVALID: none).
struct credentials {
	domid_t domid, target;
	bool privileged;
};

// PERMISSION_* bits: all of them for the privileged and the owner; else those of the first entry that names the domain, or
// everybody; else those of the first entry.
unsigned int acl_access(const struct acl *acl, const struct credentials *who);

// The domain is dead: its entries go from all lists; lists of which it is the owner are orphaned and grant nothing to
// anybody but the privileged. Never fails.
void acl_forget_domain(domid_t domid);

// Lists that exist, for leak checks.
size_t acl_count(void);
