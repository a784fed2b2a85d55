// SPDX-License-Identifier: Apache-2.0
// The watches of all clients, sorted by path, and the matching of changes.
//
// All points stand in one sorted array in which a path
// is followed directly by all that is below it (path_compare()). A change of /a/b/c concerns the points of /, /a, /a/b and
// /a/b/c: one binary search each, and the search ends as soon as nothing in the array is below the prefix. A removal
// of /a concerns all points below /a besides: they follow /a.
#include "xenstore/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/panic.h"
#include "kernel/task.h"
#include "xenstore/path.h"
#include "xenstore/tree.h"
#include "xenstore/wire.h"

static struct watch_point **points;
static size_t point_count, point_room;
static struct watch_figures figures;

struct watch_figures watch_figures(void)
{
	return figures;
}

// ---- Shared paths ----

static struct shared_path *path_make(const char *text, size_t size)
{
	static uint32_t start; // unknown to guests, so that they can't choose buckets
	struct shared_path *path = malloc(sizeof(*path) + size + 1);

	if (!path)
		return NULL;
	if (!start)
		start = (uint32_t)time_now() | 1;
	*path = (struct shared_path){ .references = 1, .hash = start, .size = (uint32_t)size };
	memcpy(path->text, text, size);
	path->text[size] = '\0';
	for (size_t i = 0; i < size; i++)
		path->hash = (path->hash ^ (unsigned char)text[i]) * 0x01000193u;
	return path;
}

static struct shared_path *path_get(struct shared_path *path)
{
	path->references++;
	return path;
}

static void path_put(struct shared_path *path)
{
	if (path && !--path->references)
		free(path);
}

// ---- Events ----

static struct event **bucket_of(struct client *client, const struct watch *watch, const struct shared_path *path)
{
	uint32_t hash = path->hash ^ (uint32_t)((uintptr_t)watch >> 4);

	return &client->event_buckets[(hash ^ hash >> 16) % EVENT_BUCKETS];
}

static bool is_queued(struct client *client, const struct watch *watch, const struct shared_path *path)
{
	for (struct event *event = *bucket_of(client, watch, path); event; event = event->next) {
		const struct shared_path *other = event->path;

		if (event->watch == watch && (other == path || (other->hash == path->hash && other->size == path->size &&
								!memcmp(other->text, path->text, path->size))))
			return true;
	}
	return false;
}

static int64_t event_memory(const struct shared_path *path)
{
	return (int64_t)(sizeof(struct event) + sizeof(*path) + path->size);
}

static bool has_room(const struct client *client, const struct shared_path *path)
{
	if (client->event_limit)
		return client->event_count < client->event_limit;
	return account_allows(client->account, XS_QUOTA_OUTSTANDING, 1) &&
	       account_allows(client->account, XS_QUOTA_MEMORY, event_memory(path));
}

static void queue(struct watch *watch, struct shared_path *path)
{
	struct client *client = watch->point->client;

	bool all_count = path->text[0] == '@'; // each may stand for another domain

	if (path->size - watch->hidden + 1 + watch->token_size > WIRE_PAYLOAD_MAX)
		return; // no message holds it
	if (!has_room(client, path)) {
		path = watch->point->path;
		all_count = false;
	}
	if (!all_count && is_queued(client, watch, path))
		return;

	struct event *event = malloc(sizeof(*event));
	if (!event) {
		figures.events_lost++;
		client->account->events_lost++;
		return;
	}
	struct event **bucket = bucket_of(client, watch, path);
	*event = (struct event){ .next = *bucket, .watch = watch, .path = path_get(path) };
	*bucket = event;
	list_append(&client->events, &event->link);
	client->event_count++;
	account_charge(client->account, XS_QUOTA_OUTSTANDING, 1);
	account_charge(client->account, XS_QUOTA_MEMORY, event_memory(path));
	figures.events++;
	client->wake(client);
}

struct event *watch_next_event(const struct client *client)
{
	return list_is_empty(&client->events) ? NULL : LIST_ENTRY(client->events.next, struct event, link);
}

void watch_drop_event(struct client *client, struct event *event)
{
	struct event **link = bucket_of(client, event->watch, event->path);

	while (*link != event)
		link = &(*link)->next;
	*link = event->next;
	list_remove(&event->link);
	client->event_count--;
	account_charge(client->account, XS_QUOTA_OUTSTANDING, -1);
	account_charge(client->account, XS_QUOTA_MEMORY, -event_memory(event->path));
	path_put(event->path);
	free(event);
}

static void drop_events_of(struct client *client, const struct watch *watch)
{
	struct event *event;

	LIST_FOR_EACH(event, &client->events, link)
		if (event->watch == watch)
			watch_drop_event(client, event);
}

// ---- Points ----

// Index of the first point that doesn't come before the path.
static size_t lower_bound(const char *path, size_t size)
{
	size_t low = 0, high = point_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (path_compare(path, size, points[middle]->path->text) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(size_t index, const char *path, size_t size)
{
	return index < point_count && points[index]->path->size == size && !memcmp(points[index]->path->text, path, size);
}

static bool is_below(size_t index, const char *path, size_t size)
{
	return index < point_count && path_is_below(points[index]->path->text, path, size);
}

static struct watch_point *find_point(const struct client *client, const char *path, size_t size)
{
	for (size_t i = lower_bound(path, size); is_at(i, path, size); i++)
		if (points[i]->client == client)
			return points[i];
	return NULL;
}

static struct watch *find_watch(const struct watch_point *point, const char *token)
{
	struct watch *watch;

	LIST_FOR_EACH(watch, &point->watches, link)
		if (!strcmp(watch->token, token))
			return watch;
	return NULL;
}

static int64_t point_memory(const struct watch_point *point)
{
	return (int64_t)(sizeof(*point) + sizeof(*point->path) + point->path->size);
}

static int64_t watch_memory(const struct watch *watch)
{
	return (int64_t)sizeof(*watch) + watch->token_size;
}

static int reserve_point(void)
{
	if (point_count < point_room)
		return 0;

	size_t room = point_room ? 2 * point_room : 64;
	struct watch_point **more = realloc(points, room * sizeof(struct watch_point *));
	if (!more)
		return -ENOMEM;
	points = more;
	point_room = room;
	return 0;
}

// The client's point for the path, made when there is none.
static int make_point(struct client *client, const char *path, size_t size, struct watch_point **result)
{
	struct watch_point *point = *result = find_point(client, path, size);

	if (point)
		return 0;
	if (reserve_point())
		return -ENOMEM;
	point = malloc(sizeof(*point));
	struct shared_path *shared = path_make(path, size);
	if (!point || !shared) {
		free(point);
		path_put(shared);
		return -ENOMEM;
	}
	point->client = client;
	point->path = shared;
	list_init(&point->watches);
	list_append(&client->points, &point->link);

	size_t index = lower_bound(path, size);
	while (is_at(index, path, size))
		index++;
	memmove(&points[index + 1], &points[index], (point_count - index) * sizeof(struct watch_point *));
	points[index] = point;
	point_count++;
	account_charge(client->account, XS_QUOTA_MEMORY, point_memory(point));
	*result = point;
	return 0;
}

static void drop_point_if_unused(struct watch_point *point)
{
	if (!list_is_empty(&point->watches))
		return;

	size_t index = lower_bound(point->path->text, point->path->size);
	while (points[index] != point)
		index++;
	point_count--;
	memmove(&points[index], &points[index + 1], (point_count - index) * sizeof(struct watch_point *));
	if (!point_count) {
		free(points);
		points = NULL;
		point_room = 0;
	}
	account_charge(point->client->account, XS_QUOTA_MEMORY, -point_memory(point));
	list_remove(&point->link);
	path_put(point->path);
	free(point);
}

int watch_add(struct client *client, const char *path, size_t hidden, const char *token, int depth,
	      struct watch **result)
{
	size_t size = strlen(path), token_size = strlen(token) + 1;
	struct watch_point *point = find_point(client, path, size);

	if (point && find_watch(point, token))
		return -EEXIST;
	if (!account_allows(client->account, XS_QUOTA_WATCHES, 1) ||
	    !account_allows(client->account, XS_QUOTA_MEMORY,
			    (int64_t)(sizeof(struct watch) + token_size + sizeof(*point) + size)))
		return -ENOSPC;

	int error = make_point(client, path, size, &point);
	if (error)
		return error;
	struct watch *watch = malloc(sizeof(*watch) + token_size);
	if (!watch) {
		drop_point_if_unused(point);
		return -ENOMEM;
	}
	*watch = (struct watch){
		.point = point,
		.depth = depth,
		.hidden = (uint16_t)hidden,
		.token_size = (uint16_t)token_size,
	};
	memcpy(watch->token, token, token_size);
	list_append(&point->watches, &watch->link);
	account_charge(client->account, XS_QUOTA_WATCHES, 1);
	account_charge(client->account, XS_QUOTA_MEMORY, watch_memory(watch));
	figures.watches++;
	*result = watch;
	return 0;
}

void watch_fire_first(struct watch *watch)
{
	queue(watch, watch->point->path);
}

static void drop_watch(struct watch *watch)
{
	struct watch_point *point = watch->point;
	struct client *client = point->client;

	drop_events_of(client, watch);
	account_charge(client->account, XS_QUOTA_WATCHES, -1);
	account_charge(client->account, XS_QUOTA_MEMORY, -watch_memory(watch));
	figures.watches--;
	list_remove(&watch->link);
	free(watch);
	drop_point_if_unused(point);
}

int watch_remove(struct client *client, const char *path, const char *token)
{
	struct watch_point *point = find_point(client, path, strlen(path));
	struct watch *watch = point ? find_watch(point, token) : NULL;

	if (!watch)
		return -ENOENT;
	drop_watch(watch);
	return 0;
}

void watch_remove_all(struct client *client)
{
	while (!list_is_empty(&client->events)) // first, so that no watch has to look for its own
		watch_drop_event(client, watch_next_event(client));
	while (!list_is_empty(&client->points)) {
		struct watch_point *point = LIST_ENTRY(client->points.next, struct watch_point, link);
		struct watch *watch = LIST_ENTRY(point->watches.next, struct watch, link);

		drop_watch(watch);
	}
}

// ---- Matching ----

enum rule {
	RULE_NODE, // xenstore.txt: a watch concerns all that is below its path, down to its depth
	RULE_SPECIAL, // "@releaseDomain": watches without a depth
	RULE_SPECIAL_DOMAIN, // "@releaseDomain/5": watches of exactly that, or of "@releaseDomain" with a depth
};

struct firing {
	const struct change *change;
	enum rule rule;
	struct shared_path *path; // made for the first event
	const struct acl *parent_acl;
	bool parent_known;
};

static bool acl_readable(const struct acl *acl, const struct client *client)
{
	return acl && (acl_access(acl, &client->who) & PERMISSION_READ);
}

static const struct acl *parent_acl(struct firing *firing)
{
	const struct change *change = firing->change;

	if (!firing->parent_known) {
		size_t size = path_parent(change->path, change->size);
		const struct node *parent = size ? tree_find(change->top, change->path, size) : NULL;

		firing->parent_acl = parent ? parent->acl : NULL;
		firing->parent_known = true;
	}
	return firing->parent_acl;
}

static bool may_know(struct firing *firing, const struct client *client)
{
	const struct change *change = firing->change;

	return acl_readable(change->new_acl, client) || acl_readable(change->old_acl, client) ||
	       acl_readable(parent_acl(firing), client);
}

static bool matches(const struct watch *watch, int level, enum rule rule)
{
	switch (rule) {
	case RULE_SPECIAL:
		return watch->depth < 0;
	case RULE_SPECIAL_DOMAIN:
		return !level || watch->depth >= level;
	case RULE_NODE:
		break;
	}
	return watch->depth < 0 || watch->depth >= level;
}

// `level`: how far below the point the change is.
static void tell(struct firing *firing, struct watch_point *point, int level)
{
	struct watch *watch;

	if (!may_know(firing, point->client))
		return;
	LIST_FOR_EACH(watch, &point->watches, link) {
		if (!matches(watch, level, firing->rule))
			continue;
		if (!firing->path)
			firing->path = path_make(firing->change->path, firing->change->size);
		if (firing->path)
			queue(watch, firing->path);
		else
			figures.events_lost++;
	}
}

static int count_levels(const char *path, size_t size)
{
	size_t position = 0, part_size;
	const char *part;
	int levels = 0;

	while (path_next_part(path, size, &position, &part, &part_size))
		levels++;
	return levels;
}

// Watches of the path and of all above it.
static void fire_upwards(struct firing *firing)
{
	const char *path = firing->change->path, *part;
	size_t position = 0, part_size;
	int level = count_levels(path, firing->change->size);

	while (path_next_part(path, firing->change->size, &position, &part, &part_size)) {
		size_t index = lower_bound(path, position);

		if (!is_below(index, path, position))
			break;
		level--;
		for (; is_at(index, path, position); index++)
			tell(firing, points[index], level);
	}
}

bool watch_concerns(const char *path, size_t size)
{
	size_t position = 0, part_size;
	const char *part;

	while (path_next_part(path, size, &position, &part, &part_size)) {
		size_t index = lower_bound(path, position);

		if (!is_below(index, path, position))
			return false;
		if (is_at(index, path, position))
			return true;
	}
	return true;
}

// A watched node below one that was removed is told with its own path.
static void fire_downwards(const struct change *change)
{
	size_t index = lower_bound(change->path, change->size);

	while (is_at(index, change->path, change->size))
		index++;
	for (; is_below(index, change->path, change->size); index++) {
		struct watch_point *point = points[index];
		const char *path = point->path->text;
		size_t size = point->path->size;
		const struct node *node = tree_find_from(change->removed, path, change->size, size);
		struct watch *watch;

		if (!node)
			continue;
		const struct node *parent =
			tree_find_from(change->removed, path, change->size, path_parent(path, size));
		if (acl_readable(node->acl, point->client) || acl_readable(parent->acl, point->client))
			LIST_FOR_EACH(watch, &point->watches, link)
				queue(watch, point->path);
	}
}

static void fire(const struct change *change, enum rule rule)
{
	struct firing firing = { .change = change, .rule = rule };

	fire_upwards(&firing);
	path_put(firing.path);
	if (change->removed)
		fire_downwards(change);
}

void watch_fire(const struct change *change)
{
	fire(change, RULE_NODE);
}

void watch_fire_special(const struct node *top, const char *name, domid_t domid)
{
	const struct node *node = tree_find(top, name, strlen(name));
	char path[32];
	struct change change = { .path = name, .size = strlen(name), .new_acl = node->acl, .top = top };

	fire(&change, RULE_SPECIAL);
	change.path = path;
	change.size = (size_t)snprintf(path, sizeof(path), "%s/%u", name, domid);
	fire(&change, RULE_SPECIAL_DOMAIN);
}
