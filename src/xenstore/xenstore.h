// SPDX-License-Identifier: Apache-2.0
// The xenstore server (Xen's docs/misc/xenstore.txt and xenstore-ring.txt): the store, its service to domains, and the
// same store for this program's own users, who are domain 0 and privileged.
//
// All functions return 0 (or what they say) or a negative errno. Those marked "may wait" let other tasks run; the others
// are done at once. Paths are absolute ("/local/domain/5/name") or special ("@releaseDomain"), at most XS_PATH_MAX bytes of
// A-Z a-z 0-9 - / _ @; others are -EINVAL.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/compiler.h"
#include "kernel/task.h"
#include "xen/types.h"

#define XS_PATH_MAX 3072u
#define XS_VALUE_MAX 4096u

// The store with "/", "/tool/xenstored" and the special nodes. Before anything else of this header. -ENOMEM.
int xenstore_init(void);

// ---- Domains ----

// Serves a domain: maps its ring page, binds its port, fires @introduceDomain. For a domain that is served already, the
// port is bound anew and the connection starts afresh (INTRODUCE of the protocol); if binding fails, it stays introduced
// without a connection. Any other failure changes nothing. May wait. -ENOMEM, -EINVAL (domain 0 or a special id), or what
// mapping and binding say.
int xenstore_introduce(domid_t domid, gfn_t ring, evtchn_port_t remote_port);

// The domain is gone, or shall not be served any more: ends its connection, takes its rights from all nodes, removes the
// nodes that it owns with all below them, fires @releaseDomain. To be called at the end of every domain that was named
// in the store, introduced or not, before its id may be used again. May wait. -ENOENT when the store knows no such
// domain, -EINVAL for domain 0.
int xenstore_release(domid_t domid);

bool xenstore_is_introduced(domid_t domid);

// The domain has shut itself down or crashed: fires @releaseDomain, once until xenstore_resume(). -ENOENT.
int xenstore_domain_stopped(domid_t domid);
int xenstore_resume(domid_t domid);

// `domid` gets all rights that `target` has. Both are introduced. -ENOENT, -EINVAL.
int xenstore_set_target(domid_t domid, domid_t target);

// Bits of the ring page's feature word (XENSTORE_SERVER_FEATURE_*). Setting is for before the introduction (-EBUSY)
// and can only leave out what this server has (-EINVAL).
int xenstore_get_features(domid_t domid, uint32_t *features);
int xenstore_set_features(domid_t domid, uint32_t features);

// ---- Nodes ----

typedef uint32_t xs_transaction_t;
#define XS_NO_TRANSACTION 0u

// The value's length in bytes; the buffer holds it with a NUL after it. -ERANGE when that doesn't fit, -ENOENT.
long xs_read(xs_transaction_t transaction, const char *path, char *buffer, size_t size);

// Creates the node and what is missing above it, or changes its value. May wait for a transaction that is being repeated.
// -ENOMEM, -E2BIG (more than XS_VALUE_MAX).
int xs_write(xs_transaction_t transaction, const char *path, const void *value, size_t size);

// The same with a text, which may not be longer than 255 bytes (-E2BIG).
int xs_printf(xs_transaction_t transaction, const char *path, const char *format, ...) PRINTF_LIKE(3, 4);

// Creates an empty node where there is none. May wait, as xs_write().
int xs_mkdir(xs_transaction_t transaction, const char *path);

// Removes the node and all below it. 0 also when there is none but its parent exists, else -ENOENT. May wait.
int xs_rm(xs_transaction_t transaction, const char *path);

// Names of the children, sorted bytewise, each followed by NUL, from byte `offset` of the whole list on: as many whole
// names as the buffer holds; their size. 0: there are none from there on. The list can be read in parts so long as
// *generation (NULL: not wanted) stays the same. -ENOENT; -ERANGE when the buffer is too small for one name.
long xs_directory(xs_transaction_t transaction, const char *path, size_t offset, char *buffer, size_t size,
		  uint64_t *generation);

enum { XS_ACCESS_NONE = 0, XS_ACCESS_READ = 1, XS_ACCESS_WRITE = 2 };

// The first entry of a list names the owner, and what all may do whom no other entry names.
struct xs_permission {
	domid_t domid;
	uint8_t access; // XS_ACCESS_*
	bool ignored; // named a domain that did not exist: grants nothing. Set by the store only
};

// Fills at most `capacity` of `list` (NULL for 0); *count gets the number of entries that the node has.
int xs_get_permissions(xs_transaction_t transaction, const char *path, struct xs_permission *list, size_t capacity,
		       size_t *count);

// -ENOENT: no such node, or no domain with the first entry's id. May wait, as xs_write().
int xs_set_permissions(xs_transaction_t transaction, const char *path, const struct xs_permission *list, size_t count);

// What is done in a transaction is seen by nobody else until it ends with `commit`, and sees nothing of what others do.
// -EAGAIN: somebody has changed what it read, nothing was done, and it is to be repeated from its start; the repetition
// is protected from guests for some time, so that a few are enough. The id is gone after the end, however it went.
int xs_transaction_start(xs_transaction_t *transaction);
// The same, cheaper, for work that doesn't wait between this and the end, so that nobody changes anything meanwhile. Otherwise
// -EAGAIN, whatever they changed.
int xs_transaction_start_alone(xs_transaction_t *transaction);
int xs_transaction_end(xs_transaction_t transaction, bool commit); // may wait

// ---- Watches ----

struct xs_watch;

// Watches a node and all below it, or down to `depth` levels (XS_DEPTH_ALL: no limit). There is one event at once. `queue`
// is woken at each event; several watches may share it; it outlives the watch. -ENOMEM.
#define XS_DEPTH_ALL (-1)
int xs_watch_open(const char *path, int depth, struct wait_queue *queue, struct xs_watch **watch);
void xs_watch_close(struct xs_watch *watch);

// True when there is an event: takes it and writes the path that has changed. Equal events that nobody has taken yet
// are one. When more than the quota of different ones are waiting, they are replaced by one with the watch's own path.
bool xs_watch_take(struct xs_watch *watch, char *path, size_t size);

// ---- The protocol's own form ----

// One request of the protocol (xs_wire.h: XS_CONTROL, ...) as domain 0 sends it: the length of the reply's payload, or the error
// that the reply names; -ERANGE when the buffer is too small. Watches and their events are not for this. May wait.
long xs_request(unsigned int type, xs_transaction_t transaction, const void *payload, size_t size, char *reply,
		size_t capacity);

// ---- Quotas and figures ----

// Names and order as the protocol's GET_QUOTA has them; 0 is no limit. Domain 0 has none.
enum xs_quota {
	XS_QUOTA_NODES, // that the domain owns
	XS_QUOTA_WATCHES,
	XS_QUOTA_OUTSTANDING, // watch events that it hasn't read
	XS_QUOTA_MEMORY, // bytes, of all that it causes
	XS_QUOTA_TRANSACTIONS,
	XS_QUOTA_TRANSACTION_NODES, // that one transaction touches
	XS_QUOTA_NODE_PERMISSIONS, // entries
	XS_QUOTA_PATH_MAX, // bytes, without /local/domain/N/
	XS_QUOTA_NODE_SIZE, // bytes of a value
	XS_QUOTAS,
};

const char *xs_quota_name(enum xs_quota quota);

// DOMID_INVALID: the values that new domains get. -ENOENT: the store doesn't know the domain, nor does Xen.
int xs_quota_get(domid_t domid, enum xs_quota quota, uint32_t *limit);
int xs_quota_set(domid_t domid, enum xs_quota quota, uint32_t limit);

struct xs_domain_statistics {
	domid_t domid;
	bool introduced;
	bool broken; // it violated the protocol: its connection is off
	uint32_t used[XS_QUOTAS]; // now, where that has a meaning
	uint32_t limit[XS_QUOTAS];
	uint64_t requests; // answered since the introduction
	uint64_t refused; // of them, for lack of quota
	uint64_t events_lost; // for lack of quota or memory
};
void xs_for_each_domain(void (*each)(const struct xs_domain_statistics *statistics, void *context), void *context);

struct xs_statistics {
	uint64_t nodes, node_bytes; // of the store as it is now
	uint64_t retained_bytes; // of former versions, for open transactions
	uint64_t watches, transactions; // now
	uint64_t requests, commits, conflicts, events, events_lost; // since the start
};
void xs_statistics(struct xs_statistics *statistics);
