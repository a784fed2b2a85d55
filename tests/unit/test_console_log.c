// SPDX-License-Identifier: Apache-2.0
// console/log_file.c on a FAT volume: what mcopy finds of what domains printed; floods, full files, cards that fail, are
// missing, or lose their power.
#include "volume.h"

#include <errno.h>

#include "console/log_file.h"
#include "kernel/compiler.h"
#include "kernel/task.h"
#include "storage/mount.h"

#define INTERVAL SECONDS(CONSOLE_LOG_SECONDS)
#define SHARE    (CONFIG_CONSOLE_LOG_RATE * CONSOLE_LOG_SECONDS)
#define KEPT     16384u // at once

static struct model_disk *disk;

static void insert(void)
{
	disk = model_disk_open("card", 512);
	model_disk_insert(disk);
	assert_int_equal(mount_all(), 1);
}

static void remove_card(void)
{
	mount_none();
	model_disk_close(disk);
	disk = NULL;
}

static int start(void **state)
{
	(void)state;
	shell("rm -f card; truncate -s 16M card; mkfs.vfat --mbr=n -F 16 card >/dev/null; mmd -i card dom0");
	model_start(NULL);
	assert_int_equal(console_log_init(), 0);
	insert();
	return 0;
}

static int end(void **state)
{
	(void)state;
	if (disk)
		remove_card();
	return 0;
}

// A file of the folder, as mcopy reads it, with a NUL behind it; NULL: there is none.
static char *content(const char *name, size_t *size)
{
	if (shell_status("rm -f out; mcopy -n -i card '::dom0/console/%s' out 2>/dev/null", name))
		return NULL;
	char *text = (char *)load_file("out", size);
	text[*size] = '\0';
	return text;
}

static void expect_content(const char *name, const char *wanted)
{
	size_t size;
	char *text = content(name, &size);

	assert_non_null(text);
	assert_string_equal(text, wanted);
	test_free(text);
	shell("fsck.fat -n card >/dev/null");
}

static void put(struct console_log *log, const char *text)
{
	console_log_put(log, text, strlen(text));
}

static void test_lines(void **state)
{
	struct model_snapshot before = model_snapshot();
	struct console_log *log = console_log_open("guest"), *other = console_log_open("a/b: c?");

	(void)state;
	put(log, "one\r\n");
	model_run(INTERVAL - MILLISECONDS(100));
	put(log, "two\r\n");
	assert_int_equal(shell_status("mdir -i card ::dom0/console >/dev/null 2>&1"), 1); // nothing is written yet
	model_run(MILLISECONDS(200));
	expect_content("guest.log", "one\r\ntwo\r\n");
	disk->writes = 0;
	model_run(10 * INTERVAL);
	assert_int_equal(disk->writes, 0);
	put(log, "three\r\n");
	put(other, "other\n");
	console_log_flush(time_now() + SECONDS(1));
	expect_content("guest.log", "one\r\ntwo\r\nthree\r\n");
	expect_content("a_b_ c_.log", "other\n");
	console_log_close(log);
	put(other, "last words");
	console_log_close(other);
	console_log_close(NULL);
	model_run(MILLISECONDS(100));
	expect_content("a_b_ c_.log", "other\nlast words");
	model_assert_equal(&before, "closed logs");
	log = console_log_open("guest"); // another domain of the name
	put(log, "again\n");
	console_log_close(log);
	model_run(MILLISECONDS(100));
	expect_content("guest.log", "one\r\ntwo\r\nthree\r\nagain\n");
	model_assert_equal(&before, "closed logs");
}

// All that was put in, in numbered lines.
static char *print_lines(struct console_log *log, unsigned int count, uint64_t every)
{
	char *all = test_malloc(count * 32u + 1), *at = all;

	for (unsigned int i = 0; i < count; i++) {
		int length = sprintf(at, "line %08u of the console\n", i);

		console_log_put(log, at, (size_t)length);
		at += length;
		if (i % 64 == 63)
			model_run(every);
	}
	return all;
}

static void test_rotation(void **state)
{
	static const char *const names[] = { "guest.log.3", "guest.log.2", "guest.log.1", "guest.log" };
	struct console_log *log = console_log_open("guest");
	char *all = print_lines(log, 30000, SECONDS(1)), *at;
	size_t size, total = 0;

	(void)state;
	console_log_close(log);
	model_run(SECONDS(1));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *text = content(names[i], &size);

		assert_non_null(text);
		assert_in_range(size, i == 3 ? 1 : CONFIG_CONSOLE_LOG_SIZE - KEPT, CONFIG_CONSOLE_LOG_SIZE);
		if (!i)
			at = strstr(all, text);
		else
			at = memcmp(all + total, text, size) ? NULL : all + total;
		assert_non_null(at);
		total = (size_t)(at - all) + size;
		test_free(text);
	}
	assert_int_equal(total, strlen(all)); // up to the last byte
	assert_null(content("guest.log.4", &size));
	shell("fsck.fat -n card >/dev/null");
	test_free(all);
}

// Bytes of which the file says that they were dropped; *notes: of what it says so with.
static uint64_t count_dropped(const char *text, size_t *notes)
{
	uint64_t dropped = 0;

	*notes = 0;
	for (const char *at = text; (at = strstr(at, "\n[")); at++) {
		const char *behind = strstr(at, " bytes of output were dropped here]\n");

		dropped += strtoull(at + 2, NULL, 10);
		*notes += (size_t)(behind - at) + strlen(" bytes of output were dropped here]\n");
	}
	return dropped;
}

// A guest that prints a megabyte each second: its share is kept, what was dropped is counted, to the byte.
static void test_flood(void **state)
{
	struct model_snapshot before = model_snapshot();
	struct console_log *log = console_log_open("guest");
	char *all = print_lines(log, 200000, MILLISECONDS(2)), *text;
	uint64_t seconds = 200000 / 64 * 2 / 1000, dropped, total = strlen(all);
	size_t size, notes;

	(void)state;
	console_log_close(log);
	model_run(SECONDS(1));
	text = content("guest.log", &size);
	assert_non_null(text);
	assert_in_range(size, SHARE, (seconds + 2) * CONFIG_CONSOLE_LOG_RATE + KEPT + 1000);
	dropped = count_dropped(text, &notes);
	assert_int_equal(dropped + size - notes, total);
	assert_string_equal(text + size - 100, all + total - 100); // the end is there
	test_free(text);
	test_free(all);
	model_assert_equal(&before, "a flood");
}

// What was to be said of dropped bytes is lost with the rest of a write that fails, and is said by the next one.
static void test_flood_and_failures(void **state)
{
	static char line[KEPT + 5000];
	size_t size, notes;

	(void)state;
	memset(line, 'x', sizeof(line) - 1);
	struct console_log *log = console_log_open("guest");
	put(log, line);
	disk->fail_nth = 1;
	model_run(INTERVAL + MILLISECONDS(100));
	assert_int_equal(disk->fail_nth, 0);
	put(log, line);
	console_log_close(log);
	model_run(5 * INTERVAL);
	char *text = content("guest.log", &size);
	assert_non_null(text);
	assert_int_equal(count_dropped(text, &notes) + size - notes, 2 * strlen(line));
	test_free(text);
}

static void test_no_card(void **state)
{
	struct model_snapshot before;
	struct console_log *log;

	(void)state;
	remove_card();
	before = model_snapshot();
	log = console_log_open("guest");
	put(log, "kept\n");
	model_run(10 * INTERVAL);
	insert();
	model_run(2 * INTERVAL);
	expect_content("guest.log", "kept\n");
	remove_card();
	put(log, "too late\n");
	console_log_close(log);
	console_log_flush(time_now() + SECONDS(100)); // isn't waited for
	model_run(5 * INTERVAL);
	model_assert_equal(&before, "no card");
	expect_content("guest.log", "kept\n");
}

static void print_some(struct console_log *log)
{
	for (char text[] = "a 0\n"; text[2] < '5'; text[2]++) {
		put(log, text);
		model_run(INTERVAL + MILLISECONDS(100));
	}
	console_log_close(log);
	model_run(4 * INTERVAL);
}

static const char some[] = "a 0\na 1\na 2\na 3\na 4\n";

// The Nth request of the device fails.
static void test_failures(void **state)
{
	bool struck = true;

	for (uint64_t nth = 1; struck; nth++) {
		end(state);
		start(state);
		struct model_snapshot before = model_snapshot();
		struct console_log *log = console_log_open("guest");
		disk->fail_nth = nth;
		disk->struck = false;
		print_some(log);
		struck = disk->struck;
		disk->fail_nth = 0;
		model_assert_equal(&before, "a failing card");
		remove_card();
		shell("fsck.fat -a card >/dev/null; test $? -lt 2");
	}
	expect_content("guest.log", some);
}

// Power is cut after the Nth block: a beginning of what was printed is there, and nothing else.
static void test_power_cuts(void **state)
{
	bool struck = true;

	for (uint64_t nth = 0; struck; nth++) {
		end(state);
		start(state);
		struct console_log *log = console_log_open("guest");
		disk->cut_after = nth;
		disk->struck = false;
		print_some(log);
		struck = disk->struck;
		remove_card();
		shell("fsck.fat -a card >/dev/null; test $? -lt 2");
		size_t size;
		char *text = content("guest.log", &size);
		if (text)
			assert_memory_equal(text, some, size);
		else
			assert_in_range(nth, 0, 40);
		if (text)
			test_free(text);
	}
	expect_content("guest.log", some);
}

static void test_no_memory(void **state)
{
	struct model_snapshot before = model_snapshot();

	(void)state;
	for (unsigned int nth = 1; nth <= 2; nth++) {
		model_fail_allocation(nth);
		assert_null(console_log_open("guest"));
		model_fail_allocation(0);
		model_assert_equal(&before, "no memory");
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
	const struct CMUnitTest tests[] = {
		TEST(test_lines),    TEST(test_rotation),   TEST(test_flood),     TEST(test_no_card),
		TEST(test_failures), TEST(test_power_cuts), TEST(test_no_memory),
		TEST(test_flood_and_failures),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
