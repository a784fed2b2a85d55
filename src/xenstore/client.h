// SPDX-License-Identifier: Apache-2.0
// Somebody who uses the store: a domain behind its ring, or a user inside this program. What it holds (watches, events
// not read yet, transactions) hangs here, and goes when it goes.
#pragma once

#include <stdint.h>

#include "kernel/list.h"
#include "xenstore/permission.h"
#include "xenstore/quota.h"

#define EVENT_BUCKETS 32u

struct event;

struct client {
	struct credentials who;
	struct account *account;
	void (*wake)(struct client *client); // an event was queued; must not wait
	struct list points; // what it watches (watch.h)
	struct list events; // not read yet, oldest first (watch.h)
	unsigned int event_count, event_limit; // limit 0: the account's quota
	struct event *event_buckets[EVENT_BUCKETS]; // the same events by content
	struct list transactions; // open ones, oldest first (transaction.h)
	uint32_t last_transaction; // id
	bool has_lost; // its last transaction ended in a conflict
	uint64_t next_guard; // time from which a transaction of its may be guarded
};

// The account outlives the client.
void client_init(struct client *client, struct account *account, void (*wake)(struct client *client));

// Drops all watches, events and transactions.
void client_reset(struct client *client);
