// SPDX-License-Identifier: Apache-2.0
// The list of open channels and the task that looks after them. The task is there while there are channels.
#include "vchan/channels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/list.h"
#include "kernel/log.h"
#include "xen/domctl.h"
#include "xen/grant.h"
#include "xen/hypercall.h"
#include "xenstore/xenstore.h"

// Bytes that an echo holds between reading and writing, and how often it may do both before others have their
// turn.
#define ECHO_SIZE   4096u
#define ECHO_ROUNDS 8

#define STOP_POLL MILLISECONDS(100)

// How often a server looks whether its last client has let go of its memory: no event tells.
#define AGAIN_POLL MILLISECONDS(100)

// Events that move no bytes: after so many rounds of the task in a period the rest of it is for others, or a peer that
// sends nothing else would keep this program busy (XSA-332).
#define PERIOD           MILLISECONDS(10)
#define EMPTY_ROUNDS_MAX 256u

// Lines of the log that a server gets in a second for clients that come and go.
#define LINES_PER_SECOND 8u

struct channel {
	struct list link;
	struct channel_info info;
	struct vchan *vchan;
	bool told, ended;            // of its end, by its peer's
	unsigned int lines;          // in this second, since...
	uint64_t lines_since;
	bool again;                  // to be a server again as soon as the last client has let go
	bool busy;                   // some task is at it, and may wait
	size_t echo_start, echo_end; // what is still to be sent back
	char echo[];                 // ECHO_SIZE bytes where it echoes
};

static struct list channels = LIST_INITIAL(channels);
static struct wait_queue events = WAIT_QUEUE_INITIAL(events);   // for the task
static struct wait_queue changes = WAIT_QUEUE_INITIAL(changes); // for those who read and write
static struct xs_watch *ends;                                   // of domains
static bool domains_changed;                                    // some may have ended
static struct task *task;
static unsigned int being_opened; // channels that aren't in the list yet
static unsigned int empty_rounds; // in this period, since bytes were moved

int channels_init(void)
{
	list_init(&channels);
	wait_queue_init(&events);
	wait_queue_init(&changes);
	ends = NULL;
	task = NULL;
	being_opened = 0;
	grant_share_init();
	return 0;
}

static struct channel *find(unsigned int id)
{
	struct channel *channel;

	LIST_FOR_EACH (channel, &channels, link)
		if (channel->info.id == id)
			return channel;
	return NULL;
}

// ---- The task ----

static bool peer_is_gone(domid_t peer)
{
	struct domain_info info;

	if (peer == 0)
		return false;
	int error = domctl_get_info(peer, &info);
	return error == -ESRCH || (!error && (info.dying || info.shutdown)) || !xenstore_is_introduced(peer);
}

// Ending a server may wait for the store: nobody closes the channel meanwhile, or ends it a second time.
static void end_channel(struct channel *channel)
{
	if (channel->busy)
		return;
	channel->busy = true;
	vchan_end(channel->vchan);
	channel->busy = false;
	wait_queue_wake(&changes);
}

static bool may_log(struct channel *channel)
{
	uint64_t now = time_now();

	if (now - channel->lines_since >= SECONDS(1)) {
		channel->lines_since = now;
		channel->lines = 0;
	}
	return channel->lines++ < LINES_PER_SECOND;
}

// Tells a person once how the channel ended, and gives back what is of no use any more.
static void tell_end(struct channel *channel)
{
	enum vchan_state state = vchan_state(channel->vchan);
	unsigned int id = channel->info.id, peer = channel->info.request.peer;

	if (state == VCHAN_OPEN || state == VCHAN_WAITING || channel->told)
		return;
	channel->told = true;
	if (state == VCHAN_CLOSED) {
		if (may_log(channel))
			log_info("vchan %u: domain %u has closed its end", id, peer);
	} else if (state == VCHAN_ENDED) {
		log_info("vchan %u: domain %u has ended, and the channel with it", id, peer);
	} else {
		log_warning("vchan %u: domain %u broke the protocol; the channel is of no use any more", id,
			    peer);
	}
	if (state == VCHAN_BROKEN)
		end_channel(channel);
}

static void end_channels_of_dead_peers(void)
{
	struct channel *channel;

again:
	LIST_FOR_EACH (channel, &channels, link) {
		if (channel->ended || !peer_is_gone(channel->info.request.peer))
			continue;
		channel->ended = true;
		channel->again = false;
		channel->told = vchan_state(channel->vchan) == VCHAN_BROKEN;
		end_channel(channel);
		goto again; // the list may have changed
	}
}

// True when there may be more to do at once.
static bool echo(struct channel *channel)
{
	for (int round = 0; round < ECHO_ROUNDS; round++) {
		if (channel->echo_start == channel->echo_end) {
			long count = vchan_read(channel->vchan, channel->echo, ECHO_SIZE);

			if (count <= 0)
				return false;
			empty_rounds = 0;
			channel->info.received += (uint64_t)count;
			channel->echo_start = 0;
			channel->echo_end = (size_t)count;
		}
		long count = vchan_write(channel->vchan, channel->echo + channel->echo_start,
					 channel->echo_end - channel->echo_start);
		if (count <= 0)
			return false;
		channel->info.sent += (uint64_t)count;
		channel->echo_start += (size_t)count;
	}
	return true;
}

// A server that echoes is there for the next client; but not before the last one has let go of its memory, or
// a client could take all of Dom0's, by connecting again and again.
static void listen_again(struct channel *channel)
{
	const struct channel_request *request = &channel->info.request;
	struct failure failure = {0};

	if (grant_share_reclaim(request->peer))
		return;
	channel->busy = true;
	struct vchan *next =
		vchan_listen(request->peer, request->path, request->ring_size, &events, &failure);
	channel->busy = false;
	wait_queue_wake(&changes);
	channel->again = false;
	if (!next) {
		log_error("vchan %u: %s", channel->info.id, failure.text);
		return;
	}
	vchan_close(channel->vchan);
	channel->vchan = next;
	channel->told = false;
	channel->echo_start = channel->echo_end = 0;
	domains_changed = true; // the peer may have ended meanwhile
}

// What the events ask for. True when there is more to do at once.
static bool look_after(struct channel *channel)
{
	const struct channel_request *request = &channel->info.request;

	vchan_take_event(channel->vchan);
	bool more = request->echo && echo(channel);
	tell_end(channel);
	if (!more && request->echo && request->role == VCHAN_SERVER &&
	    vchan_state(channel->vchan) == VCHAN_CLOSED) {
		channel->again = true;
		end_channel(channel);
	}
	if (channel->again)
		listen_again(channel);
	return more;
}

static bool look_after_all(void)
{
	unsigned int last = 0;
	bool more = false;

	// By number: the list may change while one of them waits.
	for (;;) {
		struct channel *channel, *next = NULL;

		LIST_FOR_EACH (channel, &channels, link)
			if (channel->info.id > last && (!next || channel->info.id < next->info.id))
				next = channel;
		if (!next)
			return more;
		last = next->info.id;
		more = look_after(next) || more;
	}
}

static bool is_needed(void)
{
	return being_opened || !list_is_empty(&channels);
}

// When to look again without an event.
static uint64_t next_look(void)
{
	struct channel *channel;

	LIST_FOR_EACH (channel, &channels, link)
		if (channel->again)
			return time_now() + AGAIN_POLL;
	return TIME_NEVER;
}

static bool has_work(void)
{
	char path[16]; // which one doesn't matter
	struct channel *channel;

	while (xs_watch_take(ends, path, sizeof(path)))
		domains_changed = true;
	LIST_FOR_EACH (channel, &channels, link)
		if (vchan_has_event(channel->vchan))
			return true;
	return domains_changed || !is_needed();
}

static void pause_after_empty_rounds(uint64_t *period_start)
{
	uint64_t now = time_now();

	if (now - *period_start >= PERIOD) {
		*period_start = now;
		empty_rounds = 0;
	}
	if (++empty_rounds > EMPTY_ROUNDS_MAX)
		task_sleep(*period_start + PERIOD - now);
}

static void run(void *unused)
{
	uint64_t period_start = 0;

	(void)unused;
	while (is_needed()) {
		if (domains_changed) {
			domains_changed = false;
			end_channels_of_dead_peers();
		}
		bool more = look_after_all();
		wait_queue_wake(&changes);
		task_yield(); // a peer may send events faster than they are looked at
		if (more)
			continue;
		pause_after_empty_rounds(&period_start);
		uint64_t deadline = next_look();
		WAIT_UNTIL_DEADLINE(&events, has_work(), deadline);
	}
	xs_watch_close(ends);
	ends = NULL;
	task = NULL;
}

static int start_task(void)
{
	if (task)
		return 0;
	int error = xs_watch_open("@releaseDomain", XS_DEPTH_ALL, &events, &ends);
	if (error)
		return error;
	task = task_create("vchan", run, NULL);
	if (task)
		return 0;
	xs_watch_close(ends);
	return -ENOMEM;
}

// ---- For the shell ----

static void free_channel(struct channel *channel)
{
	vchan_close(channel->vchan);
	free((char *)(uintptr_t)channel->info.request.path);
	free(channel);
}

// The lowest number that is free.
static unsigned int free_id(void)
{
	unsigned int id = 1;

	while (find(id))
		id++;
	return id;
}

static int fill_channel(struct channel *channel, const struct channel_request *request,
			struct failure *failure)
{
	char *path = strdup(request->path);

	channel->info.request = *request;
	channel->info.request.path = path;
	if (!path)
		return failure_set(failure, -ENOMEM, "there is no memory for a channel");
	int error = start_task();
	if (error)
		return failure_set(failure, error, "nobody can look after the channel: %s",
				   error_text(error));
	if (request->role == VCHAN_SERVER)
		channel->vchan = vchan_listen(request->peer, path, request->ring_size, &events, failure);
	else
		channel->vchan = vchan_connect(request->peer, path, &events, failure);
	return channel->vchan ? 0 : failure->error;
}

int channels_open(const struct channel_request *request, unsigned int *id, struct failure *failure)
{
	struct channel *channel = calloc(1, sizeof(*channel) + (request->echo ? ECHO_SIZE : 0));

	if (!channel)
		return failure_set(failure, -ENOMEM, "there is no memory for a channel");
	being_opened++;
	int error = fill_channel(channel, request, failure);
	being_opened--;
	if (error) {
		free_channel(channel);
	} else {
		channel->info.id = *id = free_id();
		list_append(&channels, &channel->link);
		domains_changed = true; // the peer may have ended meanwhile
	}
	wait_queue_wake(&events);
	return error;
}

static bool is_busy(unsigned int id)
{
	const struct channel *channel = find(id);

	return channel && channel->busy;
}

int channels_close(unsigned int id)
{
	WAIT_UNTIL(&changes, !is_busy(id));
	struct channel *channel = find(id);
	if (!channel)
		return -ENOENT;
	list_remove(&channel->link);
	domid_t peer = channel->info.request.peer;
	free_channel(channel);
	grant_share_reclaim(peer);
	wait_queue_wake(&events);
	wait_queue_wake(&changes);
	return 0;
}

// One attempt; 0: it has to wait.
typedef long move(struct channel *channel, void *buffer, size_t size);

static long take_bytes(struct channel *channel, void *buffer, size_t size)
{
	long count = vchan_read(channel->vchan, buffer, size);

	if (count > 0) {
		empty_rounds = 0;
		channel->info.received += (uint64_t)count;
	}
	return count;
}

static long put_bytes(struct channel *channel, void *buffer, size_t size)
{
	long count = vchan_write(channel->vchan, buffer, size);

	if (count > 0) {
		empty_rounds = 0;
		channel->info.sent += (uint64_t)count;
	}
	return count;
}

static long move_bytes(unsigned int id, move *try_to, void *buffer, size_t size, bool (*stop)(void))
{
	for (;;) {
		struct channel *channel = find(id);

		if (!channel)
			return -ENOENT;
		if (channel->info.request.echo)
			return -EBUSY;
		long count = try_to(channel, buffer, size);
		if (count == -EPROTO)
			tell_end(channel);
		if (count)
			return count;
		if (stop && stop())
			return -EINTR;
		wait_queue_wait(&changes, time_now() + STOP_POLL);
	}
}

long channels_read(unsigned int id, void *buffer, size_t size, bool (*stop)(void))
{
	return move_bytes(id, take_bytes, buffer, size, stop);
}

long channels_write(unsigned int id, const void *buffer, size_t size, bool (*stop)(void))
{
	return move_bytes(id, put_bytes, (void *)(uintptr_t)buffer, size, stop);
}

void channels_each(void (*each)(const struct channel_info *info, void *context), void *context)
{
	struct channel *channel;

	LIST_FOR_EACH (channel, &channels, link) {
		channel->info.state = vchan_state(channel->vchan);
		each(&channel->info, context);
	}
}
