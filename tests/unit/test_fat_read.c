// SPDX-License-Identifier: Apache-2.0
// storage/fat*.c, reading: volumes of every kind made by mkfs.vfat and filled by mtools, read as mcopy reads
// them; then damaged ones.
#include "volume.h"

#include <errno.h>

#include "kernel/memory.h"
#include "storage/bytes.h"

static const struct {
	const char *name, *options;
	unsigned int kilobytes, bits, block_size;
} kinds[] = {
	{"FAT12 of a floppy", "-F 12", 1440, 12, 512},
	{"FAT12, clusters of 4 KiB", "-F 12 -s 8", 8192, 12, 512},
	{"FAT16", "-F 16 -s 1", 16384, 16, 512},
	{"FAT16, one FAT", "-F 16 -s 4 -f 1", 65536, 16, 512},
	{"FAT16, sectors of 2 KiB", "-F 16 -S 2048 -s 1", 32768, 16, 512},
	{"FAT32, clusters of a sector", "-F 32 -s 1", 40960, 32, 512},
	{"FAT32, clusters of 4 KiB", "-F 32 -s 8", 300000, 32, 512},
	{"FAT32, blocks of 4 KiB", "-F 32 -S 4096 -s 1", 300000, 32, 4096},
};

static void format(size_t kind)
{
	shell("rm -f image; truncate -s %uK image; mkfs.vfat --mbr=n -n LABEL %s image >/dev/null 2>&1",
	      kinds[kind].kilobytes, kinds[kind].options);
}

static long read_whole(struct fat_volume *volume, const char *path, uint8_t *bytes, size_t size, size_t piece)
{
	struct fat_file *file = NULL;
	long result = fat_open(volume, path, 0, &file);
	size_t done = 0;

	while (!result && done < size) {
		long got = fat_read(file, bytes + done, piece, (uint32_t)done);

		if (got <= 0) {
			result = got;
			break;
		}
		done += (size_t)got;
	}
	assert_int_equal(fat_close(file), 0);
	return result ? result : (long)done;
}

static void check_file(struct fat_volume *volume, const char *path, const char *host)
{
	static const size_t pieces[] = {1u << 20, 65536, 4096, 512, 1000, 33333};
	size_t size;
	uint8_t *wanted = load_file(host, &size), *got = page_alloc(9);

	for (unsigned int i = 0; i < ARRAY_SIZE(pieces); i++) {
		memset(got, 0, size);
		assert_int_equal(read_whole(volume, path, got, size, pieces[i]), size);
		assert_memory_equal(got, wanted, size);
		assert_int_equal(read_whole(volume, path, got + 16, size, pieces[i]), size); // not aligned
		assert_memory_equal(got + 16, wanted, size);
	}
	page_free(got, 9);
	test_free(wanted);
}

static const char *const names[] = {
	"SHORT.TXT",
	"lower.txt",
	"a name with spaces and more than one part.configuration",
	"grüße-Ω-Привет.dat",
	"euro €.bin",
	"noextension",
	".hidden",
	"two.dots.in.it",
	"UPPER.lower",
	"x",
	"long+plus.a=b",
};

static void fill(void)
{
	shell("mkdir -p tree/dir/deeper/deepest tree/many");
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		char path[256];

		snprintf(path, sizeof(path), "tree/dir/%s", names[i]);
		make_file(path, i * 3001, i);
	}
	make_file("tree/large.bin", 600001, 77);
	make_file("tree/dir/deeper/deepest/file", 12345, 78);
	shell("for i in $(seq 300); do echo $i > \"tree/many/file number $i\"; done");
	shell("mcopy -s -i image tree/* ::/");
}

static void test_reads(void **state)
{
	(void)state;
	for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		struct model_disk *disk;
		struct fat_volume *volume;
		struct fat_statistics statistics;
		struct fat_cursor *cursor;
		struct fat_info info;
		unsigned int count = 0, number = 0;

		print_message("%s\n", kinds[kind].name);
		model_start(NULL);
		format(kind);
		fill();
		disk = model_disk_open("image", kinds[kind].block_size);
		disk->latency = kind % 2 ? 0 : 50000;
		model_disk_insert(disk);
		volume = mount(disk);
		assert_int_equal(fat_statistics(volume, &statistics), 0);
		assert_int_equal(statistics.bits, kinds[kind].bits);
		assert_string_equal(statistics.label, "LABEL");
		for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
			char path[256], host[256];

			snprintf(host, sizeof(host), "tree/dir/%s", names[i]);
			snprintf(path, sizeof(path), "//dir/%s", names[i]);
			check_file(volume, path, host);
		}
		check_file(volume, "LARGE.BIN", "tree/large.bin");
		check_file(volume, "DIR/DEEPER/DEEPEST/FILE", "tree/dir/deeper/deepest/file");
		check_file(volume, "dir/GRÜßE-ω-ПРИВЕТ.dat", "tree/dir/grüße-Ω-Привет.dat");
		assert_int_equal(fat_list_open(volume, "many/", &cursor), 0);
		while (!fat_list_next(cursor, &info)) {
			assert_int_equal(sscanf(info.name, "file number %u", &number), 1);
			count++;
		}
		fat_list_close(cursor);
		assert_int_equal(count, 300);
		assert_int_equal(fat_stat(volume, "dir", &info), 0);
		assert_true(info.directory);
		assert_int_equal(fat_stat(volume, "", &info), 0);
		assert_int_equal(fat_stat(volume, "dir/missing", &info), -ENOENT);
		assert_int_equal(fat_stat(volume, "missing/file", &info), -ENOENT);
		assert_int_equal(fat_stat(volume, "large.bin/file", &info), -ENOTDIR);
		assert_int_equal(fat_stat(volume, "large.bin/", &info), -ENOTDIR);
		assert_int_equal(fat_stat(volume, "a?b", &info), -EINVAL);
		assert_int_equal(fat_unmount(volume), 0);
		model_disk_close(disk);
		shell("rm -rf tree");
	}
}

// ---- Pieces, failures, damage ----

static struct model_disk *insert(uint32_t block_size)
{
	struct model_disk *disk;

	model_start(NULL);
	disk = model_disk_open("image", block_size);
	model_disk_insert(disk);
	return disk;
}

#define PIECES 40u

// A file in PIECES pieces of 16 KiB, each of which is one request (the disk's largest are 32 KiB).
static void make_pieces(void)
{
	shell("rm -f image; truncate -s 32M image; mkfs.vfat --mbr=n -F 16 -s 4 image >/dev/null");
	make_file("piece", 16384, 1);
	for (unsigned int i = 0; i < 2 * PIECES; i++)
		shell("mcopy -i image piece ::/f%u", i);
	for (unsigned int i = 0; i < 2 * PIECES; i += 2)
		shell("mdel -i image ::/f%u", i);
	make_file("pieces", PIECES * 16384, 2);
	shell("mcopy -i image pieces ::/pieces");
}

static void test_pieces(void **state)
{
	struct fat_volume *volume;
	struct model_disk *disk;
	struct fat_file *file;
	uint8_t *wanted, *got;
	size_t size;

	(void)state;
	make_pieces();
	wanted = load_file("pieces", &size);
	disk = insert(512);
	disk->latency = 100000;
	got = page_alloc(8);
	volume = mount(disk);
	assert_int_equal(fat_open(volume, "pieces", 0, &file), 0);
	disk->requests = 0;
	assert_int_equal(fat_read(file, got, size, 0), size);
	assert_memory_equal(got, wanted, size);
	assert_in_range(disk->requests, PIECES, PIECES + 12); // and the FAT, a page at a time
	disk->requests = 0;
	for (uint32_t at = (PIECES - 1) * 16384; at; at -= 16384) { // backwards, what is known
		assert_int_equal(fat_read(file, got, 16384, at), 16384);
		assert_memory_equal(got, wanted + at, 16384);
	}
	assert_in_range(disk->requests, PIECES - 1, PIECES + 12);
	assert_int_equal(fat_close(file), 0);
	assert_int_equal(fat_unmount(volume), 0);
	page_free(got, 8);
	test_free(wanted);
	model_disk_close(disk);
}

static int use_everything(struct model_disk *disk, uint8_t *buffer, size_t size)
{
	struct block_extent extent = block_whole(&disk->device);
	struct failure failure = {0};
	struct fat_volume *volume;
	struct fat_cursor *cursor;
	struct fat_info info;
	long result = fat_mount(&extent, &volume, &failure);

	if (result) {
		assert_int_equal(failure.error, result);
		return (int)result;
	}
	result = fat_list_open(volume, "", &cursor);
	if (!result) {
		while (!(result = fat_list_next(cursor, &info)))
			;
		result = result == -ENOENT ? 0 : result;
		fat_list_close(cursor);
	}
	if (!result)
		result = read_whole(volume, "pieces", buffer, size, 100000);
	assert_int_equal(fat_unmount(volume), 0);
	return result < 0 ? (int)result : 0;
}

// A request or an allocation that fails is told, and leaves nothing behind.
static void test_failures(void **state)
{
	struct model_snapshot before;
	struct model_disk *disk;
	uint8_t *wanted, *got;
	size_t size;
	int result;

	(void)state;
	make_pieces();
	wanted = load_file("pieces", &size);
	disk = insert(512);
	got = page_alloc(8);
	before = model_snapshot();
	for (uint64_t nth = 1;; nth++) {
		disk->struck = false;
		disk->fail_nth = nth;
		result = use_everything(disk, got, size);
		model_assert_equal(&before, "a failed read");
		if (!disk->struck)
			break;
		if (!result) // it hit what was read ahead
			assert_memory_equal(got, wanted, size);
		else
			assert_int_equal(result, -EIO);
	}
	assert_int_equal(result, 0);
	disk->fail_nth = 0;
	for (unsigned int nth = 1;; nth++) {
		model_fail_allocation(nth);
		result = use_everything(disk, got, size);
		model_assert_equal(&before, model_fault_place());
		if (!model_fault_struck())
			break;
		assert_int_equal(result, -ENOMEM);
	}
	model_fail_allocation(0);
	page_free(got, 8);
	test_free(wanted);
	model_disk_close(disk);
}

static void pull(void *context)
{
	model_disk_pull(context);
}

static void test_pulled(void **state)
{
	struct fat_volume *volume;
	struct model_disk *disk;
	struct fat_file *file;
	uint8_t *got;

	(void)state;
	make_pieces();
	disk = insert(512);
	disk->latency = 1000000;
	got = page_alloc(8);
	volume = mount(disk);
	assert_int_equal(fat_open(volume, "pieces", 0, &file), 0);
	model_after(2500000, pull, disk);
	assert_int_equal(fat_read(file, got, PIECES * 16384, 0), -ENODEV);
	model_disk_insert(disk);
	assert_int_equal(fat_read(file, got, 100, 0), -ENODEV);
	assert_int_equal(fat_close(file), 0);
	assert_int_equal(fat_unmount(volume), 0);
	page_free(got, 8);
	model_disk_close(disk);
}

// A chain that is a loop, or ends early, or leads out of the volume.
static void xsa_443_497_508_damaged_chains(void **state)
{
	static const struct {
		uint16_t next;
		int error;
	} damages[] = {{2, 0}, {0xffff, -EBADMSG}, {0, -EBADMSG}, {0xfff7, -EBADMSG}, {0xf000, -EBADMSG}};
	uint8_t *got;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(damages); i++) {
		struct fat_volume *volume;
		struct model_disk *disk;

		shell("rm -f image; truncate -s 32M image; mkfs.vfat --mbr=n -F 16 -s 4 image >/dev/null");
		make_file("piece", 60000, 1);
		shell("mcopy -i image piece ::/f");
		disk = insert(512);
		got = page_alloc(4);
		put_le16(disk->bytes + get_le16(disk->bytes + 14) * 512 + 2 * 10,
			 damages[i].next); // behind cluster 10
		volume = mount(disk);
		// A loop within the size gives repeated bytes; it ends.
		assert_int_equal(read_whole(volume, "f", got, 60000, 4096),
				 damages[i].error ? damages[i].error : 60000);
		assert_int_equal(fat_delete(volume, "f"), 0);
		assert_int_equal(fat_unmount(volume), 0);
		page_free(got, 4);
		model_disk_close(disk);
		shell("fsck.fat -a image >/dev/null; test $? -lt 2; fsck.fat -n image >/dev/null");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),          cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_failures),       cmocka_unit_test(test_pulled),
		cmocka_unit_test(xsa_443_497_508_damaged_chains),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
