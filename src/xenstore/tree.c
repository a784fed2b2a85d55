// SPDX-License-Identifier: Apache-2.0
// The tree by path (tree.h): descending, changing, walking, all without recursion, for a guest decides how deep it is.
//
// Example. The store holds /a/b and /a/c, somebody keeps this version, and /a/b is written:
//
//	kept top -> "/" -> a -> { b, c }           c has two references now, one from each a
//	new top' -> "/"' -> a' -> { b', c }        four nodes were copied; the next write to /a/b copies nothing
#include "xenstore/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/panic.h"
#include "xenstore/path.h"

// Goes on from *node, which stands for the first *position bytes of the path, as far down as there are nodes.
static void descend(const struct node **node, const char *path, size_t *position, size_t size)
{
	size_t next = *position, part_size;
	const char *part;

	while (path_next_part(path, size, &next, &part, &part_size)) {
		const struct node *child = directory_find((*node)->children, part, part_size);

		if (!child)
			return;
		*node = child;
		*position = next;
	}
}

const struct node *tree_find_from(const struct node *start, const char *path, size_t position, size_t size)
{
	descend(&start, path, &position, size);
	return position == size ? start : NULL;
}

const struct node *tree_find(const struct node *top, const char *path, size_t size)
{
	return tree_find_from(top, path, 0, size);
}

const struct node *tree_nearest(const struct node *top, const char *path, size_t size, size_t *nearest_size)
{
	*nearest_size = 0;
	descend(&top, path, nearest_size, size);
	return top;
}

int tree_own(struct node **top, const char *path, size_t size, struct node ***found)
{
	size_t position = 0, part_size;
	struct node **slot = top;
	const char *part;
	int error = node_own(slot);

	while (!error && path_next_part(path, size, &position, &part, &part_size))
		error = directory_own(&(*slot)->children, part, part_size, &slot);
	*found = slot;
	return error;
}

int tree_insert(struct node **top, const char *parent, size_t parent_size, struct node *node)
{
	struct node **slot;
	int error = tree_own(top, parent, parent_size, &slot);

	if (!error)
		error = directory_insert(&(*slot)->children, node);
	if (!error)
		(*slot)->list_generation = node_next_generation();
	return error;
}

int tree_remove(struct node **top, const char *path, size_t size, struct node **removed)
{
	size_t name = path_name(path, size);
	struct node **slot;
	int error = tree_own(top, path, path_parent(path, size), &slot);

	if (!error)
		error = directory_remove(&(*slot)->children, path + name, size - name, removed);
	if (!error)
		(*slot)->list_generation = node_next_generation();
	return error;
}

// ---- Walking ----

void tree_walk_start(struct tree_walk *walk, const struct node *start)
{
	*walk = (struct tree_walk){ .levels = walk->few, .room = WALK_DEPTH };
	walk->levels[0] = start;
}

static int make_room(struct tree_walk *walk)
{
	size_t bytes = walk->room * sizeof(*walk->levels);
	const struct node **more = malloc(2 * bytes);

	if (!more)
		return -ENOMEM;
	memcpy(more, walk->levels, bytes);
	tree_walk_end(walk);
	walk->levels = more;
	walk->room *= 2;
	return 0;
}

const struct node *tree_walk_skip(struct tree_walk *walk)
{
	while (walk->depth > 1) {
		const struct node *node = walk->levels[walk->depth - 1], *parent = walk->levels[walk->depth - 2];
		const struct node *next = directory_after(parent->children, node->bytes, node->name_size);

		if (next) {
			walk->levels[walk->depth - 1] = next;
			return next;
		}
		walk->depth--;
	}
	walk->depth = 0;
	return NULL;
}

const struct node *tree_walk_next(struct tree_walk *walk, int *error)
{
	if (!walk->depth) {
		walk->depth = 1;
		return walk->levels[0];
	}

	const struct node *child = directory_after(walk->levels[walk->depth - 1]->children, NULL, 0);
	if (!child)
		return tree_walk_skip(walk);
	if (walk->depth == walk->room && (*error = make_room(walk)))
		return NULL;
	walk->levels[walk->depth++] = child;
	return child;
}

void tree_walk_end(struct tree_walk *walk)
{
	if (walk->levels != walk->few)
		free(walk->levels);
}

const struct node *tree_walk_start_after(struct tree_walk *walk, const struct node *top, const char *path, size_t size,
					 int *error)
{
	size_t position = 0, part_size;
	const char *part;

	tree_walk_start(walk, top);
	walk->depth = 1;
	while (path_next_part(path, size, &position, &part, &part_size)) {
		const struct node *children = walk->levels[walk->depth - 1]->children;
		const struct node *node = directory_find(children, part, part_size);
		bool gone = !node;

		if (gone)
			node = directory_after(children, part, part_size);
		if (!node)
			return tree_walk_skip(walk);
		if (walk->depth == walk->room && (*error = make_room(walk)))
			return NULL;
		walk->levels[walk->depth++] = node;
		if (gone)
			return node;
	}
	return tree_walk_next(walk, error);
}

size_t tree_walk_path(const struct tree_walk *walk, char *path)
{
	size_t size = 0;

	for (unsigned int i = 1; i < walk->depth; i++) {
		const struct node *node = walk->levels[i];

		ASSERT(size + 1 + node->name_size <= PATH_MAX_BYTES);
		if (size > 1)
			path[size++] = '/';
		memcpy(path + size, node->bytes, node->name_size);
		size += node->name_size;
	}
	path[size] = '\0';
	return size;
}
