// SPDX-License-Identifier: Apache-2.0
// Transactions as versions of the store (transaction.h).
//
// Example. The store is version V, /a = 1, /b = 1.
//
//	T starts: base = V, top = V
//	T reads /a: record /a, NEED_VALUE, seen = V's node a
//	T writes /b = 2: record /b, DEED_WROTE; top = V', which has a new "/" and b, and shares a with V
//	somebody writes /c = 1: the store is W, which shares a and b with V
//	T commits: base is not W, so: W's a is V's a: nothing that T read has changed. /b = 2 is written to W
//
// Had nobody written, base would still be the store, and top would become the store as it is. Had somebody written
// /a, then W's node a would have another generation than V's: EAGAIN. Had somebody written /b, nothing would be wrong: T
// didn't read it.
#include "xenstore/transaction.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/panic.h"
#include "kernel/task.h"
#include "xenstore/edit.h"
#include "xenstore/path.h"
#include "xenstore/watch.h"

#define GUARD_TIME MILLISECONDS(20)
#define GUARD_PERIOD MILLISECONDS(200) // a guest gets at most one guard in it

struct record {
	struct list link;
	const struct node *seen; // the base's node, or NULL
	uint16_t size; // of the path
	uint8_t flags; // needs and deeds
	char path[];
};

static struct list holders = LIST_INITIAL(holders); // transactions that hold versions, the youngest last
static struct transaction_figures figures;

static struct {
	struct transaction *transaction; // NULL: none is guarded
	uint64_t deadline;
	struct wait_queue waiters;
} guard = { .waiters = WAIT_QUEUE_INITIAL(guard.waiters) };

struct transaction_figures transaction_figures(void)
{
	return figures;
}

bool transaction_any_open(void)
{
	return !list_is_empty(&holders);
}

// ---- Memory ----

static void give_up_versions(struct transaction *transaction, bool slowly);

struct measure measure_start(void)
{
	return (struct measure){ .memory = node_memory(), .current = charges_total().bytes };
}

// How much more there is of nodes that the store itself doesn't have.
static int64_t measure_growth(struct measure start)
{
	return (int64_t)node_memory() - (int64_t)start.memory - (charges_total().bytes - start.current);
}

static void charge_memory(const struct transaction *transaction, int64_t bytes)
{
	account_charge(transaction->client->account, XS_QUOTA_MEMORY, bytes);
}

static void retain(struct transaction *transaction, int64_t bytes)
{
	transaction->retained += bytes;
	figures.retained += (uint64_t)bytes;
	charge_memory(transaction, bytes);
}

// The oldest transaction of an owner who is beyond its quota, or NULL.
static struct transaction *find_excess(void)
{
	struct transaction *transaction;

	LIST_FOR_EACH(transaction, &holders, open)
		if (account_exceeds(transaction->client->account, XS_QUOTA_MEMORY))
			return transaction;
	return NULL;
}

static void shed_excess(void)
{
	struct transaction *transaction;

	while ((transaction = find_excess()))
		give_up_versions(transaction, false);
}

static void retain_by_youngest(int64_t bytes)
{
	if (!bytes || !transaction_any_open())
		return;
	retain(LIST_ENTRY(holders.previous, struct transaction, open), bytes);
	shed_excess();
}

void measure_store(struct measure start)
{
	retain_by_youngest(measure_growth(start));
}

void measure_transaction(struct measure start, struct transaction *transaction)
{
	int64_t growth = measure_growth(start);

	transaction->node_bytes += growth;
	charge_memory(transaction, growth);
}

// ---- Records ----

static unsigned int lower_bound(const struct transaction *transaction, const char *path, size_t size)
{
	unsigned int low = 0, high = transaction->record_count;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (path_compare(path, size, transaction->sorted[middle]->path) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_of(const struct record *record, const char *path, size_t size)
{
	return record->size == size && !memcmp(record->path, path, size);
}

static struct record *record_at(const struct transaction *transaction, unsigned int index, const char *path, size_t size)
{
	if (index == transaction->record_count || !is_of(transaction->sorted[index], path, size))
		return NULL;
	return transaction->sorted[index];
}

// Of one that is alone: the last one, or NULL.
static struct record *find_record(const struct transaction *transaction, const char *path, size_t size)
{
	if (transaction->alone) {
		struct record *last = LIST_ENTRY(transaction->records.previous, struct record, link);

		return !list_is_empty(&transaction->records) && is_of(last, path, size) ? last : NULL;
	}
	return record_at(transaction, lower_bound(transaction, path, size), path, size);
}

static int64_t record_memory(const struct record *record)
{
	return (int64_t)(sizeof(*record) + sizeof(struct record *)) + record->size;
}

static int reserve_record(struct transaction *transaction)
{
	if (transaction->alone || transaction->record_count < transaction->record_room)
		return 0;

	unsigned int room = transaction->record_room ? 2 * transaction->record_room : 16;
	struct record **more = realloc(transaction->sorted, room * sizeof(struct record *));
	if (!more)
		return -ENOMEM;
	transaction->sorted = more;
	transaction->record_room = room;
	return 0;
}

static void sort_in(struct transaction *transaction, struct record *record, unsigned int index)
{
	record->seen = tree_find(transaction->base, record->path, record->size);
	memmove(&transaction->sorted[index + 1], &transaction->sorted[index],
		(transaction->record_count - index) * sizeof(struct record *));
	transaction->sorted[index] = record;
	transaction->record_count++;
}

static int add_record(struct transaction *transaction, const char *path, size_t size, unsigned int index,
		      struct record **result)
{
	const struct account *account = transaction->client->account;

	if (!account_allows_size(account, XS_QUOTA_TRANSACTION_NODES, transaction->record_count + 1u) ||
	    !account_allows(account, XS_QUOTA_MEMORY, (int64_t)(sizeof(struct record) + size)))
		return -ENOSPC;
	struct record *record = reserve_record(transaction) ? NULL : malloc(sizeof(*record) + size + 1);
	if (!record)
		return -ENOMEM;
	*record = (struct record){ .size = (uint16_t)size };
	memcpy(record->path, path, size);
	record->path[size] = '\0';
	list_append(&transaction->records, &record->link);
	if (!transaction->alone)
		sort_in(transaction, record, index);
	transaction->record_bytes += record_memory(record);
	charge_memory(transaction, record_memory(record));
	*result = record;
	return 0;
}

int transaction_note(struct transaction *transaction, const char *path, size_t size, unsigned int need)
{
	if (transaction->failed)
		return -EAGAIN;
	if (transaction->alone && (!(need & NEED_CHANGE) || find_record(transaction, path, size)))
		return 0;

	unsigned int index = lower_bound(transaction, path, size);
	struct record *record = record_at(transaction, index, path, size);
	int error = record ? 0 : add_record(transaction, path, size, index, &record);
	if (error)
		return error;
	if (record->flags & DEED_REMOVED)
		need = NEED_ACCESS; // it reads its own doing
	if (record->flags & DEED_WROTE)
		need &= ~(unsigned int)NEED_VALUE;
	record->flags |= (uint8_t)need;
	return 0;
}

void transaction_did(struct transaction *transaction, const char *path, size_t size, unsigned int deeds)
{
	struct record *record = find_record(transaction, path, size);

	if (record)
		record->flags |= (uint8_t)deeds;
}

static void drop_records(struct transaction *transaction)
{
	struct record *record;

	LIST_FOR_EACH(record, &transaction->records, link)
		free(record);
	list_init(&transaction->records);
	free(transaction->sorted);
	transaction->sorted = NULL;
	transaction->record_count = transaction->record_room = 0;
	charge_memory(transaction, -transaction->record_bytes);
	transaction->record_bytes = 0;
}

// ---- Start and end ----

static void guard_start(struct transaction *transaction)
{
	struct client *client = transaction->client;
	uint64_t now = time_now();

	if (!client->has_lost || guard.transaction || (!client->who.privileged && now < client->next_guard))
		return;
	guard.transaction = transaction;
	guard.deadline = now + GUARD_TIME;
	client->next_guard = now + GUARD_PERIOD;
}

static void guard_end(const struct transaction *transaction)
{
	if (guard.transaction != transaction)
		return;
	guard.transaction = NULL;
	wait_queue_wake(&guard.waiters);
}

int transaction_start(struct client *client, struct node *top, bool alone, struct transaction **result)
{
	if (!account_allows(client->account, XS_QUOTA_TRANSACTIONS, 1) ||
	    !account_allows(client->account, XS_QUOTA_MEMORY, (int64_t)sizeof(struct transaction)))
		return -ENOSPC;
	struct transaction *transaction = calloc(1, sizeof(*transaction));
	if (!transaction)
		return -ENOMEM;

	do
		client->last_transaction++;
	while (!client->last_transaction || transaction_find(client, client->last_transaction));
	transaction->id = client->last_transaction;
	transaction->client = client;
	transaction->alone = alone;
	transaction->base = node_get(top);
	transaction->top = node_get(top);
	charges_start(&transaction->charges);
	list_init(&transaction->records);
	list_append(&client->transactions, &transaction->link);
	list_append(&holders, &transaction->open);
	account_charge(client->account, XS_QUOTA_TRANSACTIONS, 1);
	charge_memory(transaction, (int64_t)sizeof(*transaction));
	figures.open++;
	guard_start(transaction);
	*result = transaction;
	return 0;
}

struct transaction *transaction_find(const struct client *client, uint32_t id)
{
	struct transaction *transaction;

	LIST_FOR_EACH(transaction, &client->transactions, link)
		if (transaction->id == id)
			return transaction;
	return NULL;
}

// What it alone held of former versions is freed, the rest goes to the next older transaction.
static void give_up_versions(struct transaction *transaction, bool slowly)
{
	struct list *before = transaction->open.previous;
	struct measure start = measure_start();

	if (transaction->failed)
		return;
	transaction->failed = true;
	guard_end(transaction);
	drop_records(transaction);
	charges_end(&transaction->charges);
	list_remove(&transaction->open);
	charge_memory(transaction, -transaction->node_bytes - transaction->retained);
	figures.retained -= (uint64_t)transaction->retained;
	if (slowly && !transaction_any_open()) { // nobody else is charged
		node_put_slowly(transaction->top);
		node_put_slowly(transaction->base);
		return;
	}
	node_put(transaction->top);
	node_put(transaction->base);
	int64_t rest = transaction->retained + measure_growth(start) + transaction->node_bytes;
	if (rest && before != &holders)
		retain(LIST_ENTRY(before, struct transaction, open), rest);
}

void transaction_end(struct transaction *transaction)
{
	give_up_versions(transaction, true);
	shed_excess();
	list_remove(&transaction->link);
	account_charge(transaction->client->account, XS_QUOTA_TRANSACTIONS, -1);
	charge_memory(transaction, -(int64_t)sizeof(*transaction));
	figures.open--;
	free(transaction);
}

void transaction_fail_all(void)
{
	while (transaction_any_open())
		give_up_versions(LIST_ENTRY(holders.next, struct transaction, open), false);
}

void transaction_forget_domain(void)
{
	struct transaction *transaction;

	LIST_FOR_EACH(transaction, &holders, open)
		transaction->must_repeat = true;
}

void transaction_end_all(struct client *client)
{
	while (!list_is_empty(&client->transactions))
		transaction_end(LIST_ENTRY(client->transactions.next, struct transaction, link));
}

// ---- Commit ----

static bool is_as_seen(const struct record *record, const struct node *top)
{
	const struct node *node = tree_find(top, record->path, record->size), *seen = record->seen;

	if (node == seen)
		return true;
	if (!node || !seen || !acl_equal(node->acl, seen->acl))
		return false;
	return !((record->flags & NEED_VALUE) && node->generation != seen->generation) &&
	       !((record->flags & NEED_LIST) && node->list_generation != seen->list_generation);
}

static int compare_records(const struct transaction *transaction, const struct node *top, bool may_yield)
{
	for (unsigned int i = 0; i < transaction->record_count; i++) {
		if (!is_as_seen(transaction->sorted[i], top))
			return -EAGAIN;
		if (may_yield && task_should_yield())
			task_yield(); // if the transaction fails meanwhile, it has no records any more
	}
	return 0;
}

// Its own version can become the store's.
static bool is_untouched(const struct transaction *transaction, const struct node *top)
{
	return top == transaction->base && !transaction->must_repeat;
}

// Whether what the transaction read is unchanged in the store as it is when this returns. The last look comes after the last
// wait, that of dropping what others have replaced meanwhile.
static int find_conflict(const struct transaction *transaction, struct node *const *top)
{
	struct node *version = node_get(*top);
	int error = is_untouched(transaction, version) ? 0 : compare_records(transaction, version, true);
	bool replaced = *top != version;

	node_put_slowly(version);
	if (!error && replaced)
		error = compare_records(transaction, *top, false);
	return error ? error : transaction->failed ? -EAGAIN : 0;
}

static int repeat_removal(const struct record *record, struct node **top, struct charges *charges)
{
	struct node *removed;
	struct charges refund;

	charges_start(&refund);
	int error = edit_count(top, record->path, record->size, false, &refund);
	if (!error)
		error = edit_remove(top, record->path, record->size, &refund, charges, &removed);
	if (!error)
		node_put(removed);
	charges_end(&refund);
	return error == -ENOENT ? 0 : error;
}

static int repeat_write(const struct record *record, const struct node *mine, struct node **top,
			struct charges *charges)
{
	const char *path = record->path;
	size_t size = record->size, nearest_size;
	int error = 0;

	if (mine->acl->orphaned)
		return -EAGAIN; // the owner has died meanwhile
	tree_nearest(*top, path, size, &nearest_size);
	if (nearest_size != size)
		return nearest_size == path_parent(path, size) ? edit_create(top, path, size, nearest_size, mine->acl,
									     node_value(mine), mine->value_size, charges) :
								 -EAGAIN;
	if (record->flags & DEED_WROTE)
		error = edit_value(top, path, size, node_value(mine), mine->value_size, charges);
	if (!error && (record->flags & DEED_SET_ACL))
		error = edit_acl(top, path, size, mine->acl, charges);
	return error;
}

// Makes the transaction's changes again in another version. Parents come before children, so a removal comes before what was
// made below it afterwards; what was made before it isn't in the transaction's own version any more.
static int repeat(const struct transaction *transaction, struct node **top, struct charges *charges)
{
	int error = 0;

	for (unsigned int i = 0; i < transaction->record_count && !error; i++) {
		const struct record *record = transaction->sorted[i];

		if (record->flags & DEED_REMOVED)
			error = repeat_removal(record, top, charges);
		if (error || !(record->flags & (DEED_WROTE | DEED_SET_ACL)))
			continue;
		const struct node *mine = tree_find(transaction->top, record->path, record->size);
		if (mine)
			error = repeat_write(record, mine, top, charges);
	}
	return error;
}

static void fire(const struct transaction *transaction, const struct node *before, const struct node *top)
{
	struct record *record;

	LIST_FOR_EACH(record, &transaction->records, link) {
		if (!(record->flags & DEED_FIRES) || !watch_concerns(record->path, record->size))
			continue;
		const struct node *old = tree_find(before, record->path, record->size);
		const struct node *new = tree_find(top, record->path, record->size);
		struct change change = {
			.path = record->path,
			.size = record->size,
			.old_acl = old ? old->acl : NULL,
			.new_acl = new ? new->acl : NULL,
			.removed = (record->flags & DEED_REMOVED) ? old : NULL,
			.top = top,
		};
		if (old || new)
			watch_fire(&change);
	}
}

static int make_changes(struct transaction *transaction, struct node **top,
			int (*check)(const struct client *client, const struct charges *charges))
{
	struct measure start = measure_start();
	struct node *before = node_get(*top), *after;
	bool untouched = is_untouched(transaction, before);
	struct charges charges;
	int error;

	charges_start(&charges);
	if (untouched) {
		after = node_get(transaction->top);
		error = charges_reserve(&charges, &transaction->charges);
		if (!error)
			charges_merge(&charges, &transaction->charges);
	} else {
		after = node_get(before);
		error = repeat(transaction, &after, &charges);
	}
	if (!error)
		error = check(transaction->client, &charges);

	int64_t adopted = 0; // bytes of its own nodes that are the store's now
	if (error) {
		node_put(after);
	} else {
		node_put(*top);
		*top = after;
		charges_apply(&charges);
		fire(transaction, before, after);
		adopted = untouched ? transaction->node_bytes : 0;
	}
	node_put(before);
	transaction->node_bytes -= adopted;
	charge_memory(transaction, -adopted);
	retain_by_youngest(measure_growth(start) + adopted);
	charges_end(&charges);
	return error;
}

int transaction_commit(struct transaction *transaction, struct node **top,
		       int (*check)(const struct client *client, const struct charges *charges))
{
	bool lost = transaction->failed || (transaction->alone && !is_untouched(transaction, *top));
	int error = lost ? -EAGAIN : find_conflict(transaction, top);

	if (!error)
		error = make_changes(transaction, top, check);
	if (!error) {
		transaction->client->has_lost = false;
		figures.commits++;
	} else if (error == -EAGAIN) {
		transaction->client->has_lost = true;
		figures.conflicts++;
	}
	return error;
}

// ---- Guard ----

// Whether the guarded transaction has looked at the path, at its parent (whose list may change), or at anything below.
static bool guards(const struct client *client, const char *path, size_t size)
{
	const struct transaction *guarded = guard.transaction;

	if (!guarded || client->who.privileged || guarded->client == client || time_now() >= guard.deadline)
		return false;
	unsigned int index = lower_bound(guarded, path, size);
	return (index < guarded->record_count && path_is_below(guarded->sorted[index]->path, path, size)) ||
	       find_record(guarded, path, path_parent(path, size));
}

void transaction_wait_for_guard(const struct client *client, const char *path, size_t size)
{
	while (guards(client, path, size))
		wait_queue_wait(&guard.waiters, guard.deadline);
}

void transaction_wait_for_guards(const struct transaction *transaction)
{
	for (unsigned int i = 0; i < transaction->record_count;) {
		const struct record *record = transaction->sorted[i];

		if ((record->flags & (DEED_WROTE | DEED_SET_ACL | DEED_REMOVED)) &&
		    guards(transaction->client, record->path, record->size))
			wait_queue_wait(&guard.waiters, guard.deadline); // if it fails meanwhile, it has no records any more
		else
			i++;
	}
}
