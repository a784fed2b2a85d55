// SPDX-License-Identifier: Apache-2.0
// Advisories about toolstacks: what a guest, its image or its configuration could do to the program that builds and ends it. A
// test's name is its advisory's.
#include "small_guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/xlcfg.h"
#include "domain/domain.h"
#include "domain/lifecycle.h"
#include "kernel/compiler.h"
#include "kernel/task.h"
#include "xen/domctl.h"
#include "xenstore/client.h"
#include "xenstore/path.h"
#include "xenstore/request.h"

#define RAM_START   0x40000000u
#define MEMORY_SIZE ((size_t)8 << 20)
#define NODES_MAX   100

static struct domain_config config;

static int start(void **state)
{
	(void)state;
	config = small_config();
	config.memory_kib = MEMORY_SIZE / 1024;
	return start_machine() || lifecycle_init();
}

static domid_t make_domain(void)
{
	struct domain *domain;

	assert_int_equal(domain_create(&config, DOMID_ANY, false, &domain, NULL), 0);
	model_run(MILLISECONDS(10));
	return domain->id;
}

// ---- The store, as the guest ----

static struct client as_guest;

// A request with one or two texts; 0, or the error that the reply names.
static int ask(unsigned int type, const char *first, const char *second)
{
	static char room[PATH_PREFIX_MAX + WIRE_PAYLOAD_MAX + 1];
	static char reply[WIRE_PAYLOAD_MAX] __attribute__((aligned(8)));
	char *payload = room + PATH_PREFIX_MAX;
	int length = snprintf(payload, WIRE_PAYLOAD_MAX, "%s%c%s", first, 0, second ? second : "");
	struct request request = {
		.client = &as_guest,
		.header = { .type = type, .size = (uint32_t)(length + (second && type != WIRE_WRITE)) },
		.payload = payload,
		.reply = reply,
	};

	return request_process(&request);
}

// Collects the paths of all nodes below one.
static void collect(const char *path, char *paths[NODES_MAX], unsigned int *count)
{
	char names[2048];
	long size = xs_directory(XS_NO_TRANSACTION, path, 0, names, sizeof(names), NULL);

	assert_true(size >= 0);
	for (const char *name = names; name < names + size; name += strlen(name) + 1) {
		assert_true(*count < NODES_MAX);
		assert_true(asprintf(&paths[*count], "%s/%s", path, name) > 0);
		const char *below = paths[(*count)++];
		collect(below, paths, count);
	}
}

static bool is_owned(const char *path, domid_t domid)
{
	struct xs_permission owner;
	size_t count;

	assert_int_equal(xs_get_permissions(XS_NO_TRANSACTION, path, &owner, 1, &count), 0);
	return owner.domid == domid;
}

// Of its home the guest can change what is given to it, and none of what this program or a backend reads: the rings' places, the
// console's settings, the links to backends, its name.
static void xsa_57_175_178_nodes_of_the_toolstack(void **state)
{
	static const char *const given[] = { "data", "drivers", "feature", "attr", "error", "libxl", "device-model" };
	domid_t id = make_domain();
	char home[32], path[64], permission[8], *paths[NODES_MAX];
	unsigned int count = 0, refused = 0;

	(void)state;
	client_init(&as_guest, account_find(id), NULL);
	snprintf(home, sizeof(home), "/local/domain/%u", id);
	snprintf(permission, sizeof(permission), "n%u", id);
	collect(home, paths, &count);
	for (unsigned int i = 0; i < count; i++) {
		bool owned = is_owned(paths[i], id);
		char before[256], after[256];

		assert_true(xs_read(XS_NO_TRANSACTION, paths[i], before, sizeof(before)) >= 0);
		assert_int_equal(ask(WIRE_WRITE, paths[i], before), owned ? 0 : -EACCES);
		assert_int_equal(ask(WIRE_SET_PERMS, paths[i], permission), owned ? 0 : -EACCES);
		if (!owned) {
			assert_int_equal(ask(WIRE_RM, paths[i], NULL), -EACCES);
			snprintf(path, sizeof(path), "%s/new", paths[i]);
			assert_int_equal(ask(WIRE_MKDIR, path, NULL), -EACCES);
			refused++;
		}
		assert_true(xs_read(XS_NO_TRANSACTION, paths[i], after, sizeof(after)) >= 0);
		assert_string_equal(before, after);
	}
	assert_true(refused >= 15);
	assert_int_equal(ask(WIRE_RM, home, NULL), -EACCES);
	for (size_t i = 0; i < ARRAY_SIZE(given); i++)
		assert_int_equal(ask(WIRE_RM, given[i], NULL), 0);
	assert_int_equal(ask(WIRE_MKDIR, "device/vbd", NULL), -EACCES);
	snprintf(path, sizeof(path), "/local/domain/0/backend/console/%u/0/frontend", id);
	assert_int_equal(ask(WIRE_WRITE, path, "elsewhere"), -EACCES);
	while (count)
		free(paths[--count]);
	client_reset(&as_guest);
	assert_int_equal(domain_destroy(id, NULL), 0);
}

// ---- Configurations ----

static const char *reason_of(const char *text)
{
	static struct failure failure;

	failure = (struct failure){ 0 };
	assert_null(config_file_read("test.cfg", text, strlen(text), &failure));
	return failure.text;
}

static void xsa_68_rates_without_values(void **state)
{
	static const char *const rates[] = { "", "/s", "@", "1MB/s@", "@20ms", "1MB", "=", "1MB/s@@" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		char text[64];

		snprintf(text, sizeof(text), "kernel='x'\nvif=['rate=%s']\n", rates[i]);
		assert_non_null(strstr(reason_of(text), "rate"));
	}
	assert_non_null(strstr(reason_of("kernel='x'\nvif=['rate']"), "rate"));
}

static void xsa_137_long_lines(void **state)
{
	static char text[20000];

	(void)state;
	memset(text, 'c', sizeof(text) - 1);
	memcpy(text, "kernel='x'\ncmdline='", strlen("kernel='x'\ncmdline='"));
	text[15000] = '\'';
	text[15001] = '\n';
	text[15002] = '\0';
	assert_non_null(strstr(reason_of(text), "more than 2047 bytes"));
	memset(text, 'k', 15000); // a key of that length
	assert_non_null(strstr(reason_of(text), "test.cfg:1:"));
}

// ---- Building and ending ----

static void xsa_160_memory_of_failed_builds(void **state)
{
	struct model_snapshot before;
	struct domain *domain;

	(void)state;
	kernel[56]++; // no kernel any more
	for (unsigned int i = 0; i < 200; i++) {
		if (i == 1)
			before = model_snapshot();
		assert_int_equal(domain_create(&config, DOMID_ANY, false, &domain, NULL), -ENOEXEC);
	}
	kernel[56]--;
	model_assert_equal(&before, "failed builds");
}

// What this program's memory held before is nowhere in the guest's.
static void xsa_258_464_memory_of_the_toolstack(void **state)
{
	static uint8_t seen[MEMORY_SIZE];
	void *blocks[64];
	unsigned int run = 0, longest = 0;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(blocks); i++)
		memset(blocks[i] = malloc(8192), 0xd7, 8192);
	for (unsigned int i = 0; i < ARRAY_SIZE(blocks); i++)
		free(blocks[i]);
	domid_t id = make_domain();
	model_guest_read(id, RAM_START, seen, sizeof(seen));
	for (size_t i = 0; i < sizeof(seen); i++) {
		run = seen[i] == 0xd7 ? run + 1 : 0;
		longest = MAX(longest, run);
	}
	assert_true(longest < 8);
	assert_int_equal(domain_destroy(id, NULL), 0);
}

static void xsa_368_soft_reset(void **state)
{
	struct model_snapshot before;

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		domid_t id = make_domain();

		model_guest_shutdown(id, SHUTDOWN_soft_reset);
		model_run(MILLISECONDS(10));
		assert_true(model_domain(id).shut_down);
		assert_int_equal(domain_destroy(id, NULL), 0);
		if (i == 0)
			before = model_snapshot();
	}
	model_assert_equal(&before, "soft resets");
}

// Each domain's tables come out of a pool of its own, of whole pages; without memory for it there is no domain.
static void xsa_409_410_pool_of_page_tables(void **state)
{
	struct model_snapshot before;
	struct domain *domain;
	domid_t id = make_domain();

	(void)state;
	assert_true(model_domain(id).paging_pool_pages >= MEMORY_SIZE / 4096 / 512);
	assert_int_equal(domain_destroy(id, NULL), 0);

	before = model_snapshot();
	for (uint64_t left = 0; left < 600; left += 37) {
		model_take_pages(model_free_pages() - left);
		assert_int_equal(domain_create(&config, DOMID_ANY, false, &domain, NULL), -ENOMEM);
		model_return_pages();
		model_assert_equal(&before, "a Xen without memory");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xsa_57_175_178_nodes_of_the_toolstack),
		cmocka_unit_test(xsa_68_rates_without_values),
		cmocka_unit_test(xsa_137_long_lines),
		cmocka_unit_test(xsa_160_memory_of_failed_builds),
		cmocka_unit_test(xsa_258_464_memory_of_the_toolstack),
		cmocka_unit_test(xsa_368_soft_reset),
		cmocka_unit_test(xsa_409_410_pool_of_page_tables),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
