// SPDX-License-Identifier: Apache-2.0
// The store's requests: two guests send any payloads, of every type, in any order, in and out of transactions. Each gets one
// reply of the protocol's form, the store's figures agree with its content, and nothing is left when the guests are gone.
#include <stdio.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "fuzz/lone_guest.h"
#include "kernel/compiler.h"
#include "xenstore/path.h"
#include "xenstore/quota.h"
#include "xenstore/request.h"
#include "xenstore/store.h"
#include "xenstore/watch.h"
#include "xenstore/xenstore.h"

#define GUESTS 2u

static struct guest {
	struct client client;
	char room[PATH_PREFIX_MAX], payload[WIRE_PAYLOAD_MAX + 1];
	char reply[WIRE_PAYLOAD_MAX] __attribute__((aligned(8)));
} guests[GUESTS];

static void wake(struct client *client)
{
	(void)client;
}

static void start_guest(domid_t domid)
{
	struct xs_permission own = { .domid = domid };
	struct account *account;
	char path[64];

	FUZZ_CHECK(!account_of(domid, &account));
	client_init(&guests[domid - 1].client, account, wake);
	snprintf(path, sizeof(path), "/local/domain/%u/data", domid);
	FUZZ_CHECK(!xs_mkdir(XS_NO_TRANSACTION, path));
	FUZZ_CHECK(!xs_set_permissions(XS_NO_TRANSACTION, path, &own, 1));
}

static void end_guest(domid_t domid)
{
	client_reset(&guests[domid - 1].client);
	FUZZ_CHECK(!xenstore_release(domid));
}

static void check_reply(const struct request *request, int error)
{
	const struct wire_header *reply = &request->reply_header;

	FUZZ_CHECK(reply->type == (error ? WIRE_ERROR : request->header.type));
	FUZZ_CHECK(reply->request_id == request->header.request_id);
	FUZZ_CHECK(reply->transaction_id == request->header.transaction_id);
	FUZZ_CHECK(reply->size == request->reply_size && reply->size <= WIRE_PAYLOAD_MAX);
	if (error)
		FUZZ_CHECK(reply->size == strlen(wire_error_name(error)) + 1);
}

static void take_events(struct client *client)
{
	struct event *event;

	while ((event = watch_next_event(client))) {
		FUZZ_CHECK(event_path_size(event) + event->watch->token_size <= WIRE_PAYLOAD_MAX);
		FUZZ_CHECK(strlen(event_path(event)) + 1 == event_path_size(event));
		watch_drop_event(client, event);
	}
}

static void ask(struct guest *guest, uint32_t type, uint32_t transaction, const uint8_t *payload, size_t size)
{
	struct request request = {
		.client = &guest->client,
		.header = { .type = type, .request_id = 4711, .transaction_id = transaction, .size = (uint32_t)size },
		.payload = guest->payload,
		.reply = guest->reply,
	};

	memcpy(guest->payload, payload, size);
	guest->payload[size] = '\0';
	check_reply(&request, request_process(&request));
}

static void check_rest(void)
{
	struct xs_statistics statistics;

	FUZZ_CHECK(!xs_rm(XS_NO_TRANSACTION, "/local"));
	FUZZ_CHECK(!store_check());
	xs_statistics(&statistics);
	FUZZ_CHECK(statistics.nodes == 5 && !statistics.watches && !statistics.transactions &&
		   !statistics.retained_bytes);
}

// Each request: who and what, the transaction, the payload's size in two bytes, the payload.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size;
	static bool store_is_there;

	if (!store_is_there)
		FUZZ_CHECK(!xenstore_init());
	store_is_there = true;
	for (domid_t domid = 1; domid <= GUESTS; domid++)
		start_guest(domid);
	while (end - data >= 4) {
		struct guest *guest = &guests[data[0] >> 7];
		uint32_t type = data[0] & 31, transaction = data[1] & 15;
		size_t wanted = MIN((size_t)(data[2] << 8 | data[3]) % (WIRE_PAYLOAD_MAX + 1), (size_t)(end - data - 4));

		ask(guest, type, transaction, data + 4, wanted);
		if (data[0] & 64)
			take_events(&guest->client);
		data += 4 + wanted;
	}
	FUZZ_CHECK(!store_check());
	for (domid_t domid = 1; domid <= GUESTS; domid++)
		end_guest(domid);
	check_rest();
	return 0;
}
