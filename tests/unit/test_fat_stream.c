// SPDX-License-Identifier: Apache-2.0
// storage/fat_stream.c: files read ahead, from any place to any other, on volumes that are slow, fail or are pulled.
#include "volume.h"

#include <errno.h>

#include "kernel/compiler.h"
#include "kernel/task.h"
#include "storage/fat_stream.h"

#define SIZE    1500000u
#define LATENCY MILLISECONDS(1)

static const struct {
	const char *options;
	unsigned int kilobytes, block_size;
} kinds[] = {
	{ "-F 12 -s 8", 8192, 512 },
	{ "-F 16 -s 1", 16384, 512 },
	{ "-F 16 -S 2048 -s 1", 32768, 512 },
	{ "-F 32 -s 8", 300000, 512 },
	{ "-F 32 -S 4096 -s 1", 300000, 4096 },
};

static struct model_disk *disk;
static struct fat_volume *volume;
static struct fat_file *file;
static uint8_t *wanted;

// A volume with the file in two pieces with another one between them.
static void make(size_t kind)
{
	size_t size;

	shell("rm -f image; truncate -s %uK image; mkfs.vfat --mbr=n %s image >/dev/null 2>&1", kinds[kind].kilobytes,
	      kinds[kind].options);
	make_file("file", SIZE, 7);
	make_file("small", 300000, 8);
	shell("mcopy -i image small ::/a; mcopy -i image small ::/b; mdel -i image ::/a; mcopy -i image file ::/file");
	wanted = load_file("file", &size);
	model_start(NULL);
	disk = model_disk_open("image", kinds[kind].block_size);
	model_disk_insert(disk);
}

static void open_it(void)
{
	volume = mount(disk);
	assert_int_equal(fat_open(volume, "file", 0, &file), 0);
}

static void close_it(void)
{
	assert_int_equal(fat_close(file), 0);
	assert_int_equal(fat_unmount(volume), 0);
}

static void end(void)
{
	test_free(wanted);
	model_disk_close(disk);
}

// Goes through the stream, using each piece for some time; the bytes, or an error.
static long walk(uint32_t offset, uint32_t size, uint64_t use)
{
	struct fat_stream *stream;
	const void *data;
	uint32_t at = 0;
	long length = fat_stream_open(file, offset, size, &stream);

	if (length)
		return length;
	while ((length = fat_stream_next(stream, &data)) > 0) {
		assert_in_range(length, 1, size - at);
		if (use)
			task_sleep(use);
		assert_memory_equal(data, wanted + offset + at, (size_t)length);
		at += (uint32_t)length;
	}
	const void *again;
	assert_int_equal(fat_stream_next(stream, &again), 0);
	fat_stream_close(stream);
	return length ? length : at;
}

static void test_all_places(void **state)
{
	static const uint32_t places[][2] = {
		{ 0, SIZE },	 { 0, 1 },	 { 0, 0 },	    { 64, SIZE - 64 },	{ 1, 131071 },
		{ 1, 131072 },	 { 4095, 2 },	 { SIZE - 1, 1 },   { 512, 1048576 },	{ 1000, 1310720 },
		{ 4096, 655360 }, { 511, 131073 }, { SIZE - 4096, 4096 }, { 131072, 131072 },
	};

	(void)state;
	for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		make(kind);
		open_it();
		for (size_t i = 0; i < 2 * ARRAY_SIZE(places); i++) {
			struct model_snapshot before = model_snapshot();

			disk->latency = i < ARRAY_SIZE(places) ? 0 : LATENCY;
			const uint32_t *place = places[i % ARRAY_SIZE(places)];
			assert_int_equal(walk(place[0], place[1], 0), place[1]);
			model_assert_equal(&before, "a stream");
		}
		close_it();
		end();
	}
}

// While a piece is used, the next ones are read: only the first one is waited for.
static void test_both_at_once(void **state)
{
	uint64_t use = 2 * LATENCY, pieces = (SIZE + 131071) / 131072;

	(void)state;
	make(3);
	open_it();
	assert_int_equal(walk(0, SIZE, 0), SIZE); // the FAT is in the cache
	disk->latency = LATENCY;
	uint64_t begin = time_now();
	assert_int_equal(walk(0, SIZE, use), SIZE);
	assert_in_range(time_now() - begin, pieces * use, pieces * use + 2 * LATENCY);
	close_it();
	end();
}

// The Nth request of the device, or the Nth allocation, fails: told, and nothing is left.
static void test_failures(void **state)
{
	(void)state;
	make(1);
	struct model_snapshot before = model_snapshot();
	for (uint64_t nth = 1;; nth++) {
		open_it();
		disk->struck = false;
		disk->fail_nth = nth;
		long result = walk(100, SIZE - 100, 0);
		disk->fail_nth = 0;
		close_it();
		model_assert_equal(&before, "a failed read");
		if (result != -EIO) // or it hit the FAT ahead of where it was needed, and was tried again
			assert_int_equal(result, SIZE - 100);
		if (!disk->struck)
			break;
	}
	for (unsigned int nth = 1;; nth++) {
		open_it();
		model_fail_allocation(nth);
		long result = walk(100, SIZE - 100, 0);
		bool struck = model_fault_struck();
		model_fail_allocation(0);
		close_it();
		model_assert_equal(&before, "no memory");
		assert_int_equal(result, struck ? -ENOMEM : (int)SIZE - 100);
		if (!struck)
			break;
	}
	end();
}

static void pull(void *context)
{
	model_disk_pull(context);
}

static void test_pulled(void **state)
{
	(void)state;
	make(3);
	open_it();
	disk->latency = LATENCY;
	model_after(10 * LATENCY, pull, disk);
	assert_int_equal(walk(0, SIZE, LATENCY), -ENODEV);
	close_it();
	end();
}

// A file that is made shorter while it is read: an error, not what is behind its end.
static void test_made_shorter(void **state)
{
	struct fat_stream *stream;
	struct fat_file *other;
	const void *data;
	long length;

	(void)state;
	make(3);
	open_it();
	assert_int_equal(fat_stream_open(file, 0, SIZE, &stream), 0);
	assert_in_range(fat_stream_next(stream, &data), 1, SIZE);
	assert_int_equal(fat_open(volume, "file", FAT_WRITE, &other), 0);
	assert_int_equal(fat_truncate(other, 1), 0);
	assert_int_equal(fat_size(file), 1);
	assert_int_equal(fat_close(other), 0);
	while ((length = fat_stream_next(stream, &data)) > 0)
		continue;
	assert_int_equal(length, -EIO);
	fat_stream_close(stream);
	close_it();
	end();
	shell("fsck.fat -n image >/dev/null");
}

// One that is ended early.
static void test_left(void **state)
{
	struct model_snapshot before;
	struct fat_stream *stream;
	const void *data;

	(void)state;
	make(3);
	open_it();
	disk->latency = LATENCY;
	before = model_snapshot();
	for (unsigned int pieces = 0; pieces < 6; pieces++) {
		assert_int_equal(fat_stream_open(file, 0, SIZE, &stream), 0);
		for (unsigned int i = 0; i < pieces; i++)
			assert_in_range(fat_stream_next(stream, &data), 1, SIZE);
		fat_stream_close(stream);
		model_assert_equal(&before, "left");
	}
	fat_stream_close(NULL);
	close_it();
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_places), cmocka_unit_test(test_both_at_once),
		cmocka_unit_test(test_failures),   cmocka_unit_test(test_pulled),
		cmocka_unit_test(test_made_shorter), cmocka_unit_test(test_left),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
