// SPDX-License-Identifier: Apache-2.0
// Watches, and the events that they cause. Whoever changes the store says what changed (watch_fire()); the watches that match
// and whose owners may know get an event each, queued at their client.
//
// Equal events that are still queued are one. A client that doesn't read loses nothing: when its quota is full, further
// events of a watch become a single one with the watch's own path.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "xenstore/client.h"
#include "xenstore/node.h"

// A path's text that several events share.
struct shared_path {
	uint32_t references;
	uint32_t hash;
	uint32_t size; // bytes without the NUL
	char text[];
};

// A path that a client watches, with any number of tokens.
struct watch_point {
	struct list link; // at the client
	struct client *client;
	struct shared_path *path;
	struct list watches;
};

struct watch {
	struct list link; // at its point
	struct watch_point *point;
	int depth; // levels below the path, negative: all
	uint16_t hidden; // bytes of the path that its owner doesn't see: it gave a relative one
	uint16_t token_size; // bytes with the NUL
	char token[];
};

struct event {
	struct list link; // at the client, in order
	struct event *next; // in the same bucket
	struct watch *watch;
	struct shared_path *path;
};

// Path and token as the client gets them.
static inline const char *event_path(const struct event *event)
{
	return event->path->text + event->watch->hidden;
}
static inline size_t event_path_size(const struct event *event) // with the NUL
{
	return event->path->size - event->watch->hidden + 1u;
}

// `path` is canonical; its first `hidden` bytes were put in front of what the client gave. -EEXIST: it has this watch already;
// -ENOSPC, -ENOMEM. The first event is to be queued with watch_fire_first().
int watch_add(struct client *client, const char *path, size_t hidden, const char *token, int depth,
	      struct watch **watch);
void watch_fire_first(struct watch *watch);

// Drops a watch with its queued events. -ENOENT.
int watch_remove(struct client *client, const char *path, const char *token);
void watch_remove_all(struct client *client);

// The oldest queued event, or NULL; and its end.
struct event *watch_next_event(const struct client *client);
void watch_drop_event(struct client *client, struct event *event);

struct change {
	const char *path; // of the node that was written, made, removed, or got other permissions
	size_t size;
	const struct acl *old_acl, *new_acl; // NULL where the node didn't or doesn't exist
	const struct node *removed; // the node, when it was removed with all below it
	const struct node *top; // the version that has the change
};

// Queues the events of one change: to watches of the path and above, and for a removal also to those of nodes below it,
// with their own path. A client gets none for a node of which it could read neither the old nor the new form nor the parent.
void watch_fire(const struct change *change);

// False: nobody watches this path, one above it or one below it, so that a change of it needs no watch_fire().
bool watch_concerns(const char *path, size_t size);

// @introduceDomain or @releaseDomain: watches without a depth learn that something happened, those with one to which domain.
void watch_fire_special(const struct node *top, const char *name, domid_t domid);

struct watch_figures {
	uint64_t watches; // now
	uint64_t events, events_lost; // since the start
};
struct watch_figures watch_figures(void);
