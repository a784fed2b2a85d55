// SPDX-License-Identifier: Apache-2.0
// The service to one domain: a task that takes requests from its ring, one at a time, has them answered, and sends replies and
// watch events. It reads no further request before the reply to the last one is in the ring.
#pragma once

#include <stdbool.h>

#include "kernel/list.h"
#include "xenstore/client.h"
#include "xenstore/connection.h"
#include "xenstore/request.h"

struct guest {
	struct list link; // among the domains that are served (domains.c)
	bool stopped; // shut down or crashed
	struct client client;
	struct connection connection;
	struct request request;
	char reply[WIRE_PAYLOAD_MAX] __attribute__((aligned(8)));
	struct wire_header event_header;

	enum { REPLY_NONE, REPLY_READY, REPLY_ON_ITS_WAY } reply_state;
	struct event *event; // on its way, or NULL
	bool woken; // there is something to do besides what the domain's events say
	bool poked; // the domain has sent an event before this turn
	unsigned int idle_turns; // after such an event, in this period, without those that requests make good
	uint64_t period_start;

	enum order { TASK_SERVES, TASK_RESETS, TASK_STOPS, TASK_HAS_STOPPED } order; // to the task, or its answer
	evtchn_port_t new_port; // for TASK_RESETS
	int result; // of it
	struct wait_queue answered;
};

// Opens the connection and starts the task. On failure nothing is left. -ENOMEM, or what mapping and binding say.
int server_start(struct guest *guest, struct account *account, gfn_t page, evtchn_port_t port);

// Has the task drop all that the domain holds, and serve it from the start on another port. Waits for it. On failure the connection
// is broken.
int server_restart(struct guest *guest, evtchn_port_t port);

// Ends the task, the connection and all that the domain holds. Waits for a request that is being answered.
void server_stop(struct guest *guest);
