// SPDX-License-Identifier: Apache-2.0
// Connecting to a server. All that its nodes and its page say is read once and checked: it is the other
// domain's.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "vchan/internal.h"
#include "xen/hypercall.h"
#include "xenstore/xenstore.h"

// A number from 1 to `max` in a node of the server's.
static int read_number(const char *path, const char *node, uint32_t max, uint32_t *number,
		       struct failure *failure)
{
	char name[VCHAN_NODE_MAX], text[16];

	if (strlen(path) > VCHAN_PATH_MAX)
		return failure_set(failure, -EINVAL, "the path has more than %u characters", VCHAN_PATH_MAX);
	snprintf(name, sizeof(name), "%s/%s", path, node);
	long length = xs_read(XS_NO_TRANSACTION, name, text, sizeof(text));
	if (length == -ENOENT)
		return failure_set(failure, -ENOENT, "there is no server at %s: no node %s is there", path,
				   node);
	if (length < 0 && length != -ERANGE)
		return failure_set(failure, (int)length, "%s: %s", name, error_text((int)length));
	uint64_t value = 0;
	for (long i = 0; i < length; i++)
		value = text[i] >= '0' && text[i] <= '9' ? value * 10 + (uint64_t)(text[i] - '0')
							 : UINT32_MAX;
	if (length <= 0 || length > 10 || !value || value > max)
		return failure_set(failure, -EPROTO, "%s is no number from 1 to %u", name, max);
	*number = (uint32_t)value;
	return 0;
}

static bool order_is_valid(unsigned int order)
{
	return order >= VCHAN_ORDER_SMALL && order <= VCHAN_ORDER_MAX;
}

static size_t own_pages(unsigned int order)
{
	return order < PAGE_SHIFT ? 0 : (size_t)1 << (order - PAGE_SHIFT);
}

// Where the first ring of the shared page begins, and the list of grants has to end.
static size_t list_end(unsigned int order)
{
	return order < PAGE_SHIFT ? (size_t)1 << order : PAGE_SIZE;
}

static int map_ring(struct grant_map *map, domid_t peer, const grant_ref_t *references, size_t count,
		    bool read_only)
{
	return count ? grant_map(map, peer, references, count, read_only) : 0;
}

// Maps the rings that the server's page describes. The client writes the left one.
static int map_rings(struct vchan *vchan, struct vchan_interface *page, struct failure *failure)
{
	unsigned int left = READ_ONCE(page->left_order), right = READ_ONCE(page->right_order);

	if (!order_is_valid(left) || !order_is_valid(right) || (left == right && left < PAGE_SHIFT))
		return failure_set(failure, -EPROTO,
				   "the server's rings have impossible sizes: 2^%u and 2^%u bytes", left,
				   right);
	size_t left_pages = own_pages(left), right_pages = own_pages(right), count = left_pages + right_pages;

	if (offsetof(struct vchan_interface, grants) + count * sizeof(grant_ref_t) >
	    MIN(list_end(left), list_end(right)))
		return failure_set(failure, -EPROTO,
				   "the server's rings don't leave room for their list of pages");
	if (count) {
		grant_ref_t *references = malloc(count * sizeof(*references));

		if (!references)
			return failure_set(failure, -ENOMEM, "there is no memory for the list of its pages");
		for (size_t i = 0; i < count; i++)
			references[i] = READ_ONCE(page->grants[i]);
		int error = map_ring(&vchan->out_map, vchan->peer, references, left_pages, false);
		if (!error)
			error = map_ring(&vchan->in_map, vchan->peer, references + left_pages, right_pages,
					 true);
		free(references);
		if (error)
			return failure_set(failure, error, "the server's rings can't be mapped: %s",
					   error_text(error));
	}
	vchan->out = vchan_ring(page, &page->left, left, vchan->out_map.pages);
	vchan->in = vchan_ring(page, &page->right, right, vchan->in_map.pages);
	return 0;
}

static int connect_to(struct vchan *vchan, const char *path, struct wait_queue *queue,
		      struct failure *failure)
{
	uint32_t reference, port;
	int error = read_number(path, VCHAN_RING_NODE, UINT32_MAX - 1, &reference, failure);

	if (!error)
		error = read_number(path, VCHAN_PORT_NODE, UINT32_MAX - 1, &port, failure);
	if (error)
		return error;
	error = event_channel_bind_interdomain(&vchan->channel, vchan->peer, port, queue);
	if (error)
		return failure_set(failure, error, "event channel %u of domain %u can't be bound: %s", port,
				   vchan->peer, error_text(error));
	error = grant_map(&vchan->page_map, vchan->peer, &reference, 1, false);
	if (error)
		return failure_set(failure, error, "page %u that domain %u grants can't be mapped: %s",
				   reference, vchan->peer, error_text(error));
	return map_rings(vchan, vchan->page_map.pages, failure);
}

struct vchan *vchan_connect(domid_t peer, const char *path, struct wait_queue *queue, struct failure *failure)
{
	struct vchan *vchan = vchan_new(VCHAN_CLIENT, peer);

	if (!vchan) {
		failure_set(failure, -ENOMEM, "there is no memory for a channel");
		return NULL;
	}
	if (connect_to(vchan, path, queue, failure)) {
		vchan_close(vchan);
		return NULL;
	}
	vchan->page = vchan->page_map.pages;
	WRITE_ONCE(vchan->page->cli_live, 1);
	WRITE_ONCE(vchan->page->srv_notify, VCHAN_NOTIFY_WRITE);
	event_channel_notify(&vchan->channel);
	return vchan;
}
