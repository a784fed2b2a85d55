// SPDX-License-Identifier: Apache-2.0
// The channels that a person has opened, each under a number: a task looks after them, sends back what comes
// where it was asked to, and tells when a peer closes its end, dies or breaks the protocol.
#pragma once

#include "vchan/vchan.h"

// Before anything else of this room.
int channels_init(void);

struct channel_request {
	enum vchan_role role;
	domid_t peer;
	const char *path;
	size_t ring_size; // a server's
	bool echo;        // what comes is sent back; a server of that kind takes one client after another
};

// *id gets the channel's number, from 1 on. 0, or a negative errno after saying why.
int channels_open(const struct channel_request *request, unsigned int *id, struct failure *failure);

// -ENOENT: no such channel.
int channels_close(unsigned int id);

// Moves what is there or fits, and waits until it can move a byte: the number moved, or -EINTR when `stop`
// (asked ten times a second) says so, -ENOENT, -EBUSY (a channel that echoes), -ENOTCONN, -EPROTO as vchan.h
// has them.
long channels_read(unsigned int id, void *buffer, size_t size, bool (*stop)(void));
long channels_write(unsigned int id, const void *buffer, size_t size, bool (*stop)(void));

struct channel_info {
	unsigned int id;
	struct channel_request request; // its path is valid until the next wait
	enum vchan_state state;
	uint64_t received, sent; // bytes
};
void channels_each(void (*each)(const struct channel_info *info, void *context), void *context);
