// SPDX-License-Identifier: Apache-2.0
// Random requests of several domains, inside and outside transactions, with watches, quotas and domains that die, against the
// simplest possible store (xenstore_reference.h): every reply, every event and every node must be the same. The first
// argument is a seed, the second the number of requests.
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/compiler.h"
#include "model/model.h"
#include "xen/event.h"
#include "xen/version.h"
#include "xenstore/path.h"
#include "xenstore/request.h"
#include "xenstore/store.h"
#include "xenstore/watch.h"
#include "xenstore_reference.h"

#define DOMAINS 5u // with domain 0
#define TRANSACTIONS 3u
#define WATCHES 6u
#define NODE_LIMIT 25u
#define EVENTS 512u

struct ref_watch {
	char path[REF_PATH]; // canonical
	size_t hidden;
	char token[8];
	int depth;
};

static struct domain {
	struct client client;
	struct account *account;
	struct ref_client ref;
	struct ref_transaction *transactions[TRANSACTIONS];
	struct ref_watch watches[WATCHES];
	unsigned int watch_count;
} domains[DOMAINS];

static struct ref_store now;
static uint32_t seed = 1;
static unsigned int requests = 30000;

static char last[REF_PATH + 32]; // request, for messages
// Who gets which path with which token, for which watch.
static char expected_events[EVENTS][2 * REF_PATH + 32];
static unsigned int expected_count;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % sides;
}

static void wake(struct client *client)
{
	(void)client;
}

// ---- Events ----

static void expect_event(const struct domain *domain, const struct ref_watch *watch, const char *path)
{
	char text[sizeof(expected_events[0])];

	snprintf(text, sizeof(text), "%zu %s %s (%s)", (size_t)(domain - domains), path + watch->hidden, watch->token,
		 watch->path);
	for (unsigned int i = 0; i < expected_count; i++)
		if (!strcmp(expected_events[i], text))
			return;
	assert_true(expected_count < EVENTS);
	strcpy(expected_events[expected_count++], text);
}

static int levels_below(const char *path, const char *above)
{
	int levels = 0;

	for (const char *c = path + (strcmp(above, "/") ? strlen(above) : 0); *c; c++)
		levels += *c == '/' && c[1];
	return levels;
}

static bool readable(struct ref_store *store, const char *path, const struct ref_client *client)
{
	struct ref_node *node = ref_find(store, path);

	return node && (ref_access(&node->permissions, client) & PERMISSION_READ);
}

// One path was changed from one store to the other.
static void expect_events(struct ref_store *before, struct ref_store *after, const char *path, bool removed)
{
	char parent[REF_PATH];

	if (!ref_find(before, path) && !ref_find(after, path))
		return;
	for (struct domain *d = domains; d < domains + DOMAINS; d++) {
		bool may_know = readable(before, path, &d->ref) || readable(after, path, &d->ref);

		if (strcmp(path, "/")) {
			ref_parent(path, parent);
			may_know = may_know || readable(after, parent, &d->ref);
		}
		for (unsigned int i = 0; i < d->watch_count; i++) {
			const struct ref_watch *watch = &d->watches[i];

			if (ref_is_below(path, watch->path)) {
				if (may_know && (watch->depth < 0 || levels_below(path, watch->path) <= watch->depth))
					expect_event(d, watch, path);
			} else if (removed && ref_find(before, path) && ref_is_below(watch->path, path) &&
				   ref_find(before, watch->path)) {
				ref_parent(watch->path, parent);
				if (readable(before, watch->path, &d->ref) || readable(before, parent, &d->ref))
					expect_event(d, watch, watch->path);
			}
		}
	}
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void check_events(void)
{
	static char events[EVENTS][2 * REF_PATH + 32];
	unsigned int count = 0;
	struct event *event;

	for (struct domain *d = domains; d < domains + DOMAINS; d++) {
		while ((event = watch_next_event(&d->client))) {
			assert_true(count < EVENTS);
			snprintf(events[count++], sizeof(events[0]), "%zu %s %s (%s)", (size_t)(d - domains), event_path(event),
				 event->watch->token, event->watch->point->path->text);
			watch_drop_event(&d->client, event);
		}
	}
	qsort(events, count, sizeof(events[0]), compare_texts);
	qsort(expected_events, expected_count, sizeof(events[0]), compare_texts);
	bool same = count == expected_count;
	for (unsigned int i = 0; i < count && same; i++)
		same = !strcmp(events[i], expected_events[i]);
	if (!same) {
		for (unsigned int i = 0; i < MAX(count, expected_count); i++)
			print_message("%-32s expected: %s\n", i < count ? events[i] : "-",
				      i < expected_count ? expected_events[i] : "-");
		fail_msg("other events than expected after %s", last);
	}
	expected_count = 0;
}

// ---- The whole store ----

static void check_store(void)
{
	char path[PATH_MAX_BYTES + 1];
	struct tree_walk walk;
	const struct node *node;
	unsigned int count = 0;
	int error = 0;

	tree_walk_start(&walk, store_top());
	tree_walk_next(&walk, &error);
	while ((node = tree_walk_next(&walk, &error))) {
		struct ref_node *ref;

		tree_walk_path(&walk, path);
		if (path[0] == '@')
			continue;
		ref = ref_find(&now, path);
		if (!ref)
			fail_msg("%s should not be there", path);
		assert_int_equal(node->value_size, strlen(ref->value));
		assert_memory_equal(node_value(node), ref->value, node->value_size);
		assert_int_equal(node->acl->count, ref->permissions.count);
		for (unsigned int i = 0; i < ref->permissions.count; i++) {
			assert_int_equal(node->acl->entries[i].domid, ref->permissions.entries[i].domid);
			assert_int_equal(node->acl->entries[i].access, ref->permissions.entries[i].access);
		}
		count++;
	}
	tree_walk_end(&walk);
	assert_int_equal(count, now.count);
}

// ---- Requests ----

static struct {
	char room[PATH_PREFIX_MAX], payload[WIRE_PAYLOAD_MAX + 1];
	char reply[WIRE_PAYLOAD_MAX] __attribute__((aligned(8)));
	struct request request;
} exchange;

static int request(struct domain *domain, unsigned int type, uint32_t transaction, size_t size)
{
	snprintf(last, sizeof(last), "domain %u, type %u, transaction %u, %.40s", domain->ref.domid, type, transaction,
		 exchange.payload);
	exchange.payload[size] = '\0';
	exchange.request = (struct request){
		.client = &domain->client,
		.header = { .type = type, .transaction_id = transaction, .size = (uint32_t)size },
		.payload = exchange.payload,
		.reply = exchange.reply,
	};
	return request_process(&exchange.request);
}

static void random_path(char path[REF_PATH])
{
	static const char *const tops[] = { "/shared", "/shared", "/shared", "/local/domain/1", "/local/domain/2", "/local", "/private" };
	static const char *const names[] = { "a", "b", "ab", "c-" };
	unsigned int depth = dice(4);

	snprintf(path, REF_PATH, "%s", dice(40) ? tops[dice(ARRAY_SIZE(tops))] : "/");
	for (unsigned int i = 0; i < depth && strcmp(path, "/"); i++) {
		strcat(path, "/");
		strcat(path, names[dice(ARRAY_SIZE(names))]);
	}
}

// Puts the path into the payload, now and then in its relative form; the bytes that this hides.
static size_t put_path(const struct domain *domain, const char *path, size_t *size)
{
	char home[PATH_PREFIX_MAX + 1];
	size_t hidden = path_of_domain(domain->ref.domid, home) + 1;

	if (!dice(2) || strncmp(path, home, hidden - 1) || path[hidden - 1] != '/')
		hidden = 0;
	*size = strlen(path + hidden) + 1;
	memcpy(exchange.payload, path + hidden, *size);
	return hidden;
}

static void random_permissions(struct ref_permissions *permissions)
{
	*permissions = (struct ref_permissions){ .count = 1 + dice(3) };
	for (unsigned int i = 0; i < permissions->count; i++) {
		struct xs_permission *entry = &permissions->entries[i];

		entry->domid = (domid_t)dice(DOMAINS);
		if (i && !dice(8))
			entry->domid = DOMID_EVERYBODY;
		if (i && !dice(8))
			entry->domid = 4711; // there is none
		entry->ignored = entry->domid == 4711;
		entry->access = (uint8_t)dice(4);
	}
}

static void do_read(struct domain *domain, struct ref_transaction *transaction, uint32_t id)
{
	static const struct {
		unsigned int type, need;
	} kinds[] = { { WIRE_READ, NEED_VALUE }, { WIRE_DIRECTORY, NEED_LIST }, { WIRE_GET_PERMS, NEED_ACCESS } };
	unsigned int kind = dice(3);
	struct ref_node *node;
	char path[REF_PATH];
	size_t size;

	random_path(path);
	put_path(domain, path, &size);
	int error = request(domain, kinds[kind].type, id, size);
	if (transaction)
		ref_note(transaction, path, kinds[kind].need);
	assert_int_equal(error, ref_look(transaction ? &transaction->own : &now, &domain->ref, path, PERMISSION_READ, &node));
	if (error)
		return;
	if (kind == 0) {
		assert_int_equal(exchange.request.reply_size, strlen(node->value));
		assert_memory_equal(exchange.reply, node->value, strlen(node->value));
	} else if (kind == 1) {
		struct ref_store *store = transaction ? &transaction->own : &now;
		size_t bytes = 0;
		char parent[REF_PATH];

		for (unsigned int i = 0; i < store->count; i++) {
			ref_parent(store->nodes[i].path, parent);
			if (!strcmp(parent, path) && strcmp(store->nodes[i].path, "/"))
				bytes += strlen(strrchr(store->nodes[i].path, '/') + 1) + 1;
		}
		assert_int_equal(exchange.request.reply_size, bytes);
	}
}

static size_t put_operation(const struct domain *domain, const struct ref_operation *operation)
{
	size_t size;

	put_path(domain, operation->path, &size);
	if (operation->kind == REF_WRITE) {
		memcpy(exchange.payload + size, operation->value, strlen(operation->value));
		size += strlen(operation->value);
	}
	for (unsigned int i = 0; operation->kind == REF_SET_PERMS && i < operation->permissions.count; i++)
		size += wire_format_permission(&operation->permissions.entries[i], exchange.payload + size) + 1;
	return size;
}

// What the server records for a change, besides the path itself.
static void note_operation(struct ref_transaction *transaction, const struct ref_operation *operation,
			   const struct ref_client *client)
{
	struct ref_store *own = &transaction->own;
	bool creates = operation->kind == REF_WRITE || operation->kind == REF_MKDIR;
	struct ref_node *node;

	ref_note(transaction, operation->path, NEED_ACCESS);
	if (creates && ref_look(own, client, operation->path, PERMISSION_WRITE, &node) == -ENOENT) {
		static struct ref_store trial;

		trial = *own;
		if (!ref_create(&trial, client, operation->path, "")) // beyond the quota it notes nothing
			ref_note_missing(transaction, operation->path, 0);
	}
}

static void do_change(struct domain *domain, struct ref_transaction *transaction, uint32_t id)
{
	static const unsigned int types[] = { WIRE_WRITE, WIRE_MKDIR, WIRE_RM, WIRE_SET_PERMS };
	static struct ref_store before;
	struct ref_operation operation = { .kind = dice(10) < 5 ? REF_WRITE : (enum ref_kind)(1 + dice(3)) };
	struct ref_store *store = transaction ? &transaction->own : &now;
	bool changed, was_missing;
	char at[REF_PATH];
	int error, expected = 0;

	if (transaction && transaction->operation_count == REF_OPERATIONS)
		return;
	random_path(operation.path);
	if (operation.kind == REF_WRITE)
		snprintf(operation.value, sizeof(operation.value), "%.*s", (int)dice(6), "value");
	random_permissions(&operation.permissions);
	error = request(domain, types[operation.kind], id, put_operation(domain, &operation));

	domain->ref.elsewhere = 0;
	domain->ref.present = (int)ref_count_owned(&now, domain->ref.domid);
	if (transaction) // its version may be of a time when the domain had more or fewer
		domain->ref.elsewhere = (int)ref_count_owned(&now, domain->ref.domid) -
					(int)ref_count_owned(&transaction->base, domain->ref.domid);
	if (transaction)
		note_operation(transaction, &operation, &domain->ref);
	before = *store;
	was_missing = !ref_find(store, operation.path);
	expected = ref_apply(store, &domain->ref, &operation, &changed);
	if (error != expected)
		fail_msg("%s: %d, not %d", last, error, expected);
	if (!changed)
		return;
	if (!transaction) {
		expect_events(&before, &now, operation.path, operation.kind == REF_RM);
		return;
	}
	static const unsigned int deeds[] = { DEED_WROTE, DEED_WROTE, DEED_REMOVED, DEED_SET_ACL };
	ref_note(transaction, operation.path, 0)->flags |= deeds[operation.kind] | DEED_FIRES;
	if (was_missing) {
		const char *nearest = ref_nearest(&before, operation.path)->path;

		for (snprintf(at, sizeof(at), "%s", operation.path); strcmp(at, nearest); ref_parent(at, at))
			ref_note(transaction, at, 0)->flags |= DEED_WROTE;
	}
	transaction->operations[transaction->operation_count++] = operation;
}

// ---- Transactions ----

static void start_transaction(struct domain *domain, struct ref_transaction **slot)
{
	int error = request(domain, WIRE_TRANSACTION_START, 0, 1);

	assert_int_equal(error, 0);
	*slot = calloc(1, sizeof(**slot));
	(*slot)->id = (uint32_t)strtoul(exchange.reply, NULL, 10);
	(*slot)->base = (*slot)->own = now;
}

// Whether the server may say that there is a conflict, and whether it must.
static void find_conflict(struct ref_transaction *transaction, bool *may, bool *must)
{
	*may = *must = false;
	for (unsigned int i = 0; i < transaction->record_count; i++) {
		const struct ref_record *record = &transaction->records[i];
		struct ref_node *mine = ref_find(&transaction->own, record->path);

		*may |= !ref_is_untouched(transaction, record, &now);
		*must |= !ref_is_equal(transaction, record, &now);
		// Nothing may be left to somebody who has died.
		*must |= (record->flags & (DEED_WROTE | DEED_SET_ACL)) && mine && mine->permissions.orphaned;
	}
	*may |= *must;
}

// All operations once more, in the store as it is.
static int repeat(const struct domain *domain, const struct ref_transaction *transaction, struct ref_store *after)
{
	struct ref_client unlimited = domain->ref;
	bool changed;

	unlimited.node_limit = INT_MAX;
	*after = now;
	for (unsigned int i = 0; i < transaction->operation_count; i++) {
		int error = ref_apply(after, &unlimited, &transaction->operations[i], &changed);

		if (error)
			fail_msg("operation %u of a transaction without conflict: %d", i, error);
	}
	for (unsigned int i = 1; i < DOMAINS && !domain->ref.privileged; i++) {
		unsigned int owned = ref_count_owned(after, (domid_t)i);

		if (owned > ref_count_owned(&now, (domid_t)i) && owned > NODE_LIMIT)
			return -ENOSPC;
	}
	return 0;
}

static unsigned int commits, conflicts;

static void end_transaction(struct domain *domain, struct ref_transaction **slot)
{
	static struct ref_store before, after;
	struct ref_transaction *transaction = *slot;
	bool wanted = dice(5), may_conflict = false, must_conflict = false;
	int error;

	if (wanted)
		find_conflict(transaction, &may_conflict, &must_conflict);
	memcpy(exchange.payload, wanted ? "T" : "F", 2);
	error = request(domain, WIRE_TRANSACTION_END, transaction->id, 2);
	if (error == -EAGAIN)
		assert_true(may_conflict);
	else if (wanted)
		assert_int_equal(error, repeat(domain, transaction, &after));
	assert_true(!must_conflict || error == -EAGAIN);
	commits += wanted && !error;
	conflicts += error == -EAGAIN;
	if (wanted && !error) {
		before = now;
		now = after;
		for (unsigned int i = 0; i < transaction->record_count; i++)
			if (transaction->records[i].flags & DEED_FIRES)
				expect_events(&before, &now, transaction->records[i].path,
					      transaction->records[i].flags & DEED_REMOVED);
	}
	free(transaction);
	*slot = NULL;
}

// ---- Watches ----

static void do_watch(struct domain *domain)
{
	struct ref_watch watch = { .depth = dice(3) ? -1 : (int)dice(3) };
	int error, expected = 0;
	size_t size;

	random_path(watch.path);
	snprintf(watch.token, sizeof(watch.token), "t%u", dice(2));
	watch.hidden = put_path(domain, watch.path, &size);
	size += (size_t)sprintf(exchange.payload + size, "%s", watch.token) + 1;
	if (watch.depth >= 0)
		size += (size_t)sprintf(exchange.payload + size, "%d", watch.depth) + 1;
	for (unsigned int i = 0; i < domain->watch_count; i++)
		if (!strcmp(domain->watches[i].path, watch.path) && !strcmp(domain->watches[i].token, watch.token))
			expected = -EEXIST;
	if (!expected && domain->watch_count == WATCHES)
		expected = domain->ref.privileged ? 1 : -ENOSPC;
	if (expected == 1)
		return; // no limit, and no room here
	error = request(domain, WIRE_WATCH, 0, size);
	assert_int_equal(error, expected);
	if (error)
		return;
	domain->watches[domain->watch_count++] = watch;
	expect_event(domain, &watch, watch.path);
}

static void do_unwatch(struct domain *domain)
{
	size_t size;

	if (!domain->watch_count)
		return;
	struct ref_watch *watch = &domain->watches[dice(domain->watch_count)];
	put_path(domain, watch->path, &size);
	size += (size_t)sprintf(exchange.payload + size, "%s", watch->token) + 1;
	assert_int_equal(request(domain, WIRE_UNWATCH, 0, size), 0);
	*watch = domain->watches[--domain->watch_count];
}

// ---- Domains ----

static void begin_domain(struct domain *domain)
{
	domid_t domid = (domid_t)(domain - domains);

	if (domid)
		assert_int_equal(account_create(domid, &domain->account), 0);
	else
		domain->account = account_find(0);
	domain->account->limit[XS_QUOTA_NODES] = NODE_LIMIT;
	domain->account->limit[XS_QUOTA_WATCHES] = WATCHES;
	domain->account->limit[XS_QUOTA_TRANSACTIONS] = 0;
	domain->account->limit[XS_QUOTA_TRANSACTION_NODES] = 0;
	domain->account->limit[XS_QUOTA_MEMORY] = 0;
	client_init(&domain->client, domain->account, wake);
	domain->ref = (struct ref_client){ .domid = domid, .privileged = !domid, .node_limit = NODE_LIMIT };
}

static void end_domain(struct domain *domain)
{
	domid_t domid = domain->ref.domid;
	static struct ref_store before;
	bool found = true;

	client_reset(&domain->client);
	for (unsigned int i = 0; i < TRANSACTIONS; i++) {
		free(domain->transactions[i]);
		domain->transactions[i] = NULL;
	}
	domain->watch_count = 0;
	store_forget_domain(domid);
	account_destroy(domain->account);

	// In the order of the server: from the root down, sorted.
	struct ref_node *root = ref_find(&now, "/");
	if (root->permissions.entries[0].domid == domid)
		root->permissions = (struct ref_permissions){ .count = 1 };
	while (found) {
		char first[REF_PATH] = "";

		found = false;
		for (unsigned int i = 0; i < now.count; i++) {
			const struct ref_node *node = &now.nodes[i];

			if (node->permissions.entries[0].domid == domid && strcmp(node->path, "/") &&
			    (!found || path_compare(node->path, strlen(node->path), first) < 0)) {
				snprintf(first, sizeof(first), "%s", node->path);
				found = true;
			}
		}
		if (found) {
			before = now;
			ref_remove(&now, first);
			expect_events(&before, &now, first, true);
		}
	}
	ref_forget_rights(&now, domid);
	for (struct domain *d = domains; d < domains + DOMAINS; d++) {
		for (unsigned int i = 0; i < TRANSACTIONS; i++) {
			if (!d->transactions[i])
				continue;
			ref_forget_rights_in(d->transactions[i], domid);
		}
	}
}

// ---- The test ----

static void do_something(void)
{
	struct domain *domain = &domains[dice(DOMAINS)];
	struct ref_transaction **slot = &domain->transactions[dice(TRANSACTIONS)];
	uint32_t id = *slot ? (*slot)->id : 0;
	unsigned int choice = dice(1000);

	if (choice < 350)
		do_change(domain, *slot, id);
	else if (choice < 650)
		do_read(domain, *slot, id);
	else if (choice < 800 && *slot)
		end_transaction(domain, slot);
	else if (choice < 830 && !*slot)
		start_transaction(domain, slot);
	else if (choice < 930)
		do_watch(domain);
	else if (choice < 990)
		do_unwatch(domain);
	else if (choice < 993 && domain->ref.domid) {
		end_domain(domain);
		begin_domain(domain);
	}
}

// What the store is like before the first random request.
static void prepare_store(void)
{
	static const struct {
		const char *path;
		struct ref_permissions permissions;
	} first[] = {
		{ "/shared", { .entries = { { .domid = 0, .access = 3 } }, .count = 1 } },
		{ "/local/domain/1", { .entries = { { .domid = 1, .access = 0 } }, .count = 1 } },
		{ "/local/domain/2", { .entries = { { .domid = 2, .access = 1 } }, .count = 1 } },
	};
	static const char *const made[][2] = { { "/", "" }, { "/tool", "" }, { "/tool/xenstored", "thin-dom0" } };
	bool changed;

	for (unsigned int i = 0; i < ARRAY_SIZE(made); i++) {
		struct ref_node *node = &now.nodes[now.count++];

		snprintf(node->path, sizeof(node->path), "%s", made[i][0]);
		snprintf(node->value, sizeof(node->value), "%s", made[i][1]);
		node->permissions.count = 1;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(first); i++) {
		struct ref_operation operation = { .kind = REF_SET_PERMS, .permissions = first[i].permissions };

		strcpy(operation.path, first[i].path);
		assert_int_equal(ref_create(&now, &domains[0].ref, first[i].path, ""), 0);
		assert_int_equal(store_mkdir(&domains[0].client, NULL, first[i].path), 0);
		assert_int_equal(ref_apply(&now, &domains[0].ref, &operation, &changed), 0);
		assert_int_equal(store_set_permissions(&domains[0].client, NULL, first[i].path, operation.permissions.entries, 1),
				 0);
	}
}

static void requests_are_answered_as_by_the_reference(void **state)
{
	struct model_snapshot before;

	(void)state;
	model_start(NULL);
	assert_int_equal(xen_version_init(), 0);
	assert_int_equal(xenstore_init(), 0);
	before = model_snapshot();
	for (unsigned int i = 0; i < DOMAINS; i++)
		begin_domain(&domains[i]);
	prepare_store();
	for (unsigned int i = 0; i < requests; i++) {
		if (i % 64 == 0) {
			assert_int_equal(store_check(), 0);
			check_store();
		}
		do_something();
		check_events();
	}
	print_message("%u requests, %u commits, %u conflicts\n", requests, commits, conflicts);
	assert_true(commits > requests / 200 && conflicts > requests / 1000);

	// Nothing is left over.
	for (unsigned int i = 1; i < DOMAINS; i++)
		end_domain(&domains[i]);
	for (unsigned int i = 0; i < TRANSACTIONS; i++)
		free(domains[0].transactions[i]);
	client_reset(&domains[0].client);
	store_remove(&domains[0].client, NULL, "/shared");
	store_remove(&domains[0].client, NULL, "/local");
	store_remove(&domains[0].client, NULL, "/private");
	store_write(&domains[0].client, NULL, "/", "", 0);
	store_set_permissions(&domains[0].client, NULL, "/", &(struct xs_permission){ .domid = 0, .access = 3 }, 1);
	store_set_permissions(&domains[0].client, NULL, "/", &(struct xs_permission){ .domid = 0 }, 1);
	assert_int_equal(store_check(), 0);
	model_assert_equal(&before, "random requests");
}

int main(int count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_answered_as_by_the_reference),
	};

	if (count > 1)
		seed = (uint32_t)strtoul(arguments[1], NULL, 0);
	if (count > 2)
		requests = (unsigned int)strtoul(arguments[2], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
