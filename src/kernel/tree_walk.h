// SPDX-License-Identifier: Apache-2.0
// Walks over a whole device tree. libfdt checks every token again in each walk, and looks for a node's parent from the
// root, twice: most of a start was spent in that. These take a tree that devicetree_init() has checked.
// Nodes are libfdt's offsets.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// First node behind `start` (-1: from the root on) with a property `name` whose value is wanted. -ENOENT.
int walk_find(const void *tree, int start, const char *name,
	      bool (*is_wanted)(const void *value, int size, const void *context), const void *context);

// The same by the whole value.
int walk_find_value(const void *tree, int start, const char *name, const void *value, int size);

// The root's child of this name. -ENOENT.
int walk_child(const void *tree, const char *name);

// The node that a node is in. -ENOENT: of the root, or of no node.
int walk_parent(const void *tree, int node);
