// SPDX-License-Identifier: Apache-2.0
// Configurations and images from a real FAT volume: the catalogue while files come, go and change, and a creation with
// every single request of the card failing once.
#include "volume.h"

#include <errno.h>

#include "config/catalog.h"
#include "config/xen_domain_cfg.h"
#include "console/console.h"
#include "domain/domain.h"
#include "domain/store_nodes.h"
#include "kernel/compiler.h"
#include "kernel/fault_test.h"
#include "kernel/task.h"
#include "shell/command.h"
#include "shell/shell.h"
#include "storage/mount.h"
#include "xen/domctl.h"
#include "xen/event.h"
#include "xen/foreign.h"
#include "xen/version.h"
#include "xenstore/xenstore.h"

#define KERNEL_SIZE 700000u

struct dom0_domain_cfg domain_cfgs[] = { { 0 } };

const char *const kernel_test_faults[] = { NULL };

void kernel_test_fault(const char *kind)
{
	(void)kind;
}

static struct model_disk *disk;

static void write_host_file(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

// An arm64 Image, and the same packed with gzip.
static void make_kernels(void)
{
	uint8_t *kernel = test_malloc(KERNEL_SIZE);
	const uint64_t fields[] = { 0, 0x80000, KERNEL_SIZE + 4096, 0xa };

	fill_pattern(kernel, KERNEL_SIZE, 3);
	memset(kernel, 0, 64);
	memcpy(kernel, fields, sizeof(fields));
	memcpy(kernel + 56, "ARM\x64", 4);
	write_host_file("kernel", kernel, KERNEL_SIZE);
	test_free(kernel);
	shell("gzip -kn kernel");
}

static int start_all(void **state)
{
	if (enter_folder(state))
		return -1;
	make_kernels();
	model_start(NULL);
	return event_init() || xen_version_init() || foreign_init() || console_init() || xenstore_init() ||
	       store_nodes_init() || catalog_init();
}

static int start(void **state)
{
	(void)state;
	make_file("ramdisk", 200005, 4);
	shell("truncate -s 16M card; mkfs.vfat --mbr=n -F 16 -s 4 card >/dev/null; mmd -i card dom0;"
	      "printf 'kernel=\"kernel\"\\nramdisk=\"ramdisk\"\\nmemory=16\\n' >plain.cfg;"
	      "printf 'kernel=\"kernel.gz\"\\nmemory=16\\nconsole_log=\"card\"\\n' >packed.cfg;"
	      "mcopy -i card kernel kernel.gz ramdisk plain.cfg packed.cfg ::dom0");
	disk = model_disk_open("card", 512);
	model_disk_insert(disk);
	assert_int_equal(mount_all(), 1);
	return 0;
}

static int end(void **state)
{
	(void)state;
	mount_none();
	model_disk_close(disk);
	shell("fsck.fat -n card >/dev/null && rm card");
	return 0;
}

// ---- The catalogue ----

static void add_name(const char *name, void *context)
{
	snprintf(strchr(context, '\0'), 64, "%s ", name);
}

static const char *listed(void)
{
	static char names[1024];
	struct failure failure = { 0 };

	names[0] = '\0';
	if (catalog_each(add_name, names, &failure))
		fail_msg("%s", failure.text);
	return names;
}

static void write_file(const char *name, const char *text)
{
	char path[64];
	struct mount *mount;
	struct fat_file *file;
	const char *rest;

	snprintf(path, sizeof(path), "%s%s", mount_images_folder(), name);
	assert_int_equal(mount_find(path, &mount, &rest), 0);
	assert_int_equal(fat_open(mount->volume, rest, FAT_WRITE | FAT_CREATE, &file), 0);
	assert_int_equal(fat_truncate(file, 0), 0);
	assert_int_equal(fat_write(file, text, strlen(text), 0), strlen(text));
	assert_int_equal(fat_close(file), 0);
	mount_put(mount);
}

static void delete_file(const char *name)
{
	char path[64];
	struct mount *mount;
	const char *rest;

	snprintf(path, sizeof(path), "%s%s", mount_images_folder(), name);
	assert_int_equal(mount_find(path, &mount, &rest), 0);
	assert_int_equal(fat_delete(mount->volume, rest), 0);
	mount_put(mount);
}

static uint64_t memory_of(const char *name)
{
	struct failure failure = { 0 };
	struct catalog_entry *entry = catalog_find(name, NULL, &failure);

	if (!entry)
		fail_msg("%s", failure.text);
	uint64_t memory = entry->config.memory_kib;
	catalog_release(entry);
	return memory;
}

static void refuses(const char *name, int error, const char *reason)
{
	struct failure failure = { 0 };

	assert_null(catalog_find(name, NULL, &failure));
	assert_int_equal(failure.error, error);
	if (!strstr(failure.text, reason))
		fail_msg("'%s' is not in '%s'", reason, failure.text);
}

static void the_catalogue_follows_the_card(void **state)
{
	(void)state;
	listed();
	struct model_snapshot before = model_snapshot();

	assert_string_equal(listed(), "plain packed ");
	assert_int_equal(memory_of("plain"), 16384);
	write_file("plain.cfg", "kernel=\"kernel\"\nmemory=24\n"); // changed
	assert_int_equal(memory_of("plain"), 24576);
	write_file("added.cfg", "kernel=\"kernel\"\nmemory=8\n"); // added
	assert_string_equal(listed(), "plain packed added ");
	assert_int_equal(memory_of("added"), 8192);
	write_file("LOUD.CFG", "kernel=\"kernel\"\nmemory=4\n");
	assert_string_equal(listed(), "plain packed added LOUD ");
	assert_int_equal(memory_of("LOUD"), 4096);
	delete_file("LOUD.CFG");
	write_file("packed.cfg", "kernel=\"kernel\"\nmemory=many\n"); // broken
	assert_string_equal(listed(), "plain packed added ");
	refuses("packed", -EINVAL, "packed.cfg:2:8: ");
	write_file("packed.cfg", "");
	refuses("packed", -EINVAL, "packed.cfg");
	delete_file("plain.cfg"); // removed
	assert_string_equal(listed(), "packed added ");
	refuses("plain", -ENOENT, "there is no configuration 'plain'");
	model_assert_equal(&before, "the catalogue");
}

static void a_file_that_cannot_be_had_has_a_reason(void **state)
{
	static const struct {
		const char *path;
		int error;
		const char *reason;
	} files[] = {
		{ "nothing.cfg", -ENOENT, "/nothing.cfg: there is no such file" },
		{ "/7:/dom0/plain.cfg", -ENOENT, "/7:/dom0/plain.cfg: no volume is mounted there" },
		{ "../plain.cfg", -EINVAL, "/../plain.cfg: a file can't be called so: " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct failure failure = { 0 };

		assert_null(catalog_read(files[i].path, NULL, &failure));
		assert_int_equal(failure.error, files[i].error);
		if (!strstr(failure.text, files[i].reason))
			fail_msg("'%s' is not in '%s'", files[i].reason, failure.text);
	}
}

// A configuration and its images are as they were when they were found, whatever happens to their files.
static void what_is_in_use_stays(void **state)
{
	struct failure failure = { 0 };
	struct catalog_entry *entry = catalog_find("plain", NULL, &failure);
	uint64_t size;

	(void)state;
	assert_non_null(entry);
	delete_file("plain.cfg");
	assert_int_equal(entry->config.memory_kib, 16384);
	assert_string_equal(entry->config.kernel_file, "kernel");
	assert_int_equal(catalog_open_images(entry, &failure), 0);
	assert_int_equal(entry->config.kernel.size(entry->config.kernel.context, &size), 0);
	assert_int_equal(size, KERNEL_SIZE);
	model_disk_pull(disk);
	struct domain *domain;
	assert_int_equal(domain_create(&entry->config, DOMID_ANY, true, &domain, &failure), -ENODEV);
	catalog_release(entry);
	refuses("packed", -ENODEV, "the card is not there");
	model_disk_insert(disk);
	assert_int_equal(mount_all(), 1);
	assert_string_equal(listed(), "packed ");
}

// ---- Creation ----

static int create(const char *name, domid_t *id, struct failure *failure)
{
	struct catalog_entry *entry = catalog_find(name, NULL, failure);
	struct domain *domain;

	if (!entry)
		return failure->error;
	int error = catalog_open_images(entry, failure);
	if (!error)
		error = domain_create(&entry->config, DOMID_ANY, true, &domain, failure);
	if (!error)
		*id = domain->id;
	catalog_release(entry);
	return error;
}

static void create_and_destroy(const char *name)
{
	struct failure failure = { 0 };
	domid_t id;

	if (create(name, &id, &failure))
		fail_msg("%s", failure.text);
	assert_int_equal(domain_destroy(id, &failure), 0);
}

static void images_arrive_whole(void **state)
{
	static const char *const names[] = { "plain", "packed" };
	uint8_t *got = test_malloc(KERNEL_SIZE);
	size_t size;
	uint8_t *wanted = load_file("kernel", &size);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct failure failure = { 0 };
		domid_t id;

		if (create(names[i], &id, &failure))
			fail_msg("%s", failure.text);
		model_guest_read(id, 0x40080000, got, KERNEL_SIZE);
		assert_memory_equal(got, wanted, KERNEL_SIZE);
		assert_int_equal(domain_destroy(id, &failure), 0);
	}
	test_free(got);
	test_free(wanted);
}

// A volume that was mounted anew knows nothing, so that each creation reads the same.
static void mount_anew(void)
{
	assert_int_equal(mount_none(), 0);
	assert_int_equal(mount_all(), 1);
}

static void creation_survives_each_read_of_the_card(void **state)
{
	static const char *const names[] = { "plain", "packed" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		bool struck = true;

		create_and_destroy(names[i]);
		mount_anew();
		struct model_snapshot before = model_snapshot();
		for (uint64_t nth = 1; struck; nth++) {
			struct failure failure = { 0 };
			domid_t id;

			disk->struck = false;
			disk->fail_nth = nth;
			int error = create(names[i], &id, &failure);
			struck = disk->struck;
			disk->fail_nth = 0;
			if (error) {
				assert_true(struck);
				assert_int_equal(error, -EIO);
				assert_int_equal(failure.error, -EIO);
				assert_non_null(strstr(failure.text, "/dom0/"));
			} else { // without the fault, or it hit what was read ahead and not needed yet
				assert_int_equal(domain_destroy(id, &failure), 0);
			}
			assert_int_equal(model_domain_count(), 0);
			mount_anew();
			model_assert_equal(&before, names[i]);
			assert_true(nth < 1000);
		}
		create_and_destroy(names[i]);
	}
}

// ---- At the prompt, with xl's arguments ----

static const char *says(const char *line)
{
	model_output_clear();
	command_run_line(shell_commands, line);
	return model_output();
}

static void assert_says(const char *line, const char *text)
{
	if (!strstr(says(line), text))
		fail_msg("'%s' says:\n%s\ninstead of:\n%s", line, model_output(), text);
}

static const char plain_json[] =
	"[\n"
	"    {\n"
	"        \"domid\": 1,\n"
	"        \"config\": {\n"
	"            \"c_info\": {\n"
	"                \"type\": \"pvh\",\n"
	"                \"name\": \"x\",\n"
	"                \"uuid\": \"01234567-89ab-cdef-0123-456789abcdef\",\n"
	"                \"pool_name\": \"Pool-0\"\n"
	"            },\n"
	"            \"b_info\": {\n"
	"                \"max_vcpus\": 2,\n"
	"                \"avail_vcpus\": [\n"
	"                    0\n"
	"                ],\n"
	"                \"max_memkb\": 32768,\n"
	"                \"target_memkb\": 16384,\n"
	"                \"sched_params\": {\n"
	"                    \"weight\": 300\n"
	"                },\n"
	"                \"kernel\": \"kernel\",\n"
	"                \"cmdline\": \"say \\\"hello\\\" \\\\ \\u0007\",\n"
	"                \"ramdisk\": \"ramdisk\",\n"
	"                \"arch_arm\": {\n"
	"                    \"gic_version\": \"default\"\n"
	"                }\n"
	"            },\n"
	"            \"on_poweroff\": \"destroy\",\n"
	"            \"on_reboot\": \"restart\",\n"
	"            \"on_watchdog\": \"destroy\",\n"
	"            \"on_crash\": \"preserve\",\n"
	"            \"on_soft_reset\": \"soft-reset\"\n"
	"        }\n"
	"    }\n"
	"]\n";

static void what_xl_shows_of_a_domain(void **state)
{
	(void)state;
	write_file("x.cfg", "name = 'x'\nkernel = 'kernel'\nramdisk = 'ramdisk'\nmemory = 16\nmaxmem = 32\n"
			    "cmdline = 'say \"hello\" \\\\ \\x07'\nvcpus = 1\nmaxvcpus = 2\n"
			    "cpu_weight = 300\non_crash = 'preserve'\nuuid = '01234567-89ab-cdef-0123-456789abcdef'\n");
	assert_says("xl create x.cfg -d 1", "domain:1 created\n");
	const char *text = strstr(says("xl list -l"), "    },\n    {\n        \"domid\": 1"); // behind Dom0
	assert_non_null(text);
	assert_string_equal(text + strlen("    },\n"), plain_json + strlen("[\n"));
	assert_memory_equal(says("xl list -l 1"), "{\n    \"domid\": 1,\n", 18);
	assert_says("xl destroy x", "destroyed");

	write_file("y.cfg", "kernel = 'kernel'\nmemory = 16\ndisk = [ 'phy:/dev/x,xvda,r,backend=driver' ]\n"
			    "vif = [ 'mac=00:16:3e:01:02:03,bridge=b0,backend=driver', 'devid=7,backend=driver' ]\n"
			    "irqs = [ 40 ]\niomem = [ '9030,1' ]\n");
	static const char *const parts[] = {
		"{\n    \"domid\": null,\n", "\"pdev_path\": \"/dev/x\"", "\"readwrite\": 0", "\"mac\": \"00:16:3e:01:02:03\"",
		"\"devid\": 7,", "\"start\": 36912", "\"irqs\": [\n                40\n",
		"\"backend_domname\": \"driver\"",
	};
	says("xl create -n y");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!strstr(model_output(), parts[i]))
			fail_msg("'%s' isn't in:\n%s", parts[i], model_output());
	assert_int_equal(model_domain_count(), 0);
}

static void what_xl_takes_to_create(void **state)
{
	(void)state;
	assert_says("xl create plain.cfg memory=24 cmdline=console=hvc0", "domain:");
	assert_says("xl list -l", "\"target_memkb\": 24576,");
	assert_says("xl list -l", "\"cmdline\": \"console=hvc0\"");
	assert_says("xl config-update plain packed.cfg name=other", "");
	assert_says("xl list -l", "\"kernel\": \"kernel.gz\"");
	assert_says("xl config-update plain plain.cfg memory=many", "setting 1 behind plain.cfg: ");
	assert_says("xl config-update 0 plain.cfg", "domain 0 is this control domain itself");
	assert_says("xl destroy plain", "destroyed");
	assert_null(strstr(says("xl create -q -f plain.cfg memory=8"), "created"));
	assert_says("xl list", "\nplain ");
	assert_says("xl destroy plain", "destroyed");
	assert_says("xl create plain cmdline=", "created");
	assert_says("xl destroy plain", "destroyed");
	assert_says("xl create plain memory=0", "setting 1 behind plain.cfg: ");
	assert_says("xl create plain 'memory=\"0\"'", "setting 1 behind plain.cfg: ");
	assert_int_equal(model_domain_count(), 0);
}

// What a file says is shown, and steers no terminal.
static void a_file_for_the_terminal(void **state)
{
	(void)state;
	write_file("wild.cfg", "kernel=\"\033[2J\302\233x\"\nmemory=16\n");
	assert_says("xl create wild.cfg", "?[2J\302?x");
	write_file("wild.cfg", "kernel=\"kernel\"\nmemory=16\ncmdline='\303\251 \360\237\230\200 \351\"'\n");
	assert_says("xl create -n wild.cfg", "\"cmdline\": \"\\u00e9 \\ud83d\\ude00 \\u00e9\\\"\"");
	assert_says("xl create '\303\266\302\251'", "'\303\266\302\251'");
	write_file("wild.cfg", "kernel=\"kernel\"\nmemory=16\ncmdline='\302\2332J \033'\n");
	assert_says("xu config wild", "\302\\x9b2J \\x1b");
}

static void a_pool_from_a_file(void **state)
{
	(void)state;
	write_file("pool.cfg", "sched = 'credit'\ncpus = [ '2', '3' ]\n");
	assert_string_equal(says("xl cpupool-cpu-remove Pool-0 2-3"), "");
	assert_says("xl cpupool-create -n pool.cfg", "cpupool name:   pool.cfg\nscheduler:      credit\nnumber of cpus: 2\n");
	assert_says("xl cpupool-create -f pool.cfg name=second", "pool:1 created");
	assert_says("xl cpupool-list", "second               2    credit       y          0\n");
	assert_string_equal(says("xl cpupool-destroy second"), "");
	// 60 CPUs, of which the last isn't there: none of them is left out because of the list's length.
	write_file("pool.cfg", "cpus = [ '2', '3', '2', '3', '2', '3', '2', '3', '2', '3', '2', '3', '2', '3', '2', '3', "
			       "'2', '3', '2', '3', '2', '3', '2', '3', '2', '3', '2', '3', '2', '3', '2', '3', '2', '3', "
			       "'2', '3', '2', '3', '2', '3', '2', '3', '2', '3', '2', '3', '2', '3', '2', '3', '2', '3', "
			       "'2', '3', '2', '3', '2', '3', '2', '3', '2', '3', '2', '3', '99' ]\n");
	assert_says("xl cpupool-create pool.cfg", "CPU 99 is in a pool, or isn't there");
	write_file("pool.cfg", "cpus = '9'\nname = 'third'\n");
	assert_says("xl cpupool-create pool.cfg", "CPU 9 is in a pool, or isn't there");
	write_file("pool.cfg", "cpus = [\n");
	assert_says("xl cpupool-create pool.cfg", "pool.cfg:");
	assert_string_equal(says("xl cpupool-cpu-add Pool-0 2-3"), "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
	const struct CMUnitTest tests[] = {
		TEST(the_catalogue_follows_the_card),
		TEST(a_file_that_cannot_be_had_has_a_reason),
		TEST(what_is_in_use_stays),
		TEST(images_arrive_whole),
		TEST(creation_survives_each_read_of_the_card),
		TEST(what_xl_shows_of_a_domain),
		TEST(what_xl_takes_to_create),
		TEST(a_file_for_the_terminal),
		TEST(a_pool_from_a_file),
	};

	return cmocka_run_group_tests(tests, start_all, leave_folder);
}
