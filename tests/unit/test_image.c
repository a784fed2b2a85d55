// SPDX-License-Identifier: Apache-2.0
// domain/image.c and image_stream.c: all formats of kernels; and files that are empty, cut anywhere, changed
// anywhere, or that announce what isn't there.
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "domain/image.h"
#include "kernel/compiler.h"
#include "model/model.h"

// ---- files ----

struct file {
	uint8_t *bytes;
	size_t size;
};

#define PROGRAM_SIZE 200000u

static struct file arm64_image(uint64_t text_offset, uint64_t image_size)
{
	struct file file = { test_malloc(PROGRAM_SIZE), PROGRAM_SIZE };
	uint32_t noise = 1;

	for (size_t i = 0; i < file.size; i++) { // doesn't compress too well
		noise = noise * 1664525 + 1013904223;
		file.bytes[i] = (uint8_t)(noise >> 24 & 0x3f);
	}
	memset(file.bytes, 0, 64);
	memcpy(file.bytes + 8, &(uint64_t){ htole64(text_offset) }, 8);
	memcpy(file.bytes + 16, &(uint64_t){ htole64(image_size) }, 8);
	memcpy(file.bytes + 56, "ARM\x64", 4);
	return file;
}

static struct file gzip(const struct file *from)
{
	z_stream stream = { .next_in = from->bytes, .avail_in = (uInt)from->size };

	assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	struct file file = { .size = deflateBound(&stream, (uLong)from->size) };
	file.bytes = test_malloc(file.size);
	stream.next_out = file.bytes;
	stream.avail_out = (uInt)file.size;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	file.size -= stream.avail_out;
	deflateEnd(&stream);
	return file;
}

enum { UIMAGE_PLAIN, UIMAGE_GZIP };
enum { LOAD = 16, ENTRY = 20, OS = 28, ARCHITECTURE, TYPE, COMPRESSION }; // offsets in the header

static void put_be32(uint8_t *at, uint64_t value)
{
	memcpy(at, &(uint32_t){ htobe32((uint32_t)value) }, 4);
}

static void seal_uimage(struct file *file)
{
	put_be32(file->bytes + 4, 0);
	put_be32(file->bytes + 4, crc32(0, file->bytes, 64));
}

static struct file uimage(const struct file *from, uint8_t compression, uint32_t load, uint32_t entry)
{
	struct file file = { test_malloc(from->size + 64), from->size + 64 };

	memset(file.bytes, 0, 64);
	put_be32(file.bytes, 0x27051956);
	put_be32(file.bytes + 12, from->size);
	put_be32(file.bytes + LOAD, load);
	put_be32(file.bytes + ENTRY, entry);
	put_be32(file.bytes + 24, crc32(0, from->bytes, (uInt)from->size));
	file.bytes[OS] = 5;
	file.bytes[ARCHITECTURE] = 22;
	file.bytes[TYPE] = 2;
	file.bytes[COMPRESSION] = compression;
	memcpy(file.bytes + 64, from->bytes, from->size);
	seal_uimage(&file);
	return file;
}

static void drop(struct file *file)
{
	test_free(file->bytes);
}

// ---- reading them ----

static struct failure failure;

static struct model_image model;

static int read_kernel(const struct file *file, struct kernel_image *image, struct image_source *source)
{
	model = (struct model_image){ .name = "test.bin", .data = file->bytes, .size = file->size };
	*source = model_image_source(&model);
	memset(&failure, 0, sizeof(failure));
	int error = kernel_image_read(source, image, &failure);
	assert_int_equal(failure.error, error);
	if (error)
		assert_non_null(strstr(failure.text, "kernel test.bin: "));
	return error;
}

// Reads the whole program, read ahead in pieces of `piece` bytes unless that is 0; at most `limit` are kept. Its size or
// an error.
static long read_program(const struct kernel_image *image, uint8_t *buffer, size_t limit, size_t piece)
{
	struct image_stream stream;
	const void *data;
	size_t total = 0;
	long length;

	model.ahead_piece = piece;

	memset(&failure, 0, sizeof(failure));
	assert_int_equal(image_stream_open(&stream, &image->stored, piece, &failure), 0);
	do {
		length = image_stream_next(&stream, &data, &failure);
		if (length > 0) {
			size_t kept = MIN((size_t)length, limit - total);

			memcpy(buffer + total, data, kept);
			total += kept;
		}
	} while (length > 0 && total < limit);
	image_stream_close(&stream);
	return length < 0 ? length : (long)total;
}

// The file is a kernel, and its program is `program`.
static struct kernel_image check(const struct file *file, const struct file *program)
{
	static const size_t pieces[] = { 0, 1, 1000, 4096, 3 * IMAGE_PIECE };
	uint8_t *buffer = test_malloc(program->size + 1);
	struct kernel_image image;
	struct image_source source;

	if (read_kernel(file, &image, &source))
		fail_msg("%s", failure.text);
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		memset(buffer, 0, program->size);
		long size = read_program(&image, buffer, program->size + 1, pieces[i]);

		if (size < 0)
			fail_msg("%s", failure.text);
		assert_int_equal(size, program->size);
		assert_memory_equal(buffer, program->bytes, program->size);
	}
	test_free(buffer);
	image.stored.source = NULL;
	return image;
}

static void refused(const struct file *file, int error, const char *words)
{
	struct kernel_image image;
	struct image_source source;

	assert_int_equal(read_kernel(file, &image, &source), error);
	if (!strstr(failure.text, words))
		fail_msg("'%s' isn't in '%s'", words, failure.text);
}

// The headers are right, but reading it to the end fails.
static void refused_later(const struct file *file, int error, const char *words)
{
	uint8_t *buffer = test_malloc(PROGRAM_SIZE + 1);
	struct kernel_image image;
	struct image_source source;

	if (read_kernel(file, &image, &source))
		fail_msg("%s", failure.text);
	assert_int_equal(read_program(&image, buffer, PROGRAM_SIZE + 1, 5000), error);
	if (!strstr(failure.text, words))
		fail_msg("'%s' isn't in '%s'", words, failure.text);
	test_free(buffer);
}

// ---- what is right ----

static void an_arm64_image(void **state)
{
	struct file file = arm64_image(0x80000, 300000);
	struct kernel_image image = check(&file, &file);

	(void)state;
	assert_false(image.fixed);
	assert_int_equal(image.text_offset, 0x80000);
	assert_int_equal(image.memory_size, 300000);
	assert_int_equal(image.entry_offset, 0);
	drop(&file);

	file = arm64_image(0, 0); // old, or not Linux: what it needs is what there is
	image = check(&file, &file);
	assert_int_equal(image.memory_size, PROGRAM_SIZE);
	drop(&file);

	file = arm64_image(0, 1000); // less than the file
	image = check(&file, &file);
	assert_int_equal(image.memory_size, PROGRAM_SIZE);
	file.size = 64; // nothing but a header
	image = check(&file, &file);
	assert_int_equal(image.memory_size, 1000);
	drop(&file);
}

static void a_compressed_image(void **state)
{
	struct file program = arm64_image(0, 300000), file = gzip(&program);
	struct kernel_image image = check(&file, &program);

	(void)state;
	assert_true(image.stored.compressed);
	assert_int_equal(image.memory_size, 300000);
	assert_true(file.size < program.size);
	drop(&file);
	drop(&program);

	program = arm64_image(0, 0);
	file = gzip(&program);
	image = check(&file, &program);
	assert_int_equal(image.memory_size, PROGRAM_SIZE); // from the end of the file
	drop(&file);
	drop(&program);
}

static void a_uimage(void **state)
{
	struct file program = arm64_image(0x80000, 300000), packed = gzip(&program);
	struct file file = uimage(&program, UIMAGE_PLAIN, 0x1000, 0x1000);
	struct kernel_image image = check(&file, &program);

	(void)state;
	assert_false(image.fixed); // an Image can lie anywhere
	assert_int_equal(image.entry_offset, 0);
	assert_int_equal(image.text_offset, 0x80000);
	assert_int_equal(image.memory_size, 300000);
	drop(&file);

	file = uimage(&packed, UIMAGE_GZIP, 0, 0);
	image = check(&file, &program);
	assert_false(image.fixed);
	assert_true(image.stored.compressed);
	assert_int_equal(image.memory_size, 300000);
	drop(&file);

	memset(program.bytes + 56, 0, 4); // no Image any more: it lies where the uImage says
	file = uimage(&program, UIMAGE_PLAIN, 0x40200000, 0x40200040);
	image = check(&file, &program);
	assert_true(image.fixed);
	assert_int_equal(image.load, 0x40200000);
	assert_int_equal(image.entry_offset, 0x40);
	assert_int_equal(image.memory_size, PROGRAM_SIZE);
	drop(&file);
	drop(&packed);

	packed = gzip(&program);
	file = uimage(&packed, UIMAGE_GZIP, 0x40200000, 0x40200000);
	image = check(&file, &program);
	assert_true(image.fixed);
	assert_int_equal(image.memory_size, PROGRAM_SIZE);
	drop(&file);

	file = uimage(&packed, UIMAGE_GZIP, 0x40200000, 0x40200000);
	file.bytes = test_realloc(file.bytes, file.size + 100); // what follows is nobody's
	memset(file.bytes + file.size, 0xee, 100);
	file.size += 100;
	check(&file, &program);
	drop(&file);
	drop(&packed);
	drop(&program);
}

// ---- what is wrong ----

static void xsa_55_95_what_is_no_kernel(void **state)
{
	static char elf[100] = "\177ELF", zeros[100], text[] = "x";

	(void)state;
	refused(&(struct file){ NULL, 0 }, -ENOEXEC, "kernel test.bin: empty");
	refused(&(struct file){ (uint8_t *)elf, sizeof(elf) }, -ENOEXEC,
		"kernel test.bin: not an arm64 Image, gzip or uImage (first bytes 7f 45 4c 46)");
	refused(&(struct file){ (uint8_t *)zeros, sizeof(zeros) }, -ENOEXEC, "(first bytes 00 00 00 00)");
	refused(&(struct file){ (uint8_t *)text, 1 }, -ENOEXEC, "(first bytes 78)");

	struct file program = arm64_image(0, 0);
	for (program.size = 1; program.size < 64; program.size++)
		refused(&program, -ENOEXEC, "not an arm64 Image");
	program.size = PROGRAM_SIZE;
	program.bytes[56]++;
	refused(&program, -ENOEXEC, "not an arm64 Image");
	struct file packed = gzip(&program);
	refused(&packed, -ENOEXEC, "the gzip stream holds no arm64 Image (first bytes 00 00 00 00)");
	drop(&packed);
	program.size = 10;
	packed = gzip(&program);
	refused(&packed, -ENOEXEC, "the gzip stream holds no arm64 Image");
	drop(&packed);
	drop(&program);
}

// An Image that is an EFI program as well: its PE headers say where its sections' data ends.
static struct file efi_image(uint32_t sections_end)
{
	struct file file = arm64_image(0, 0);

	memcpy(file.bytes, "MZ", 2);
	memcpy(file.bytes + 60, &(uint32_t){ htole32(64) }, 4);
	memcpy(file.bytes + 64, "PE\0\0", 4);
	memcpy(file.bytes + 64 + 6, &(uint16_t){ htole16(2) }, 2);    // sections
	memcpy(file.bytes + 64 + 20, &(uint16_t){ htole16(160) }, 2); // bytes of the optional header
	uint8_t *section = file.bytes + 64 + 24 + 160;
	memset(section, 0, 80);
	memcpy(section + 16, &(uint32_t){ htole32(0x1000) }, 4); // size
	memcpy(section + 20, &(uint32_t){ htole32(0x1000) }, 4); // offset
	section += 40;
	memcpy(section + 16, &(uint32_t){ htole32(sections_end - 0x2000) }, 4);
	memcpy(section + 20, &(uint32_t){ htole32(0x2000) }, 4);
	return file;
}

static void an_efi_image_that_is_cut(void **state)
{
	struct file file = efi_image(PROGRAM_SIZE);

	(void)state;
	check(&file, &file);
	struct file packed = gzip(&file);
	check(&packed, &file);
	drop(&packed);
	for (file.size = 64; file.size < PROGRAM_SIZE; file.size += file.size < 400 ? 1 : 999) {
		struct kernel_image image;
		struct image_source source;

		if (file.size < 64 + 24 + 160 + 80) // its headers are cut already: anything but a crash
			read_kernel(&file, &image, &source);
		else
			refused(&file, -ENOEXEC, "truncated, it has");
	}
	drop(&file);

	file = efi_image(UINT32_MAX);
	refused(&file, -ENOEXEC, "truncated");
	memset(file.bytes + 60, 0xff, 4); // no PE headers there
	check(&file, &file);
	drop(&file);
}

static void a_gzip_that_is_cut(void **state)
{
	struct file program = arm64_image(0, 300000), file = gzip(&program);
	size_t whole = file.size;

	(void)state;
	for (file.size = 2; file.size < whole;
	     file.size += file.size < 200 || whole - file.size < 20 ? 1 : 9973) {
		struct kernel_image image;
		struct image_source source;

		// The length at its end is often impossible, which shows at once.
		if (read_kernel(&file, &image, &source))
			assert_non_null(strstr(failure.text, "truncated"));
		else
			refused_later(&file, -EBADMSG, "truncated, the gzip stream goes on behind its end");
	}
	drop(&file);
	drop(&program);
}

static void a_gzip_that_is_changed(void **state)
{
	struct file program = arm64_image(0, 300000), file = gzip(&program);
	uint8_t *buffer = test_malloc(PROGRAM_SIZE + 1);

	(void)state;
	for (size_t at = 0; at < file.size; at += at < 100 || file.size - at < 20 ? 1 : 4999) {
		struct kernel_image image;
		struct image_source source;

		file.bytes[at] ^= 0x10;
		if (!read_kernel(&file, &image, &source)) {
			long size = read_program(&image, buffer, PROGRAM_SIZE + 1, IMAGE_PIECE);
			// Time, flags and system in the header (RFC 1952) change nothing.
			if (size < 0)
				assert_int_equal(size, -EBADMSG);
			else
				assert_true(at < 10 && size == PROGRAM_SIZE);
		}
		file.bytes[at] ^= 0x10;
	}
	file.bytes[file.size - 6] ^= 1; // the CRC
	refused_later(&file, -EBADMSG, "the gzip stream is corrupt (incorrect data check)");
	test_free(buffer);
	drop(&file);
	drop(&program);
}

// Many zeros behind a header that announces little: what they announce at the end is either impossible or is
// known before anything is loaded; and reading never gives more than is asked for.
static void xsa_25_a_gzip_that_explodes(void **state)
{
	struct file program = { test_calloc(1, 64u << 20), 64u << 20 };
	struct kernel_image image;
	struct image_source source;

	(void)state;
	memcpy(program.bytes + 56, "ARM\x64", 4);
	memcpy(program.bytes + 16, &(uint64_t){ htole64(4096) }, 8);
	struct file file = gzip(&program);
	assert_true(file.size < 100000);
	refused(&file, -ENOEXEC, "its gzip stream has no proper end");

	memset(file.bytes + file.size - 4, 0, 4); // a lie
	assert_int_equal(read_kernel(&file, &image, &source), 0);
	assert_int_equal(image.memory_size, 4096);
	assert_int_equal(read_program(&image, program.bytes, 8192, IMAGE_PIECE), 8192);
	drop(&file);

	memset(program.bytes + 16, 0, 8);
	file = gzip(&program);
	assert_int_equal(read_kernel(&file, &image, &source), 0);
	assert_int_equal(image.memory_size, 64u << 20);
	drop(&file);
	drop(&program);
}

static void a_uimage_that_is_wrong(void **state)
{
	struct file program = arm64_image(0, 0), file = uimage(&program, UIMAGE_PLAIN, 0, 0);
	const struct {
		size_t offset;
		uint8_t value;
		const char *words;
	} changes[] = {
		{ ARCHITECTURE, 2, "another architecture" },
		{ TYPE, 3, "holds no kernel" },
		{ COMPRESSION, 2, "another way than gzip" },
		{ LOAD, 0x40, "before its program" },
		{ 12, 0x80, "truncated, the uImage goes on behind its end" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		uint8_t old = file.bytes[changes[i].offset];

		file.bytes[changes[i].offset] = changes[i].value;
		refused(&file, -ENOEXEC, "the CRC of its uImage header is wrong");
		seal_uimage(&file);
		refused(&file, -ENOEXEC, changes[i].words);
		file.bytes[changes[i].offset] = old;
		seal_uimage(&file);
	}
	file.size--;
	refused(&file, -ENOEXEC, "truncated");
	file.size = 64;
	refused(&file, -ENOEXEC, "truncated");
	file.size = program.size + 64;
	for (size_t at = 0; at < 64; at++) { // any change of the header
		file.bytes[at] ^= 0x40;
		struct kernel_image image;
		struct image_source source;
		assert_int_equal(read_kernel(&file, &image, &source), -ENOEXEC);
		file.bytes[at] ^= 0x40;
	}
	check(&file, &program);

	put_be32(file.bytes + 12, 0);
	seal_uimage(&file);
	refused(&file, -ENOEXEC, "the uImage is empty");
	drop(&file);

	memset(program.bytes + 56, 0, 4);
	file = uimage(&program, UIMAGE_PLAIN, 0x40000000, 0x40000000 + PROGRAM_SIZE);
	refused(&file, -ENOEXEC, "entry point lies outside");
	drop(&file);
	drop(&program);
}

static void a_uimage_whose_data_is_corrupt(void **state)
{
	struct file program = arm64_image(0, 0), packed = gzip(&program);
	struct file file = uimage(&program, UIMAGE_PLAIN, 0, 0);

	(void)state;
	file.bytes[file.size - 1] ^= 1;
	refused_later(&file, -EBADMSG, "corrupt, its data's CRC");
	drop(&file);

	// Behind the end of the compressed stream, where inflate never looks.
	packed.bytes = test_realloc(packed.bytes, packed.size + 200000);
	memset(packed.bytes + packed.size, 0, 200000);
	packed.size += 200000;
	file = uimage(&packed, UIMAGE_GZIP, 0, 0);
	check(&file, &program);
	file.bytes[file.size - 1] ^= 1;
	refused_later(&file, -EBADMSG, "corrupt, its data's CRC");
	drop(&file);
	drop(&packed);

	// Not compressed, though it says so.
	file = uimage(&program, UIMAGE_GZIP, 0, 0);
	refused(&file, -EBADMSG, "the gzip stream is corrupt");
	drop(&file);
	drop(&program);
}

static void reading_fails(void **state)
{
	struct file program = arm64_image(0, 0), file = gzip(&program);
	struct image_source source = model_image_source(&model);
	struct kernel_image image;

	(void)state;
	model = (struct model_image){ .name = "test.bin", .data = file.bytes, .size = file.size };
	source.name = model.name;
	model.size_error = -EIO;
	assert_int_equal(kernel_image_read(&source, &image, NULL), -EIO);
	model.size_error = 0;
	for (unsigned int nth = 1; nth <= 3; nth++) {
		model_start(NULL);
		memset(&failure, 0, sizeof(failure));
		model_fail_image_read(nth);
		assert_int_equal(kernel_image_read(&source, &image, &failure), -EIO);
		assert_non_null(strstr(failure.text, "failed: ") ?: strstr(failure.text, "can't be read: "));
	}
	for (unsigned int nth = 1; nth <= 2; nth++) {
		model_start(NULL);
		memset(&failure, 0, sizeof(failure));
		model_fail_allocation(nth);
		assert_int_equal(kernel_image_read(&source, &image, &failure), -ENOMEM);
		assert_string_equal(failure.text, "kernel test.bin: out of memory");
	}
	model_fail_allocation(0);
	drop(&file);
	drop(&program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_arm64_image),
		cmocka_unit_test(a_compressed_image),
		cmocka_unit_test(a_uimage),
		cmocka_unit_test(xsa_55_95_what_is_no_kernel),
		cmocka_unit_test(an_efi_image_that_is_cut),
		cmocka_unit_test(a_gzip_that_is_cut),
		cmocka_unit_test(a_gzip_that_is_changed),
		cmocka_unit_test(xsa_25_a_gzip_that_explodes),
		cmocka_unit_test(a_uimage_that_is_wrong),
		cmocka_unit_test(a_uimage_whose_data_is_corrupt),
		cmocka_unit_test(reading_fails),
	};

	model_start(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
