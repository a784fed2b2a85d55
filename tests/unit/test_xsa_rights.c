// SPDX-License-Identifier: Apache-2.0
// Advisories about rights: who may read, write, own or watch what.
#include "xsa_guests.h"

static void xsa_115_watch_notifications(void **state)
{
	struct peer third;

	(void)state;
	assert_int_equal(watch(&guest, "/", "t"), 3);
	assert_int_equal(watch(&guest, "/local", "t"), 3);
	assert_int_equal(watch(&guest, "@releaseDomain", "t"), 3);
	assert_int_equal(watch(&guest, "@introduceDomain", "t"), 3);
	dom0_write("/local/secret", "1");
	peer_write(&other, 0, "data/secret", "1");
	xs_rm(0, "/local/secret");
	peer_start(&third);
	xenstore_domain_stopped(third.id);
	peer_end(&third);
	NO_EVENTS(&guest);
	assert_int_equal(peer_call(&guest, WIRE_IS_DOMAIN_INTRODUCED, 0, "0", NULL), -EACCES);
}

static void xsa_322_inherited_permissions(void **state)
{
	char entry[16];
	domid_t old = other.id;

	(void)state;
	snprintf(entry, sizeof(entry), "r%u", other.id);
	dom0_write("/local/shared", "secret");
	assert_int_equal(dom0_chmod("/local/shared", "n0", entry), 0);
	assert_int_equal(dom0_chmod("/", "n0", entry), 0);
	assert_int_equal(dom0_chmod("@releaseDomain", "n0", entry), 0);
	assert_value(&other, 0, "/local/shared", "secret");
	peer_end(&other);
	peer_start(&other);
	assert_int_equal(other.id, old);
	assert_int_equal(peer_read(&other, 0, "/local/shared", NULL), -EACCES);
	assert_int_equal(peer_call(&other, WIRE_DIRECTORY, 0, "/", NULL), -EACCES);
	assert_int_equal(peer_call(&other, WIRE_GET_PERMS, 0, "@releaseDomain", NULL), -EACCES);
	make_data(&other, data);
	make_data(&guest, data);
}

static void xsa_323_path_length(void **state)
{
	char path[2100], absolute[2200], value[8];

	(void)state;
	memset(path, 'x', sizeof(path));
	memcpy(path, "data/", 5);
	path[2049] = '\0';
	assert_int_equal(peer_write(&guest, 0, path, "1"), -EINVAL);
	path[2048] = '\0';
	assert_int_equal(peer_write(&guest, 0, path, "1"), 3);
	snprintf(absolute, sizeof(absolute), "/local/domain/%u/%s", guest.id, path);
	assert_int_equal(xs_read(0, absolute, value, sizeof(value)), 1);
	assert_int_equal(xs_directory(0, absolute, 0, value, sizeof(value), NULL), 0);
	assert_int_equal(xs_rm(0, absolute), 0);
}

static void xsa_352_node_ownership(void **state)
{
	char owner[16];

	(void)state;
	snprintf(owner, sizeof(owner), "n%u", other.id);
	assert_int_equal(peer_call(&guest, WIRE_SET_PERMS, 0, "data", owner), -EPERM);
	assert_int_equal(peer_call(&guest, WIRE_SET_PERMS, 0, "data", "n0"), -EPERM);
}

static void xsa_353_root_node(void **state)
{
	char owner[16];

	(void)state;
	snprintf(owner, sizeof(owner), "n%u", guest.id);
	assert_int_equal(peer_call(&guest, WIRE_SET_PERMS, 0, "/", owner), -EACCES);
	assert_int_equal(peer_call(&guest, WIRE_RM, 0, "/", NULL), -EACCES);
	assert_int_equal(peer_write(&guest, 0, "/", "x"), -EACCES);
	assert_int_equal(peer_write(&guest, 0, "/x", "x"), -EACCES);
	assert_int_equal(peer_call(&guest, WIRE_MKDIR, 0, "/x", NULL), -EACCES);
	assert_int_equal(peer_call(&guest, WIRE_GET_PERMS, 0, "/", NULL), -EACCES);
	assert_int_equal(peer_call(&guest, WIRE_DIRECTORY, 0, "/", NULL), -EACCES);
}

static void xsa_417_nodes_of_later_domains(void **state)
{
	char entry[16];
	struct peer third;

	(void)state;
	peer_make(&third); // to know which id comes next
	peer_end(&third);
	snprintf(entry, sizeof(entry), "b%u", third.id);
	dom0_write("/local/early", "secret");
	assert_int_equal(dom0_chmod("/local/early", "n0", entry), 0);
	assert_int_equal(dom0_chmod("/local/early", entry, NULL), -ENOENT);
	domid_t id = third.id;
	peer_start(&third);
	assert_int_equal(third.id, id);
	assert_int_equal(peer_read(&third, 0, "/local/early", NULL), -EACCES);
	peer_end(&third);
}

static void xsa_481_paths(void **state)
{
	static const char *const paths[] = {
		"", "/", "//", "/local/domain/", "/local/domain/x", "/a//b", "/a/", "@", "@/", "\x80", "/local/domain/\x80",
		"/local/domain/99999999999/x", "/local/domain//x", "@releaseDomain/", "@introduceDomain/x",
	};
	static const unsigned int types[] = { WIRE_READ, WIRE_DIRECTORY, WIRE_GET_PERMS, WIRE_WRITE, WIRE_MKDIR, WIRE_RM };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		for (size_t n = 0; n < ARRAY_SIZE(types); n++) {
			long result = peer_call(&guest, types[n], 0, paths[i], NULL);

			assert_true(result == -EINVAL || result == -EACCES);
		}
		peer_call(&guest, WIRE_WATCH, 0, paths[i], "t");
		peer_call(&guest, WIRE_UNWATCH, 0, paths[i], "t");
		peer_call(&guest, WIRE_SET_PERMS, 0, paths[i], "n1");
	}
	assert_other_is_served();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(xsa_115_watch_notifications),
		TEST(xsa_322_inherited_permissions),
		TEST(xsa_323_path_length),
		TEST(xsa_352_node_ownership),
		TEST(xsa_353_root_node),
		TEST(xsa_417_nodes_of_later_domains),
		TEST(xsa_481_paths),
	};

	return cmocka_run_group_tests(tests, xenstore_test_start, NULL);
}
