// SPDX-License-Identifier: Apache-2.0
// A domain's ring page (connection.h). The domain can write all of it at any time: the rings' indices are read in xen/ring.c, once
// for each access; the other fields are read here, once, and never trusted.
#include "xenstore/connection.h"

#include <errno.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/log.h"
#include "xen/foreign.h"

#define RING_SIZE 1024u

// The layout of xenstore-ring.txt.
struct ring_page {
	char requests[RING_SIZE], replies[RING_SIZE];
	uint32_t request_consumer, request_producer;
	uint32_t reply_consumer, reply_producer;
	uint32_t features; // WIRE_FEATURE_*
	uint32_t state;
	uint32_t error;
	uint32_t port; // not 0: the domain's event channel, written by Xen (from 4.21)
};
_Static_assert(offsetof(struct ring_page, features) == 2064 && offsetof(struct ring_page, port) == 2076, "ring page");

enum { STATE_CONNECTED = 0, STATE_RECONNECT = 1 };
enum ring_error { RING_ERROR_NONE, RING_ERROR_COMMUNICATION, RING_ERROR_INDEX, RING_ERROR_PROTOCOL };

static void break_off(struct connection *connection, enum ring_error error, const char *reason)
{
	connection->broken = true;
	if (connection->features & WIRE_FEATURE_ERROR)
		WRITE_ONCE(connection->page->error, error);
	connection->notify = true;
	// A domain can do so without end: it gets one line.
	if (!connection->blamed)
		log_warning("xenstore: domain %u: %s; its connection is off", connection->domid, reason);
	connection->blamed = true;
}

static int bind(struct connection *connection, evtchn_port_t port)
{
	uint32_t named = READ_ONCE(connection->page->port);

	return event_channel_bind_interdomain(&connection->channel, connection->domid, named ? named : port,
					      &connection->queue);
}

int connection_open(struct connection *connection, domid_t domid, gfn_t page, evtchn_port_t port, uint32_t features)
{
	int error;

	*connection = (struct connection){ .domid = domid, .features = features };
	wait_queue_init(&connection->queue);
	struct ring_page *ring = connection->page = foreign_map_range(domid, page, 1, &error);
	if (!ring)
		return error;
	connection->input = (struct byte_ring){
		.data = ring->requests,
		.size = RING_SIZE,
		.consumer = &ring->request_consumer,
		.producer = &ring->request_producer,
	};
	connection->output = (struct byte_ring){
		.data = ring->replies,
		.size = RING_SIZE,
		.consumer = &ring->reply_consumer,
		.producer = &ring->reply_producer,
	};
	error = bind(connection, port);
	if (error) {
		foreign_unmap(ring, 1);
		return error;
	}
	WRITE_ONCE(ring->features, features);
	connection_reset(connection);
	return 0;
}

void connection_close(struct connection *connection)
{
	event_channel_close(&connection->channel);
	foreign_unmap(connection->page, 1);
}

int connection_rebind(struct connection *connection, evtchn_port_t port)
{
	event_channel_close(&connection->channel);
	int error = bind(connection, port);
	if (error)
		break_off(connection, RING_ERROR_COMMUNICATION, "its event channel can't be bound");
	return error;
}

bool connection_wants_reset(const struct connection *connection)
{
	return (connection->features & WIRE_FEATURE_RECONNECTION) &&
	       READ_ONCE(connection->page->state) == STATE_RECONNECT;
}

void connection_reset(struct connection *connection)
{
	struct ring_page *page = connection->page;

	connection->broken = false;
	connection->received = 0;
	connection->piece = connection->piece_count = 0;
	connection->sent = 0;
	WRITE_ONCE(page->request_consumer, 0);
	WRITE_ONCE(page->request_producer, 0);
	WRITE_ONCE(page->reply_consumer, 0);
	WRITE_ONCE(page->reply_producer, 0);
	WRITE_ONCE(page->error, RING_ERROR_NONE);
	smp_wmb(); // all of it before the domain may go on
	WRITE_ONCE(page->state, STATE_CONNECTED);
	connection->notify = true;
}

// Moves bytes in until `received` is `end`, or the ring is found empty after the last byte was taken (ring.h): true when it is `end`.
static bool receive_until(struct connection *connection, char *bytes, size_t start, size_t end)
{
	while (connection->received < end) {
		long count = byte_ring_read(&connection->input, bytes + connection->received - start,
					    end - connection->received);

		if (count < 0)
			break_off(connection, RING_ERROR_INDEX, "impossible indices in its request ring");
		if (count <= 0)
			return false;
		connection->received += (size_t)count;
		connection->notify = true;
	}
	return true;
}

bool connection_receive(struct connection *connection)
{
	struct wire_header *header = &connection->header;

	if (connection->broken)
		return false;
	if (connection->received < sizeof(*header)) {
		if (!receive_until(connection, (char *)header, 0, sizeof(*header)))
			return false;
		if (header->size > WIRE_PAYLOAD_MAX) {
			break_off(connection, RING_ERROR_PROTOCOL, "a message longer than allowed");
			return false;
		}
		connection->payload[header->size] = '\0';
	}
	return receive_until(connection, connection->payload, sizeof(*header), sizeof(*header) + header->size);
}

void connection_receive_next(struct connection *connection)
{
	connection->received = 0;
}

void connection_send(struct connection *connection, const void *bytes, size_t size)
{
	connection->pieces[connection->piece_count].bytes = bytes;
	connection->pieces[connection->piece_count].size = size;
	connection->piece_count++;
}

bool connection_flush(struct connection *connection)
{
	while (!connection->broken && connection->piece < connection->piece_count) {
		const char *bytes = connection->pieces[connection->piece].bytes;
		size_t left = connection->pieces[connection->piece].size - connection->sent;
		long count = byte_ring_write(&connection->output, bytes + connection->sent, left);

		if (count < 0) {
			break_off(connection, RING_ERROR_INDEX, "impossible indices in its reply ring");
			return false;
		}
		connection->sent += (size_t)count;
		connection->notify |= count > 0;
		if (left && !count)
			return false; // full, and found so after the last byte was put in (ring.h)
		if ((size_t)count < left)
			continue;
		connection->sent = 0;
		connection->piece++;
	}
	if (connection->broken)
		return false;
	connection->piece = connection->piece_count = 0;
	return true;
}

void connection_notify(struct connection *connection)
{
	if (connection->notify && connection->channel.port != INVALID_EVTCHN)
		event_channel_notify(&connection->channel);
	connection->notify = false;
}
