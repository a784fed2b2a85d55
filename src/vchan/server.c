// SPDX-License-Identifier: Apache-2.0
// Offering a channel: memory granted to one domain, a port that it may bind, and the two nodes that tell it
// of them, which only it may read.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/log.h"
#include "vchan/internal.h"
#include "xen/hypercall.h"
#include "xenstore/xenstore.h"

// Repetitions of a transaction that guests disturb: the store sees to it that a few are enough.
#define ATTEMPTS_MAX 10

// The smallest pair of rings of at least this size; of two in the shared page one is larger than the other.
static void choose_orders(size_t size, unsigned int *left, unsigned int *right)
{
	*left = VCHAN_ORDER_SMALL;
	*right = VCHAN_ORDER_LARGE;
	if (size <= VCHAN_RING_MIN)
		return;
	*left = PAGE_SHIFT;
	while ((size_t)1 << *left < size)
		++*left;
	*right = *left;
}

// A ring's own pages, where it has any: their references go to `list`.
static int share_ring(struct grant_share **share, domid_t peer, unsigned int order, uint32_t *list)
{
	int error = 0;

	if (order < PAGE_SHIFT)
		return 0;
	*share = grant_share_open(peer, order - PAGE_SHIFT, &error);
	if (*share)
		memcpy(list, (*share)->references, sizeof(*list) << (order - PAGE_SHIFT));
	return error;
}

// The server reads the left ring.
static int share_memory(struct vchan *vchan, size_t ring_size)
{
	unsigned int left, right;
	int error;

	choose_orders(ring_size, &left, &right);
	vchan->page_share = grant_share_open(vchan->peer, 0, &error);
	if (!vchan->page_share)
		return error;
	struct vchan_interface *page = vchan->page_share->pages;
	size_t left_pages = left < PAGE_SHIFT ? 0 : (size_t)1 << (left - PAGE_SHIFT);

	error = share_ring(&vchan->in_share, vchan->peer, left, page->grants);
	if (!error)
		error = share_ring(&vchan->out_share, vchan->peer, right, page->grants + left_pages);
	if (error)
		return error;
	page->left_order = (uint16_t)left;
	page->right_order = (uint16_t)right;
	page->cli_live = 2;
	page->srv_live = 1;
	page->cli_notify = VCHAN_NOTIFY_WRITE;
	vchan->in = vchan_ring(page, &page->left, left, vchan->in_share ? vchan->in_share->pages : NULL);
	vchan->out = vchan_ring(page, &page->right, right, vchan->out_share ? vchan->out_share->pages : NULL);
	return 0;
}

// ---- The nodes ----

static void node_path(const struct vchan *vchan, const char *node, char path[VCHAN_NODE_MAX])
{
	snprintf(path, VCHAN_NODE_MAX, "%s/%s", vchan->path, node);
}

static int write_node(const struct vchan *vchan, xs_transaction_t transaction, const char *node,
		      uint32_t number)
{
	const struct xs_permission list[] = {
		{.domid = 0, .access = XS_ACCESS_NONE},
		{.domid = vchan->peer, .access = XS_ACCESS_READ},
	};
	char path[VCHAN_NODE_MAX];

	node_path(vchan, node, path);
	int error = xs_printf(transaction, path, "%u", number);
	return error ? error : xs_set_permissions(transaction, path, list, ARRAY_SIZE(list));
}

// 0: there is no such node; 1: there is; or a negative errno.
static int node_exists(xs_transaction_t transaction, const char *path)
{
	char text[4];
	long length = xs_read(transaction, path, text, sizeof(text));

	if (length >= 0 || length == -ERANGE)
		return 1;
	return length == -ENOENT ? 0 : (int)length;
}

static int fill_transaction(struct vchan *vchan, xs_transaction_t transaction)
{
	char path[VCHAN_NODE_MAX];

	node_path(vchan, VCHAN_RING_NODE, path);
	int exists = node_exists(transaction, path);
	if (exists)
		return exists < 0 ? exists : -EEXIST;
	exists = node_exists(transaction, vchan->path);
	if (exists < 0)
		return exists;
	vchan->made_path = !exists;
	int error = write_node(vchan, transaction, VCHAN_RING_NODE, vchan->page_share->references[0]);
	return error ? error : write_node(vchan, transaction, VCHAN_PORT_NODE, vchan->channel.port);
}

static int write_nodes(struct vchan *vchan)
{
	xs_transaction_t transaction;
	int error = xs_transaction_start(&transaction);

	if (error)
		return error;
	error = fill_transaction(vchan, transaction);
	int end = xs_transaction_end(transaction, !error);
	return error ? error : end;
}

void vchan_remove_nodes(struct vchan *vchan)
{
	static const char *const nodes[] = {VCHAN_RING_NODE, VCHAN_PORT_NODE};
	char path[VCHAN_NODE_MAX];

	if (!vchan->path)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		node_path(vchan, nodes[i], path);
		int error = xs_rm(XS_NO_TRANSACTION, path);
		if (error && error != -ENOENT) // its folder may be gone with the peer
			log_error("vchan: node %s could not be removed: %s", path, error_text(error));
	}
	if (vchan->made_path &&
	    xs_directory(XS_NO_TRANSACTION, vchan->path, 0, path, sizeof(path), NULL) == 0)
		xs_rm(XS_NO_TRANSACTION, vchan->path);
	free(vchan->path);
	vchan->path = NULL;
}

static int publish(struct vchan *vchan, const char *path, struct failure *failure)
{
	int error = -EAGAIN;

	vchan->path = strdup(path);
	if (!vchan->path)
		return failure_set(failure, -ENOMEM, "there is no memory for a channel");
	for (int i = 0; i < ATTEMPTS_MAX && error == -EAGAIN; i++)
		error = write_nodes(vchan);
	if (!error)
		return 0;
	free(vchan->path); // nothing was written
	vchan->path = NULL;
	if (error == -EEXIST)
		return failure_set(failure, error,
				   "a server is at %s already; when it is dead: xs rm %s/" VCHAN_RING_NODE,
				   path, path);
	return failure_set(failure, error, "the nodes at %s can't be written: %s", path, error_text(error));
}

static int offer(struct vchan *vchan, const char *path, size_t ring_size, struct wait_queue *queue,
		 struct failure *failure)
{
	int error;

	if (strlen(path) > VCHAN_PATH_MAX)
		return failure_set(failure, -EINVAL, "the path has more than %u characters", VCHAN_PATH_MAX);
	if (ring_size > VCHAN_RING_MAX)
		return failure_set(failure, -EINVAL, "a ring has at most %u bytes", VCHAN_RING_MAX);
	error = event_channel_listen(&vchan->channel, vchan->peer, queue);
	if (error)
		return failure_set(failure, error, "no event channel for domain %u: %s", vchan->peer,
				   error_text(error));
	error = share_memory(vchan, ring_size);
	if (error)
		return failure_set(failure, error, "no memory can be granted to domain %u: %s", vchan->peer,
				   error_text(error));
	return publish(vchan, path, failure);
}

struct vchan *vchan_listen(domid_t peer, const char *path, size_t ring_size, struct wait_queue *queue,
			   struct failure *failure)
{
	struct vchan *vchan = vchan_new(VCHAN_SERVER, peer);

	if (!vchan) {
		failure_set(failure, -ENOMEM, "there is no memory for a channel");
		return NULL;
	}
	if (offer(vchan, path, ring_size, queue, failure)) {
		vchan_close(vchan);
		return NULL;
	}
	vchan->page = vchan->page_share->pages;
	return vchan;
}
