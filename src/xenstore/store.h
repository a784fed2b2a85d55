// SPDX-License-Identifier: Apache-2.0
// The store: what a client can do with nodes, with all checks of permissions and quotas, inside or outside a transaction (NULL),
// and the events of it. Knows neither messages nor rings. Paths are canonical. 0 or a negative errno of the protocol.
#pragma once

#include "xenstore/client.h"
#include "xenstore/transaction.h"

// Makes the first nodes. -ENOMEM.
int store_init(void);

// The store as it is now; valid until the next wait or change.
const struct node *store_top(void);

// A node that the client may read, valid until the next wait or change; `need` is what the client gets to see of it. -ENOENT:
// none, and the client may know that; -EACCES.
int store_read(struct client *client, struct transaction *transaction, const char *path, unsigned int need,
	       const struct node **node);

// WRITE, MKDIR, RM, SET_PERMS of xenstore.txt. May wait. The entries' `ignored` is set here.
int store_write(struct client *client, struct transaction *transaction, const char *path, const void *value,
		size_t size);
int store_mkdir(struct client *client, struct transaction *transaction, const char *path);
int store_remove(struct client *client, struct transaction *transaction, const char *path);
int store_set_permissions(struct client *client, struct transaction *transaction, const char *path,
			  struct xs_permission *entries, size_t count);

// `alone`: for work that doesn't wait before the end, which otherwise fails.
int store_start(struct client *client, bool alone, struct transaction **transaction);

// May wait. The transaction is gone afterwards, also when this fails.
int store_end(struct transaction *transaction, bool commit);

// Fires the watches of a special node.
#define STORE_INTRODUCE_DOMAIN "@introduceDomain"
#define STORE_RELEASE_DOMAIN "@releaseDomain"
void store_fire_special(const char *name, domid_t domid);

// Removes the nodes that a dead domain owns with all below them, and takes its rights from all others, in all versions. The
// second part never fails: whoever gets the id next gets nothing. May wait.
void store_forget_domain(domid_t domid);

// Walks the whole store and compares it with the figures that are kept: 0, or -EIO with the difference in the log.
int store_check(void);
