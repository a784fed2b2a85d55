// SPDX-License-Identifier: Apache-2.0
// Channels whose peer breaks the rules: writes nonsense, changes what was read, doesn't let go, dies, sends events without end.
#include "vchan_session.h"

// ---- Nonsense ----

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

// ---- Clients that come and go ----

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHANNEL_TEST(xsa_86_nonsense_of_a_server),
		CHANNEL_TEST(orders_are_read_once),
		CHANNEL_TEST(xsa_86_nonsense_of_a_client),
		CHANNEL_TEST(xsa_43_clients_without_end),
		CHANNEL_TEST(a_client_that_does_not_let_go),
		CHANNEL_TEST(a_server_that_dies),
		CHANNEL_TEST(a_client_that_dies),
		CHANNEL_TEST(a_client_that_is_found_out_and_dies),
		CHANNEL_TEST(xsa_332_events_without_bytes),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
