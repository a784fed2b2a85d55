// SPDX-License-Identifier: Apache-2.0
// Byte streams between this domain and another one, as Xen's libxenvchan makes them
// (public/io/libxenvchan.h): two rings in memory that the server grants, an event channel, and two nodes in
// the store that name them. The peer isn't trusted: whatever it writes into the shared memory ends its
// channel at worst.
//
// Nothing here waits, except where the store may (opening and closing a server).
#pragma once

#include <stddef.h>

#include "kernel/failure.h"
#include "kernel/task.h"
#include "xen/types.h"

struct vchan;

enum vchan_role { VCHAN_SERVER, VCHAN_CLIENT };

enum vchan_state {
	VCHAN_WAITING, // a server that no client has found yet
	VCHAN_OPEN,
	VCHAN_CLOSED, // the peer has closed its end; what it has sent can be read
	VCHAN_BROKEN, // the peer has broken the protocol
	VCHAN_ENDED,  // by vchan_end()
};

// Characters of a path in the store.
#define VCHAN_PATH_MAX 240u

// Sizes of a server's rings, each way.
#define VCHAN_RING_MIN 1024u
#define VCHAN_RING_MAX (256u << 10)

// Offers a channel to domain `peer` at PATH/ring-ref and PATH/event-channel. `ring_size` is rounded up to a
// size that the protocol has. `queue` is woken at each event of the channel, which vchan_take_event() takes;
// it outlives the channel. NULL after saying why: -EEXIST (a server is there), -ENOMEM, -ENOSPC, or what the
// store says of the path.
struct vchan *vchan_listen(domid_t peer, const char *path, size_t ring_size, struct wait_queue *queue,
			   struct failure *failure);

// Connects to the server that domain `peer` runs at the path. NULL after saying why: -ENOENT (nothing is
// there), -EPROTO (what is there is no such thing), or what Xen says.
struct vchan *vchan_connect(domid_t peer, const char *path, struct wait_queue *queue,
			    struct failure *failure);

// Tells the peer, gives everything back. NULL does nothing.
void vchan_close(struct vchan *vchan);

// The same, but the object stays, for vchan_state() to say so. To be done when the peer's domain ends: memory
// of it that is mapped here keeps it from being freed.
void vchan_end(struct vchan *vchan);

enum vchan_state vchan_state(const struct vchan *vchan);

// True when an event has come since the last call.
bool vchan_take_event(struct vchan *vchan);
bool vchan_has_event(const struct vchan *vchan); // without taking it

// The number of bytes read or written, as many as are there or fit. 0: none, and there will be an event when
// that changes. -ENOTCONN: the peer has closed its end (and for reading, all is read), or vchan_end() was
// called. -EPROTO: it broke the protocol; the channel is of no use any more.
long vchan_read(struct vchan *vchan, void *buffer, size_t size);
long vchan_write(struct vchan *vchan, const void *buffer, size_t size);
