// SPDX-License-Identifier: Apache-2.0
// storage/fat*.c on volumes that nobody repaired: after a rename that was cut by a loss of power, and with chains that somebody
// changed by hand.
#include "volume.h"

#include <errno.h>

#include "kernel/compiler.h"
#include "kernel/memory.h"
#include "storage/bytes.h"

#define CLUSTER_SIZE 512u
#define ENTRY_SIZE   32u

static struct model_disk *disk;
static struct fat_volume *volume;
static uint8_t ours[5000], others[6000];

static void start(void)
{
	model_start(NULL);
	shell("rm -f image; truncate -s 8M image; mkfs.vfat --mbr=n -i 20260101 -F 16 -s 1 image >/dev/null 2>&1");
	disk = model_disk_open("image", 512);
	model_disk_insert(disk);
	volume = mount(disk);
	fill_pattern(ours, sizeof(ours), 1);
	fill_pattern(others, sizeof(others), 2);
}

static void stop(void)
{
	fat_unmount(volume);
	model_disk_close(disk);
}

static void again(void)
{
	fat_unmount(volume);
	model_disk_pull(disk);
	disk->cut_after = MODEL_DISK_POWERED;
	model_disk_insert(disk);
	volume = mount(disk);
}

static int write_file(const char *path, const void *bytes, size_t size)
{
	struct fat_file *file;
	int error = fat_open(volume, path, FAT_WRITE | FAT_CREATE, &file);

	if (error)
		return error;
	error = fat_truncate(file, 0);
	long written = error ? error : fat_write(file, bytes, size, 0);
	int closed = fat_close(file);
	return written < 0 ? (int)written : closed;
}

static bool exists(const char *path)
{
	struct fat_info info;
	int error = fat_stat(volume, path, &info);

	assert_true(!error || error == -ENOENT);
	return !error;
}

static void check_file(const char *path, const void *bytes, size_t size)
{
	static uint8_t got[16384];
	struct fat_file *file;

	assert_int_equal(fat_open(volume, path, 0, &file), 0);
	assert_int_equal(fat_read(file, got, sizeof(got), 0), size);
	assert_memory_equal(got, bytes, size);
	assert_int_equal(fat_close(file), 0);
}

// ---- Renames that were cut ----

static int delete_one(void)
{
	return fat_delete(volume, "d/name.log");
}

static int rename_again(void)
{
	return fat_rename(volume, "d/name.log", "d/name.log.1");
}

static int empty_one(void)
{
	return write_file("d/name.log", "", 0);
}

// Cut after each block that a rename writes, a volume isn't repaired, and works on: what the new name leads to stays.
static void check_renames(bool replaced, int (*then)(void))
{
	bool struck, shared = false;

	for (uint64_t nth = 0; struck = false, nth < 100; nth++) {
		start();
		assert_int_equal(fat_make_directory(volume, "d"), 0);
		assert_int_equal(write_file("d/name.log", ours, sizeof(ours)), 0);
		if (replaced)
			assert_int_equal(write_file("d/name.log.1", others, sizeof(others)), 0);
		assert_int_equal(fat_unmount(volume), 0);
		volume = mount(disk);
		disk->cut_after = nth;
		rename_again();
		struck = disk->struck;
		again();
		if (exists("d/name.log") && exists("d/name.log.1")) {
			shared |= struck;
			assert_int_equal(then(), 0);
		}
		bool moved = exists("d/name.log.1");
		struct fat_info info = { .size = 0 };
		if (moved)
			assert_int_equal(fat_stat(volume, "d/name.log.1", &info), 0);
		assert_int_equal(write_file("d/other", others, sizeof(others)), 0);
		if (moved && info.size == sizeof(ours))
			check_file("d/name.log.1", ours, sizeof(ours));
		check_file("d/other", others, sizeof(others));
		stop();
		if (!struck)
			break;
	}
	assert_false(struck);
	assert_true(shared);
}

static void a_file_with_two_names_loses_nothing_with_one(void **state)
{
	(void)state;
	for (unsigned int replaced = 0; replaced < 2; replaced++) {
		check_renames(replaced, delete_one);
		check_renames(replaced, rename_again);
		check_renames(replaced, empty_one);
	}
}

// ---- Chains that were changed ----

static uint8_t *fat_entry(uint32_t cluster)
{
	return disk->bytes + get_le16(disk->bytes + 14) * 512u + cluster * 2;
}

// Both of its FATs.
static void set_next(uint32_t cluster, uint16_t next)
{
	put_le16(fat_entry(cluster), next);
	put_le16(fat_entry(cluster) + get_le16(disk->bytes + 22) * 512u, next);
}

// An entry of the root directory.
static uint8_t *root_entry(const char *short_name)
{
	uint8_t *at = disk->bytes + (get_le16(disk->bytes + 14) + 2u * get_le16(disk->bytes + 22)) * 512u;

	for (unsigned int i = 0; i < get_le16(disk->bytes + 17); i++, at += ENTRY_SIZE)
		if (!memcmp(at, short_name, 11))
			return at;
	fail_msg("%s isn't there", short_name);
	return NULL;
}

static uint16_t first_cluster(const char *short_name)
{
	return get_le16(root_entry(short_name) + 26);
}

static void nothing_is_added_behind_a_hole(void **state)
{
	struct fat_file *file;

	(void)state;
	start();
	assert_int_equal(write_file("FILE", ours, sizeof(ours)), 0);
	assert_int_equal(fat_unmount(volume), 0);
	set_next(first_cluster("FILE       "), 0xffff);
	volume = mount(disk);
	assert_int_equal(fat_open(volume, "FILE", FAT_WRITE, &file), 0);
	assert_int_equal(fat_write(file, others, 100, sizeof(ours)), -EBADMSG);
	assert_int_equal(fat_size(file), sizeof(ours));
	assert_int_equal(fat_write(file, others, 100, 0), 100); // what is there can be written
	assert_int_equal(fat_close(file), 0);
	stop();
}

static void a_loop_is_freed_once(void **state)
{
	struct fat_statistics before, after;

	(void)state;
	start();
	assert_int_equal(write_file("OTHER", others, sizeof(others)), 0);
	assert_int_equal(fat_statistics(volume, &before), 0);
	assert_int_equal(write_file("FILE", ours, 3 * CLUSTER_SIZE), 0);
	assert_int_equal(fat_unmount(volume), 0);
	uint16_t first = first_cluster("FILE       ");
	set_next(first + 2u, first);
	volume = mount(disk);
	assert_int_equal(fat_statistics(volume, &after), 0);
	assert_int_equal(after.free_clusters, before.free_clusters - 3);
	assert_int_equal(fat_delete(volume, "FILE"), 0);
	assert_int_equal(fat_statistics(volume, &after), 0);
	assert_int_equal(after.free_clusters, before.free_clusters);
	stop();
}

// ---- Directories that never end ----

static unsigned int turns;
static bool is_over;

static void take_turns(void *unused)
{
	(void)unused;
	while (!is_over) {
		turns++;
		task_yield();
	}
}

// Their entries are in the cache, so that no request waits in between.
static void others_run_while_a_directory_is_searched(void **state)
{
	struct fat_info info;

	(void)state;
	start();
	assert_int_equal(fat_make_directory(volume, "D"), 0);
	assert_int_equal(fat_unmount(volume), 0);
	uint16_t cluster = first_cluster("D          ");
	uint32_t data = get_le16(disk->bytes + 14) + 2u * get_le16(disk->bytes + 22) +
			get_le16(disk->bytes + 17) * ENTRY_SIZE / 512u;
	uint8_t *entries = disk->bytes + (data + cluster - 2u) * 512u;
	for (unsigned int i = 2; i < CLUSTER_SIZE / ENTRY_SIZE; i++) {
		memcpy(entries + i * ENTRY_SIZE, "FILE       ", 11);
		entries[i * ENTRY_SIZE + 7] = (uint8_t)('A' + i);
	}
	set_next(cluster, cluster);
	volume = mount(disk);
	turns = 0;
	is_over = false;
	assert_non_null(task_create("other", take_turns, NULL));
	assert_int_equal(fat_stat(volume, "D/not there", &info), -ENOENT);
	is_over = true;
	task_yield();
	assert_true(turns > 10000); // of 65536 entries
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_with_two_names_loses_nothing_with_one),
		cmocka_unit_test(nothing_is_added_behind_a_hole),
		cmocka_unit_test(a_loop_is_freed_once),
		cmocka_unit_test(others_run_while_a_directory_is_searched),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
