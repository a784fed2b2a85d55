// SPDX-License-Identifier: Apache-2.0
// What the files of this room share: an open channel, and what makes one (server.c, client.c).
#pragma once

// No type of it depends on the architecture, unlike those of xen/public.h.
#include <xen/io/libxenvchan.h>

#include "vchan/vchan.h"
#include "xen/event.h"
#include "xen/grant.h"
#include "xen/ring.h"

// Orders of rings: 10 and 11 lie in the shared page, at the place of their own size; larger ones in pages of
// their own.
enum { VCHAN_ORDER_SMALL = 10, VCHAN_ORDER_LARGE = 11, VCHAN_ORDER_MAX = 20 };

struct vchan {
	enum vchan_role role;
	domid_t peer;
	bool broken;
	struct event_channel channel;
	struct vchan_interface *page; // shared; NULL: ended
	struct byte_ring in, out;
	struct grant_share *page_share, *in_share, *out_share; // a server's
	struct grant_map page_map, in_map, out_map;            // a client's
	char *path;                                            // a server's nodes
	bool made_path;                                        // it wasn't there before
};

// Store nodes below a channel's path.
#define VCHAN_RING_NODE "ring-ref"
#define VCHAN_PORT_NODE "event-channel"
#define VCHAN_NODE_MAX  (VCHAN_PATH_MAX + sizeof("/" VCHAN_PORT_NODE)) // bytes of their paths, with the NUL

struct vchan *vchan_new(enum vchan_role role, domid_t peer);

// A ring of the shared page or of pages of its own (`pages` NULL: in the shared page).
struct byte_ring vchan_ring(struct vchan_interface *page, struct ring_shared *indices, unsigned int order,
			    void *pages);

void vchan_remove_nodes(struct vchan *vchan); // server.c
