// SPDX-License-Identifier: Apache-2.0
// The tree of nodes, by path. A version of the store is a reference to its topmost node, which has no name and holds "/" and
// the special nodes ("@releaseDomain") as children. A version stays as it is for as long as somebody has a reference to
// its top besides the one that is changed.
//
// Paths are canonical (path.h), `size` bytes long.
#pragma once

#include <stdbool.h>

#include "xenstore/directory.h"
#include "xenstore/node.h"

// The node, valid until the version changes, or NULL.
const struct node *tree_find(const struct node *top, const char *path, size_t size);

// The same from a node on that stands for the first `position` bytes of the path.
const struct node *tree_find_from(const struct node *start, const char *path, size_t position, size_t size);

// The deepest node on the way to the path, and the length of its own path; the top and 0 where there is none.
const struct node *tree_nearest(const struct node *top, const char *path, size_t size, size_t *nearest_size);

// Makes an existing node and all above it this version's own: where it hangs. On -ENOMEM no contents have changed.
int tree_own(struct node **top, const char *path, size_t size, struct node ***slot);

// Hangs a node with all below it under an existing parent, which has no child of that name, and takes over the reference.
// Nothing has changed on -ENOMEM.
int tree_insert(struct node **top, const char *parent, size_t parent_size, struct node *node);

// Takes an existing node with all below it out of the version; the caller gets the reference. Not for "/" or special nodes.
// Nothing has changed on -ENOMEM.
int tree_remove(struct node **top, const char *path, size_t size, struct node **removed);

// A walk through a node and all below it, each before its children. The walker may let other tasks run, provided that it has
// a reference to the node at which the walk started. Needs memory only for what is deeper than WALK_DEPTH.
#define WALK_DEPTH 16u
struct tree_walk {
	const struct node **levels; // from the start to the current node
	unsigned int depth, room;
	const struct node *few[WALK_DEPTH];
};

void tree_walk_start(struct tree_walk *walk, const struct node *start);
// The next node, the start first; NULL at the end, or with *error set to -ENOMEM.
const struct node *tree_walk_next(struct tree_walk *walk, int *error);
// Goes on after the current node without going into it.
const struct node *tree_walk_skip(struct tree_walk *walk);
void tree_walk_end(struct tree_walk *walk);

// Starts a walk in the middle: at the first node after the one with this path, which may not exist any more.
const struct node *tree_walk_start_after(struct tree_walk *walk, const struct node *top, const char *path, size_t size,
					 int *error);

// Writes the current node's path, for a walk that started at the top; its length. `path` has PATH_MAX_BYTES + 1 bytes, which is
// enough for every node that was made by a canonical path.
size_t tree_walk_path(const struct tree_walk *walk, char *path);
