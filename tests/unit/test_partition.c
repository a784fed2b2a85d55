// SPDX-License-Identifier: Apache-2.0
// storage/partition.c, block.c and mount.c: tables that sgdisk made, whole and damaged; MBRs with extended
// partitions; the mount table over them, with media that come and go.
#include "volume.h"

#include <errno.h>

#include "storage/bytes.h"
#include "storage/mount.h"
#include "storage/partition.h"

static struct model_disk *disk;
static struct partition partitions[PARTITIONS_MAX];
static struct failure failure;

static void start(uint32_t block_size)
{
	model_start(NULL);
	disk = model_disk_open("image", block_size);
	model_disk_insert(disk);
}

static int scan(void)
{
	failure = (struct failure){0};
	return partition_scan(&disk->device, partitions, &failure);
}

static void check_extent(unsigned int i, unsigned int number, uint64_t first, uint64_t count)
{
	assert_int_equal(partitions[i].number, number);
	assert_int_equal(partitions[i].extent.first, first);
	assert_int_equal(partitions[i].extent.count, count);
}

static void make_gpt(void)
{
	shell("rm -f image; truncate -s 64M image");
	shell("sgdisk -a 1 -n 1:2048:+8M -n 2:20480:+16M -n 7:60000:60000 image >/dev/null 2>&1");
}

static void check_gpt(void)
{
	assert_int_equal(scan(), 3);
	check_extent(0, 1, 2048, 16384);
	check_extent(1, 2, 20480, 32768);
	check_extent(2, 7, 60000, 1);
}

static void test_gpt(void **state)
{
	(void)state;
	make_gpt();
	start(512);
	check_gpt();
	assert_null(strstr(model_output(), "damaged"));
	disk->bytes[512 + 60] ^= 1; // the header
	check_gpt();
	assert_non_null(strstr(model_output(), "backup is used"));
	disk->bytes[512 + 60] ^= 1;
	disk->bytes[1024 + 200] ^= 1; // an entry
	check_gpt();
	disk->bytes[disk->size - 512 + 16] ^= 1; // and the backup
	assert_int_equal(scan(), -EBADMSG);
	assert_non_null(strstr(failure.text, "gdisk"));
	model_disk_close(disk);

	make_gpt(); // an image on a larger card
	shell("truncate -s 80M image");
	start(512);
	check_gpt();
	disk->bytes[512 + 60] ^= 1;
	check_gpt();
	model_disk_close(disk);
}

static void test_gpt_faults(void **state)
{
	(void)state;
	make_gpt();
	start(512);
	for (uint64_t nth = 1;; nth++) {
		int count;

		disk->fail_nth = nth;
		disk->struck = false;
		count = scan();
		if (!disk->struck)
			break;
		assert_true(count == 3 ||
			    count == -EIO); // the backup serves, but there is but one first block
	}
	disk->fail_nth = 0;
	check_gpt();
	model_disk_close(disk);
}

// Any bit of the table's blocks wrong: what is found is true, or nothing.
static void test_gpt_bits(void **state)
{
	(void)state;
	make_gpt();
	start(512);
	for (uint32_t at = 512; at < 512 + 1024; at++) {
		disk->bytes[at] ^= (uint8_t)(1u << at % 8);
		check_gpt();
		disk->bytes[at] ^= (uint8_t)(1u << at % 8);
	}
	model_disk_close(disk);
}

static void put_entry(uint64_t block, unsigned int index, uint8_t type, uint32_t first, uint32_t count)
{
	uint8_t *sector = disk->bytes + block * 512, *entry = sector + 446 + index * 16;

	put_le16(sector + 510, 0xaa55);
	entry[4] = type;
	put_le32(entry + 8, first);
	put_le32(entry + 12, count);
}

static void test_mbr(void **state)
{
	(void)state;
	shell("rm -f image; truncate -s 64M image");
	start(512);
	assert_int_equal(scan(), 0); // blank
	put_entry(0, 0, 0x0c, 2048, 8192);
	put_entry(0, 2, 0x05, 20000, 60000);
	put_entry(0, 3, 0x83, 15000, 10);
	put_entry(20000, 0, 0x0c, 100, 1000);
	put_entry(20000, 1, 0x05, 5000, 5000);
	put_entry(25000, 0, 0x0c, 100, 2000);
	assert_int_equal(scan(), 4);
	check_extent(0, 1, 2048, 8192);
	check_extent(1, 4, 15000, 10);
	check_extent(2, 5, 20100, 1000);
	check_extent(3, 6, 25100, 2000);
	put_entry(25000, 1, 0x05, 5000, 5000); // a loop
	assert_int_equal(scan(), 4);
	put_entry(25000, 1, 0x0f, 0xfffffff0, 1); // out of the medium
	assert_int_equal(scan(), 4);
	put_entry(0, 1, 0x0c, 131000, 100); // behind its end
	assert_int_equal(scan(), 4);
	put_entry(0, 1, 0x0c, 4000, 1); // in another
	assert_int_equal(scan(), 4);
	model_disk_close(disk);
}

static void test_no_table(void **state)
{
	(void)state;
	shell("rm -f image; truncate -s 64M image; mkfs.vfat --mbr=n image >/dev/null");
	start(512);
	assert_int_equal(scan(), 1);
	check_extent(0, 0, 0, disk->device.blocks);
	model_disk_close(disk);
	shell("mkfs.vfat --mbr=y image >/dev/null"); // with a table in its first block that covers all
	start(512);
	assert_int_equal(scan(), 1);
	check_extent(0, 0, 0, disk->device.blocks);
	model_disk_close(disk);
}

// ---- Block devices ----

static void test_transfers(void **state)
{
	struct block_extent extent;
	uint8_t *bytes;

	(void)state;
	shell("rm -f image; truncate -s 1M image");
	start(512);
	bytes = page_alloc(6);
	fill_pattern(bytes, 200 * 512, 3);
	extent = block_whole(&disk->device);
	extent.first = 100;
	extent.count = 1000;
	disk->latency = 100000;
	assert_int_equal(block_write(&extent, 7, 200, bytes), 0);
	assert_memory_equal(disk->bytes + 107 * 512, bytes, 200 * 512);
	assert_int_equal(disk->requests, 4);
	memset(bytes, 0, 200 * 512);
	assert_int_equal(block_read(&extent, 7, 200, bytes), 0);
	assert_memory_equal(disk->bytes + 107 * 512, bytes, 200 * 512);
	assert_int_equal(block_read(&extent, 999, 2, bytes), -EINVAL);
	assert_int_equal(block_read(&extent, UINT64_MAX, 2, bytes), -EINVAL);
	disk->fail_nth = 3;
	assert_int_equal(block_read(&extent, 7, 200, bytes), -EIO);
	disk->device.read_only = true;
	assert_int_equal(block_write(&extent, 7, 200, bytes), -EROFS);
	assert_int_equal(block_flush(&extent), 0);
	model_disk_pull(disk);
	assert_int_equal(block_read(&extent, 7, 200, bytes), -ENODEV);
	model_disk_insert(disk);
	assert_int_equal(block_read(&extent, 7, 200, bytes), -ENODEV); // another medium
	extent = block_whole(&disk->device);
	assert_int_equal(block_read(&extent, 7, 200, bytes), 0);
	page_free(bytes, 6);
	model_disk_close(disk);
}

// ---- Mounting ----

static void test_mounts(void **state)
{
	struct mount *mount;
	struct fat_info info;
	const char *rest;

	(void)state;
	make_gpt();
	shell("mkfs.vfat --mbr=n -n FIRST -F 12 --offset 2048 image 8192 >/dev/null");
	shell("mkfs.vfat --mbr=n -n SECOND -F 16 --offset 20480 image 16384 >/dev/null");
	shell("mmd -i image@@1M ::/dom0; echo hello | mcopy -i image@@10M - ::/file");
	start(512);
	assert_int_equal(mount_all(), 2);
	assert_non_null(strstr(model_output(),
			       "I: storage: block count 131072, Sector size 512, Memory Size(MB) 64\n"));
	assert_non_null(strstr(model_output(), "I: storage: mounted, binaries folder /0:/dom0/\n"));
	assert_int_equal(mount_find("/1:/file", &mount, &rest), 0);
	assert_string_equal(rest, "/file");
	assert_int_equal(fat_stat(mount->volume, rest, &info), 0);
	assert_int_equal(info.size, 6);
	assert_int_equal(mount_find("/2:/file", &(struct mount *){NULL}, &rest), -ENOENT);
	assert_int_equal(mount_find("/1:file", &(struct mount *){NULL}, &rest), -ENOENT);
	assert_int_equal(mount_none(), -EBUSY);
	assert_int_equal(mount_all(), 2);

	model_disk_pull(disk); // and another inserted, while a file is in use
	model_disk_insert(disk);
	assert_int_equal(fat_stat(mount->volume, "other", &info), -ENOENT); // from the cache
	assert_int_equal(fat_make_directory(mount->volume, "other"), -ENODEV);
	assert_int_equal(mount_all(), 3);
	mount_put(mount);
	assert_int_equal(mount_all(), 2);
	assert_string_equal(mount_next(NULL)->name, "/0:");
	assert_int_equal(mount_none(), 0);
	assert_null(mount_next(NULL));
	model_disk_close(disk);
}

// What is put in again comes before what stood behind it, so that the first volume stays the first.
static void test_order(void **state)
{
	(void)state;
	make_gpt();
	start(512);
	shell("cp image second");
	struct model_disk *second = model_disk_open("second", 512);

	model_disk_insert(second);
	assert_ptr_equal(block_next(NULL), &disk->device);
	model_disk_pull(disk);
	assert_ptr_equal(block_next(NULL), &second->device);
	model_disk_insert(disk);
	assert_ptr_equal(block_next(NULL), &disk->device);
	assert_ptr_equal(block_next(&disk->device), &second->device);
	assert_null(block_next(&second->device));
	model_disk_close(second);
	model_disk_close(disk);
}

// As cards of 64 GB and more are sold: it is said why nothing of them is mounted.
static void test_exfat(void **state)
{
	(void)state;
	shell("rm -f image; truncate -s 64M image");
	for (unsigned int has_table = 0; has_table < 2; has_table++) {
		if (has_table)
			make_gpt();
		start(512);
		uint8_t *boot = disk->bytes + (has_table ? MIB(1) : 0);
		memset(boot, 0, 512);
		memcpy(boot, "\xeb\x76\x90" "EXFAT   ", 11);
		boot[510] = 0x55;
		boot[511] = 0xaa;
		model_output_clear();
		assert_int_equal(mount_all(), 0);
		assert_non_null(strstr(model_output(), has_table ? "disk0: the volume at block 2048 is exFAT" :
								   "disk0: the volume at block 0 is exFAT"));
		model_disk_close(disk);
	}
}

static void pull(void *context)
{
	model_disk_pull(context);
}

// Where one is pulled in the middle, the others are looked at all the same.
static void test_pulled_while_looked_at(void **state)
{
	(void)state;
	make_gpt();
	shell("mkfs.vfat --mbr=n -F 12 --offset 2048 image 8192 >/dev/null; cp image second");
	start(512);
	struct model_disk *second = model_disk_open("second", 512);

	model_disk_insert(second);
	disk->latency = 100000;
	model_after(250000, pull, disk);
	assert_int_equal(mount_all(), 1);
	assert_ptr_equal(mount_next(NULL)->extent.device, &second->device);
	assert_int_equal(mount_none(), 0);
	model_disk_close(second);
	model_disk_close(disk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gpt),      cmocka_unit_test(test_gpt_faults),
		cmocka_unit_test(test_gpt_bits), cmocka_unit_test(test_mbr),
		cmocka_unit_test(test_no_table), cmocka_unit_test(test_transfers),
		cmocka_unit_test(test_mounts),   cmocka_unit_test(test_order),
		cmocka_unit_test(test_pulled_while_looked_at),
		cmocka_unit_test(test_exfat),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
