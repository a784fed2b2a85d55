// SPDX-License-Identifier: Apache-2.0
// The file systems' commands that read and write what is in files, a piece at a time. Ctrl-C stops them.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/memory.h"
#include "kernel/sha256.h"
#include "kernel/task.h"
#include "kernel/terminal.h"
#include "shell/files.h"
#include "xen/console_io.h"

// Large and aligned enough for the volume to read into it directly.
#define PIECE_ORDER 4
#define PIECE_SIZE  (PAGE_SIZE << PIECE_ORDER)

#define HEX_ROW 16

// Takes a piece of a file; 0, or an error after saying why, which ends it.
typedef int take_piece(void *context, const uint8_t *data, size_t size);

static int take_pieces(const struct invocation *call, struct fat_file *file, uint32_t offset, uint32_t size,
		       take_piece *take, void *context)
{
	uint8_t *buffer = page_alloc(PIECE_ORDER);
	int error = buffer ? 0 : file_refused(call, call->argv[0], -ENOMEM);

	while (!error && size) {
		long got = fat_read(file, buffer, MIN(size, PIECE_SIZE), offset);

		if (got < 0)
			error = file_refused(call, call->argv[0], (int)got);
		if (got <= 0)
			break;
		error = take(context, buffer, (size_t)got);
		offset += (uint32_t)got;
		size -= (uint32_t)got;
		if (!error && console_io_interrupted())
			error = file_refused(call, call->argv[0], -EINTR);
		if (task_should_yield())
			task_yield();
	}
	if (buffer)
		page_free(buffer, PIECE_ORDER);
	return error;
}

// Opens the first argument, and goes through `size` bytes of it, or as many as there are.
static int read_argument(const struct invocation *call, uint32_t offset, uint32_t size, take_piece *take, void *context)
{
	struct file_path path;
	struct fat_file *file;
	int error = file_path_find(call, call->argv[0], &path);

	if (error)
		return error;
	error = fat_open(path.volume, path.rest, 0, &file);
	if (error) {
		file_refused(call, path.text, error);
	} else {
		error = take_pieces(call, file, offset, size, take, context);
		fat_close(file); // nothing was written
	}
	file_path_put(&path);
	return error;
}

// ---- cat ----

struct text {
	char line[256];
	size_t length;
	bool open; // the last line has no end
	uint8_t last; // byte
};

static void print_text(struct text *text)
{
	shell_print("%.*s", (int)text->length, text->line);
	text->length = 0;
}

// What could play with the terminal becomes '?'.
static int cat_piece(void *context, const uint8_t *data, size_t size)
{
	struct text *text = context;

	for (size_t i = 0; i < size; i++) {
		bool control = data[i] != '\n' && data[i] != '\t' && terminal_is_control(text->last, data[i]);

		text->last = data[i];
		if (data[i] == '\r')
			continue;
		text->line[text->length++] = control ? '?' : (char)data[i];
		text->open = data[i] != '\n';
		if (!text->open || text->length == sizeof(text->line)) {
			print_text(text);
			if (console_io_interrupted())
				return -EINTR;
		}
	}
	return 0;
}

int fs_cat_command(const struct invocation *call)
{
	struct text text = { .length = 0 };
	int error = read_argument(call, 0, UINT32_MAX, cat_piece, &text);

	print_text(&text);
	if (text.open)
		shell_print("\n");
	return error;
}

// ---- read ----

static void print_row(uint32_t offset, const uint8_t *data, size_t size)
{
	char row[96];
	size_t at = (size_t)snprintf(row, sizeof(row), "%08x ", offset);

	for (size_t i = 0; i < HEX_ROW; i++)
		at += (size_t)snprintf(row + at, sizeof(row) - at, i < size ? " %02x" : "   ", i < size ? data[i] : 0);
	at += (size_t)snprintf(row + at, sizeof(row) - at, "  ");
	for (size_t i = 0; i < size; i++)
		row[at++] = data[i] >= ' ' && data[i] < 0x7f ? (char)data[i] : '.';
	shell_print("%.*s\n", (int)at, row);
}

static int read_piece(void *context, const uint8_t *data, size_t size)
{
	uint32_t *offset = context;

	for (size_t at = 0; at < size; at += HEX_ROW) {
		print_row(*offset, data + at, MIN(size - at, HEX_ROW));
		*offset += HEX_ROW;
		if (console_io_interrupted())
			return -EINTR;
	}
	return 0;
}

int fs_read_command(const struct invocation *call)
{
	uint64_t numbers[] = { 0, 256 }; // OFFSET, SIZE

	for (int i = 1; i < call->argc; i++) {
		if (!shell_number(call->argv[i], UINT32_MAX, &numbers[i - 1])) {
			shell_error("%s: '%s' is not a number of bytes", call->name, call->argv[i]);
			return -EINVAL;
		}
	}
	uint32_t offset = (uint32_t)numbers[0];
	return read_argument(call, offset, (uint32_t)numbers[1], read_piece, &offset);
}

// ---- sum ----

static int sum_piece(void *context, const uint8_t *data, size_t size)
{
	sha256_add(context, data, size);
	return 0;
}

int fs_sum_command(const struct invocation *call)
{
	uint8_t digest[SHA256_BYTES];
	struct sha256 sum;

	sha256_begin(&sum);
	int error = read_argument(call, 0, UINT32_MAX, sum_piece, &sum);
	if (error)
		return error;
	sha256_end(&sum, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		shell_print("%02x", digest[i]);
	shell_print("  %s\n", call->argv[0]);
	return 0;
}

// ---- cp, write ----

// Where pieces go to.
struct target {
	const struct invocation *call;
	struct file_path path;
	struct fat_file *file;
	uint32_t size;
};

static int write_piece(void *context, const uint8_t *data, size_t size)
{
	struct target *target = context;
	long written = fat_write(target->file, data, size, target->size);

	if (written < 0)
		return file_refused(target->call, target->path.text, (int)written);
	target->size += (uint32_t)size;
	return 0;
}

static int open_target(const struct invocation *call, const char *text, unsigned int flags, struct target *target)
{
	int error = file_path_find(call, text, &target->path);

	target->call = call;
	target->size = 0;
	if (error)
		return error;
	error = fat_open(target->path.volume, target->path.rest, FAT_WRITE | FAT_CREATE | flags, &target->file);
	if (error) {
		file_refused(call, text, error);
		file_path_put(&target->path);
	}
	return error;
}

// Of what was written before with this error; one that couldn't be finished isn't left behind where `delete` says so.
static int close_target(struct target *target, int error, bool delete)
{
	int closed = fat_close(target->file);

	if (closed && !error)
		error = file_refused(target->call, target->path.text, closed);
	if (error && delete)
		fat_delete(target->path.volume, target->path.rest);
	file_path_put(&target->path);
	return error;
}

int fs_cp_command(const struct invocation *call)
{
	struct target target;
	int error = open_target(call, call->argv[1], FAT_EXCLUSIVE, &target);

	if (error)
		return error;
	return close_target(&target, read_argument(call, 0, UINT32_MAX, write_piece, &target), true);
}

static int write_words(struct target *target)
{
	int error = 0;

	for (int i = 1; !error && i < target->call->argc; i++) {
		const char *word = target->call->argv[i];

		if (i > 1)
			error = write_piece(target, (const uint8_t *)" ", 1);
		if (!error)
			error = write_piece(target, (const uint8_t *)word, strlen(word));
	}
	return error ? error : write_piece(target, (const uint8_t *)"\n", 1);
}

int fs_write_command(const struct invocation *call)
{
	struct target target;
	int error = open_target(call, call->argv[0], 0, &target);

	if (error)
		return error;
	if (call->options[FS_WRITE_APPEND]) {
		target.size = fat_size(target.file);
	} else {
		error = fat_truncate(target.file, 0);
		if (error)
			file_refused(call, target.path.text, error);
	}
	return close_target(&target, error ? error : write_words(&target), false);
}
