// SPDX-License-Identifier: Apache-2.0
// A guest's task (server.h). It alone touches the connection; others only leave an order or an event and wake it.
//
// Fairness comes from the scheduler: after each request the task lets all others run, so a guest that floods this server gets
// no more turns than one that asks seldom. A guest that sends events without requests would make this program spend its
// time on waking up: after some of them in a row its event channel is masked for the rest of a period.
#include "xenstore/server.h"

#include <errno.h>
#include <stdio.h>

#include "kernel/compiler.h"
#include "kernel/task.h"
#include "xenstore/watch.h"

#define PERIOD MILLISECONDS(10)
#define IDLE_TURNS_MAX 256u
#define MESSAGES_PER_TURN 16u

static struct guest *guest_of(struct client *client)
{
	return CONTAINER_OF(client, struct guest, client);
}

static void wake(struct client *client)
{
	struct guest *guest = guest_of(client);

	guest->woken = true;
	wait_queue_wake(&guest->connection.queue);
}

// ---- Output: the reply first, then events ----

static void send_reply(struct guest *guest)
{
	guest->reply_state = REPLY_ON_ITS_WAY;
	connection_send(&guest->connection, &guest->request.reply_header, sizeof(guest->request.reply_header));
	connection_send(&guest->connection, guest->reply, guest->request.reply_size);
}

static void send_event(struct guest *guest, struct event *event)
{
	size_t path_size = event_path_size(event), token_size = event->watch->token_size;

	guest->event = event;
	guest->event_header = (struct wire_header){
		.type = WIRE_WATCH_EVENT,
		.size = (uint32_t)(path_size + token_size),
	};
	connection_send(&guest->connection, &guest->event_header, sizeof(guest->event_header));
	connection_send(&guest->connection, event_path(event), path_size);
	connection_send(&guest->connection, event->watch->token, token_size);
}

// Moves on what is on its way: true when nothing is any more.
static bool finish_message(struct guest *guest)
{
	if (!connection_flush(&guest->connection))
		return false;
	if (guest->event)
		watch_drop_event(&guest->client, guest->event);
	guest->event = NULL;
	if (guest->reply_state == REPLY_ON_ITS_WAY)
		guest->reply_state = REPLY_NONE;
	return true;
}

// Sends what the ring takes: true when that was something.
static bool send_output(struct guest *guest)
{
	unsigned int messages = 0;

	while (messages < MESSAGES_PER_TURN && finish_message(guest)) {
		struct event *event = watch_next_event(&guest->client);

		if (guest->reply_state == REPLY_READY)
			send_reply(guest);
		else if (event)
			send_event(guest, event);
		else
			break;
		messages++;
	}
	return messages;
}

// ---- The task ----

// Drops all that the domain holds.
static void drop_all(struct guest *guest)
{
	guest->event = NULL;
	guest->reply_state = REPLY_NONE;
	client_reset(&guest->client);
}

static void reset(struct guest *guest)
{
	drop_all(guest);
	connection_reset(&guest->connection);
}

static void answer_request(struct guest *guest)
{
	guest->request.header = guest->connection.header;
	request_process(&guest->request);
	guest->reply_state = REPLY_READY;
	connection_receive_next(&guest->connection);
	if (guest->idle_turns)
		guest->idle_turns--;
}

// One turn: true when there was something to do, and may be more. A request comes before the next event, so that
// a guest with many events waiting still gets answers; none is answered while a message is half sent, which it could concern,
// but its bytes are taken, for there are guests that read nothing until they have written all.
static bool give_turn(struct guest *guest)
{
	struct connection *connection = &guest->connection;
	bool busy = false;

	if (connection_wants_reset(connection))
		reset(guest);
	bool was_broken = connection->broken;
	if (connection_receive(connection) && finish_message(guest) && guest->reply_state == REPLY_NONE) {
		answer_request(guest);
		busy = true;
	}
	busy |= send_output(guest);
	if (connection->broken && !was_broken)
		drop_all(guest);
	connection_notify(connection);
	return busy;
}

static bool has_work(const struct guest *guest)
{
	return guest->woken || guest->order != TASK_SERVES || READ_ONCE(guest->connection.channel.pending);
}

static void wait_for_work(struct guest *guest)
{
	struct connection *connection = &guest->connection;
	uint64_t now = time_now();

	// The last turn found nothing to do.
	if (now - guest->period_start >= PERIOD) {
		guest->period_start = now;
		guest->idle_turns = 0;
	}
	if (guest->poked && ++guest->idle_turns > IDLE_TURNS_MAX) {
		event_channel_mask(&connection->channel, true);
		task_sleep(guest->period_start + PERIOD - now);
		event_channel_mask(&connection->channel, false);
	}
	WAIT_UNTIL(&connection->queue, has_work(guest));
	guest->woken = false;
	guest->poked = event_channel_take(&connection->channel); // before the rings are read, or a later one would be lost
}

static void answer_order(struct guest *guest, enum order order)
{
	guest->order = order;
	wait_queue_wake(&guest->answered);
}

static void serve(void *argument)
{
	struct guest *guest = argument;

	while (guest->order != TASK_STOPS) {
		if (guest->order == TASK_RESETS) {
			reset(guest);
			guest->result = connection_rebind(&guest->connection, guest->new_port);
			connection_notify(&guest->connection);
			answer_order(guest, TASK_SERVES);
		}
		if (give_turn(guest))
			task_yield();
		else
			wait_for_work(guest);
	}
	answer_order(guest, TASK_HAS_STOPPED);
}

int server_start(struct guest *guest, struct account *account, gfn_t page, evtchn_port_t port)
{
	char name[16];
	int error = connection_open(&guest->connection, account->domid, page, port, account->features);

	if (error)
		return error;
	client_init(&guest->client, account, wake);
	guest->request = (struct request){
		.client = &guest->client,
		.payload = guest->connection.payload,
		.reply = guest->reply,
	};
	guest->order = TASK_SERVES;
	guest->woken = true; // the rings may hold something, and the domain is to be told that it is served
	wait_queue_init(&guest->answered);
	snprintf(name, sizeof(name), "xenstore %u", account->domid);
	if (task_create(name, serve, guest))
		return 0;
	connection_close(&guest->connection);
	return -ENOMEM;
}

int server_restart(struct guest *guest, evtchn_port_t port)
{
	guest->new_port = port;
	guest->order = TASK_RESETS;
	wait_queue_wake(&guest->connection.queue);
	WAIT_UNTIL(&guest->answered, guest->order != TASK_RESETS);
	return guest->result;
}

void server_stop(struct guest *guest)
{
	guest->order = TASK_STOPS;
	wait_queue_wake(&guest->connection.queue);
	WAIT_UNTIL(&guest->answered, guest->order == TASK_HAS_STOPPED);
	client_reset(&guest->client);
	connection_close(&guest->connection);
}
