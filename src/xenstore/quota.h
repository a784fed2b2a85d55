// SPDX-License-Identifier: Apache-2.0
// What each domain may use of the store, and what it uses. Every node is charged to its owner, everything else to the
// domain that caused it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/list.h"
#include "xen/types.h"
#include "xenstore/xenstore.h"

// What the store keeps for each domain that it knows: those introduced, and those that own nodes or are named in permissions.
struct account {
	struct list link;
	domid_t domid;
	bool privileged; // nothing is limited
	bool introduced;
	bool changing; // it is being introduced anew or released (domains.c)
	uint32_t features; // offered to it
	uint32_t limit[XS_QUOTAS]; // 0: none
	uint32_t used[XS_QUOTAS];
	uint64_t requests, refused, events_lost;
};

extern struct list account_list;
#define ACCOUNT_FOR_EACH(account) LIST_FOR_EACH(account, &account_list, link)

// -EINVAL: there is none of this name.
int quota_by_name(const char *name, enum xs_quota *quota);

// Makes domain 0's account. -ENOMEM.
int quota_init(void);

struct account *account_find(domid_t domid); // NULL: not known

// The account of a domain that exists: made, if the store doesn't know it yet. -ENOENT: Xen doesn't know it either; -ENOMEM.
int account_of(domid_t domid, struct account **account);

// The same without asking Xen. -ENOMEM.
int account_create(domid_t domid, struct account **account);

// Whatever it is still charged with goes to domain 0.
void account_destroy(struct account *account);

// Whether the account may use `more` of it than it does.
bool account_allows(const struct account *account, enum xs_quota quota, int64_t more);

bool account_exceeds(const struct account *account, enum xs_quota quota);

// Whether a single thing of this size is allowed (permission entries, a path, a value, ...).
bool account_allows_size(const struct account *account, enum xs_quota quota, size_t size);

void account_charge(struct account *account, enum xs_quota quota, int64_t difference);

// ---- Nodes ----

// Changes of the nodes that each domain owns, gathered before they are made.
struct charge {
	domid_t domid;
	int32_t nodes;
	int64_t bytes;
};

#define CHARGES_FEW 4u
struct charges {
	struct charge *list;
	unsigned int count, room;
	struct charge few[CHARGES_FEW];
};

void charges_start(struct charges *charges);
void charges_end(struct charges *charges);

// Fails with -ENOMEM only for a domain that isn't in the list yet: what was added can be taken back.
int charges_add(struct charges *charges, domid_t domid, int32_t nodes, int64_t bytes);

// Adds another list. charges_reserve() comes first, and can fail with -ENOMEM.
int charges_reserve(struct charges *charges, const struct charges *more);
void charges_merge(struct charges *charges, const struct charges *more);

// What the list has for the domain.
struct charge charges_of(const struct charges *charges, domid_t domid);

// Makes them so.
void charges_apply(const struct charges *charges);
void charges_apply_one(domid_t domid, int32_t nodes, int64_t bytes);

// All nodes of the store as it is now, and their bytes.
struct charge charges_total(void);
