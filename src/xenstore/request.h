// SPDX-License-Identifier: Apache-2.0
// Requests of the protocol: what each one's payload means, which operation of the store answers it, what the reply is.
#pragma once

#include "xenstore/client.h"
#include "xenstore/wire.h"

struct transaction;

struct request {
	struct client *client;
	struct wire_header header;
	char *payload; // header.size bytes and a NUL; PATH_PREFIX_MAX bytes before it are writable

	struct transaction *transaction; // that it belongs to, or NULL
	struct wire_header reply_header;
	char *reply; // WIRE_PAYLOAD_MAX bytes
	size_t reply_size;
};

// Answers one request. Every request gets exactly one reply: reply_header is complete afterwards. 0, or the error that the reply
// names. May wait.
int request_process(struct request *request);

// Requests processed since the start.
uint64_t request_count(void);
