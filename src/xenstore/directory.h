// SPDX-License-Identifier: Apache-2.0
// The children of a node: a balanced search tree (AVL) by name, whose links are in the nodes themselves. All costs grow with the
// logarithm of the number of children.
//
// The order is that of the names' bytes, and it is the order of DIRECTORY too, as oxenstored has it. (The C xenstored lists
// in order of creation; the protocol promises none. An order of its own would need a second tree.)
#pragma once

#include "xenstore/node.h"

const struct node *directory_find(const struct node *root, const char *name, size_t size);

// The child after the one with this name, whether that exists or not; NULL as name: the first one.
const struct node *directory_after(const struct node *root, const char *name, size_t size);

// Where the child hangs that has this name, made a node of this version as all on the way to it are; it exists. -ENOMEM.
// *root lies in an own node.
int directory_own(struct node **root, const char *name, size_t size, struct node ***slot);

// Adds a single node, whose name isn't there yet, and takes over the caller's reference. Nothing has changed on -ENOMEM.
int directory_insert(struct node **root, struct node *node);

// Takes the child with this name out, which exists: a single, own node, to which the caller gets the reference. Nothing has
// changed on -ENOMEM.
int directory_remove(struct node **root, const char *name, size_t size, struct node **removed);

// Bytes of the list of names, each with its NUL.
static inline size_t directory_list_size(const struct node *root)
{
	return root ? root->list_size : 0;
}

// Copies names from byte `offset` of the list on, so many whole ones as fit; the number of bytes.
size_t directory_list(const struct node *root, size_t offset, char *buffer, size_t size);
