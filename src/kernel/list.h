// SPDX-License-Identifier: Apache-2.0
// An intrusive, circular, doubly linked list. A `struct list` embedded in an object is its link; a
// `struct list` standing alone is a head. Header only.
#pragma once

#include <stdbool.h>

#include "kernel/compiler.h"

struct list {
	struct list *next;
	struct list *previous;
};

#define LIST_INITIAL(head) { &(head), &(head) }

static inline void list_init(struct list *head)
{
	head->next = head;
	head->previous = head;
}

static inline bool list_is_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_insert_before(struct list *position, struct list *link)
{
	link->previous = position->previous;
	link->next = position;
	position->previous->next = link;
	position->previous = link;
}

static inline void list_append(struct list *head, struct list *link)
{
	list_insert_before(head, link);
}

static inline void list_prepend(struct list *head, struct list *link)
{
	list_insert_before(head->next, link);
}

// The link is left as a list of its own, so that removing it again does nothing.
static inline void list_remove(struct list *link)
{
	link->previous->next = link->next;
	link->next->previous = link->previous;
	list_init(link);
}

#define LIST_ENTRY(link, type, member) CONTAINER_OF(link, type, member)

// Walks `head`; the body may remove `entry`, but no other element.
#define LIST_FOR_EACH(entry, head, member)                                                                   \
	for (struct list *link_ = (head)->next, *next_ = link_->next;                                         \
	     link_ != (head) && ((entry) = LIST_ENTRY(link_, __typeof__(*(entry)), member), 1);               \
	     link_ = next_, next_ = link_->next)
