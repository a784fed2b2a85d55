// SPDX-License-Identifier: Apache-2.0
// Channels over the model: both ends in Dom0, a guest as server and as client, guests that write nonsense or
// die, and that nothing is left when any of it fails half-way.
#include "unit/xenstore_guest.h"

#include <xen/io/libxenvchan.h>

#include "vchan/channels.h"
#include "xen/grant.h"

#define PATH      "/local/domain/0/stream"
#define STEPS_MAX 2000u

// The guest's pages: one for the channel, the rest for rings.
#define CHANNEL_GFN (RING_GFN + 1)
#define RINGS_GFN   (RING_GFN + 2)
#define FIRST_GRANT 8u

static struct peer guest;
static struct failure failure;
static unsigned int server, client;

// Others watch for the end of domains all the time; what the store keeps for such a watch is there.
static struct wait_queue unused = WAIT_QUEUE_INITIAL(unused);
static struct xs_watch *watch;

static int start(void **state)
{
	return xenstore_test_start(state) || channels_init() ||
	       xs_watch_open("@releaseDomain", XS_DEPTH_ALL, &unused, &watch);
}

static void print_nothing(const struct channel_info *info, void *count)
{
	(void)info;
	++*(unsigned int *)count;
}

static int open_channel(enum vchan_role role, domid_t peer, size_t size, bool echoes, unsigned int *id)
{
	const struct channel_request request = {role, peer, PATH, size, echoes};

	memset(&failure, 0, sizeof(failure));
	return channels_open(&request, id, &failure);
}

static void must_open(enum vchan_role role, domid_t peer, size_t size, bool echoes, unsigned int *id)
{
	if (open_channel(role, peer, size, echoes, id))
		fail_msg("%s", failure.text);
}

// What both ends need once stays: the view of the grant table.
static int setup(void **state)
{
	(void)state;
	must_open(VCHAN_SERVER, 0, 1024, false, &server);
	assert_int_equal(channels_close(server), 0);
	model_run(MILLISECONDS(10));
	peer_start(&guest);
	model_output_clear();
	return 0;
}

static int teardown(void **state)
{
	unsigned int count = 0;

	(void)state;
	peer_end(&guest);
	channels_each(print_nothing, &count);
	assert_int_equal(count, 0);
	model_run(MILLISECONDS(10));
	assert_false(grant_share_reclaim(guest.id) || grant_share_reclaim(0));
	assert_int_equal(foreign_mapped_frames(), 1); // the table
	assert_int_equal(xs_read(XS_NO_TRANSACTION, PATH, (char[8]){0}, 8), -ENOENT);
	return 0;
}

static void find_state(const struct channel_info *info, void *context)
{
	struct channel_info *wanted = context;

	if (info->id == wanted->id)
		*wanted = *info;
}

static struct channel_info info_of(unsigned int id)
{
	struct channel_info info = {.id = id};

	channels_each(find_state, &info);
	return info;
}

static void assert_said(const char *words)
{
	model_run(MILLISECONDS(10));
	if (!strstr(model_output(), words))
		fail_msg("'%s' isn't in '%s'", words, model_output());
}

// ---- Both ends in Dom0 ----

static uint32_t pattern(size_t i)
{
	return (uint32_t)(i * 2654435761u >> 13);
}

static void transfer(size_t ring_size)
{
	static uint8_t sent[5000], got[7000];
	size_t put = 0, taken = 0, total = 300000;

	must_open(VCHAN_SERVER, 0, ring_size, true, &server);
	must_open(VCHAN_CLIENT, 0, 0, false, &client);
	while (taken < total) {
		size_t piece = MIN(1 + put % sizeof(sent), total - put);

		for (size_t i = 0; i < piece; i++)
			sent[i] = (uint8_t)pattern(put + i);
		if (piece && put - taken < 2048) {
			long count = channels_write(client, sent, piece, NULL);
			assert_true(count > 0);
			put += (size_t)count;
		}
		long count = channels_read(client, got, sizeof(got), NULL);
		assert_true(count > 0);
		for (size_t i = 0; i < (size_t)count; i++)
			assert_int_equal(got[i], (uint8_t)pattern(taken + i));
		taken += (size_t)count;
	}
	assert_int_equal(info_of(server).received, total);
	assert_int_equal(info_of(client).received, total);
	assert_int_equal(channels_close(client), 0);
	assert_int_equal(channels_close(server), 0);
	model_run(MILLISECONDS(10));
}

static void data_survives(void **state)
{
	(void)state;
	transfer(1024);
	transfer(4096);
	transfer(65536);
}

static void an_echo_server_takes_one_client_after_another(void **state)
{
	char text[8];

	(void)state;
	must_open(VCHAN_SERVER, 0, 4096, true, &server);
	for (int i = 0; i < 5; i++) {
		must_open(VCHAN_CLIENT, 0, 0, false, &client);
		assert_int_equal(channels_write(client, "hello", 5, NULL), 5);
		assert_int_equal(channels_read(client, text, sizeof(text), NULL), 5);
		assert_memory_equal(text, "hello", 5);
		assert_int_equal(channels_close(client), 0);
		assert_said("domain 0 has closed its end");
		model_output_clear();
		assert_int_equal(info_of(server).state, VCHAN_WAITING);
	}
	assert_int_equal(channels_close(server), 0);
}

static unsigned int count_said(const char *words)
{
	unsigned int count = 0;

	for (const char *text = model_output(); (text = strstr(text, words)); text++)
		count++;
	return count;
}

// A client that comes and goes without end fills nobody's log.
static void xsa_43_clients_without_end(void **state)
{
	(void)state;
	must_open(VCHAN_SERVER, 0, 4096, true, &server);
	for (int i = 0; i < 200; i++) {
		must_open(VCHAN_CLIENT, 0, 0, false, &client);
		assert_int_equal(channels_close(client), 0);
		model_run(MILLISECONDS(1));
		assert_int_equal(info_of(server).state, VCHAN_WAITING);
	}
	assert_in_range(count_said("has closed its end"), 1, 20);
	assert_int_equal(channels_close(server), 0);
}

static bool stop_at_once(void)
{
	return true;
}

static void what_was_sent_before_the_end_can_be_read(void **state)
{
	char text[8];

	(void)state;
	must_open(VCHAN_SERVER, 0, 4096, false, &server);
	assert_int_equal(channels_read(server, text, sizeof(text), stop_at_once), -EINTR);
	must_open(VCHAN_CLIENT, 0, 0, false, &client);
	assert_int_equal(channels_write(server, "last", 4, NULL), 4);
	assert_int_equal(channels_close(server), 0);
	assert_int_equal(channels_read(client, text, sizeof(text), NULL), 4);
	assert_int_equal(channels_read(client, text, sizeof(text), NULL), -ENOTCONN);
	assert_int_equal(channels_write(client, text, sizeof(text), NULL), -ENOTCONN);
	assert_int_equal(channels_close(client), 0);
	assert_int_equal(channels_read(client, text, sizeof(text), NULL), -ENOENT);
	assert_int_equal(channels_close(client), -ENOENT);
}

static void what_cannot_be_opened(void **state)
{
	(void)state;
	assert_int_equal(open_channel(VCHAN_CLIENT, 0, 0, false, &client), -ENOENT);
	assert_non_null(strstr(failure.text, "no server at " PATH));
	assert_int_equal(open_channel(VCHAN_SERVER, 0, VCHAN_RING_MAX + 1, false, &server), -EINVAL);
	must_open(VCHAN_SERVER, 0, 4096, true, &server);
	assert_int_equal(open_channel(VCHAN_SERVER, 0, 4096, false, &client), -EEXIST);
	assert_int_equal(channels_read(server, &failure, 1, NULL), -EBUSY);
	must_open(VCHAN_CLIENT, 0, 0, false, &client);
	assert_int_equal(channels_close(client), 0);
	assert_int_equal(channels_close(server), 0);
}

// ---- A guest as server ----

static struct vchan_interface *page;
static evtchn_port_t guest_port;

static void serve(unsigned int left, unsigned int right, unsigned int pages)
{
	char text[16];

	page = model_guest_page(guest.id, CHANNEL_GFN);
	memset(page, 0, PAGE_SIZE);
	page->left_order = (uint16_t)left;
	page->right_order = (uint16_t)right;
	page->cli_live = 2;
	page->srv_live = 1;
	page->cli_notify = VCHAN_NOTIFY_WRITE;
	model_guest_set_grant(guest.id, FIRST_GRANT, 0, CHANNEL_GFN, GTF_permit_access);
	for (unsigned int i = 0; i < pages; i++) {
		model_guest_set_grant(guest.id, FIRST_GRANT + 1 + i, 0, RINGS_GFN + i, GTF_permit_access);
		page->grants[i] = FIRST_GRANT + 1 + i;
	}
	assert_int_equal(event_alloc_unbound(guest.id, 0, &guest_port), 0);
	assert_int_equal(xs_printf(XS_NO_TRANSACTION, PATH "/ring-ref", "%u", FIRST_GRANT), 0);
	snprintf(text, sizeof(text), "%u", guest_port);
	assert_int_equal(xs_write(XS_NO_TRANSACTION, PATH "/event-channel", text, strlen(text)), 0);
}

static void stop_serving(void)
{
	assert_int_equal(xs_rm(XS_NO_TRANSACTION, PATH), 0);
}

static void guest_serves(void **state)
{
	char text[8];

	(void)state;
	serve(10, 11, 0);
	must_open(VCHAN_CLIENT, guest.id, 0, false, &client);
	assert_int_equal(page->cli_live, 1);
	assert_true(model_guest_take_event(guest.id, guest_port));
	assert_int_equal(channels_write(client, "ping", 4, NULL), 4);
	assert_memory_equal((char *)page + 1024, "ping", 4);
	assert_int_equal(page->left.prod, 4);
	assert_true(model_guest_take_event(guest.id, guest_port)); // which it has asked for
	assert_int_equal(channels_read(client, text, sizeof(text), stop_at_once), -EINTR);
	assert_int_equal(page->srv_notify & VCHAN_NOTIFY_WRITE, VCHAN_NOTIFY_WRITE);
	memcpy((char *)page + 2048, "pong", 4);
	page->right.prod = 4;
	model_guest_notify(guest.id, guest_port);
	assert_int_equal(channels_read(client, text, sizeof(text), NULL), 4);
	assert_memory_equal(text, "pong", 4);
	assert_int_equal(channels_close(client), 0);
	assert_int_equal(page->cli_live, 0);
	stop_serving();
}

static void impossible_servers(void **state)
{
	static const struct {
		unsigned int left, right, pages;
	} cases[] = {
		{9, 11, 0},  {11, 9, 0},      {0, 0, 0},       {10, 10, 0}, {11, 11, 0},
		{10, 21, 1}, {12, 0xffff, 1}, {0xffff, 12, 1}, {10, 20, 1}, // its list of pages runs over the
									    // small ring
		{12, 12, 1},                                                // the second page isn't granted
		{20, 20, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct model_snapshot before;

		serve(cases[i].left, cases[i].right, cases[i].pages);
		before = model_snapshot();
		int error = open_channel(VCHAN_CLIENT, guest.id, 0, false, &client);
		assert_true(error == -EPROTO || error == -EINVAL);
		assert_int_equal(page->cli_live, 2); // untouched
		model_run(MILLISECONDS(10));
		model_assert_equal(&before, failure.text);
		stop_serving();
	}
}

static void impossible_nodes(void **state)
{
	static const char *const texts[] = {"",
					    "0",
					    "-1",
					    "4294967295",
					    "99999999999999999999",
					    "x",
					    "8x",
					    "18446744073709551624",
					    "123456",
					    "00000000000000000000008"};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(texts); i++) {
		const char *text = texts[i / 2];

		serve(10, 11, 0);
		assert_int_equal(xs_write(XS_NO_TRANSACTION, i % 2 ? PATH "/ring-ref" : PATH "/event-channel",
					  text, strlen(text)),
				 0);
		struct model_snapshot before = model_snapshot();
		if (!open_channel(VCHAN_CLIENT, guest.id, 0, false, &client))
			fail_msg("'%s' was taken", text);
		model_run(MILLISECONDS(10));
		model_assert_equal(&before, text);
		stop_serving();
	}
}

// The number of the field that a guest fills with nonsense.
static void spoil(unsigned int field)
{
	switch (field) {
	case 0:
		page->left.cons = page->left.prod + 1;
		return;
	case 1:
		page->right.prod = page->right.cons + 2049;
		return;
	case 2:
		page->right.prod = page->right.cons - 1;
		return;
	case 3:
		page->left.prod = page->left.cons + 0x80000000u;
		return;
	case 4:
		page->right.cons = page->right.prod + 1;
		return;
	case 5:
		page->srv_live = 3;
		return;
	case 6:
		page->srv_live = 2;
		return;
	default:
		memset(page, 0xff, PAGE_SIZE);
		return;
	}
}

static void xsa_86_nonsense_of_a_server(void **state)
{
	char text[64] = "text";

	(void)state;
	for (unsigned int field = 0; field < 8; field++) {
		serve(10, 11, 0);
		must_open(VCHAN_CLIENT, guest.id, 0, false, &client);
		spoil(field);
		model_guest_notify(guest.id, guest_port);
		model_run(MILLISECONDS(10));
		long written = channels_write(client, text, 4, NULL);
		long got = channels_read(client, text, sizeof(text), stop_at_once);
		if (written != -EPROTO && got != -EPROTO)
			fail_msg("field %u: %ld, %ld", field, written, got);
		assert_int_equal(info_of(client).state, VCHAN_BROKEN);
		assert_said("broke the protocol");
		model_output_clear();
		assert_int_equal(channels_close(client), 0);
		stop_serving();
	}
}

// Sizes that change later mean nothing.
static void orders_are_read_once(void **state)
{
	char text[8192];

	(void)state;
	serve(10, 11, 0);
	must_open(VCHAN_CLIENT, guest.id, 0, false, &client);
	page->left_order = page->right_order = 20;
	memset(text, 'x', sizeof(text));
	assert_int_equal(channels_write(client, text, sizeof(text), NULL), 1024);
	page->right.prod = 2048;
	assert_int_equal(channels_read(client, text, sizeof(text), NULL), 2048);
	assert_int_equal(channels_close(client), 0);
	stop_serving();
}

// ---- A guest as client ----

static evtchn_port_t attach_to_server(void)
{
	char text[16] = "";

	assert_true(xs_read(XS_NO_TRANSACTION, PATH "/ring-ref", text, sizeof(text)) > 0);
	page = model_guest_map_grant(guest.id, 0, (unsigned int)atoi(text));
	assert_non_null(page);
	assert_true(xs_read(XS_NO_TRANSACTION, PATH "/event-channel", text, sizeof(text)) > 0);
	guest_port = model_guest_bind(guest.id, (evtchn_port_t)atoi(text));
	page->cli_live = 1;
	page->srv_notify = VCHAN_NOTIFY_WRITE;
	return guest_port;
}

static unsigned int ring_reference(void)
{
	char text[16] = "";

	xs_read(XS_NO_TRANSACTION, PATH "/ring-ref", text, sizeof(text));
	return (unsigned int)atoi(text);
}

static void guest_is_client(void **state)
{
	struct xs_permission list[3];
	size_t count;
	char text[8];

	(void)state;
	must_open(VCHAN_SERVER, guest.id, 1024, false, &server);
	assert_int_equal(xs_get_permissions(XS_NO_TRANSACTION, PATH "/ring-ref", list, 3, &count), 0);
	assert_int_equal(count, 2);
	assert_true(list[0].domid == 0 && list[0].access == XS_ACCESS_NONE);
	assert_true(list[1].domid == guest.id && list[1].access == XS_ACCESS_READ);
	unsigned int reference = ring_reference();
	attach_to_server();
	assert_true(page->left_order == 10 && page->right_order == 11);
	memcpy((char *)page + 1024, "ping", 4);
	page->left.prod = 4;
	model_guest_notify(guest.id, guest_port);
	assert_int_equal(channels_read(server, text, sizeof(text), NULL), 4);
	assert_memory_equal(text, "ping", 4);
	// The server goes, and the client doesn't let go: the page stays what it is until it does.
	assert_int_equal(channels_close(server), 0);
	assert_int_equal(page->srv_live, 0);
	assert_true(grant_share_reclaim(guest.id));
	assert_false(grant_share_reclaim(0));
	memset(page, 0x55, PAGE_SIZE);
	model_guest_unmap_grant(0, reference);
	assert_false(grant_share_reclaim(guest.id));
	assert_null(model_guest_map_grant(guest.id, 0, reference));
}

static void xsa_86_nonsense_of_a_client(void **state)
{
	char text[64];

	(void)state;
	for (unsigned int value = 0; value < 4; value++) {
		must_open(VCHAN_SERVER, guest.id, 1024, value % 2, &server);
		unsigned int reference = ring_reference();
		attach_to_server();
		if (value < 2)
			page->left.prod = page->left.cons + 1025;
		else
			page->cli_live = 77;
		model_guest_notify(guest.id, guest_port);
		model_run(MILLISECONDS(10));
		if (!(value % 2))
			assert_int_equal(channels_read(server, text, sizeof(text), stop_at_once), -EPROTO);
		assert_said("broke the protocol");
		model_output_clear();
		model_guest_unmap_grant(0, reference);
		assert_int_equal(channels_close(server), 0);
	}
}

// A client that goes and comes, and keeps all that was granted to it: it gets no more.
static void a_client_that_does_not_let_go(void **state)
{
	(void)state;
	must_open(VCHAN_SERVER, guest.id, 1024, true, &server);
	unsigned int reference = ring_reference();
	attach_to_server();
	page->cli_live = 0;
	model_guest_notify(guest.id, guest_port);
	model_run(SECONDS(1));
	assert_int_equal(info_of(server).state, VCHAN_ENDED);
	assert_int_equal(ring_reference(), 0);
	model_guest_unmap_grant(0, reference);
	model_run(SECONDS(1));
	assert_int_equal(info_of(server).state, VCHAN_WAITING);
	reference = ring_reference();
	attach_to_server();
	model_guest_unmap_grant(0, reference);
	assert_int_equal(channels_close(server), 0);
}

// ---- Peers that die ----

static void a_server_that_dies(void **state)
{
	char text[8];

	(void)state;
	serve(10, 11, 0);
	must_open(VCHAN_CLIENT, guest.id, 0, false, &client);
	peer_end(&guest); // which waits for the domain to be gone
	assert_false(model_domain_exists(guest.id));
	assert_said("has ended, and the channel with it");
	assert_int_equal(info_of(client).state, VCHAN_ENDED);
	assert_int_equal(channels_read(client, text, sizeof(text), NULL), -ENOTCONN);
	assert_int_equal(channels_close(client), 0);
	stop_serving();
	peer_start(&guest);
}

static void a_client_that_dies(void **state)
{
	(void)state;
	must_open(VCHAN_SERVER, guest.id, 4096, true, &server);
	peer_end(&guest);
	assert_said("has ended, and the channel with it");
	assert_int_equal(info_of(server).state, VCHAN_ENDED);
	assert_int_equal(channels_close(server), 0);
	peer_start(&guest);
}

// A person's task finds that the peer broke the protocol, and ends the channel; before it is done, the peer's domain ends.
static void a_client_that_is_found_out_and_dies(void **state)
{
	char text[8];

	(void)state;
	must_open(VCHAN_SERVER, guest.id, 1024, false, &server);
	unsigned int reference = ring_reference();
	attach_to_server();
	model_run(MILLISECONDS(10));
	page->left.prod = page->left.cons + 1025;
	model_guest_unmap_grant(0, reference);
	assert_int_equal(xenstore_release(guest.id), 0); // the room's task will learn of it
	assert_int_equal(channels_read(server, text, sizeof(text), stop_at_once), -EPROTO);
	model_run(MILLISECONDS(10));
	assert_null(strstr(model_output(), "could not be removed"));
	assert_int_equal(channels_close(server), 0);
	peer_end(&guest);
	peer_start(&guest);
}

// ---- Events without end ----

static bool storming;
static unsigned int rounds;

static void storm(void *unused_argument)
{
	(void)unused_argument;
	if (!storming)
		return;
	model_guest_notify(guest.id, guest_port);
	model_after(MICROSECONDS(1), storm, NULL);
}

// Whoever waits for bytes is asked in each round of the room's task.
static bool count_rounds(void)
{
	rounds++;
	return time_now() >= SECONDS(3600);
}

static void read_in_vain(void *unused_argument)
{
	char text[8];

	(void)unused_argument;
	channels_read(client, text, sizeof(text), count_rounds);
}

static void xsa_332_events_without_bytes(void **state)
{
	(void)state;
	serve(10, 11, 0);
	must_open(VCHAN_CLIENT, guest.id, 0, false, &client);
	assert_non_null(task_create("reader", read_in_vain, NULL));
	model_run(MILLISECONDS(10));
	storming = true;
	storm(NULL);
	rounds = 0;
	model_run(MILLISECONDS(100));
	assert_in_range(rounds, 1, 5000); // of 100,000 events
	storming = false;
	assert_int_equal(channels_write(client, "ping", 4, NULL), 4);
	assert_int_equal(channels_close(client), 0);
	model_run(SECONDS(1)); // the reader ends
	stop_serving();
}

// ---- Nothing is lost half-way ----

static void no_faults(void)
{
	model_fail_hypercall(0, 0);
	model_fail_allocation(0);
}

static bool open_with_fault(void (*set_fault)(unsigned int nth), unsigned int nth,
			    const struct model_snapshot *before)
{
	char what[FAILURE_TEXT_MAX + 128], place[64] = "";

	set_fault(nth);
	int error = open_channel(VCHAN_SERVER, 0, 8192, true, &server);
	if (!error) {
		error = open_channel(VCHAN_CLIENT, 0, 0, false, &client);
		bool struck_client = error;
		bool struck = model_fault_struck();
		snprintf(place, sizeof(place), "%s", model_fault_place());
		no_faults();
		if (!struck_client)
			assert_int_equal(channels_close(client), 0);
		else if (!struck)
			fail_msg("step %u: %s", nth, failure.text);
		assert_int_equal(channels_close(server), 0);
		if (!struck)
			return false;
	}
	snprintf(what, sizeof(what), "step %u: %s: %s", nth, error ? model_fault_place() : place,
		 failure.text);
	no_faults();
	model_run(MILLISECONDS(10));
	assert_false(grant_share_reclaim(0));
	model_assert_equal(before, what);
	return true;
}

static void open_with_each_fault(void (*set_fault)(unsigned int nth))
{
	struct model_snapshot before;
	unsigned int nth = 1;

	while (open_with_fault(set_fault, STEPS_MAX, &before)) // once without a fault
		;
	model_run(MILLISECONDS(10));
	before = model_snapshot();
	while (nth < STEPS_MAX && open_with_fault(set_fault, nth, &before))
		nth++;
	assert_in_range(nth, 5, STEPS_MAX - 1);
}

static void fail_hypercall(unsigned int nth)
{
	model_fail_hypercall(nth, 0);
}

static void opening_survives_each_hypercall(void **state)
{
	(void)state;
	open_with_each_fault(fail_hypercall);
}

static void opening_survives_each_allocation(void **state)
{
	(void)state;
	open_with_each_fault(model_fail_allocation);
}

static void opening_survives_being_out_of_memory(void **state)
{
	(void)state;
	open_with_each_fault(model_fail_allocations_from);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(data_survives),
		TEST(an_echo_server_takes_one_client_after_another),
		TEST(xsa_43_clients_without_end),
		TEST(what_was_sent_before_the_end_can_be_read),
		TEST(what_cannot_be_opened),
		TEST(guest_serves),
		TEST(impossible_servers),
		TEST(impossible_nodes),
		TEST(xsa_86_nonsense_of_a_server),
		TEST(orders_are_read_once),
		TEST(guest_is_client),
		TEST(xsa_86_nonsense_of_a_client),
		TEST(a_client_that_does_not_let_go),
		TEST(a_server_that_dies),
		TEST(a_client_that_dies),
		TEST(a_client_that_is_found_out_and_dies),
		TEST(xsa_332_events_without_bytes),
		TEST(opening_survives_each_hypercall),
		TEST(opening_survives_each_allocation),
		TEST(opening_survives_being_out_of_memory),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
