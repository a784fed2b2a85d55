// SPDX-License-Identifier: Apache-2.0
// Transactions. One starts with two references to the store's version of that moment: the base, which stays, and its own
// version, which its requests read and change. It records each path that it touches. At its end, what it read is compared with
// the store as it then is; if nothing of that has changed, its changes are repeated there, all or none.
#pragma once

#include <stdbool.h>

#include "xenstore/client.h"
#include "xenstore/tree.h"

// What a request needs of a path: always whether the node exists and its permissions, which decide about the request's
// success, and besides...
enum need {
	NEED_ACCESS = 0,
	NEED_VALUE = 1, // ... the value
	NEED_LIST = 2, // ... the names of the children
	NEED_CHANGE = 64, // ... is about to change the node
};

// What a request did to a path.
enum deed {
	DEED_WROTE = 4, // made, or gave another value
	DEED_SET_ACL = 8,
	DEED_REMOVED = 16, // with all below; what a later request made anew is recorded as well
	DEED_FIRES = 32, // watches are to be told
};

struct transaction {
	struct list link; // at the client
	struct list open; // among all that hold a version
	struct client *client;
	uint32_t id;
	bool alone; // nobody else runs before its end, or it fails then: what it reads needs no record
	bool failed; // it had to give its versions up: all further requests fail with -EAGAIN
	bool must_repeat; // a domain has died: its own version may still name it
	struct node *base, *top;
	struct charges charges; // for `top` against `base`
	struct list records; // in order of the first access
	struct record **sorted; // the same by path, parents before children; none of one that is alone
	unsigned int record_count, record_room;
	int64_t node_bytes; // of nodes that only `top` has
	int64_t record_bytes;
	int64_t retained; // bytes of the store's former nodes that this is the youngest transaction to hold
};

// -ENOSPC: the client has too many; -ENOMEM.
int transaction_start(struct client *client, struct node *top, bool alone, struct transaction **transaction);

// NULL: the client has none with this id.
struct transaction *transaction_find(const struct client *client, uint32_t id);

// Records that a request will look at or change this path; before it does. -ENOSPC: more paths than the quota allows; -ENOMEM.
// The deeds follow when they are done, for paths that were recorded.
int transaction_note(struct transaction *transaction, const char *path, size_t size, unsigned int need);
void transaction_did(struct transaction *transaction, const char *path, size_t size, unsigned int deeds);

// Makes the changes in *top and fires their events, or does nothing: -EAGAIN, somebody has changed what it read; -ENOMEM; or
// what `check` says, which is asked whether the owners may be charged with the changes. May wait. The transaction is
// still to be ended.
int transaction_commit(struct transaction *transaction, struct node **top,
		       int (*check)(const struct client *client, const struct charges *charges));

// Ends it. Nothing of it is left.
void transaction_end(struct transaction *transaction);
void transaction_end_all(struct client *client);

// Takes the versions of all: when memory is needed for what must not fail.
void transaction_fail_all(void);

// A domain has died: no version made before that becomes the store's as it is.
void transaction_forget_domain(void);

// ---- Memory ----
// What open transactions keep of former versions is charged to their owners: a node that the store drops was in the version of the
// youngest transaction, or it would have been changed in place. When a transaction ends, what it alone held is freed, and the
// rest is charged to the next older one. An owner beyond its quota loses its transactions, the oldest first.

// Everything that changes the store or a transaction is measured, without a wait in between.
struct measure {
	size_t memory;
	int64_t current;
};
struct measure measure_start(void);
void measure_store(struct measure start); // the store has been changed
void measure_transaction(struct measure start, struct transaction *transaction); // the transaction's own version has

// Whether any transaction holds a version.
bool transaction_any_open(void);

// ---- Guard ----
// The next transaction of a client that has lost one to a conflict is guarded for some time: other guests that want to
// change what it has read wait. So a few repetitions are enough, whatever other guests do.

// Waits until no guarded transaction of another client minds a change of this path.
void transaction_wait_for_guard(const struct client *client, const char *path, size_t size);
// The same for all changes of a transaction that is to be committed.
void transaction_wait_for_guards(const struct transaction *transaction);

struct transaction_figures {
	uint64_t open; // now
	uint64_t retained; // bytes, now
	uint64_t commits, conflicts; // since the start
};
struct transaction_figures transaction_figures(void);
