// SPDX-License-Identifier: Apache-2.0
// The store's operations (store.h). Each one looks, checks what may be refused, changes the version with one call that does all
// or nothing (edit.h), and fires the events.
#include "xenstore/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/log.h"
#include "kernel/task.h"
#include "xenstore/edit.h"
#include "xenstore/path.h"
#include "xenstore/watch.h"
#include "xenstore/wire.h"

static struct node *top;

const struct node *store_top(void)
{
	return top;
}

// ---- A change, inside or outside a transaction ----

static struct node **version_of(struct transaction *transaction)
{
	return transaction ? &transaction->top : &top;
}

// What surrounds an edit: nothing waits between the two functions.
struct edit {
	struct transaction *transaction;
	struct node **top;
	struct measure start;
	struct charges *charges, own;
};

static void edit_begin(struct edit *edit, struct transaction *transaction)
{
	edit->transaction = transaction;
	edit->top = version_of(transaction);
	edit->start = measure_start();
	charges_start(&edit->own);
	edit->charges = transaction ? &transaction->charges : &edit->own;
}

static void edit_end(struct edit *edit)
{
	if (edit->transaction) {
		measure_transaction(edit->start, edit->transaction);
	} else {
		charges_apply(&edit->own);
		measure_store(edit->start);
	}
	charges_end(&edit->own);
}

// Outside a transaction the watches fire at once, in one they are noted for its end.
static void announce(struct transaction *transaction, const struct change *change, unsigned int deeds)
{
	if (transaction)
		transaction_did(transaction, change->path, change->size, deeds | DEED_FIRES);
	else
		watch_fire(change);
}

// Before the first look at a path that may be changed.
static int prepare(struct client *client, struct transaction *transaction, const char *path, size_t size)
{
	if (transaction)
		return transaction_note(transaction, path, size, NEED_CHANGE);
	transaction_wait_for_guard(client, path, size);
	return 0;
}

// ---- Permissions ----

// The deepest node on the way to a path, and the length of its own.
struct place {
	const struct node *node;
	size_t size;
};

// 0: there is the node, with all the wanted access. Otherwise the refusal: who may not know whether there is one learns
// nothing about it.
static int look(const struct client *client, const struct node *version, const char *path, size_t size,
		unsigned int access, struct place *place)
{
	place->node = tree_nearest(version, path, size, &place->size);
	unsigned int granted = acl_access(place->node->acl, &client->who) & access;

	if (place->size != size)
		return granted ? -ENOENT : -EACCES;
	return granted == access ? 0 : -EACCES;
}

int store_read(struct client *client, struct transaction *transaction, const char *path, unsigned int need,
	       const struct node **node)
{
	size_t size = strlen(path);
	int error = transaction ? transaction_note(transaction, path, size, need) : 0;
	struct place place;

	if (!error)
		error = look(client, *version_of(transaction), path, size, PERMISSION_READ, &place);
	*node = place.node;
	return error;
}

// ---- Quotas ----

// Whether the owner may be charged with more. What domain 0 does for others is not limited.
static int may_charge(const struct client *client, const struct transaction *transaction, domid_t owner, struct charge more)
{
	const struct account *account = account_find(owner);
	struct charge pending = transaction ? charges_of(&transaction->charges, owner) : (struct charge){ 0 };

	if (client->who.privileged || !account)
		return 0;
	return (more.nodes <= 0 || account_allows(account, XS_QUOTA_NODES, (int64_t)pending.nodes + more.nodes)) &&
			       (more.bytes <= 0 || account_allows(account, XS_QUOTA_MEMORY, more.bytes)) ?
		       0 :
		       -ENOSPC;
}

static int check_commit(const struct client *client, const struct charges *charges)
{
	int error = 0;

	for (unsigned int i = 0; i < charges->count && !error; i++) {
		struct charge more = charges->list[i];

		if (more.domid == client->who.domid)
			more.bytes = 0; // charged already, as the transaction's
		error = may_charge(client, NULL, more.domid, more);
	}
	return error;
}

// ---- WRITE, MKDIR ----

// All that a creation looks at belongs to what the transaction has seen: the missing nodes and the one that they inherit from.
static int note_missing(struct transaction *transaction, const char *path, size_t size, size_t nearest_size)
{
	int error = 0;

	for (; size > nearest_size && !error; size = path_parent(path, size))
		error = transaction_note(transaction, path, size, NEED_ACCESS);
	return error ? error : transaction_note(transaction, path, nearest_size, NEED_ACCESS);
}

static int create(struct client *client, struct transaction *transaction, const char *path, const struct place *place,
		  const void *value, size_t value_size)
{
	const struct node *nearest = place->node;
	size_t size = strlen(path), nearest_size = place->size;
	domid_t owner = client->who.privileged ? DOMID_INVALID : client->who.domid;
	struct acl *acl;
	struct edit edit;

	if (!(acl_access(nearest->acl, &client->who) & PERMISSION_WRITE))
		return -EACCES;
	int error = may_charge(client, transaction, client->who.domid,
			       edit_create_cost(path, size, nearest_size, value_size));
	if (!error && transaction)
		error = note_missing(transaction, path, size, nearest_size);
	if (!error)
		error = acl_inherit(nearest->acl, owner, &acl);
	if (error)
		return error;

	edit_begin(&edit, transaction);
	error = edit_create(edit.top, path, size, nearest_size, acl, value, value_size, edit.charges);
	edit_end(&edit);
	if (!error) {
		for (size_t made = path_parent(path, size); transaction && made > nearest_size; made = path_parent(path, made))
			transaction_did(transaction, path, made, DEED_WROTE);
		announce(transaction, &(struct change){ .path = path, .size = size, .new_acl = acl, .top = *edit.top },
			 DEED_WROTE);
	}
	acl_put(acl);
	return error;
}

static int change_value(struct client *client, struct transaction *transaction, const char *path,
			const struct node *node, const void *value, size_t value_size)
{
	size_t size = strlen(path);
	struct charge more = { .bytes = (int64_t)value_size - node->value_size };
	struct edit edit;
	int error = may_charge(client, transaction, acl_owner(node->acl), more);

	if (error)
		return error;
	edit_begin(&edit, transaction);
	error = edit_value(edit.top, path, size, value, value_size, edit.charges);
	edit_end(&edit);
	if (error)
		return error;

	const struct acl *acl = tree_find(*edit.top, path, size)->acl;
	announce(transaction,
		 &(struct change){ .path = path, .size = size, .old_acl = acl, .new_acl = acl, .top = *edit.top },
		 DEED_WROTE);
	return 0;
}

int store_write(struct client *client, struct transaction *transaction, const char *path, const void *value,
		size_t value_size)
{
	size_t size = strlen(path);
	struct place place;
	int error = prepare(client, transaction, path, size);

	if (!error)
		error = look(client, *version_of(transaction), path, size, PERMISSION_WRITE, &place);
	if (error && error != -ENOENT)
		return error;
	if (value_size > WIRE_PAYLOAD_MAX)
		return -E2BIG;
	if (!account_allows_size(client->account, XS_QUOTA_NODE_SIZE, value_size))
		return -ENOSPC;
	return error ? create(client, transaction, path, &place, value, value_size) :
		       change_value(client, transaction, path, place.node, value, value_size);
}

int store_mkdir(struct client *client, struct transaction *transaction, const char *path)
{
	size_t size = strlen(path);
	struct place place;
	int error = prepare(client, transaction, path, size);

	if (!error)
		error = look(client, *version_of(transaction), path, size, PERMISSION_WRITE, &place);
	return error == -ENOENT ? create(client, transaction, path, &place, NULL, 0) : error;
}

// ---- RM ----

// Takes an existing node out with all below it, if `client` (NULL: the store itself) still may when all is counted.
static int take_out(const struct client *client, struct transaction *transaction, const char *path, size_t size)
{
	struct node *removed, **version = version_of(transaction);
	struct place place;
	struct charges refund;
	struct edit edit;

	charges_start(&refund);
	int error = edit_count(version, path, size, !transaction, &refund);
	if (!error && client)
		error = look(client, *version, path, size, PERMISSION_WRITE, &place);
	if (error) {
		charges_end(&refund);
		return error;
	}

	edit_begin(&edit, transaction);
	error = edit_remove(version, path, size, &refund, edit.charges, &removed);
	bool slowly = !error && !transaction && !transaction_any_open(); // nobody is charged with what is left of it
	if (!error)
		announce(transaction,
			 &(struct change){ .path = path,
					   .size = size,
					   .old_acl = removed->acl,
					   .removed = removed,
					   .top = *version },
			 DEED_REMOVED);
	if (!error && !slowly)
		node_put(removed);
	edit_end(&edit);
	if (slowly)
		node_put_slowly(removed);
	charges_end(&refund);
	return error;
}

int store_remove(struct client *client, struct transaction *transaction, const char *path)
{
	size_t size = strlen(path), parent_size = path_parent(path, size);
	struct place place;
	int error = prepare(client, transaction, path, size);

	if (!error)
		error = look(client, *version_of(transaction), path, size, PERMISSION_WRITE, &place);
	if (!error && !parent_size)
		return -EINVAL; // "/"
	if (!error)
		error = take_out(client, transaction, path, size);
	if (error == -ENOENT && tree_find(*version_of(transaction), path, parent_size))
		error = 0;
	return error;
}

// ---- SET_PERMS ----

// Entries for domains that don't exist grant nothing, also not to later domains with these ids; an owner must exist.
static int check_entries(const struct client *client, struct xs_permission *entries, size_t count)
{
	struct account *account;

	if (!count || count > WIRE_PAYLOAD_MAX)
		return -EINVAL;
	if (!account_allows_size(client->account, XS_QUOTA_NODE_PERMISSIONS, count))
		return -ENOSPC;
	int error = account_of(entries[0].domid, &account);
	entries[0].ignored = false;
	for (size_t i = 1; i < count && !error; i++) {
		if (entries[i].domid == DOMID_EVERYBODY) {
			entries[i].ignored = !(client->account->features & WIRE_FEATURE_DOMID_ANY);
			continue;
		}
		error = account_of(entries[i].domid, &account);
		entries[i].ignored = error == -ENOENT;
		if (error == -ENOENT)
			error = 0;
	}
	return error;
}

int store_set_permissions(struct client *client, struct transaction *transaction, const char *path,
			  struct xs_permission *entries, size_t count)
{
	size_t size = strlen(path);
	struct place place;
	struct acl *acl, *old;
	struct edit edit;
	int error = prepare(client, transaction, path, size);

	if (!error) // behind the wait: a domain that ends meanwhile has ended for good
		error = check_entries(client, entries, count);
	if (!error)
		error = look(client, *version_of(transaction), path, size, PERMISSION_WRITE | PERMISSION_OWNER, &place);
	if (!error && !client->who.privileged && entries[0].domid != acl_owner(place.node->acl))
		error = -EPERM;
	if (!error)
		error = acl_intern(entries, count, &acl);
	if (error)
		return error;

	old = acl_get(place.node->acl);
	edit_begin(&edit, transaction);
	error = edit_acl(edit.top, path, size, acl, edit.charges);
	edit_end(&edit);
	if (!error)
		announce(transaction,
			 &(struct change){
				 .path = path, .size = size, .old_acl = old, .new_acl = acl, .top = *edit.top },
			 DEED_SET_ACL);
	acl_put(old);
	acl_put(acl);
	return error;
}

// ---- Transactions ----

int store_start(struct client *client, bool alone, struct transaction **transaction)
{
	return transaction_start(client, top, alone, transaction);
}

int store_end(struct transaction *transaction, bool commit)
{
	int error = 0;

	if (commit) {
		transaction_wait_for_guards(transaction);
		error = transaction_commit(transaction, &top, check_commit);
	}
	transaction_end(transaction);
	return error;
}

// ---- The special nodes, and the first ones ----

void store_fire_special(const char *name, domid_t domid)
{
	watch_fire_special(top, name, domid);
}

// What programs that manage domains read to learn which server this is; elsewhere it is the server's file name.
static const char own_name[] = "thin-dom0";

static int make_node(const char *path, size_t parent_size, const char *value)
{
	static const struct xs_permission dom0_only = { .domid = 0, .access = XS_ACCESS_NONE };
	struct edit edit;
	struct acl *acl;
	int error = acl_intern(&dom0_only, 1, &acl);

	if (error)
		return error;
	edit_begin(&edit, NULL);
	if (top)
		error = edit_create(&top, path, strlen(path), parent_size, acl, value, strlen(value), edit.charges);
	else
		top = node_create("", 0, NULL, 0, acl_get(acl));
	edit_end(&edit);
	acl_put(acl);
	return error;
}

int store_init(void)
{
	int error = make_node("", 0, ""); // the top

	if (!error)
		error = make_node("/", 0, "");
	if (!error)
		error = make_node("/tool/xenstored", 1, own_name);
	if (!error)
		error = make_node(STORE_INTRODUCE_DOMAIN, 0, "");
	if (!error)
		error = make_node(STORE_RELEASE_DOMAIN, 0, "");
	return error;
}

// ---- The end of a domain ----
// A domain's nodes are mostly where the toolstack removes them. For what it may own elsewhere, one walk through the store is
// made, only when its account says that there is something. The walk starts anew at the last path after each wait and each
// removal.

static struct {
	bool busy;
	struct wait_queue free;
} reaper = { .free = WAIT_QUEUE_INITIAL(reaper.free) };
static char reaper_path[PATH_MAX_BYTES + 1]; // the last node that it has dealt with

// The path of the next node after reaper_path that the domain owns, or of one to go on from; false at the end.
static bool find_owned(domid_t domid, bool *owned)
{
	struct tree_walk walk;
	int error = 0;
	const struct node *node = tree_walk_start_after(&walk, top, reaper_path, strlen(reaper_path), &error);

	*owned = false;
	while (node && !(*owned = acl_owner(node->acl) == domid) && !task_should_yield())
		node = tree_walk_next(&walk, &error);
	if (node)
		tree_walk_path(&walk, reaper_path);
	tree_walk_end(&walk);
	if (error)
		log_error("xenstore: no memory to look for nodes of domain %u", domid);
	return node;
}

// "/" and the special nodes stay, and are domain 0's again.
static int remove_or_take_back(const char *path)
{
	static const struct xs_permission dom0_only = { .domid = 0, .access = XS_ACCESS_NONE };
	size_t size = strlen(path);
	struct edit edit;
	struct acl *acl;

	if (path_parent(path, size))
		return take_out(NULL, NULL, path, size);
	int error = acl_intern(&dom0_only, 1, &acl);
	if (error)
		return error;
	edit_begin(&edit, NULL);
	error = edit_acl(&top, path, size, acl, edit.charges);
	edit_end(&edit);
	acl_put(acl);
	return error;
}

static void reap(domid_t domid)
{
	int error = remove_or_take_back(reaper_path);

	if (error == -ENOMEM) {
		transaction_fail_all();
		error = remove_or_take_back(reaper_path);
	}
	if (error && error != -ENOENT)
		log_error("xenstore: node of dead domain %u can't be removed: %s", domid, reaper_path);
}

void store_forget_domain(domid_t domid)
{
	const struct account *account = account_find(domid);
	bool owned;

	if (account && account->used[XS_QUOTA_NODES]) {
		WAIT_UNTIL(&reaper.free, !reaper.busy);
		reaper.busy = true;
		reaper_path[0] = '\0';
		while (account->used[XS_QUOTA_NODES] && find_owned(domid, &owned)) {
			if (owned)
				reap(domid);
			task_yield();
		}
		reaper.busy = false;
		wait_queue_wake(&reaper.free);
	}
	acl_forget_domain(domid);
	transaction_forget_domain();
}

// ---- Check ----

static int compare_charges(const struct charges *counted)
{
	const struct account *account;
	int64_t bytes = 0;
	int error = 0;

	ACCOUNT_FOR_EACH(account) {
		struct charge charge = charges_of(counted, account->domid);

		bytes += charge.bytes;
		if ((uint32_t)charge.nodes == account->used[XS_QUOTA_NODES] && charge.bytes <= account->used[XS_QUOTA_MEMORY])
			continue;
		log_error("xenstore: domain %u is charged with %u nodes and %u bytes, and owns %d and %lld", account->domid,
			  account->used[XS_QUOTA_NODES], account->used[XS_QUOTA_MEMORY], charge.nodes,
			  (long long)charge.bytes);
		error = -EIO;
	}
	if (bytes != charges_total().bytes) {
		log_error("xenstore: the nodes have %lld bytes, and %lld are charged", (long long)bytes,
			  (long long)charges_total().bytes);
		error = -EIO;
	}
	return error;
}

int store_check(void)
{
	struct charges counted;
	struct tree_walk walk;
	const struct node *node;
	int error = 0;

	charges_start(&counted);
	tree_walk_start(&walk, top);
	tree_walk_next(&walk, &error); // the top itself belongs to nobody
	while (!error && (node = tree_walk_next(&walk, &error)))
		error = charges_add(&counted, acl_owner(node->acl), 1, (int64_t)node_size(node));
	tree_walk_end(&walk);
	if (!error)
		error = compare_charges(&counted);
	charges_end(&counted);
	return error;
}
