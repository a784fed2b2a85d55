// SPDX-License-Identifier: Apache-2.0
// storage/fat*.c, reading: volumes of every kind made by mkfs.vfat and filled by mtools, read as mcopy reads them; then
// damaged ones.
#include "volume.h"

#include <errno.h>

#include "kernel/memory.h"

static const struct {
	const char *name, *options;
	unsigned int kilobytes, bits, block_size;
} kinds[] = {
	{ "FAT12 of a floppy", "-F 12", 1440, 12, 512 },
	{ "FAT12, clusters of 4 KiB", "-F 12 -s 8", 8192, 12, 512 },
	{ "FAT16", "-F 16 -s 1", 16384, 16, 512 },
	{ "FAT16, one FAT", "-F 16 -s 4 -f 1", 65536, 16, 512 },
	{ "FAT16, sectors of 2 KiB", "-F 16 -S 2048 -s 1", 32768, 16, 512 },
	{ "FAT32, clusters of a sector", "-F 32 -s 1", 40960, 32, 512 },
	{ "FAT32, clusters of 4 KiB", "-F 32 -s 8", 300000, 32, 512 },
	{ "FAT32, blocks of 4 KiB", "-F 32 -S 4096 -s 1", 300000, 32, 4096 },
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
	static const size_t pieces[] = { 1u << 20, 65536, 4096, 512, 1000, 33333 };
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
	"SHORT.TXT", "lower.txt", "a name with spaces and more than one part.configuration", "grüße-Ω-Привет.dat",
	"euro €.bin", "noextension", ".hidden", "two.dots.in.it", "UPPER.lower", "x", "long+plus.a=b",
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
