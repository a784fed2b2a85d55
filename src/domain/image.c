// SPDX-License-Identifier: Apache-2.0
// The headers of kernel images. A file is looked at from the outside in: a uImage may hold a gzip stream,
// which may hold an arm64 Image.
#include "domain/image.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "domain/image_pe.h"
#include "kernel/compiler.h"
#include "xen/hypercall.h"

// Both kinds of header have this size.
#define HEADER_SIZE 64u

// Linux, Documentation/arch/arm64/booting.rst, section 4; little-endian.
struct arm64_header {
	uint32_t code[2];
	uint64_t text_offset, image_size, flags;
	uint64_t reserved[3];
	uint32_t magic;
	uint32_t pe_offset; // where the file is an EFI program as well
};
#define ARM64_MAGIC 0x644d5241u // "ARM\x64"

// U-Boot, include/image.h, struct legacy_img_hdr; big-endian.
struct uimage_header {
	uint32_t magic, header_crc, time, size, load, entry, data_crc;
	uint8_t os, architecture, type, compression;
	char name[32];
};
#define UIMAGE_MAGIC 0x27051956u
#define UIMAGE_ARM64 22
#define UIMAGE_TYPE_KERNEL 2
#define UIMAGE_NOT_COMPRESSED 0
#define UIMAGE_GZIP 1

_Static_assert(sizeof(struct arm64_header) == HEADER_SIZE, "");
_Static_assert(sizeof(struct uimage_header) == HEADER_SIZE, "");

union header {
	uint8_t bytes[HEADER_SIZE];
	struct arm64_header arm64;
	struct uimage_header uimage;
};

static int refuse(const struct kernel_image *image, struct failure *failure, const char *reason)
{
	return failure_set(failure, -ENOEXEC, "kernel %s: %s", image->stored.source->name, reason);
}

static int not_a_kernel(const struct kernel_image *image, const char *reason, const union header *header,
			size_t length, struct failure *failure)
{
	char text[sizeof("7f 45 4c 46")] = "none";

	for (size_t i = 0; i < MIN(length, (size_t)4); i++)
		snprintf(i ? &text[3 * i - 1] : text, sizeof(" ff"), i ? " %02x" : "%02x", header->bytes[i]);
	return failure_set(failure, -ENOEXEC, "kernel %s: %s (first bytes %s)", image->stored.source->name,
			   reason, text);
}

static bool is_gzip(const union header *header, size_t length)
{
	return length >= 2 && header->bytes[0] == 0x1f && header->bytes[1] == 0x8b;
}

static bool is_arm64(const union header *header, size_t length)
{
	return length == HEADER_SIZE && le32toh(header->arm64.magic) == ARM64_MAGIC;
}

static bool is_uimage(const union header *header, size_t length)
{
	return length == HEADER_SIZE && be32toh(header->uimage.magic) == UIMAGE_MAGIC;
}

// ---- The program, once unpacked ----

// Deflate makes nothing smaller than by this factor (zlib's technical details, "maximum compression factor").
#define DEFLATE_RATIO_MAX 1032u

// What may follow an Image in its file beyond the memory that it asks for: a signature, a device tree.
#define APPENDED_MAX MIB(16)

static const char bad_gzip_end[] = "truncated or corrupt, its gzip stream has no proper end";

// The length that the end of a gzip file announces (RFC 1952, ISIZE): it is checked when the stream is
// inflated, and loading stops at what it says.
static int read_inflated_size(const struct kernel_image *image, uint64_t *size, struct failure *failure)
{
	const struct image_part *stored = &image->stored;
	uint32_t isize;

	if (stored->size < sizeof(isize))
		return refuse(image, failure, "truncated, its gzip stream has no end");
	int error = stored->source->read(stored->source->context, &isize, sizeof(isize),
					 stored->offset + stored->size - sizeof(isize));
	if (error)
		return failure_set(failure, error, "kernel %s: reading its end failed: %s",
				   stored->source->name, error_text(error));
	*size = le32toh(isize);
	if (*size / DEFLATE_RATIO_MAX > stored->size)
		return refuse(image, failure, bad_gzip_end);
	return 0;
}

static int read_stored_header(const struct image_part *stored, union header *header, size_t *length,
			      struct failure *failure)
{
	*length = (size_t)MIN(stored->size, sizeof(*header));
	int error = stored->source->read(stored->source->context, header, *length, stored->offset);
	if (error)
		failure_set(failure, error, "kernel %s: can't be read: %s", stored->source->name,
			    error_text(error));
	return error;
}

static int read_program_header(const struct kernel_image *image, union header *header, size_t *length,
			       struct failure *failure)
{
	struct image_stream stream;
	const void *data;

	if (!image->stored.compressed)
		return read_stored_header(&image->stored, header, length, failure);
	int error = image_stream_open(&stream, &image->stored, false, failure);
	if (error)
		return error;
	long result = image_stream_next(&stream, &data, failure);
	*length = result < 0 ? 0 : MIN((size_t)result, sizeof(*header));
	if (*length)
		memcpy(header, data, *length);
	image_stream_close(&stream);
	return result < 0 ? (int)result : 0;
}

// What the header doesn't say is how long the file should be. Linux is an EFI program as well, whose headers
// do.
static int check_length(const struct kernel_image *image, const union header *header, struct failure *failure)
{
	uint64_t end = 0;

	if (image->stored.compressed || memcmp(header->bytes, "MZ", 2) != 0)
		return 0;
	int error = pe_file_end(&image->stored, le32toh(header->arm64.pe_offset), &end, failure);
	if (!error && end > image->stored.size)
		error = failure_set(failure, -ENOEXEC,
				    "kernel %s: truncated, it has %" PRIu64 " of the %" PRIu64
				    " bytes that its header announces",
				    image->stored.source->name, image->stored.size, end);
	return error;
}

static int read_arm64(struct kernel_image *image, const union header *header, struct failure *failure)
{
	uint64_t image_size = le64toh(header->arm64.image_size);

	image->fixed = false;
	image->entry_offset = 0;
	image->text_offset = le64toh(header->arm64.text_offset);
	if (image->stored.compressed && image_size && image->memory_size > image_size &&
	    image->memory_size - image_size > APPENDED_MAX)
		return refuse(image, failure, bad_gzip_end);
	image->memory_size = MAX(image->memory_size, image_size);
	return check_length(image, header, failure);
}

static int read_program(struct kernel_image *image, struct failure *failure)
{
	union header header;
	size_t length;
	int error = read_program_header(image, &header, &length, failure);

	if (error)
		return error;
	image->memory_size = image->stored.size;
	if (image->stored.compressed)
		error = read_inflated_size(image, &image->memory_size, failure);
	if (error)
		return error;

	if (is_arm64(&header, length))
		return read_arm64(image, &header, failure);
	if (!image->fixed)
		return not_a_kernel(image,
				    image->stored.compressed ? "the gzip stream holds no arm64 Image" :
							       "not an arm64 Image, gzip or uImage",
				    &header, length, failure);
	if (image->entry_offset >= image->memory_size)
		return refuse(image, failure, "the uImage's entry point lies outside of its program");
	return 0;
}

// ---- What it is packed in ----

static bool uimage_header_is_intact(const struct uimage_header *header)
{
	struct uimage_header copy = *header;

	copy.header_crc = 0;
	return crc32(0, (const Bytef *)&copy, sizeof(copy)) == be32toh(header->header_crc);
}

// What is wrong with a uImage in a file of this size, or NULL.
static const char *uimage_fault(const struct uimage_header *header, uint64_t file_size)
{
	if (!uimage_header_is_intact(header))
		return "corrupt, the CRC of its uImage header is wrong";
	if (header->architecture != UIMAGE_ARM64)
		return "the uImage is for another architecture than arm64";
	if (header->type != UIMAGE_TYPE_KERNEL)
		return "the uImage holds no kernel";
	if (header->compression != UIMAGE_NOT_COMPRESSED && header->compression != UIMAGE_GZIP)
		return "the uImage is compressed in another way than gzip";
	if (header->size == 0)
		return "the uImage is empty";
	if (be32toh(header->size) > file_size - HEADER_SIZE)
		return "truncated, the uImage goes on behind its end";
	if (be32toh(header->entry) < be32toh(header->load))
		return "the uImage's entry point lies before its program";
	return NULL;
}

static int read_uimage(struct kernel_image *image, const struct uimage_header *header, uint64_t file_size,
		       struct failure *failure)
{
	const char *fault = uimage_fault(header, file_size);

	if (fault)
		return refuse(image, failure, fault);
	image->stored.offset = HEADER_SIZE;
	image->stored.size = be32toh(header->size);
	image->stored.compressed = header->compression == UIMAGE_GZIP;
	image->stored.has_crc = true;
	image->stored.crc = be32toh(header->data_crc);
	image->fixed = true; // unless an arm64 Image is in it
	image->load = be32toh(header->load);
	image->entry_offset = be32toh(header->entry) - image->load;
	return 0;
}

int kernel_image_read(const struct image_source *source, struct kernel_image *image, struct failure *failure)
{
	union header header;
	uint64_t file_size;
	int error = source->size(source->context, &file_size);

	*image = (struct kernel_image){ .stored = { .what = "kernel", .source = source } };
	if (error)
		return failure_set(failure, error, "kernel %s: can't be read: %s", source->name,
				   error_text(error));
	if (!file_size)
		return refuse(image, failure, "empty");

	size_t length = (size_t)MIN(file_size, sizeof(header));
	error = source->read(source->context, &header, length, 0);
	if (error)
		return failure_set(failure, error, "kernel %s: can't be read: %s", source->name,
				   error_text(error));

	image->stored.size = file_size;
	image->stored.compressed = is_gzip(&header, length);
	if (is_uimage(&header, length))
		error = read_uimage(image, &header.uimage, file_size, failure);
	return error ? error : read_program(image, failure);
}
