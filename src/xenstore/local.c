// SPDX-License-Identifier: Apache-2.0
// The store's users inside this program (xenstore.h, "Nodes" and "Watches"): they call what requests call, as domain 0.
#include "xenstore/xenstore.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "xenstore/directory.h"
#include "xenstore/path.h"
#include "xenstore/request.h"
#include "xenstore/store.h"
#include "xenstore/watch.h"

// Events that a watch keeps at most, not counting the one that says that there were more.
#define WATCH_EVENTS_MAX 256u

#define PRINTF_MAX 256u // bytes, with the NUL

// Of all of them.
static struct client *users(void)
{
	static struct client client;

	if (!client.account)
		client_init(&client, account_find(0), NULL);
	return &client;
}

// The path may be used, and the transaction exists.
static int check(xs_transaction_t id, const char *path, bool special, struct transaction **transaction)
{
	*transaction = id == XS_NO_TRANSACTION ? NULL : transaction_find(users(), id);
	if (id != XS_NO_TRANSACTION && !*transaction)
		return -ENOENT;
	return path_is_canonical(path, special) ? 0 : -EINVAL;
}

static int read_node(xs_transaction_t id, const char *path, unsigned int need, const struct node **node)
{
	struct transaction *transaction;
	int error = check(id, path, need == NEED_ACCESS, &transaction);

	return error ? error : store_read(users(), transaction, path, need, node);
}

long xs_read(xs_transaction_t id, const char *path, char *buffer, size_t size)
{
	const struct node *node;
	int error = read_node(id, path, NEED_VALUE, &node);

	if (error)
		return error;
	if (node->value_size >= size)
		return -ERANGE;
	memcpy(buffer, node_value(node), node->value_size);
	buffer[node->value_size] = '\0';
	return node->value_size;
}

int xs_write(xs_transaction_t id, const char *path, const void *value, size_t size)
{
	struct transaction *transaction;
	int error = check(id, path, false, &transaction);

	return error ? error : store_write(users(), transaction, path, value, size);
}

int xs_printf(xs_transaction_t id, const char *path, const char *format, ...)
{
	char text[PRINTF_MAX];
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return length >= (int)sizeof(text) ? -E2BIG : xs_write(id, path, text, (size_t)length);
}

int xs_mkdir(xs_transaction_t id, const char *path)
{
	struct transaction *transaction;
	int error = check(id, path, false, &transaction);

	return error ? error : store_mkdir(users(), transaction, path);
}

int xs_rm(xs_transaction_t id, const char *path)
{
	struct transaction *transaction;
	int error = check(id, path, false, &transaction);

	return error ? error : store_remove(users(), transaction, path);
}

long xs_directory(xs_transaction_t id, const char *path, size_t offset, char *buffer, size_t size, uint64_t *generation)
{
	const struct node *node;
	int error = read_node(id, path, NEED_LIST, &node);

	if (error)
		return error;
	if (generation)
		*generation = node->list_generation;
	size_t used = directory_list(node->children, offset, buffer, size);
	return !used && offset < directory_list_size(node->children) ? -ERANGE : (long)used;
}

int xs_get_permissions(xs_transaction_t id, const char *path, struct xs_permission *list, size_t capacity, size_t *count)
{
	const struct node *node;
	int error = read_node(id, path, NEED_ACCESS, &node);

	if (error)
		return error;
	*count = node->acl->count;
	for (size_t i = 0; i < MIN(capacity, *count); i++)
		list[i] = node->acl->entries[i];
	return 0;
}

int xs_set_permissions(xs_transaction_t id, const char *path, const struct xs_permission *list, size_t count)
{
	struct transaction *transaction;
	int error = check(id, path, true, &transaction);

	if (error)
		return error;
	if (!count || count > WIRE_PAYLOAD_MAX / sizeof(*list))
		return -EINVAL;
	struct xs_permission *entries = malloc(count * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	memcpy(entries, list, count * sizeof(*entries));
	error = store_set_permissions(users(), transaction, path, entries, count);
	free(entries);
	return error;
}

static int start(bool alone, xs_transaction_t *id)
{
	struct transaction *transaction;
	int error = store_start(users(), alone, &transaction);

	if (!error)
		*id = transaction->id;
	return error;
}

int xs_transaction_start(xs_transaction_t *id)
{
	return start(false, id);
}

int xs_transaction_start_alone(xs_transaction_t *id)
{
	return start(true, id);
}

int xs_transaction_end(xs_transaction_t id, bool commit)
{
	struct transaction *transaction = transaction_find(users(), id);

	return transaction ? store_end(transaction, commit) : -ENOENT;
}

// ---- Watches: a client for each ----

struct xs_watch {
	struct client client;
	struct wait_queue *queue;
};

static void wake(struct client *client)
{
	wait_queue_wake(CONTAINER_OF(client, struct xs_watch, client)->queue);
}

int xs_watch_open(const char *path, int depth, struct wait_queue *queue, struct xs_watch **opened)
{
	struct watch *watch;

	if (!path_is_canonical(path, true))
		return -EINVAL;
	struct xs_watch *own = malloc(sizeof(*own));
	if (!own)
		return -ENOMEM;
	client_init(&own->client, account_find(0), wake);
	own->client.event_limit = WATCH_EVENTS_MAX;
	own->queue = queue;
	int error = watch_add(&own->client, path, 0, "", depth, &watch);
	if (error) {
		free(own);
		return error;
	}
	watch_fire_first(watch);
	*opened = own;
	return 0;
}

void xs_watch_close(struct xs_watch *watch)
{
	client_reset(&watch->client);
	free(watch);
}

bool xs_watch_take(struct xs_watch *watch, char *path, size_t size)
{
	struct event *event = watch_next_event(&watch->client);

	if (!event)
		return false;
	snprintf(path, size, "%s", event_path(event));
	watch_drop_event(&watch->client, event);
	return true;
}

// ---- Requests in the protocol's own form ----

struct exchange {
	char room[PATH_PREFIX_MAX], payload[WIRE_PAYLOAD_MAX + 1];
	char reply[WIRE_PAYLOAD_MAX] __attribute__((aligned(8)));
	struct request request;
};

long xs_request(unsigned int type, xs_transaction_t transaction, const void *payload, size_t size, char *reply,
		size_t capacity)
{
	if (type == WIRE_WATCH)
		return -ENOSYS; // nobody would take the events
	if (size > WIRE_PAYLOAD_MAX)
		return -E2BIG;
	struct exchange *exchange = malloc(sizeof(*exchange));
	if (!exchange)
		return -ENOMEM;
	memcpy(exchange->payload, payload, size);
	exchange->payload[size] = '\0';
	exchange->request = (struct request){
		.client = users(),
		.header = { .type = type, .transaction_id = transaction, .size = (uint32_t)size },
		.payload = exchange->payload,
		.reply = exchange->reply,
	};
	int error = request_process(&exchange->request);
	long length = (long)exchange->request.reply_size;
	if (!error && exchange->request.reply_size > capacity)
		error = -ERANGE;
	if (!error)
		memcpy(reply, exchange->reply, exchange->request.reply_size);
	free(exchange);
	return error ? error : length;
}
