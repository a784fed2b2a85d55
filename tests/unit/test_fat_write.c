// SPDX-License-Identifier: Apache-2.0
// storage/fat*.c, writing: what is written is sound for fsck.fat and the same for mcopy; random operations
// against a model; power cut after every block, and every request failing once.
#include "volume.h"

#include <errno.h>
#include <zlib.h>

#include "kernel/compiler.h"
#include "kernel/memory.h"

static const struct kind {
	const char *name, *options;
	unsigned int kilobytes, block_size;
} kinds[] = {
	{"FAT12", "-F 12 -s 1", 1440, 512},
	{"FAT16", "-F 16 -s 1", 8192, 512},
	{"FAT16, sectors of 1 KiB", "-F 16 -S 1024 -s 1", 16384, 512},
	{"FAT32", "-F 32 -s 1", 36000, 512},
};

static struct model_disk *disk;
static struct fat_volume *volume;

static void start(const struct kind *kind)
{
	model_start(NULL);
	shell("rm -f image; truncate -s %uK image; mkfs.vfat --mbr=n -i 20260101 %s image >/dev/null 2>&1",
	      kind->kilobytes, kind->options);
	disk = model_disk_open("image", kind->block_size);
	model_disk_insert(disk);
	volume = mount(disk);
}

static void stop(void)
{
	assert_int_equal(fat_unmount(volume), 0);
	model_disk_close(disk);
}

// The volume is sound, to the last detail.
static void check_sound(void)
{
	if (shell_status("exec fsck.fat -n image >fsck.txt 2>&1"))
		fail_msg("fsck.fat finds fault, see:\n%s", (shell_status("cat fsck.txt >&2"), ""));
}

static void check_mcopy(const char *path, const void *bytes, size_t size)
{
	size_t got;
	uint8_t *copy;

	shell("rm -f copy; mcopy -n -i image '::/%s' copy", path);
	copy = load_file("copy", &got);
	assert_int_equal(got, size);
	assert_memory_equal(copy, bytes, size);
	test_free(copy);
}

static int write_file(const char *path, const void *bytes, size_t size)
{
	struct fat_file *file = NULL;
	int error = fat_open(volume, path, FAT_WRITE | FAT_CREATE, &file), closed;
	long written;

	if (error)
		return error;
	error = fat_truncate(file, 0);
	written = error ? error : fat_write(file, bytes, size, 0);
	if (written >= 0)
		assert_int_equal(written, size);
	closed = fat_close(file);
	return written < 0 ? (int)written : closed;
}

// ---- One after the other ----

static void test_operations(void **state)
{
	static const char *const names[] = {"SHORT.TXT",   "lower.cfg",          "a long name.configuration",
					    "grüße €.txt", "a long name.config", "a long name.con",
					    ".profile",    "no_extension",       "trailing.dots.a",
					    "x+y=z;1,2"};
	uint8_t *bytes = test_malloc(200064);
	struct fat_file *file, *again;
	struct fat_info info;
	char text[300];

	(void)state;
	fill_pattern(bytes, 200000, 5);
	for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		print_message("%s\n", kinds[kind].name);
		start(&kinds[kind]);
		assert_int_equal(fat_make_directory(volume, "dir"), 0);
		assert_int_equal(fat_make_directory(volume, "DIR"), -EEXIST);
		assert_int_equal(fat_make_directory(volume, "dir/a directory below"), 0);
		assert_int_equal(fat_make_directory(volume, "none/below"), -ENOENT);
		check_sound();
		for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
			snprintf(text, sizeof(text), "dir/a directory below/%s", names[i]);
			assert_int_equal(write_file(text, bytes + i, i * 1777), 0);
			check_mcopy(text, bytes + i, i * 1777);
		}
		check_sound();
		assert_int_equal(fat_delete(volume, "dir/a directory below"), -ENOTEMPTY);
		assert_int_equal(fat_open(volume, "dir/a.b", FAT_WRITE, &file), -ENOENT);
		assert_int_equal(fat_open(volume, "dir", FAT_WRITE, &file), -EISDIR);
		assert_int_equal(fat_open(volume, "dir/a*b", FAT_WRITE | FAT_CREATE, &file), -EINVAL);
		assert_int_equal(fat_open(volume, "dir/a ", FAT_WRITE | FAT_CREATE, &file), -EINVAL);
		assert_int_equal(fat_open(volume, "dir/../a", FAT_WRITE | FAT_CREATE, &file), -EINVAL);
		memset(text, 'n', sizeof(text));
		text[256] = '\0';
		assert_int_equal(fat_open(volume, text, FAT_WRITE | FAT_CREATE, &file), -ENAMETOOLONG);
		text[255] = '\0';
		assert_int_equal(write_file(text, "long", 4), 0);
		check_mcopy(text, "long", 4);

		assert_int_equal(fat_open(volume, "log", FAT_WRITE | FAT_CREATE | FAT_EXCLUSIVE, &file), 0);
		assert_int_equal(fat_open(volume, "LOG", 0, &again), 0);
		assert_int_equal(fat_write(file, bytes, 100, 0), 100);
		assert_int_equal(fat_write(file, bytes + 100, 199900, 100), 199900);
		assert_int_equal(fat_write(file, bytes, 1, 200001), -EINVAL);
		assert_int_equal(fat_size(again), 200000);
		assert_int_equal(fat_delete(volume, "log"), -EBUSY);
		assert_int_equal(fat_sync(file), 0);
		check_mcopy("log", bytes, 200000);
		check_sound();
		assert_int_equal(fat_truncate(again, 12345), 0);
		assert_int_equal(fat_write(file, bytes + 12345, 1000, 12345), 1000);
		assert_int_equal(fat_close(again), 0);
		assert_int_equal(fat_close(file), 0);
		check_mcopy("log", bytes, 13345);
		check_sound();

		assert_int_equal(fat_rename(volume, "dir", "dir/inside"), -EINVAL);
		assert_int_equal(fat_rename(volume, "dir/a directory below", "dir/a directory below/x/y"),
				 -EINVAL);
		assert_int_equal(fat_rename(volume, "log", "dir/log.old"), 0);
		check_mcopy("dir/log.old", bytes, 13345);
		assert_int_equal(write_file("log", "new", 3), 0);
		assert_int_equal(fat_rename(volume, "log", "dir/log.old"), 0);
		check_mcopy("dir/log.old", "new", 3);
		assert_int_equal(fat_stat(volume, "log", &info), -ENOENT);
		assert_int_equal(fat_rename(volume, "dir/log.old", "dir/LOG.OLD"), 0);
		assert_int_equal(fat_stat(volume, "dir/log.old", &info), 0);
		assert_string_equal(info.name, "LOG.OLD");
		assert_int_equal(fat_rename(volume, "dir/a directory below", "above"), 0);
		check_mcopy("above/lower.cfg", bytes + 1, 1777);
		assert_int_equal(fat_rename(volume, "above", "dir"), -EEXIST);
		check_sound();
		for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
			snprintf(text, sizeof(text), "above/%s", names[i]);
			assert_int_equal(fat_delete(volume, text), 0);
		}
		assert_int_equal(fat_delete(volume, "above"), 0);
		check_sound();
		for (unsigned int i = 0; i < 200; i++) { // the directory grows
			snprintf(text, sizeof(text), "dir/entry number %u with a long name", i);
			assert_int_equal(write_file(text, text, strlen(text)), 0);
		}
		check_sound();
		check_mcopy("dir/entry number 199 with a long name", text, strlen(text));
		stop();
		check_sound();
	}
	test_free(bytes);
}

static void test_full(void **state)
{
	struct fat_statistics before, after;
	uint8_t *bytes = test_malloc(10000);
	struct fat_file *file;
	long written;

	(void)state;
	fill_pattern(bytes, 10000, 6);
	for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++) { // the last one's FAT is larger than the cache
		uint32_t size = 0;

		start(&kinds[kind]);
		assert_int_equal(fat_statistics(volume, &before), 0);
		assert_int_equal(fat_open(volume, "large", FAT_WRITE | FAT_CREATE, &file), 0);
		while ((written = fat_write(file, bytes, 10000, size)) > 0)
			size += (uint32_t)written;
		assert_int_equal(written, -ENOSPC);
		assert_true(size >= before.free_clusters * before.cluster_size - 10000);
		assert_int_equal(fat_close(file), 0);
		check_sound();
		assert_int_equal(fat_delete(volume, "large"), 0);
		assert_int_equal(fat_statistics(volume, &after), 0);
		assert_int_equal(before.free_clusters, after.free_clusters);
		check_sound();
		stop();
	}
	test_free(bytes);
}

// ---- At random, against a model ----

#define FILES 8
static struct {
	bool exists;
	size_t size;
	uint8_t bytes[100000];
} files[FILES];

static uint32_t noise;

static uint32_t choose(uint32_t below)
{
	noise = noise * 1664525 + 1013904223;
	return (noise >> 8) % below;
}

static const char *file_name(unsigned int i)
{
	static const char *const names[FILES] = {"ONE.TXT",
						 "dir/two",
						 "dir/the third file",
						 "four.longextension",
						 "dir/sub/five",
						 "dir/sub/the sixth of them",
						 "SEVEN",
						 "8"};
	return names[i];
}

static void random_write(unsigned int i, struct fat_file *file)
{
	uint32_t offset = choose((uint32_t)files[i].size + 1), size = choose(choose(4) ? 2000 : 40000);
	uint8_t *bytes = page_alloc(4);
	uint32_t shift = choose(2) ? 0 : choose(100);

	size = (uint32_t)MIN((size_t)size, sizeof(files[i].bytes) - offset);
	fill_pattern(bytes + shift, size, noise);
	assert_int_equal(fat_write(file, bytes + shift, size, offset), size);
	memcpy(files[i].bytes + offset, bytes + shift, size);
	files[i].size = MAX(files[i].size, offset + size);
	page_free(bytes, 4);
}

static void random_operation(void)
{
	unsigned int i = choose(FILES), other = choose(FILES);
	struct fat_file *file;

	switch (choose(8)) {
	case 0:
		assert_int_equal(fat_delete(volume, file_name(i)), files[i].exists ? 0 : -ENOENT);
		files[i].exists = false;
		break;
	case 1:
		if (i == other)
			break;
		assert_int_equal(fat_rename(volume, file_name(i), file_name(other)),
				 files[i].exists ? 0 : -ENOENT);
		if (files[i].exists)
			files[other] = files[i];
		files[i].exists = false;
		break;
	case 2:
		if (!files[i].exists)
			break;
		assert_int_equal(fat_open(volume, file_name(i), FAT_WRITE, &file), 0);
		files[i].size = choose((uint32_t)files[i].size + 1);
		assert_int_equal(fat_truncate(file, (uint32_t)files[i].size), 0);
		assert_int_equal(fat_close(file), 0);
		break;
	default:
		assert_int_equal(fat_open(volume, file_name(i), FAT_WRITE | FAT_CREATE, &file), 0);
		if (!files[i].exists)
			files[i].size = 0;
		files[i].exists = true;
		for (uint32_t j = choose(4); j; j--)
			random_write(i, file);
		assert_int_equal(fat_close(file), 0);
		break;
	}
}

static void check_files(bool with_mcopy)
{
	uint8_t *bytes = page_alloc(5);

	for (unsigned int i = 0; i < FILES; i++) {
		struct fat_file *file;

		if (!files[i].exists) {
			assert_int_equal(fat_open(volume, file_name(i), 0, &file), -ENOENT);
			continue;
		}
		assert_int_equal(fat_open(volume, file_name(i), 0, &file), 0);
		assert_int_equal(fat_size(file), files[i].size);
		assert_int_equal(fat_read(file, bytes, 1u << 17, 0), files[i].size);
		assert_memory_equal(bytes, files[i].bytes, files[i].size);
		assert_int_equal(fat_close(file), 0);
		if (with_mcopy)
			check_mcopy(file_name(i), files[i].bytes, files[i].size);
	}
	page_free(bytes, 5);
}

static void test_random(void **state)
{
	(void)state;
	for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		noise = (uint32_t)kind + 1;
		memset(files, 0, sizeof(files));
		start(&kinds[kind]);
		assert_int_equal(fat_make_directory(volume, "dir"), 0);
		assert_int_equal(fat_make_directory(volume, "dir/sub"), 0);
		for (unsigned int i = 1; i <= 400; i++) {
			random_operation();
			if (i % 20 == 0) {
				check_files(i % 100 == 0);
				check_sound();
			}
		}
		assert_int_equal(fat_unmount(volume), 0);
		volume = mount(disk);
		check_files(true);
		stop();
	}
}

// ---- Power cuts and failures ----

// A bystander, which nothing may touch, and what is done meanwhile.
static uint8_t bystander[30000], contents[9000];

static void prepare(void)
{
	fill_pattern(bystander, sizeof(bystander), 1);
	fill_pattern(contents, sizeof(contents), 2);
	assert_int_equal(fat_make_directory(volume, "d"), 0);
	assert_int_equal(write_file("d/bystander of all this", bystander, sizeof(bystander)), 0);
	assert_int_equal(write_file("d/old", contents, sizeof(contents)), 0);
	assert_int_equal(write_file("d/victim with a long name", contents, 5000), 0);
	for (unsigned int i = 0; i < 3; i++) {
		char name[16];

		snprintf(name, sizeof(name), "d/gap%u", i);
		assert_int_equal(write_file(name, contents, 1500), 0);
	}
	assert_int_equal(fat_delete(volume, "d/gap0"), 0);
	assert_int_equal(fat_delete(volume, "d/gap2"), 0);
}

static int do_create(void)
{
	return write_file("d/a new file with a name that takes several entries", contents, 7000);
}

static int do_extend(void)
{
	struct fat_file *file;
	int error = fat_open(volume, "d/old", FAT_WRITE, &file), closed;
	long written;

	if (error)
		return error;
	written = fat_write(file, contents, sizeof(contents), fat_size(file) - 100);
	closed = fat_close(file);
	return written < 0 ? (int)written : closed;
}

static int do_truncate(void)
{
	struct fat_file *file;
	int error = fat_open(volume, "d/old", FAT_WRITE, &file), closed;

	if (error)
		return error;
	error = fat_truncate(file, 3000);
	closed = fat_close(file);
	return error ? error : closed;
}

static int do_delete(void)
{
	return fat_delete(volume, "d/victim with a long name");
}

static int do_rename(void)
{
	return fat_rename(volume, "d/victim with a long name", "renamed to something else");
}

static int do_replace(void)
{
	return fat_rename(volume, "d/victim with a long name", "d/old");
}

static int do_make_directory(void)
{
	return fat_make_directory(volume, "d/new directory");
}

static int do_grow_directory(void)
{
	int error = 0;

	for (unsigned int i = 0; i < 6 && !error; i++) {
		char name[64];

		snprintf(name, sizeof(name), "d/yet another of these long names %u", i);
		error = write_file(name, "", 0);
	}
	return error;
}

static const struct {
	const char *name;
	int (*run)(void);
} actions[] = {
	{"create", do_create},        {"extend", do_extend},       {"truncate", do_truncate},
	{"delete", do_delete},        {"rename", do_rename},       {"replace", do_replace},
	{"mkdir", do_make_directory}, {"grow", do_grow_directory},
};

// What is done here happens at the beginning of a volume; that nothing behind it was changed is seen at the end.
#define TOUCHED (1u << 20)

static uint8_t *pristine;

static uint64_t touched(void)
{
	return MIN(disk->size, TOUCHED);
}

static void restore(const struct kind *kind)
{
	memcpy(disk->bytes, pristine, touched());
	model_disk_close(disk);
	model_start(NULL);
	disk = model_disk_open("image", kind->block_size);
	model_disk_insert(disk);
}

static size_t read_file(const char *path, uint8_t *bytes, size_t size)
{
	struct fat_file *file;
	long got;

	assert_int_equal(fat_open(volume, path, 0, &file), 0);
	got = fat_read(file, bytes, size, 0);
	assert_true(got >= 0);
	assert_int_equal(got, fat_size(file));
	assert_int_equal(fat_close(file), 0);
	return (size_t)got;
}

static void check_contents(const char *path, const uint8_t *bytes, size_t size)
{
	uint8_t *got = page_alloc(4);

	assert_int_equal(read_file(path, got, 1u << 16), size);
	assert_memory_equal(got, bytes, size);
	page_free(got, 4);
}

// What was found of a volume that something left behind. Cuts beside each other often leave the same one, and so do failures;
// the programs are what takes the time.
#define VERDICTS_MAX 4096u

static struct verdict {
	uint64_t mark; // of the volume, before it was repaired
	const char *action;
	bool sound;
} verdicts[VERDICTS_MAX];
static size_t verdict_count;

static uint64_t mark(void)
{
	uint32_t half = (uint32_t)touched() / 2;

	return (uint64_t)crc32(0, disk->bytes, half) << 32 | crc32(0, disk->bytes + half, half);
}

// The action may be NULL: any.
static const struct verdict *find_verdict(uint64_t volume_mark, const char *action)
{
	for (size_t i = 0; i < verdict_count; i++)
		if (verdicts[i].mark == volume_mark && (!action || verdicts[i].action == action))
			return &verdicts[i];
	return NULL;
}

static void keep_verdict(uint64_t volume_mark, const char *action, bool sound)
{
	assert_true(verdict_count < VERDICTS_MAX);
	verdicts[verdict_count++] = (struct verdict){volume_mark, action, sound};
}

// Whether the volume is sound as it is; it is afterwards.
static bool repair(const char *action, uint64_t nth, uint64_t volume_mark)
{
	static const char check[] = "exec fsck.fat -n image >fsck.txt 2>&1";
	const struct verdict *verdict = find_verdict(volume_mark, NULL);

	if (verdict && verdict->sound)
		return true;
	bool sound = !verdict && !shell_status(check);
	if (!sound && shell_status("fsck.fat -a image >>fsck.txt 2>&1; test $? -lt 2 && %s", check))
		fail_msg("%s, %llu: beyond repair\n%s", action, (unsigned long long)nth,
			 (shell_status("cat fsck.txt >&2"), ""));
	return sound;
}

// After a cut or a failure: fsck.fat can repair it, and nothing but the file worked on has changed.
static void check_survival(const char *action, uint64_t nth, bool must_be_sound)
{
	uint64_t volume_mark = mark();
	const struct verdict *verdict = find_verdict(volume_mark, action);

	if (verdict) { // the same bytes, with which the same was done
		assert_true(verdict->sound || !must_be_sound);
		return;
	}
	bool sound = repair(action, nth, volume_mark);
	assert_true(sound || !must_be_sound);
	uint8_t *old = page_alloc(4);
	volume = mount(disk);
	check_contents("d/bystander of all this", bystander, sizeof(bystander));
	check_contents("d/gap1", contents, 1500);
	if (!strcmp(action, "extend")) {
		assert_true(read_file("d/old", old, 1u << 16) >= sizeof(contents));
		assert_memory_equal(old, contents, sizeof(contents) - 100);
	} else if (strcmp(action, "replace") && strcmp(action, "truncate")) {
		check_contents("d/old", contents, sizeof(contents));
	}
	page_free(old, 4);
	assert_int_equal(fat_unmount(volume), 0);
	keep_verdict(volume_mark, action, sound);
}

static void interrupt_actions(const struct kind *kind, bool cut)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(actions); i++) {
		for (uint64_t nth = 1;; nth++) {
			bool struck;
			int error, unmounted;

			restore(kind);
			volume = mount(disk);
			*(cut ? &disk->cut_after : &disk->fail_nth) = nth - cut;
			error = actions[i].run();
			unmounted = fat_unmount(volume);
			struck = disk->struck;
			disk->cut_after = MODEL_DISK_POWERED;
			disk->fail_nth = 0;
			// Nothing failed, or nothing that was needed: then there is nothing to repair.
			check_survival(actions[i].name, nth, !error && !unmounted);
			if (!struck) {
				assert_int_equal(error, 0);
				break;
			}
		}
	}
}

static void interrupt(bool cut)
{
	for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind += 3) { // FAT12 and FAT32
		print_message("%s\n", kinds[kind].name);
		start(&kinds[kind]);
		prepare();
		assert_int_equal(fat_unmount(volume), 0);
		check_sound();
		pristine = test_malloc(disk->size);
		memcpy(pristine, disk->bytes, disk->size);
		interrupt_actions(&kinds[kind], cut);
		assert_memory_equal(disk->bytes + touched(), pristine + touched(), disk->size - touched());
		test_free(pristine);
		model_disk_close(disk);
	}
}

static void test_power_cuts(void **state)
{
	(void)state;
	interrupt(true);
}

static void test_failures(void **state)
{
	(void)state;
	interrupt(false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operations), cmocka_unit_test(test_full),
		cmocka_unit_test(test_random),     cmocka_unit_test(test_power_cuts),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
