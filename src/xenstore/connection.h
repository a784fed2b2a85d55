// SPDX-License-Identifier: Apache-2.0
// The transport of docs/misc/xenstore-ring.txt: whole messages through the two rings of a page that a domain shares with
// this program. A message is copied out completely before anybody looks at it. Knows the length in a message's header, and
// nothing else of what messages mean.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "xen/event.h"
#include "xen/ring.h"
#include "xenstore/path.h"
#include "xenstore/wire.h"

struct ring_page;

#define MESSAGE_PIECES 3u

struct connection {
	domid_t domid;
	uint32_t features; // that the domain was told of
	struct ring_page *page;
	struct byte_ring input, output;
	struct event_channel channel;
	struct wait_queue queue; // woken by the domain's events
	bool broken; // the domain violated the protocol: nothing is read or written until it resets the ring
	bool blamed; // the log says so already
	bool notify; // bytes were moved: the domain is to be told

	// The message that comes in.
	struct wire_header header;
	size_t received; // bytes of header and payload
	char room[PATH_PREFIX_MAX]; // before the payload, for whoever makes a path absolute
	char payload[WIRE_PAYLOAD_MAX + 1]; // a NUL follows the message

	// The message that goes out.
	struct {
		const void *bytes;
		size_t size;
	} pieces[MESSAGE_PIECES];
	unsigned int piece, piece_count;
	size_t sent; // bytes of the current piece
};

// Maps the page and binds the port; the rings are then empty, the features are told. `port` is what the domain or its builder
// says, unless the page names one. On failure nothing stays mapped or bound.
int connection_open(struct connection *connection, domid_t domid, gfn_t page, evtchn_port_t port, uint32_t features);
void connection_close(struct connection *connection);

// Binds another port instead. On failure the connection is broken.
int connection_rebind(struct connection *connection, evtchn_port_t port);

// Empties the rings, drops messages under way, ends the reconnection that the domain may have asked for, and tells it.
void connection_reset(struct connection *connection);
bool connection_wants_reset(const struct connection *connection);

// True when a whole message is in `header` and `payload`, until connection_receive_next(). After a false the domain sends an event
// with the next bytes.
bool connection_receive(struct connection *connection);
void connection_receive_next(struct connection *connection);

// Starts to send a message of up to MESSAGE_PIECES pieces, which stay in place until it is sent. One at a time.
void connection_send(struct connection *connection, const void *bytes, size_t size);
// Moves what the ring takes: true when nothing is left. After a false the domain sends an event when there is room.
bool connection_flush(struct connection *connection);

// Tells the domain, if there is something to tell since the last time.
void connection_notify(struct connection *connection);
