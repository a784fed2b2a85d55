// SPDX-License-Identifier: Apache-2.0
// Channels with peers that keep the rules: both ends in Dom0, a guest as server and as client, servers that can't be, and that
// nothing is left when opening fails half-way. Other peers are in test_xsa_vchan.c.
#include "vchan_session.h"

#define STEPS_MAX 2000u

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

// ---- A guest as client ----

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
	const struct CMUnitTest tests[] = {
		CHANNEL_TEST(data_survives),
		CHANNEL_TEST(an_echo_server_takes_one_client_after_another),
		CHANNEL_TEST(what_was_sent_before_the_end_can_be_read),
		CHANNEL_TEST(what_cannot_be_opened),
		CHANNEL_TEST(guest_serves),
		CHANNEL_TEST(impossible_servers),
		CHANNEL_TEST(impossible_nodes),
		CHANNEL_TEST(guest_is_client),
		CHANNEL_TEST(opening_survives_each_hypercall),
		CHANNEL_TEST(opening_survives_each_allocation),
		CHANNEL_TEST(opening_survives_being_out_of_memory),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
