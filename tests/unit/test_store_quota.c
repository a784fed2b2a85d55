// SPDX-License-Identifier: Apache-2.0
// A configuration's own quotas of the store: from the file to the domain.
#include "small_guest.h"

#include <errno.h>

#include "config/xlcfg.h"
#include "domain/domain.h"
#include "kernel/compiler.h"
#include "xen/domctl.h"

static int start(void **state)
{
	(void)state;
	return start_machine();
}

static struct config_file *read_text(const char *text, struct failure *failure)
{
	struct config_file *file = config_file_read("test.cfg", text, strlen(text), failure);

	if (file)
		file->config.kernel = model_image_source(&kernel_image);
	return file;
}

static char printed[1000];

static void write_piece(const char *text, void *context)
{
	(void)context;
	assert_true(strlen(printed) + strlen(text) < sizeof(printed));
	strcat(printed, text);
}

static void they_are_read_and_printed(void **state)
{
	struct config_file *file = read_text("kernel='x'\nxenstore_quota=['nodes=100','watches=0']\n", NULL);

	(void)state;
	assert_non_null(file);
	assert_null(file->warnings);
	assert_int_equal(file->config.quota_count, 2);
	assert_string_equal(file->config.quotas[0].name, "nodes");
	assert_int_equal(file->config.quotas[0].limit, 100);
	printed[0] = '\0';
	config_print(&file->config, write_piece, NULL);
	assert_non_null(strstr(printed, "xenstore_quota = [ \"nodes=100\", \"watches=0\" ]\n"));
	config_file_free(file);
}

static void wrong_ones_are_refused(void **state)
{
	static const char *const wrong[] = { "nodes", "nodes=", "=1", "nodes=x", "nodes=1x", "nodes=4294967296", "nodes=-1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct failure failure = { 0 };
		char text[100] = "kernel='x'\nxenstore_quota=['";

		strcat(strcat(text, wrong[i]), "']\n");
		assert_null(read_text(text, &failure));
		assert_non_null(strstr(failure.text, "test.cfg:2:17: xenstore_quota: "));
	}
}

static void unknown_ones_build_no_domain(void **state)
{
	static const char *const files[] = { "kernel='x'\nxenstore_quota=['bodes=1']\n",
					     "kernel='x'\nxenstore_quota=['nodes=1','nodes=2']\n" };
	static const char *const reasons[] = { "there is no 'bodes'; 'xs quota' shows", "'nodes' is given twice" };
	struct model_snapshot before;
	struct domain *domain;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct failure failure = { 0 };
		struct config_file *file = read_text(files[i], &failure);

		assert_non_null(file);
		before = model_snapshot();
		assert_int_equal(domain_create(&file->config, DOMID_ANY, false, &domain, &failure), -EINVAL);
		assert_non_null(strstr(failure.text, reasons[i]));
		model_assert_equal(&before, reasons[i]);
		config_file_free(file);
	}
}

static uint32_t limit_of(domid_t domid, enum xs_quota quota)
{
	uint32_t limit;

	assert_int_equal(xs_quota_get(domid, quota, &limit), 0);
	return limit;
}

static void they_are_the_domain_s_own(void **state)
{
	struct config_file *file = read_text("kernel='x'\nxenstore_quota=['nodes=77','memory=100000']\n", NULL);
	struct config_file *plain = read_text("kernel='x'\n", NULL);
	struct domain *domain, *other;

	(void)state;
	assert_non_null(file);
	assert_non_null(plain);
	assert_int_equal(domain_create(&file->config, DOMID_ANY, false, &domain, NULL), 0);
	assert_int_equal(domain_create(&plain->config, DOMID_ANY, false, &other, NULL), 0);
	assert_int_equal(limit_of(domain->id, XS_QUOTA_NODES), 77);
	assert_int_equal(limit_of(domain->id, XS_QUOTA_MEMORY), 100000);
	assert_int_equal(limit_of(domain->id, XS_QUOTA_WATCHES), CONFIG_XENSTORE_QUOTA_WATCHES);
	assert_int_equal(limit_of(other->id, XS_QUOTA_NODES), CONFIG_XENSTORE_QUOTA_NODES);
	domid_t id = domain->id;
	assert_int_equal(domain_destroy(id, NULL), 0);
	assert_int_equal(domain_destroy(other->id, NULL), 0);

	assert_int_equal(domain_create(&plain->config, id, false, &domain, NULL), 0); // the same id
	assert_int_equal(limit_of(id, XS_QUOTA_NODES), CONFIG_XENSTORE_QUOTA_NODES);
	assert_int_equal(domain_destroy(id, NULL), 0);
	config_file_free(file);
	config_file_free(plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_read_and_printed),
		cmocka_unit_test(wrong_ones_are_refused),
		cmocka_unit_test(unknown_ones_build_no_domain),
		cmocka_unit_test(they_are_the_domain_s_own),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
