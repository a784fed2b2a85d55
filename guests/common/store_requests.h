// SPDX-License-Identifier: Apache-2.0
// Requests to the store by name, one at a time, over store.h. Results are sizes, or negative errno values: the error that the reply
// names; -EPROTO when the reply has another form than the request asks for.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "xenstore/wire.h"

// Any request: the size of the reply's payload, of which so much is copied as `reply` (NULL: nothing) holds. Waits.
long store_request(unsigned int type, uint32_t transaction, const void *payload, size_t size, char *reply,
		   size_t capacity);

// Watch events that came before replies so far.
extern unsigned long store_events;

// Values and paths are texts, the value read is shorter than `capacity` and gets a NUL.
int store_write(uint32_t transaction, const char *path, const char *value);
int store_read(uint32_t transaction, const char *path, char *value, size_t capacity);
int store_begin(uint32_t *transaction);
int store_end(uint32_t transaction); // commits

// A request whose payload is one or two texts, `second` NULL: one.
long store_texts(unsigned int type, uint32_t transaction, const char *first, const char *second);

// Asks for the connection to be made afresh, and waits until it is.
void store_reconnect(void);
