// SPDX-License-Identifier: Apache-2.0
// The four changes of a version of the store, each with what it costs the nodes' owners. All do everything or, with a negative
// errno, nothing; the costs are added to `charges` only then.
#pragma once

#include "xenstore/quota.h"
#include "xenstore/tree.h"

// Gives an existing node another value.
int edit_value(struct node **top, const char *path, size_t size, const void *value, size_t value_size,
	       struct charges *charges);

// Gives an existing node other permissions.
int edit_acl(struct node **top, const char *path, size_t size, struct acl *acl, struct charges *charges);

// Makes the node with this value and all that are missing between it and an existing one, at the first `nearest_size` bytes of the
// path. All get the same permissions.
int edit_create(struct node **top, const char *path, size_t size, size_t nearest_size, struct acl *acl,
		const void *value, size_t value_size, struct charges *charges);

// Number and bytes of the nodes that edit_create() would make.
struct charge edit_create_cost(const char *path, size_t size, size_t nearest_size, size_t value_size);

// Taking a node with all below it out is done in two steps. The first finds out what it gives back to the owners; with
// `may_yield` other tasks run meanwhile, but the answer is for the version as it is at the end. -ENOENT: there is no such
// node; -ENOMEM. The second follows at once; the caller gets the reference.
int edit_count(struct node *const *top, const char *path, size_t size, bool may_yield, struct charges *refund);
int edit_remove(struct node **top, const char *path, size_t size, const struct charges *refund,
		struct charges *charges, struct node **removed);
