// SPDX-License-Identifier: Apache-2.0
// What the tests of Xen's published advisories on xenstored and oxenstored have in common: two guests, of which one plays the
// attacker, and the check that nothing is left of either. A test's name is its advisory's. For tests; each includes it once.
#pragma once

#include "xenstore_guest.h"

static struct peer guest, other;
static char data[64];

static UNUSED int setup(void **state)
{
	char path[64];

	(void)state;
	peer_start(&guest);
	peer_start(&other);
	make_data(&guest, data);
	make_data(&other, path);
	return 0;
}

static UNUSED int teardown(void **state)
{
	struct xs_statistics statistics;

	(void)state;
	assert_consistent();
	peer_end(&guest);
	peer_end(&other);
	xs_rm(XS_NO_TRANSACTION, "/local");
	assert_consistent();
	xs_statistics(&statistics);
	assert_int_equal(statistics.nodes, 5); // /, /tool, /tool/xenstored and the two special ones
	assert_int_equal(statistics.watches, 0);
	assert_int_equal(statistics.transactions, 0);
	assert_int_equal(statistics.retained_bytes, 0);
	return 0;
}

static UNUSED size_t heap_bytes(void)
{
	return model_snapshot().heap_bytes;
}

static UNUSED void find_used(const struct xs_domain_statistics *statistics, void *context)
{
	struct xs_domain_statistics *wanted = context;

	if (statistics->domid == wanted->domid)
		*wanted = *statistics;
}

static UNUSED uint32_t used(const struct peer *peer, enum xs_quota quota)
{
	struct xs_domain_statistics statistics = { .domid = peer->id };

	xs_for_each_domain(find_used, &statistics);
	return statistics.used[quota];
}

static UNUSED void assert_other_is_served(void)
{
	assert_int_equal(peer_write(&other, 0, "data/alive", "yes"), 3);
	assert_value(&other, 0, "data/alive", "yes");
}

static UNUSED long watch(struct peer *peer, const char *path, const char *token)
{
	long result = peer_call(peer, WIRE_WATCH, 0, path, token);

	peer_take_events(peer);
	peer_forget_events(peer);
	return result;
}


#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
