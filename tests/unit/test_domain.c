// SPDX-License-Identifier: Apache-2.0
// domain/: what a domain is when it has been created; names, ids, pausing; an end that takes its time.
#include "domains.h"

#include <libfdt.h>

#include "domain/uuid.h"
#include "kernel/task.h"
#include "xen/grant.h"

#define RAM UINT64_C(0x40000000)
#define CONSOLE_GFN 0x39000u
#define STORE_GFN 0x39001u

// ---- what a domain is ----

static void holds(domid_t id, uint64_t address, const void *expected, size_t size)
{
	uint8_t *seen = test_malloc(size);

	model_guest_read(id, address, seen, size);
	assert_memory_equal(seen, expected, size);
	test_free(seen);
}

static uint64_t initrd(const void *tree, const char *property)
{
	const fdt64_t *value = fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), property, NULL);

	assert_non_null(value);
	return fdt64_ld(value);
}

static void everything_is_in_its_place(void **state)
{
	static const char zeros[PAGE_SIZE];
	static char tree[65536];

	(void)state;
	config.memory_kib = 512 << 10;
	config.vcpus = 3;
	config.max_event_channels = 77;
	config.ramdisk = model_image_source(&ramdisk_image);
	config.command_line = "console=hvc0";
	struct domain *domain = create(DOMID_ANY, false);
	domid_t id = domain->id;

	struct model_domain_info info = model_domain(id);
	assert_int_equal(info.pages, (512 << 8) + 2);
	assert_int_equal(info.max_pages, info.pages);
	assert_int_equal(info.paging_pool_pages, 640); // 512 + 128
	assert_int_equal(info.max_vcpus, 3);
	assert_int_equal(info.max_event_channel, 77);
	assert_int_equal(info.gic_version, 2);
	assert_int_equal(info.nr_spis, 0);
	assert_true(info.is_64bit && info.started);
	assert_int_equal(info.pause_count, 0);
	assert_memory_equal(info.handle, domain->uuid, 16);
	assert_int_equal(model_guest_ram_frames(id, RAM >> 12, 512 << 8), 512 << 8);

	struct model_vcpu cpu = model_vcpu(id, 0);
	assert_true(cpu.online && cpu.initialised);
	assert_int_equal(cpu.pc, RAM + 0x80000);
	assert_int_equal(cpu.x[0] & PAGE_MASK, 0);
	assert_false(model_vcpu(id, 1).online);

	holds(id, RAM + 0x80000, kernel, sizeof(kernel));
	holds(id, RAM + 0x80000 + sizeof(kernel), zeros, PAGE_SIZE - sizeof(kernel) % PAGE_SIZE);
	model_guest_read(id, cpu.x[0], tree, sizeof(tree));
	assert_int_equal(fdt_check_full(tree, sizeof(tree)), 0);
	assert_string_equal(fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "bootargs", NULL),
			    "console=hvc0");
	uint64_t at = initrd(tree, "linux,initrd-start");
	assert_int_equal(at, RAM + MIB(128));
	assert_int_equal(initrd(tree, "linux,initrd-end"), at + sizeof(ramdisk));
	holds(id, at, ramdisk, sizeof(ramdisk));
	assert_int_equal(cpu.x[0], ROUND_UP(at + sizeof(ramdisk), PAGE_SIZE));

	assert_int_equal(model_guest_param(id, HVM_PARAM_CONSOLE_PFN), CONSOLE_GFN);
	assert_int_equal(model_guest_param(id, HVM_PARAM_CONSOLE_EVTCHN), domain->console_port);
	assert_int_equal(model_guest_param(id, HVM_PARAM_STORE_PFN), STORE_GFN);
	assert_int_equal(model_guest_param(id, HVM_PARAM_STORE_EVTCHN), domain->store_port);
	assert_int_equal(model_guest_param(id, HVM_PARAM_CALLBACK_IRQ), (UINT64_C(2) << 56) | 2 << 8 | 31);
	holds(id, STORE_GFN << 12, zeros, 2048); // both rings; what the server says of itself is behind them
	assert_int_equal(model_guest_grant(id, 0).frame, CONSOLE_GFN);
	assert_int_equal(model_guest_grant(id, 1).frame, STORE_GFN);
	assert_int_equal(model_guest_grant(id, 1).flags, GTF_permit_access);
	for (unsigned int i = 2; i < 64; i++)
		assert_int_equal(model_guest_grant(id, i).flags, 0);

	assert_int_equal(model_guest_print(id, "hello", 5), 5);
	model_run(MILLISECONDS(1));
	char text[8];
	assert_int_equal(console_read(domain->console, text, sizeof(text)), 5);
	destroy(id);
}

static void interrupts_and_ids_follow_the_configuration(void **state)
{
	const uint32_t irqs[] = { 39 };

	(void)state;
	config.irqs = irqs;
	config.irq_count = 1;
	struct domain *domain = create(DOMID_ANY, true);
	domid_t id = domain->id;
	assert_int_equal(model_domain(id).nr_spis, 32);
	assert_int_equal(model_domain(id).pause_count, 1);
	assert_false(model_domain(id).started);
	assert_true(model_irq_bound(id, 39));
	destroy(id);
}

static void a_gicv2_has_8_cpus(void **state)
{
	(void)state;
	config.vcpus = 9;
	refused(DOMID_ANY, -EINVAL, "9 CPUs: a domain with a GICv2 can have 8 at most");
	config.gic = CONFIG_GIC_V2;
	config.vcpus = 8;
	struct domain *domain = create(DOMID_ANY, false);
	assert_int_equal(model_domain(domain->id).gic_version, 2);
	destroy(domain->id);
}

static void a_gicv3_has_more(void **state)
{
	(void)state;
	config.vcpus = 9;
	struct domain *domain = create(DOMID_ANY, false);
	assert_int_equal(model_domain(domain->id).gic_version, 3);
	destroy(domain->id);
}

static void memory_in_both_banks(void **state)
{
	(void)state;
	config.memory_kib = 3500 << 10;
	struct domain *domain = create(DOMID_ANY, false);
	assert_int_equal(model_guest_ram_frames(domain->id, RAM >> 12, 3072 << 8), 3072 << 8);
	assert_int_equal(model_guest_ram_frames(domain->id, 0x200000, 428 << 8), 428 << 8);
	assert_int_equal(model_domain(domain->id).pages, (3500 << 8) + 2);
	unsigned int order;
	model_guest_mfn(domain->id, RAM >> 12, &order);
	assert_int_equal(order, 9);
	destroy(domain->id);
}

static void scmi_of_one_domain(void **state)
{
	(void)state;
	config.scmi = true;
	struct domain *domain = create(DOMID_ANY, false);
	destroy(domain->id);
}

// ---- names ----

static void resolves(const char *text, domid_t expected)
{
	domid_t id = DOMID_INVALID;

	memset(&failure, 0, sizeof(failure));
	if (domain_resolve(text, &id, &failure))
		fail_msg("%s", failure.text);
	assert_int_equal(id, expected);
}

static void does_not_resolve(const char *text, int error)
{
	domid_t id = 77;

	memset(&failure, 0, sizeof(failure));
	assert_int_equal(domain_resolve(text, &id, &failure), error);
	assert_int_equal(failure.error, error);
	assert_int_equal(id, 77);
}

static void names_and_ids(void **state)
{
	char name[DOMAIN_NAME_MAX],
		longest[] = "123456789012345678901234567890123456789012345678901234567890abc";

	(void)state;
	create(9, false);
	create(3, false); // the same configuration again
	create(6, false);
	domid_t foreign = model_make_domain(10);
	assert_string_equal(domain_find(9)->name, "guest");
	assert_string_equal(domain_find(3)->name, "guest-2");
	assert_string_equal(domain_find(6)->name, "guest-3");
	resolves("guest", 9);
	resolves("guest-2", 3);
	resolves("6", 6);
	resolves("0006", 6);
	resolves("0", 0);
	resolves("Domain-0", 0);
	snprintf(name, sizeof(name), "Domain-%u", foreign);
	resolves(name, foreign);
	does_not_resolve("", -ESRCH);
	does_not_resolve("gues", -ESRCH);
	does_not_resolve("guest-4", -ESRCH);
	does_not_resolve("12", -ESRCH);
	does_not_resolve("Domain-12", -ESRCH);
	does_not_resolve("-1", -ESRCH);
	does_not_resolve("32752", -EINVAL);
	does_not_resolve("99999999999999999999999999", -EINVAL);

	const struct domain *domain;
	domid_t last = 0;
	DOMAIN_FOR_EACH(domain)
	{
		assert_true(domain->id > last);
		last = domain->id;
	}
	assert_int_equal(last, 9);

	domain_name(0, name, sizeof(name));
	assert_string_equal(name, "Domain-0");
	domain_name(3, name, sizeof(name));
	assert_string_equal(name, "guest-2");
	domain_name(12, name, 8);
	assert_string_equal(name, "Domain-");

	destroy(3);
	assert_string_equal(create(4, false)->name, "guest-2");
	config.domain_name = "the one";
	refused(DOMID_ANY, -EINVAL, "can't be typed as one word");
	config.domain_name = "one";
	create(10, false);
	refused(DOMID_ANY, -EEXIST, "there is a domain 'one' already: destroy it first");
	config.domain_name = "guest-3";
	refused(DOMID_ANY, -EEXIST, "there is a domain 'guest-3' already");
	config.domain_name = NULL;
	config.name = longest;
	assert_string_equal(create(11, false)->name, longest);
	assert_int_equal(strlen(create(12, false)->name), 63);
	assert_non_null(strstr(domain_find(12)->name, "567890a-2"));
	const domid_t all[] = { 9, 6, 4, 10, 11, 12 };
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		destroy(all[i]);
	destroy(foreign);
	assert_true(list_is_empty(&domain_list));
}

static void uuids_differ(void **state)
{
	uint8_t uuids[100][16];
	const uint8_t given[] = "0123456789abcdef";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(uuids); i++) {
		uuid_make(uuids[i]);
		assert_int_equal(uuids[i][6] >> 4, 4);
		assert_int_equal(uuids[i][8] >> 6, 2);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(uuids[i], uuids[j], 16);
	}
	config.uuid = given;
	struct domain *domain = create(DOMID_ANY, false);
	assert_memory_equal(model_domain(domain->id).handle, given, 16);
	destroy(domain->id);
}

// ---- running ----

static void pausing(void **state)
{
	struct domain *domain = create(DOMID_ANY, false);
	domid_t id = domain->id, foreign = model_make_domain(10);

	(void)state;
	assert_int_equal(domain_unpause(id, NULL), -EALREADY);
	assert_int_equal(domain_pause(id, NULL), 0);
	assert_int_equal(model_domain(id).pause_count, 1);
	assert_int_equal(domain_pause(id, &failure), -EALREADY);
	assert_int_equal(model_domain(id).pause_count, 1);
	assert_int_equal(domain_unpause(id, NULL), 0);
	assert_int_equal(model_domain(id).pause_count, 0);
	assert_int_equal(domain_pause(0, NULL), -EPERM);
	assert_int_equal(domain_unpause(0, NULL), -EPERM);
	assert_int_equal(domain_destroy(0, NULL), -EPERM);
	assert_int_equal(domain_pause(1234, NULL), -ESRCH);
	assert_int_equal(domain_destroy(1234, NULL), -ESRCH);
	destroy(id);
	destroy(foreign); // also what others built
}

static unsigned int reports, stop_at;

static bool count_reports(const struct domain_progress *progress)
{
	assert_non_null(progress->what);
	assert_true(progress->done <= progress->total);
	return ++reports == stop_at;
}

static void progress_is_told_and_can_be_stopped(void **state)
{
	(void)state;
	config.memory_kib = 256 << 10;
	config.ramdisk = model_image_source(&ramdisk_image);
	kernel_image.read_time = MILLISECONDS(500); // a slow card
	domain_set_progress(count_reports);
	reports = stop_at = 0;
	destroy(create(DOMID_ANY, false)->id);
	assert_true(reports >= 3 && reports < 10);
	stop_at = 1;
	unsigned int all = reports;
	struct model_snapshot before = model_snapshot();
	for (reports = 0; stop_at <= all; stop_at++, reports = 0) {
		struct domain *domain;

		memset(&failure, 0, sizeof(failure));
		assert_int_equal(domain_create(&config, DOMID_ANY, false, &domain, &failure), -EINTR);
		assert_non_null(strstr(failure.text, "stopped while loading the "));
		model_assert_equal(&before, "stopped");
	}
	domain_set_progress(NULL);
}

static uint64_t last_time;

static bool note_time(const struct domain_progress *progress)
{
	if (!strcmp(progress->what, "kernel")) {
		assert_true(progress->nanoseconds > last_time);
		last_time = progress->nanoseconds;
	}
	return false;
}

static void create_later(void *result)
{
	struct model_image image = kernel_image;
	struct domain_config other = config;
	struct domain *domain;

	other.kernel = model_image_source(&image);
	task_sleep(MILLISECONDS(150));
	*(int *)result = domain_create(&other, 8, false, &domain, NULL);
}

// Two creations at a time: the time of one isn't that of the other.
static void progress_of_another_creation_is_not_told(void **state)
{
	int other = 1;

	(void)state;
	kernel_image.read_time = MILLISECONDS(100);
	assert_non_null(task_create("other", create_later, &other));
	domain_set_progress(note_time);
	last_time = 0;
	destroy(create(DOMID_ANY, false)->id);
	assert_true(last_time >= MILLISECONDS(250)); // three pieces of its kernel
	domain_set_progress(NULL);
	model_run(SECONDS(1));
	assert_int_equal(other, 0);
	destroy(8);
}

// ---- the end ----

static void xen_takes_its_time(void **state)
{
	struct domain *domain = create(DOMID_ANY, false);
	domid_t id = domain->id;
	uint64_t begin = time_now();

	(void)state;
	model_set_destroy_delay(SECONDS(3));
	destroy(id);
	assert_true(time_now() - begin >= SECONDS(3));
	assert_true(time_now() - begin < SECONDS(4));
}

static void something_keeps_it(void **state)
{
	struct domain *domain = create(DOMID_ANY, false);
	domid_t id = domain->id;
	int error;

	(void)state;
	void *page = foreign_map_range(id, gfn_make(RAM >> 12), 1, &error);
	assert_non_null(page);
	assert_int_equal(domain_destroy(id, &failure), -ETIMEDOUT);
	assert_non_null(strstr(failure.text, "is dying, but something still uses 1 pages of its memory"));
	assert_true(model_domain(id).dying);
	assert_non_null(domain_find(id)); // under its name, to be destroyed again
	assert_true(console_is_closed(domain_find(id)->console));
	resolves("guest", id);
	assert_int_equal(domain_pause(id, NULL) != 0, 1);
	foreign_unmap(page, 1);
	model_run(MILLISECONDS(100));
	assert_false(model_domain_exists(id));
	refused(id, -EEXIST, "is in use"); // the entry's still
	destroy(id); // Xen has lost it already: the rest goes as well
}

static domid_t victim;

static void destroy_victim(void *result)
{
	*(int *)result = domain_destroy(victim, NULL);
}

static void only_one_destroys_it(void **state)
{
	int other = 1;

	(void)state;
	victim = create(DOMID_ANY, false)->id;
	model_set_destroy_delay(MILLISECONDS(50));
	assert_non_null(task_create("other", destroy_victim, &other));
	task_sleep(MILLISECONDS(10));
	assert_int_equal(domain_destroy(victim, NULL), -EBUSY);
	assert_int_equal(domain_pause(victim, NULL), -EBUSY);
	model_run(SECONDS(1));
	assert_int_equal(other, 0);
	assert_int_equal(domain_destroy(victim, NULL), -ESRCH);
}

static void create_other(void *result)
{
	struct domain *domain;

	*(int *)result = domain_create(&config, 8, false, &domain, NULL);
}

static void a_domain_being_built_is_left_alone(void **state)
{
	int other = 1;

	(void)state;
	kernel_image.read_time = MILLISECONDS(100);
	assert_non_null(task_create("other", create_other, &other));
	task_sleep(MILLISECONDS(250)); // its headers are read: it is being loaded
	assert_true(domain_find(8)->being_built);
	assert_int_equal(domain_destroy(8, &failure), -EBUSY);
	assert_int_equal(domain_unpause(8, NULL), -EBUSY);
	refused(8, -EEXIST, "in use by 'guest'");
	model_run(SECONDS(5));
	assert_int_equal(other, 0);
	destroy(8);
}

static void many_at_once_and_nothing_lost(void **state)
{
	struct model_snapshot before = model_snapshot();
	domid_t ids[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		ids[i] = create(DOMID_ANY, false)->id;
	assert_int_equal(model_domain_count(), ARRAY_SIZE(ids));
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		destroy(ids[(i * 7) % ARRAY_SIZE(ids)]);
	model_assert_equal(&before, "32 domains");
	for (int i = 0; i < 200; i++)
		destroy(create(DOMID_ANY, i % 2)->id);
	model_assert_equal(&before, "200 rounds");
}

#define NAMED "/local/domain/0/named"

// Names the domain in permissions as long as Xen knows it.
static void name_it(void *id)
{
	const struct xs_permission list[] = {
		{ .domid = 0 },
		{ .domid = *(domid_t *)id, .access = XS_ACCESS_READ },
	};
	struct domain_info info;

	while (!domctl_get_info(list[1].domid, &info)) {
		assert_int_equal(xs_set_permissions(XS_NO_TRANSACTION, NAMED, list, 2), 0);
		task_sleep(MICROSECONDS(20));
	}
}

static void xsa_417_rights_given_to_a_dying_domain_end_with_it(void **state)
{
	domid_t id = create(DOMID_ANY, false)->id;
	struct xs_permission list[2];
	size_t count;

	(void)state;
	assert_int_equal(xs_write(XS_NO_TRANSACTION, NAMED, "", 0), 0);
	assert_non_null(task_create("namer", name_it, &id));
	model_run(MILLISECONDS(1));
	destroy(id);
	model_run(MILLISECONDS(1));
	assert_int_equal(xs_get_permissions(XS_NO_TRANSACTION, NAMED, list, 2, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(xs_rm(XS_NO_TRANSACTION, NAMED), 0);
}

// What it had mapped when it died comes back with it, and is nothing that the next domain of its id may map.
static void grants_end_with_the_domain(void **state)
{
	int error;

	(void)state;
	grant_share_close(grant_share_open(0, 0, &error)); // the view of the table stays
	struct model_snapshot before = model_snapshot();
	domid_t id = create(DOMID_ANY, false)->id;
	struct grant_share *share = grant_share_open(id, 0, &error);
	assert_non_null(share);
	grant_ref_t reference = share->references[0];
	assert_non_null(model_guest_map_grant(id, 0, reference));
	grant_share_close(share);
	destroy(id);
	model_assert_equal(&before, "granted pages");
	domid_t next = create(id, false)->id;
	assert_null(model_guest_map_grant(next, 0, reference));
	destroy(next);
}

int main(void)
{
	const struct CMUnitTest usual[] = {
		TEST(everything_is_in_its_place),
		TEST(interrupts_and_ids_follow_the_configuration),
		TEST(a_gicv2_has_8_cpus),
		TEST(memory_in_both_banks),
		TEST(names_and_ids),
		TEST(uuids_differ),
		TEST(pausing),
		TEST(progress_is_told_and_can_be_stopped),
		TEST(progress_of_another_creation_is_not_told),
		TEST(xen_takes_its_time),
		TEST(something_keeps_it),
		TEST(only_one_destroys_it),
		TEST(a_domain_being_built_is_left_alone),
		TEST(many_at_once_and_nothing_lost),
		TEST(xsa_417_rights_given_to_a_dying_domain_end_with_it),
		TEST(grants_end_with_the_domain),
	};
	const struct CMUnitTest on_gicv3[] = { TEST(a_gicv3_has_more) };
	const struct CMUnitTest with_scmi[] = { TEST(scmi_of_one_domain) };
	int failed;

	options = model_defaults;
	failed = run(usual, ARRAY_SIZE(usual), start);
	options.gic_version = 3;
	options.xen_minor = 22;
	failed |= run(on_gicv3, ARRAY_SIZE(on_gicv3), start);
	options.scmi = true;
	failed |= run(with_scmi, ARRAY_SIZE(with_scmi), start);
	return failed;
}
