// SPDX-License-Identifier: Apache-2.0
// domain/: what a domain is when it has been created; what is refused, with which words and nothing left
// over; names, ids, pausing; an end that takes its time.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <libfdt.h>
#include <zlib.h>

#include "console/console.h"
#include "domain/domain.h"
#include "domain/store_nodes.h"
#include "domain/uuid.h"
#include "kernel/compiler.h"
#include "kernel/task.h"
#include "model/model.h"
#include "xen/domctl.h"
#include "xen/event.h"
#include "xen/foreign.h"
#include "xen/version.h"
#include "xenstore/xenstore.h"

#define RAM UINT64_C(0x40000000)
#define CONSOLE_GFN 0x39000u
#define STORE_GFN 0x39001u

// ---- images and configurations ----

#define KERNEL_SIZE 150001u
#define RAMDISK_SIZE 70002u

static uint8_t kernel[KERNEL_SIZE], ramdisk[RAMDISK_SIZE];
static struct model_image kernel_image, ramdisk_image;
static struct domain_config config;
static struct failure failure;

static int reset(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kernel); i++)
		kernel[i] = (uint8_t)(i * 7 >> 3);
	memset(kernel, 0, 64);
	memcpy(kernel + 8, &(uint64_t){ 0x80000 }, 8);  // text_offset
	memcpy(kernel + 16, &(uint64_t){ 1 << 20 }, 8); // image_size
	memcpy(kernel + 56, "ARM\x64", 4);
	for (size_t i = 0; i < sizeof(ramdisk); i++)
		ramdisk[i] = (uint8_t)(i * 5 >> 2);
	kernel_image = (struct model_image){ .name = "Image", .data = kernel, .size = sizeof(kernel) };
	ramdisk_image = (struct model_image){ .name = "initrd", .data = ramdisk, .size = sizeof(ramdisk) };
	config = (struct domain_config){
		.name = "guest",
		.memory_kib = 16384,
		.vcpus = 1,
		.max_grant_frames = -1,
		.max_maptrack_frames = -1,
		.kernel = model_image_source(&kernel_image),
		.command_line = "",
	};
	memset(&failure, 0, sizeof(failure));
	model_set_destroy_delay(MILLISECONDS(2));
	return 0;
}

static struct domain *create(domid_t wanted, bool paused)
{
	struct domain *domain;

	memset(&failure, 0, sizeof(failure));
	if (domain_create(&config, wanted, paused, &domain, &failure))
		fail_msg("%s", failure.text);
	return domain;
}

static void destroy(domid_t id)
{
	memset(&failure, 0, sizeof(failure));
	if (domain_destroy(id, &failure))
		fail_msg("%s", failure.text);
	assert_false(model_domain_exists(id));
	assert_null(domain_find(id));
}

static void refused(domid_t wanted, int error, const char *words)
{
	struct model_snapshot before = model_snapshot();
	struct domain *domain;

	memset(&failure, 0, sizeof(failure));
	assert_int_equal(domain_create(&config, wanted, false, &domain, &failure), error);
	assert_int_equal(failure.error, error);
	if (!strstr(failure.text, words))
		fail_msg("'%s' isn't in '%s'", words, failure.text);
	assert_int_equal(domain_create(&config, wanted, false, &domain, NULL), error);
	model_assert_equal(&before, words);
}

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

// ---- what is refused ----

static void scmi_before_xen_4_21(void **state)
{
	(void)state;
	config.scmi = true;
	refused(DOMID_ANY, -ENOTSUP, "arm_sci: Xen 4.17 hands SCMI calls of Dom0 alone on to firmware");
}

static void scmi_that_xen_does_not_hand_on(void **state)
{
	(void)state;
	config.scmi = true;
	refused(DOMID_ANY, -EINVAL, "scmi-smc-passthrough");
}

static void ids_out_of_range_or_in_use(void **state)
{
	(void)state;
	refused(0, -EINVAL, "domain id 0 is out of range: choose one from 1 to 32751");
	refused(0x7ff0, -EINVAL, "domain id 32752 is out of range");
	refused(0xffff, -EINVAL, "out of range");
	assert_int_equal(create(5, false)->id, 5);
	refused(5, -EEXIST, "domain id 5 is in use by 'guest': choose another with -d, or leave it out");
	assert_int_equal(create(0x7fef, false)->id, 0x7fef);
	domid_t foreign = model_make_domain(100);
	refused(foreign, -EEXIST, "in use by 'Domain-");
	destroy(foreign);
	destroy(5);
	destroy(0x7fef);
}

static void too_little_memory(void **state)
{
	(void)state;
	config.memory_kib = 1024;
	refused(DOMID_ANY, -ENOMEM, "kernel needs 2 MiB but the domain has 1 MiB: raise memory");
	config.memory_kib = 900 << 20;
	refused(DOMID_ANY, -ENOMEM, "MiB are free: lower its memory, or destroy another domain");
	config.memory_kib = UINT64_C(1) << 31;
	refused(DOMID_ANY, -EINVAL, "a domain has room for 1043456 MiB at most");
	config.memory_kib = 0;
	refused(DOMID_ANY, -EINVAL, "memory of 0 KiB");

	config.memory_kib = 16384;
	model_take_pages(model_free_pages() - 4000);
	refused(DOMID_ANY, -ENOMEM,
		"the domain takes 17 MiB with Xen's page tables for it, but only 15 MiB are free");
	model_return_pages();
	destroy(create(DOMID_ANY, false)->id);
}

static void images_that_are_wrong(void **state)
{
	static uint8_t elf[] = "\177ELF and more";

	(void)state;
	kernel_image.size = 0;
	refused(DOMID_ANY, -ENOEXEC, "kernel Image: empty");
	kernel_image = (struct model_image){ .name = "x.elf", .data = elf, .size = sizeof(elf) };
	config.kernel = model_image_source(&kernel_image);
	refused(DOMID_ANY, -ENOEXEC,
		"kernel x.elf: not an arm64 Image, gzip or uImage (first bytes 7f 45 4c 46)");
	kernel_image.size_error = -ENOENT;
	refused(DOMID_ANY, -ENOENT, "kernel x.elf: can't be read");

	reset(NULL);
	config.ramdisk = model_image_source(&ramdisk_image);
	ramdisk_image.size = 0;
	refused(DOMID_ANY, -EINVAL, "ramdisk initrd: empty");
	ramdisk_image.size = 16 << 20;
	refused(DOMID_ANY, -ENOMEM, "kernel, ramdisk and device tree need");
	ramdisk_image.size = UINT64_MAX;
	refused(DOMID_ANY, -ENOMEM, "ramdisk and device tree need");
	ramdisk_image.size = sizeof(ramdisk);
	ramdisk_image.read_error = -EIO;
	refused(DOMID_ANY, -EIO, "ramdisk initrd: reading at byte 0 failed");

	const uint64_t huge[] = { UINT64_MAX, INT64_MAX, UINT64_C(1) << 32 };
	ramdisk_image.read_error = 0;
	for (size_t i = 0; i < ARRAY_SIZE(huge); i++) {
		memcpy(kernel + 16, &huge[i], 8);
		refused(DOMID_ANY, -ENOMEM, "kernel needs");
	}
	memcpy(kernel + 16, &(uint64_t){ 0 }, 8);
	for (size_t i = 0; i < ARRAY_SIZE(huge); i++) {
		memcpy(kernel + 8, &huge[i], 8);
		refused(DOMID_ANY, -ENOMEM, "kernel needs");
	}
}

// Its end announces less than there is in it, which shows when the domain is half built.
static void a_gzip_that_explodes(void **state)
{
	static uint8_t packed[2 * KERNEL_SIZE];
	z_stream stream = {
		.next_in = kernel, .avail_in = sizeof(kernel), .next_out = packed, .avail_out = sizeof(packed)
	};

	(void)state;
	memcpy(kernel + 16, &(uint64_t){ 5000 }, 8); // image_size
	assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	kernel_image = (struct model_image){ .name = "Image.gz", .data = packed, .size = stream.total_out };
	deflateEnd(&stream);
	config.kernel = model_image_source(&kernel_image);
	destroy(create(DOMID_ANY, false)->id);
	memset(packed + kernel_image.size - 4, 0, 4);
	refused(DOMID_ANY, -EBADMSG, "kernel Image.gz: corrupt, there is more in it than the 5000 bytes");
}

static void xsa_61_devices_that_cannot_be_given(void **state)
{
	static const char *const device[] = { "/no/such" };
	static const struct config_iomem uart[] = { { CONFIG_GFN_SAME, 0x9000, 1 } };
	static const struct config_iomem both[] = { { CONFIG_GFN_SAME, 0x9030, 1 }, { 0x8000, 0x9000, 1 } };
	static const uint32_t irqs[] = { 39, 33 };

	(void)state;
	config.iomem = uart;
	config.iomem_count = 1;
	refused(DOMID_ANY, -EPERM,
		"iomem 0x9000000 to 0x9000fff can't be given to the domain: it is not this control");
	config.iomem = both;
	config.iomem_count = 2;
	refused(DOMID_ANY, -EPERM, "iomem 0x9000000");
	config.iomem_count = 0;
	config.irqs = irqs;
	config.irq_count = 2;
	refused(DOMID_ANY, -EPERM, "interrupt 33 can't be given to the domain");
	config.irq_count = 0;
	config.dtdevs = device;
	config.dtdev_count = 1;
	refused(DOMID_ANY, -ENODEV, "/no/such");
}

static void a_xen_that_is_not_supported(void **state)
{
	(void)state;
	refused(DOMID_ANY, -ENOTSUP, "can't be controlled by this program, which supports 4.17 to 4.22");
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
	refused(DOMID_ANY, -EEXIST, "domain 10 is named 'one' already: destroy it first");
	config.domain_name = "guest-3";
	refused(DOMID_ANY, -EEXIST, "domain 6 is named 'guest-3' already");
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

// ---- a process for each machine ----

static struct model_options options;

static int start_unsupported(void **state)
{
	(void)state;
	model_start(&options);
	return event_init() || foreign_init() || console_init() || xenstore_init() ||
	       store_nodes_init(); // no version was found that is spoken here
}

static int start(void **state)
{
	return start_unsupported(state) || xen_version_init();
}

static int run(const struct CMUnitTest *tests, size_t count, CMFixtureFunction setup)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		exit(_cmocka_run_group_tests("domains", tests, count, setup, NULL) ? 1 : 0);
	return waitpid(child, &status, 0) == child && status == 0 ? 0 : 1;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, reset)
	const struct CMUnitTest usual[] = {
		TEST(everything_is_in_its_place),
		TEST(interrupts_and_ids_follow_the_configuration),
		TEST(a_gicv2_has_8_cpus),
		TEST(memory_in_both_banks),
		TEST(ids_out_of_range_or_in_use),
		TEST(too_little_memory),
		TEST(scmi_before_xen_4_21),
		TEST(images_that_are_wrong),
		TEST(a_gzip_that_explodes),
		TEST(xsa_61_devices_that_cannot_be_given),
		TEST(names_and_ids),
		TEST(uuids_differ),
		TEST(pausing),
		TEST(progress_is_told_and_can_be_stopped),
		TEST(xen_takes_its_time),
		TEST(something_keeps_it),
		TEST(only_one_destroys_it),
		TEST(a_domain_being_built_is_left_alone),
		TEST(many_at_once_and_nothing_lost),
	};
	const struct CMUnitTest on_gicv3[] = { TEST(a_gicv3_has_more), TEST(scmi_that_xen_does_not_hand_on) };
	const struct CMUnitTest with_scmi[] = { TEST(scmi_of_one_domain) };
	const struct CMUnitTest unsupported[] = { TEST(a_xen_that_is_not_supported) };
	int failed;

	options = model_defaults;
	failed = run(usual, ARRAY_SIZE(usual), start);
	failed |= run(unsupported, ARRAY_SIZE(unsupported), start_unsupported);
	options.gic_version = 3;
	options.xen_minor = 22;
	failed |= run(on_gicv3, ARRAY_SIZE(on_gicv3), start);
	options.scmi = true;
	failed |= run(with_scmi, ARRAY_SIZE(with_scmi), start);
	return failed;
}
