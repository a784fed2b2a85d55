// SPDX-License-Identifier: Apache-2.0
// Channels over the model, with one end in Dom0 and the other there too, or played by a guest. For tests; each includes it once.
#pragma once

#include "unit/xenstore_guest.h"

#include <xen/io/libxenvchan.h>

#include "vchan/channels.h"
#include "xen/grant.h"

#define PATH "/local/domain/0/stream"

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

static UNUSED int start(void **state)
{
	return xenstore_test_start(state) || channels_init() ||
	       xs_watch_open("@releaseDomain", XS_DEPTH_ALL, &unused, &watch);
}

static void print_nothing(const struct channel_info *info, void *count)
{
	(void)info;
	++*(unsigned int *)count;
}

static UNUSED int open_channel(enum vchan_role role, domid_t peer, size_t size, bool echoes, unsigned int *id)
{
	const struct channel_request request = {role, peer, PATH, size, echoes};

	memset(&failure, 0, sizeof(failure));
	return channels_open(&request, id, &failure);
}

static UNUSED void must_open(enum vchan_role role, domid_t peer, size_t size, bool echoes, unsigned int *id)
{
	if (open_channel(role, peer, size, echoes, id))
		fail_msg("%s", failure.text);
}

// What both ends need once stays: the view of the grant table.
static UNUSED int setup(void **state)
{
	(void)state;
	must_open(VCHAN_SERVER, 0, 1024, false, &server);
	assert_int_equal(channels_close(server), 0);
	model_run(MILLISECONDS(10));
	peer_start(&guest);
	model_output_clear();
	return 0;
}

static UNUSED int teardown(void **state)
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

static UNUSED struct channel_info info_of(unsigned int id)
{
	struct channel_info info = {.id = id};

	channels_each(find_state, &info);
	return info;
}

static UNUSED void assert_said(const char *words)
{
	model_run(MILLISECONDS(10));
	if (!strstr(model_output(), words))
		fail_msg("'%s' isn't in '%s'", words, model_output());
}

static UNUSED bool stop_at_once(void)
{
	return true;
}

// ---- A guest as server ----

static struct vchan_interface *page;
static evtchn_port_t guest_port;

static UNUSED void serve(unsigned int left, unsigned int right, unsigned int pages)
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

static UNUSED void stop_serving(void)
{
	assert_int_equal(xs_rm(XS_NO_TRANSACTION, PATH), 0);
}

// ---- A guest as client ----

static UNUSED evtchn_port_t attach_to_server(void)
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

static UNUSED unsigned int ring_reference(void)
{
	char text[16] = "";

	xs_read(XS_NO_TRANSACTION, PATH "/ring-ref", text, sizeof(text));
	return (unsigned int)atoi(text);
}

#define CHANNEL_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
