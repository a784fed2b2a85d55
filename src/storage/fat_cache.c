// SPDX-License-Identifier: Apache-2.0
// Owns the sectors of the FAT and of directories in memory: lines of a page, the least recently used one
// replaced. Sectors of file data that happen to share a line with them are never read from here, nor written.
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "kernel/log.h"
#include "kernel/memory.h"
#include "storage/fat_internal.h"

int fat_damaged(const struct fat_volume *volume, const char *format, ...)
{
	char text[128];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_warning("storage: %s: the FAT volume at block %llu is damaged: %s", volume->extent.device->name,
		    (unsigned long long)volume->extent.first, text);
	return -EBADMSG;
}

int fat_cache_init(struct fat_volume *volume)
{
	for (unsigned int i = 0; i < FAT_LINES; i++) {
		volume->lines[i].data = page_alloc(0);
		if (!volume->lines[i].data)
			return -ENOMEM;
	}
	return 0;
}

void fat_cache_end(struct fat_volume *volume)
{
	for (unsigned int i = 0; i < FAT_LINES; i++)
		page_free(volume->lines[i].data, 0);
}

void fat_batch_add(struct fat_volume *volume, struct block_batch *batch, bool write, uint32_t sector,
		   uint32_t count, void *buffer)
{
	uint32_t blocks = volume->sector_size / volume->extent.device->block_size;

	block_batch_add(batch, write, (uint64_t)sector * blocks, (uint64_t)count * blocks, buffer);
}

static uint32_t line_sectors(const struct fat_volume *volume)
{
	return FAT_LINE_SIZE / volume->sector_size;
}

// Starts writing a line's dirty sectors: those of the FAT only, into the Nth of the FATs, unless `copy` is 0.
static void write_line(struct fat_volume *volume, struct block_batch *batch, const struct fat_line *line,
		       uint32_t copy)
{
	uint32_t fat_end = volume->fat_start + volume->fat_sectors;

	for (uint32_t i = 0, count; i < line_sectors(volume); i += count) {
		uint32_t sector = line->sector + i;

		count = 1;
		if (!(line->dirty >> i & 1))
			continue;
		if (copy && (sector < volume->fat_start || sector >= fat_end))
			continue;
		while (i + count < line_sectors(volume) && line->dirty >> (i + count) & 1 &&
		       (sector + count < fat_end) == (sector < fat_end))
			count++;
		if (copy) // fat_start is the first of them then
			sector += copy * volume->fat_sectors;
		fat_batch_add(volume, batch, true, sector, count, line->data + i * volume->sector_size);
	}
}

// The FAT that is read is written first: when power is cut, it is the newer one.
static int write_lines(struct fat_volume *volume, const struct fat_line *first, unsigned int lines)
{
	int error = 0;

	for (uint32_t copy = 0; copy < volume->fats && !error; copy++) {
		struct block_batch batch = {.extent = &volume->extent};

		for (unsigned int i = 0; i < lines; i++)
			write_line(volume, &batch, &first[i], copy);
		error = block_batch_finish(&batch);
	}
	return error;
}

static bool is_dirty(const struct fat_volume *volume)
{
	for (unsigned int i = 0; i < FAT_LINES; i++)
		if (volume->lines[i].dirty)
			return true;
	return false;
}

void fat_cache_drop(struct fat_volume *volume)
{
	for (unsigned int i = 0; i < FAT_LINES; i++) {
		struct fat_line *line = &volume->lines[i];

		if (!line->dirty)
			continue;
		line->dirty = 0;
		line->used = 0;
		volume->free = FAT_FREE_UNKNOWN;
	}
}

static int fail_writing(struct fat_volume *volume, int error)
{
	log_error(
		"storage: %s: writing to the FAT volume at block %llu failed (error %d); it is read-only now",
		volume->extent.device->name, (unsigned long long)volume->extent.first, -error);
	volume->read_only = true;
	fat_cache_drop(volume);
	return error;
}

int fat_cache_sync(struct fat_volume *volume)
{
	int error;

	if (!is_dirty(volume))
		return 0;
	error = write_lines(volume, volume->lines, FAT_LINES);
	if (!error)
		error = block_flush(&volume->extent);
	if (error)
		return fail_writing(volume, error);
	for (unsigned int i = 0; i < FAT_LINES; i++)
		volume->lines[i].dirty = 0;
	return 0;
}

static struct fat_line *find_line(struct fat_volume *volume, uint32_t sector)
{
	struct fat_line *oldest = &volume->lines[0];

	for (unsigned int i = 0; i < FAT_LINES; i++) {
		struct fat_line *line = &volume->lines[i];

		if (line->used && line->sector == sector)
			return line;
		if (line->used < oldest->used)
			oldest = line;
	}
	return oldest;
}

static int load_line(struct fat_volume *volume, struct fat_line *line, uint32_t sector)
{
	struct block_batch batch = {.extent = &volume->extent};
	uint32_t count = line_sectors(volume);
	int error;

	if (line->dirty) {
		error = write_lines(volume, line, 1);
		if (error)
			return fail_writing(volume, error);
		line->dirty = 0;
	}
	line->used = 0;
	if (count > volume->sectors - sector)
		count = volume->sectors - sector;
	fat_batch_add(volume, &batch, false, sector, count, line->data);
	error = block_batch_finish(&batch);
	if (error)
		return error;
	line->sector = sector;
	return 0;
}

static int get(struct fat_volume *volume, uint32_t sector, struct fat_line **line, uint8_t **data)
{
	uint32_t within = sector % line_sectors(volume);
	int error;

	*line = find_line(volume, sector - within);
	if (!(*line)->used || (*line)->sector != sector - within) {
		error = load_line(volume, *line, sector - within);
		if (error)
			return error;
	}
	(*line)->used = ++volume->uses;
	*data = (*line)->data + within * volume->sector_size;
	return 0;
}

int fat_cache_read(struct fat_volume *volume, uint32_t sector, uint8_t **data)
{
	struct fat_line *line;

	return get(volume, sector, &line, data);
}

int fat_cache_change(struct fat_volume *volume, uint32_t sector, uint8_t **data)
{
	struct fat_line *line;
	int error;

	if (volume->read_only)
		return -EROFS;
	error = get(volume, sector, &line, data);
	if (!error)
		line->dirty |= 1u << (sector - line->sector);
	return error;
}
