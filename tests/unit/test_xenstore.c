// SPDX-License-Identifier: Apache-2.0
// The xenstore server, request by request, as a guest sees it through its ring (docs/misc/xenstore.txt).
#include "xenstore_guest.h"

static struct peer guest, other;
static char data[64]; // a directory of the guest's own

static int setup(void **state)
{
	(void)state;
	peer_start(&guest);
	peer_start(&other);
	make_data(&guest, data);
	return 0;
}

static int teardown(void **state)
{
	char home[64];

	(void)state;
	assert_consistent();
	peer_end(&guest);
	peer_end(&other);
	snprintf(home, sizeof(home), "/local");
	assert_int_equal(xs_rm(XS_NO_TRANSACTION, home), 0);
	assert_consistent();
	return 0;
}

static void values_are_written_and_read(void **state)
{
	static const char binary[] = "data/bin\0a\0b\0\xff";
	char value[WIRE_PAYLOAD_MAX + 1];

	(void)state;
	assert_int_equal(peer_write(&guest, 0, "data/a/b", "hello"), 3);
	assert_value(&guest, 0, "data/a/b", "hello");
	assert_value(&guest, 0, "data/a", "");
	assert_int_equal(peer_write(&guest, 0, "data/a/b", ""), 3);
	assert_value(&guest, 0, "data/a/b", "");
	assert_int_equal(peer_request(&guest, WIRE_WRITE, 0, binary, sizeof(binary) - 1, NULL), 3);
	assert_int_equal(peer_read(&guest, 0, "data/bin", value), 5);
	assert_memory_equal(value, "a\0b\0\xff", 5);
	snprintf(value, sizeof(value), "%s/a/b", data);
	assert_value(&guest, 0, value, "");
}

static void directories_are_sorted_by_name(void **state)
{
	char reply[WIRE_PAYLOAD_MAX + 1];

	(void)state;
	assert_int_equal(peer_call(&guest, WIRE_MKDIR, 0, "data/b", NULL), 3);
	assert_int_equal(peer_call(&guest, WIRE_MKDIR, 0, "data/a-", NULL), 3);
	assert_int_equal(peer_call(&guest, WIRE_MKDIR, 0, "data/a", NULL), 3);
	assert_int_equal(peer_call(&guest, WIRE_MKDIR, 0, "data/10", NULL), 3);
	assert_int_equal(peer_request(&guest, WIRE_DIRECTORY, 0, "data", 5, reply), 10);
	assert_memory_equal(reply, "10\0a\0a-\0b\0", 10);
	assert_int_equal(peer_request(&guest, WIRE_DIRECTORY, 0, "data/a", 7, reply), 0);
}

static void long_directories_come_in_parts(void **state)
{
	char reply[WIRE_PAYLOAD_MAX + 1], generation[32] = "";
	struct payload payload;
	unsigned int names = 0;
	size_t offset = 0;

	(void)state;
	for (unsigned int i = 0; i < 900; i++) {
		char path[96];

		snprintf(path, sizeof(path), "%s/name-%u", data, i);
		assert_int_equal(dom0_write(path, ""), 0);
	}
	assert_int_equal(peer_call(&guest, WIRE_DIRECTORY, 0, "data", NULL), -E2BIG);
	for (bool ended = false; !ended;) {
		char number[16];
		long size;

		payload.size = 0;
		payload_add(&payload, "data");
		snprintf(number, sizeof(number), "%zu", offset);
		payload_add(&payload, number);
		size = peer_request(&guest, WIRE_DIRECTORY_PART, 0, payload.bytes, payload.size, reply);
		assert_true(size > 0);
		if (*generation)
			assert_string_equal(reply, generation);
		snprintf(generation, sizeof(generation), "%.31s", reply);
		for (const char *name = reply + strlen(reply) + 1; name < reply + size; name += strlen(name) + 1) {
			ended = !*name;
			names += !!*name;
			offset += *name ? strlen(name) + 1 : 0;
		}
	}
	assert_int_equal(names, 900);

	// Beyond the end: the empty name alone; a change of the list shows in the generation.
	payload.size = 0;
	payload_add(&payload, "data");
	payload_add(&payload, "1000000");
	assert_int_equal(peer_request(&guest, WIRE_DIRECTORY_PART, 0, payload.bytes, payload.size, reply),
			 strlen(generation) + 2);
	assert_int_equal(peer_call(&guest, WIRE_MKDIR, 0, "data/one-more", NULL), 3);
	peer_request(&guest, WIRE_DIRECTORY_PART, 0, payload.bytes, payload.size, reply);
	assert_string_not_equal(reply, generation);
}

static void removal_takes_all_below(void **state)
{
	(void)state;
	peer_write(&guest, 0, "data/a/b/c", "1");
	assert_int_equal(peer_call(&guest, WIRE_RM, 0, "data/a", NULL), 3);
	assert_int_equal(peer_read(&guest, 0, "data/a/b/c", NULL), -ENOENT);
	assert_int_equal(peer_read(&guest, 0, "data/a", NULL), -ENOENT);
	assert_int_equal(peer_call(&guest, WIRE_RM, 0, "data/a", NULL), 3); // its parent exists
	assert_int_equal(peer_call(&guest, WIRE_RM, 0, "data/a/b", NULL), -ENOENT);
	assert_int_equal(peer_call(&guest, WIRE_RM, 0, "/", NULL), -EACCES);
	assert_int_equal(xs_rm(0, "/"), -EINVAL);
}

static void mkdir_leaves_what_is_there(void **state)
{
	(void)state;
	peer_write(&guest, 0, "data/a", "1");
	peer_call(&guest, WIRE_WATCH, 0, "data", "t");
	assert_events(&guest, "data t", NULL);
	assert_int_equal(peer_call(&guest, WIRE_MKDIR, 0, "data/a", NULL), 3);
	assert_value(&guest, 0, "data/a", "1");
	NO_EVENTS(&guest);
	assert_int_equal(peer_call(&guest, WIRE_MKDIR, 0, "data/b/c", NULL), 3);
	assert_events(&guest, "data/b/c t", NULL);
}

static void paths_obey_their_rules(void **state)
{
	static const char *const wrong[] = {
		"",	       "//",		 "/a//b",      "/a/",  "data/", "@",	   "@/",	  "/a b",
		"/\x80",       "/a\n",		 "/local/domain/", "@releaseDomain", "/a.b",   "/ü",
	};
	char path[4096];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(peer_read(&guest, 0, wrong[i], NULL), -EINVAL);
		assert_int_equal(peer_write(&guest, 0, wrong[i], "x"), -EINVAL);
	}
	assert_int_equal(peer_request(&guest, WIRE_READ, 0, NULL, 0, NULL), -EINVAL);
	assert_int_equal(peer_request(&guest, WIRE_READ, 0, "data", 4, NULL), -EINVAL); // no NUL
	assert_int_equal(peer_request(&guest, WIRE_READ, 0, "data\0x", 7, NULL), -EINVAL);
	assert_int_equal(peer_request(&guest, WIRE_WRITE, 0, "data", 4, NULL), -EINVAL);

	memset(path, 'x', sizeof(path));
	memcpy(path, "data/", 5);
	path[2048] = '\0';
	assert_int_equal(peer_write(&guest, 0, path, "1"), 3);
	assert_value(&guest, 0, path, "1");
	path[2048] = 'x';
	path[2049] = '\0';
	assert_int_equal(peer_write(&guest, 0, path, "1"), -EINVAL);

	path[0] = '/';
	path[2049] = 'x';
	path[3072] = '\0';
	assert_int_equal(dom0_write(path, ""), 0);
	assert_int_equal(xs_rm(0, path), 0);
	path[3072] = 'x';
	path[3073] = '\0';
	assert_int_equal(dom0_write(path, ""), -EINVAL);
	memcpy(path, "/data", 5);
	assert_int_equal(xs_rm(0, "/data"), 0);
}

static void permissions_decide(void **state)
{
	char path[96], reply[WIRE_PAYLOAD_MAX + 1], entry[16];
	struct payload payload = { .size = 0 };

	(void)state;
	snprintf(path, sizeof(path), "%s/a", data);
	peer_write(&guest, 0, "data/a", "1");
	assert_int_equal(peer_read(&other, 0, path, NULL), -EACCES);
	snprintf(path, sizeof(path), "%s/nothing", data);
	assert_int_equal(peer_read(&other, 0, path, NULL), -EACCES); // it may not know that there is none
	snprintf(path, sizeof(path), "%s/a", data);

	// What the owner allows.
	payload_add(&payload, "data/a");
	snprintf(entry, sizeof(entry), "n%u", guest.id);
	payload_add(&payload, entry);
	snprintf(entry, sizeof(entry), "r%u", other.id);
	payload_add(&payload, entry);
	assert_int_equal(peer_request(&guest, WIRE_SET_PERMS, 0, payload.bytes, payload.size, NULL), 3);
	assert_value(&other, 0, path, "1");
	assert_int_equal(peer_write(&other, 0, path, "2"), -EACCES);
	assert_int_equal(peer_call(&other, WIRE_RM, 0, path, NULL), -EACCES);
	assert_int_equal(peer_request(&other, WIRE_GET_PERMS, 0, path, strlen(path) + 1, reply),
			 payload.size - strlen("data/a") - 1);
	assert_memory_equal(reply, payload.bytes + 7, payload.size - 7);
	strcat(path, "/b");
	assert_int_equal(peer_read(&other, 0, path, NULL), -ENOENT); // a readable parent tells

	// Only the owner, and the owner only among the living.
	path[strlen(path) - 2] = '\0';
	assert_int_equal(peer_call(&other, WIRE_SET_PERMS, 0, path, entry), -EACCES);
	assert_int_equal(peer_call(&guest, WIRE_SET_PERMS, 0, "data/a", entry), -EPERM);
	assert_int_equal(peer_call(&guest, WIRE_SET_PERMS, 0, "data/a", "n4711"), -ENOENT);
	assert_int_equal(peer_call(&guest, WIRE_SET_PERMS, 0, "data/a", "x1"), -EINVAL);
	assert_int_equal(peer_call(&guest, WIRE_SET_PERMS, 0, "data/a", "r"), -EINVAL);
	assert_int_equal(peer_call(&guest, WIRE_SET_PERMS, 0, "data/a", "r1x"), -EINVAL);
	assert_int_equal(peer_call(&guest, WIRE_SET_PERMS, 0, "data/a", NULL), -EINVAL);
	assert_int_equal(peer_call(&guest, WIRE_SET_PERMS, 0, "data/missing", entry), -ENOENT);
}

static void new_nodes_inherit_and_belong_to_their_maker(void **state)
{
	char path[96], reply[WIRE_PAYLOAD_MAX + 1], expected[32];
	size_t size;

	(void)state;
	snprintf(expected, sizeof(expected), "w%u", other.id);
	assert_int_equal(dom0_chmod(data, "r0", expected), 0);
	snprintf(path, sizeof(path), "%s/x/y", data);
	assert_int_equal(peer_write(&other, 0, path, "1"), 3);
	size = (size_t)snprintf(expected, sizeof(expected), "r%u%cw%u", other.id, 0, other.id) + 1;
	snprintf(path, sizeof(path), "%s/x", data);
	assert_int_equal(peer_request(&other, WIRE_GET_PERMS, 0, path, strlen(path) + 1, reply), size);
	assert_memory_equal(reply, expected, size);
	snprintf(path, sizeof(path), "%s/z", data);
	assert_int_equal(dom0_write(path, ""), 0);
	assert_int_equal(peer_request(&guest, WIRE_GET_PERMS, 0, path, strlen(path) + 1, reply), size);
	assert_memory_equal(reply, "r0", 3); // what domain 0 makes belongs to the parent's owner
	assert_int_equal(peer_write(&guest, 0, "data/z", "1"), -EACCES);
}

static void everybody_can_be_named(void **state)
{
	char owner[16], path[96];

	(void)state;
	snprintf(owner, sizeof(owner), "n%u", guest.id);
	snprintf(path, sizeof(path), "%s/a", data);
	dom0_write(path, "1");
	assert_int_equal(dom0_chmod(path, owner, "r32757"), 0);
	assert_value(&other, 0, path, "1");
	assert_int_equal(peer_write(&other, 0, path, "2"), -EACCES);
}

static void privileged_requests_are_refused(void **state)
{
	static const unsigned int types[] = {
		WIRE_CONTROL,	WIRE_INTRODUCE,	  WIRE_RELEASE,	  WIRE_RESUME,	  WIRE_SET_TARGET,
		WIRE_SET_QUOTA, WIRE_GET_QUOTA,	  WIRE_SET_FEATURE, WIRE_IS_DOMAIN_INTRODUCED,
	};
	static const unsigned int unknown[] = { WIRE_WATCH_EVENT, WIRE_ERROR, 20, 27, 28, 0xffff, 0xffffffff };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		assert_int_equal(peer_call(&guest, types[i], 0, "1", NULL), -EACCES);
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		assert_int_equal(peer_call(&guest, unknown[i], 0, "1", NULL), -ENOSYS);
	assert_int_equal(peer_call(&guest, WIRE_GET_FEATURE, 0, "1", NULL), -EACCES);
}

static void domains_are_described(void **state)
{
	char reply[WIRE_PAYLOAD_MAX + 1];

	(void)state;
	assert_int_equal(peer_request(&guest, WIRE_GET_DOMAIN_PATH, 0, "00012", 6, reply), 17);
	assert_string_equal(reply, "/local/domain/12");
	assert_int_equal(peer_call(&guest, WIRE_GET_DOMAIN_PATH, 0, "65536", NULL), -EINVAL);
	assert_int_equal(peer_call(&guest, WIRE_GET_DOMAIN_PATH, 0, "-1", NULL), -EINVAL);
	assert_int_equal(peer_call(&guest, WIRE_GET_DOMAIN_PATH, 0, "", NULL), -EINVAL);
	assert_int_equal(peer_request(&guest, WIRE_GET_FEATURE, 0, "", 1, reply), 3);
	assert_string_equal(reply, "15");
	assert_int_equal(guest.ring->features, 15);
}

static void watches_fire_for_all_below(void **state)
{
	(void)state;
	assert_int_equal(peer_call(&guest, WIRE_WATCH, 0, "data/a", "token"), 3);
	assert_events(&guest, "data/a token", NULL); // at once, though there is no such node
	assert_int_equal(peer_call(&guest, WIRE_WATCH, 0, "data/a", "token"), -EEXIST);
	assert_int_equal(peer_call(&guest, WIRE_WATCH, 0, "data/a", "token2"), 3);
	assert_events(&guest, "data/a token2", NULL);
	peer_write(&guest, 0, "data/a/b", "1");
	assert_events(&guest, "data/a/b token", "data/a/b token2", NULL);
	assert_int_equal(peer_call(&guest, WIRE_UNWATCH, 0, "data/a", "token2"), 3);
	assert_int_equal(peer_call(&guest, WIRE_UNWATCH, 0, "data/a", "token2"), -ENOENT);
	assert_int_equal(peer_call(&guest, WIRE_UNWATCH, 0, "data/a", "tok"), -ENOENT);
	peer_write(&guest, 0, "data/ab", "1"); // not below
	peer_write(&guest, 0, "data/a", "1");
	assert_events(&guest, "data/a token", NULL);
	assert_int_equal(peer_request(&guest, WIRE_RESET_WATCHES, 0, "", 1, NULL), 3);
	peer_write(&guest, 0, "data/a", "2");
	NO_EVENTS(&guest);
}

static void watches_have_depths(void **state)
{
	static const char one[] = "data\0one\0" "1", none[] = "data\0none\0" "0";

	(void)state;
	assert_int_equal(peer_request(&guest, WIRE_WATCH, 0, one, sizeof(one), NULL), 3);
	assert_int_equal(peer_request(&guest, WIRE_WATCH, 0, none, sizeof(none), NULL), 3);
	assert_int_equal(peer_request(&guest, WIRE_WATCH, 0, "data\0bad\0x", 11, NULL), -EINVAL);
	assert_events(&guest, "data one", "data none", NULL);
	peer_write(&guest, 0, "data/a", "1");
	assert_events(&guest, "data/a one", NULL);
	peer_write(&guest, 0, "data/a/b", "1");
	NO_EVENTS(&guest);
	peer_write(&guest, 0, "data", "1");
	assert_events(&guest, "data one", "data none", NULL);
}

static void watches_keep_absolute_paths_apart(void **state)
{
	char expected[128];

	(void)state;
	assert_int_equal(peer_call(&guest, WIRE_WATCH, 0, data, "abs"), 3);
	assert_int_equal(peer_call(&guest, WIRE_WATCH, 0, "data", "rel"), 3);
	assert_int_equal(peer_call(&guest, WIRE_WATCH, 0, "data", "abs"), -EEXIST); // it is the same path
	snprintf(expected, sizeof(expected), "%s abs", data);
	assert_events(&guest, expected, "data rel", NULL);
	peer_write(&guest, 0, "data/x", "1");
	snprintf(expected, sizeof(expected), "%s/x abs", data);
	assert_events(&guest, expected, "data/x rel", NULL);
}

static void removal_tells_watchers_below_by_their_own_path(void **state)
{
	(void)state;
	peer_write(&guest, 0, "data/a/b/c", "1");
	peer_call(&guest, WIRE_WATCH, 0, "data/a/b/c", "c");
	peer_call(&guest, WIRE_WATCH, 0, "data/a/b", "b");
	peer_call(&guest, WIRE_WATCH, 0, "data/a/x", "x");
	peer_call(&guest, WIRE_WATCH, 0, "data", "d");
	peer_take_events(&guest);
	peer_forget_events(&guest);
	assert_int_equal(peer_call(&guest, WIRE_RM, 0, "data/a", NULL), 3);
	assert_events(&guest, "data/a d", "data/a/b b", "data/a/b/c c", NULL);
}

static void equal_events_that_wait_are_one(void **state)
{
	char path[96], value[16];

	(void)state;
	peer_call(&guest, WIRE_WATCH, 0, "data", "t");
	peer_take_events(&guest);
	peer_forget_events(&guest);
	snprintf(path, sizeof(path), "%s/a", data);
	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(value, sizeof(value), "%u", i);
		assert_int_equal(dom0_write(path, value), 0);
	}
	assert_events(&guest, "data/a t", NULL);
}

static void only_readable_changes_are_told(void **state)
{
	char path[128], reader[16], watched[96];

	(void)state;
	assert_int_equal(peer_call(&other, WIRE_WATCH, 0, "/", "all"), 3);
	snprintf(watched, sizeof(watched), "%s/a", data);
	assert_int_equal(peer_call(&other, WIRE_WATCH, 0, watched, "a"), 3);
	snprintf(path, sizeof(path), "%s a", watched);
	assert_events(&other, "/ all", path, NULL);
	peer_write(&guest, 0, "data/a", "1");
	NO_EVENTS(&other);

	snprintf(reader, sizeof(reader), "r%u", other.id);
	snprintf(path, sizeof(path), "n%u", guest.id);
	assert_int_equal(dom0_chmod(watched, path, reader), 0);
	peer_take_events(&other);
	assert_int_equal(other.event_count, 2);
	peer_forget_events(&other);
	peer_write(&guest, 0, "data/a", "2");
	peer_take_events(&other);
	assert_int_equal(other.event_count, 2);
	peer_forget_events(&other);

	// That it may not read it any more is the last that it learns.
	assert_int_equal(dom0_chmod(watched, path, NULL), 0);
	peer_take_events(&other);
	assert_int_equal(other.event_count, 2);
	peer_forget_events(&other);
	peer_write(&guest, 0, "data/a", "3");
	NO_EVENTS(&other);
}

static void special_watches_tell_of_domains(void **state)
{
	static const char with_domain[] = "@releaseDomain\0which\0" "1";
	char text[64];
	struct peer third;

	(void)state;
	assert_int_equal(peer_call(&guest, WIRE_WATCH, 0, "@releaseDomain", "any"), 3);
	assert_int_equal(peer_request(&guest, WIRE_WATCH, 0, with_domain, sizeof(with_domain), NULL), 3);
	assert_events(&guest, "@releaseDomain any", "@releaseDomain which", NULL);
	peer_start(&third);
	snprintf(text, sizeof(text), "@releaseDomain/%u", third.id);
	peer_call(&guest, WIRE_WATCH, 0, text, "that");
	peer_take_events(&guest);
	peer_forget_events(&guest);
	assert_int_equal(xenstore_domain_stopped(third.id), 0);
	NO_EVENTS(&guest); // it may not know

	snprintf(text, sizeof(text), "r%u", guest.id);
	assert_int_equal(peer_call(&guest, WIRE_SET_PERMS, 0, "@releaseDomain", text), -EACCES);
	assert_int_equal(dom0_chmod("@releaseDomain", "n0", text), 0);
	peer_take_events(&guest);
	peer_forget_events(&guest);
	assert_int_equal(xenstore_domain_stopped(third.id), 0); // told once
	NO_EVENTS(&guest);
	assert_int_equal(xenstore_resume(third.id), 0);
	assert_int_equal(xenstore_domain_stopped(third.id), 0);
	peer_take_events(&guest);
	assert_int_equal(guest.event_count, 3);
	assert_string_equal(guest.events[0], "@releaseDomain any");
	snprintf(text, sizeof(text), "@releaseDomain/%u which", third.id);
	assert_string_equal(guest.events[1], text);
	snprintf(text, sizeof(text), "@releaseDomain/%u that", third.id);
	assert_string_equal(guest.events[2], text);
	peer_forget_events(&guest);
	peer_end(&third);
	peer_take_events(&guest);
	assert_int_equal(guest.event_count, 3);
	assert_int_equal(dom0_chmod("@releaseDomain", "n0", NULL), 0);
}

static void transactions_are_isolated(void **state)
{
	char path[96];

	(void)state;
	peer_write(&guest, 0, "data/a", "1");
	uint32_t t = peer_begin(&guest);
	assert_int_equal(peer_write(&guest, t, "data/b", "new"), 3);
	assert_value(&guest, t, "data/b", "new");
	assert_int_equal(peer_read(&guest, 0, "data/b", NULL), -ENOENT);
	snprintf(path, sizeof(path), "%s/c", data);
	dom0_write(path, "outside");
	assert_int_equal(peer_read(&guest, t, "data/c", NULL), -ENOENT);
	assert_int_equal(peer_call(&guest, WIRE_TRANSACTION_END, t, "F", NULL), 3);
	assert_int_equal(peer_read(&guest, 0, "data/b", NULL), -ENOENT);
	assert_int_equal(peer_read(&guest, t, "data/b", NULL), -ENOENT);

	t = peer_begin(&guest);
	peer_write(&guest, t, "data/b", "new");
	dom0_write(path, "outside again");
	assert_int_equal(peer_commit(&guest, t), 3); // nothing that it looked at has changed
	assert_value(&guest, 0, "data/b", "new");
	assert_value(&guest, 0, "data/c", "outside again");
}

static void transactions_conflict_only_where_they_looked(void **state)
{
	char path[96];
	uint32_t t;

	(void)state;
	snprintf(path, sizeof(path), "%s/a", data);
	peer_write(&guest, 0, "data/a", "1");
	peer_write(&guest, 0, "data/b", "1");

	t = peer_begin(&guest); // a value that it read
	assert_value(&guest, t, "data/a", "1");
	peer_write(&guest, t, "data/b", "2");
	dom0_write(path, "1");
	assert_int_equal(peer_commit(&guest, t), -EAGAIN);
	assert_value(&guest, 0, "data/b", "1");

	t = peer_begin(&guest); // a value that it only wrote
	peer_write(&guest, t, "data/a", "mine");
	dom0_write(path, "yours");
	assert_int_equal(peer_commit(&guest, t), 3);
	assert_value(&guest, 0, "data/a", "mine");

	t = peer_begin(&guest); // a node that wasn't there
	snprintf(path, sizeof(path), "%s/missing", data);
	assert_int_equal(peer_read(&guest, t, "data/missing", NULL), -ENOENT);
	dom0_write(path, "");
	assert_int_equal(peer_commit(&guest, t), -EAGAIN);

	t = peer_begin(&guest); // a node that was removed
	peer_write(&guest, t, "data/missing", "1");
	xs_rm(0, path);
	assert_int_equal(peer_commit(&guest, t), -EAGAIN);

	t = peer_begin(&guest); // two make different nodes in the same directory
	peer_write(&guest, t, "data/x", "1");
	snprintf(path, sizeof(path), "%s/y", data);
	dom0_write(path, "");
	assert_int_equal(peer_commit(&guest, t), 3);

	t = peer_begin(&guest); // a list that it has seen
	assert_true(peer_call(&guest, WIRE_DIRECTORY, t, "data", NULL) > 0);
	xs_rm(0, path);
	assert_int_equal(peer_commit(&guest, t), -EAGAIN);

	t = peer_begin(&guest); // a directory whose value it has read gets a child
	assert_value(&guest, t, "data", "");
	dom0_write(path, "");
	assert_int_equal(peer_commit(&guest, t), 3);

	t = peer_begin(&guest); // permissions on which a write relied
	peer_write(&guest, t, "data/a", "1");
	char owner[16];
	snprintf(owner, sizeof(owner), "r%u", guest.id);
	snprintf(path, sizeof(path), "%s/a", data);
	dom0_chmod(path, owner, NULL);
	assert_int_equal(peer_commit(&guest, t), -EAGAIN);
}

static void transactions_follow_the_protocol(void **state)
{
	uint32_t t = peer_begin(&guest);

	(void)state;
	assert_int_equal(peer_request(&guest, WIRE_TRANSACTION_START, t, "", 1, NULL), -EBUSY);
	assert_int_equal(peer_request(&guest, WIRE_TRANSACTION_START, t + 1, "", 1, NULL), -ENOENT);
	assert_int_equal(peer_call(&guest, WIRE_TRANSACTION_END, t, "x", NULL), -EINVAL);
	assert_int_equal(peer_call(&guest, WIRE_TRANSACTION_END, t, "TF", NULL), -EINVAL);
	assert_int_equal(peer_call(&guest, WIRE_TRANSACTION_END, 0, "T", NULL), -ENOENT);
	assert_int_equal(peer_call(&guest, WIRE_TRANSACTION_END, t + 7, "T", NULL), -ENOENT);
	assert_int_equal(peer_call(&other, WIRE_TRANSACTION_END, t, "T", NULL), -ENOENT); // of somebody else
	assert_int_equal(peer_call(&guest, WIRE_WATCH, 99, "data", "t"), 3); // the id is ignored
	assert_int_equal(peer_commit(&guest, t), 3);
	assert_int_equal(peer_commit(&guest, t), -ENOENT);

	t = peer_begin(&guest);
	assert_int_equal(peer_request(&guest, WIRE_RESET_WATCHES, t, "", 1, NULL), 3);
	assert_int_equal(peer_commit(&guest, t), -ENOENT);
}

static void transactions_fire_when_they_are_committed(void **state)
{
	(void)state;
	peer_write(&guest, 0, "data/gone/below", "1");
	peer_call(&guest, WIRE_WATCH, 0, "data", "t");
	peer_call(&guest, WIRE_WATCH, 0, "data/gone/below", "below");
	peer_take_events(&guest);
	peer_forget_events(&guest);
	uint32_t t = peer_begin(&guest);
	peer_write(&guest, t, "data/z", "1");
	peer_write(&guest, t, "data/b/c", "1");
	peer_call(&guest, WIRE_RM, t, "data/gone", NULL);
	peer_write(&guest, t, "data/never", "1");
	peer_call(&guest, WIRE_RM, t, "data/never", NULL);
	NO_EVENTS(&guest);
	assert_int_equal(peer_commit(&guest, t), 3);
	assert_events(&guest, "data/z t", "data/b/c t", "data/gone t", "data/gone/below below", NULL);

	t = peer_begin(&guest);
	peer_write(&guest, t, "data/z", "2");
	peer_call(&guest, WIRE_TRANSACTION_END, t, "F", NULL);
	NO_EVENTS(&guest);
}

static void removal_and_creation_in_one_transaction(void **state)
{
	(void)state;
	peer_write(&guest, 0, "data/a/old", "1");
	uint32_t t = peer_begin(&guest);
	peer_write(&guest, t, "data/a/early", "1");
	peer_call(&guest, WIRE_RM, t, "data/a", NULL);
	peer_write(&guest, t, "data/a/new", "1");
	peer_write(&guest, 0, "data/elsewhere", "1"); // so that the changes are repeated
	assert_int_equal(peer_commit(&guest, t), 3);
	assert_int_equal(peer_read(&guest, 0, "data/a/old", NULL), -ENOENT);
	assert_int_equal(peer_read(&guest, 0, "data/a/early", NULL), -ENOENT);
	assert_value(&guest, 0, "data/a/new", "1");
}

static void targets_lend_their_rights(void **state)
{
	char path[96];

	(void)state;
	snprintf(path, sizeof(path), "%s/a", data);
	peer_write(&guest, 0, "data/a", "1");
	assert_int_equal(peer_read(&other, 0, path, NULL), -EACCES);
	assert_int_equal(xenstore_set_target(other.id, guest.id), 0);
	assert_value(&other, 0, path, "1");
	assert_int_equal(peer_write(&other, 0, path, "2"), 3);
	assert_int_equal(xenstore_set_target(other.id, 4711), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(values_are_written_and_read),
		TEST(directories_are_sorted_by_name),
		TEST(long_directories_come_in_parts),
		TEST(removal_takes_all_below),
		TEST(mkdir_leaves_what_is_there),
		TEST(paths_obey_their_rules),
		TEST(permissions_decide),
		TEST(new_nodes_inherit_and_belong_to_their_maker),
		TEST(everybody_can_be_named),
		TEST(privileged_requests_are_refused),
		TEST(domains_are_described),
		TEST(watches_fire_for_all_below),
		TEST(watches_have_depths),
		TEST(watches_keep_absolute_paths_apart),
		TEST(removal_tells_watchers_below_by_their_own_path),
		TEST(equal_events_that_wait_are_one),
		TEST(only_readable_changes_are_told),
		TEST(special_watches_tell_of_domains),
		TEST(transactions_are_isolated),
		TEST(transactions_conflict_only_where_they_looked),
		TEST(transactions_follow_the_protocol),
		TEST(transactions_fire_when_they_are_committed),
		TEST(removal_and_creation_in_one_transaction),
		TEST(targets_lend_their_rights),
	};

	return cmocka_run_group_tests(tests, xenstore_test_start, NULL);
}
