// SPDX-License-Identifier: Apache-2.0
// Owns the logs of consoles and the task that writes them. A file is open only while it is written, so that a card may be
// pulled and put in again at any time; as long as there is none, what is printed gathers in memory.
#include "console/log_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/backlog.h"
#include "kernel/compiler.h"
#include "kernel/list.h"
#include "kernel/log.h"
#include "kernel/task.h"
#include "storage/mount.h"

#define BUFFER_SIZE KIB(16)
#define INTERVAL    SECONDS(CONSOLE_LOG_SECONDS)
#define SHARE       ((size_t)CONFIG_CONSOLE_LOG_RATE * CONSOLE_LOG_SECONDS) // bytes of a write

// A log whose domain is gone is tried this often where there is no card, or it fails.
#define LAST_TRIES 3u

#define LOG_PATH_MAX 320u // folder, name, ".log.99"

struct console_log {
	struct list link; // in `logs`
	struct backlog waiting;
	uint64_t lost;      // bytes, since that was said in the file
	uint64_t lost_told; // of waiting.lost
	uint64_t due;       // when it may be written next
	bool busy;          // the task has it
	bool closed;
	unsigned int failures; // in a row
	char name[]; // of the file, without ".log"
};

static struct list logs = LIST_INITIAL(logs);
static struct wait_queue work = WAIT_QUEUE_INITIAL(work), written = WAIT_QUEUE_INITIAL(written);
static bool hurry; // somebody waits in console_log_flush()

// ---- Files ----

static void file_path(char *path, const struct console_log *log, unsigned int number)
{
	int length = snprintf(path, LOG_PATH_MAX, "%s" CONFIG_CONSOLE_LOG_DIR "/%s.log", mount_images_folder(), log->name);

	if (number && length > 0 && (size_t)length < LOG_PATH_MAX)
		snprintf(path + length, LOG_PATH_MAX - (size_t)length, ".%u", number);
}

// NAME.log becomes NAME.log.1, that NAME.log.2; the last of them is replaced.
static int rotate(struct mount *mount, const struct console_log *log)
{
	char from[LOG_PATH_MAX], to[LOG_PATH_MAX];
	size_t skipped = strlen(mount->name);
	int error = 0;

	for (unsigned int number = CONFIG_CONSOLE_LOG_FILES; number && (!error || error == -ENOENT); number--) {
		file_path(from, log, number - 1);
		file_path(to, log, number);
		error = fat_rename(mount->volume, from + skipped, to + skipped);
	}
	return error == -ENOENT ? 0 : error;
}

static int open_file(struct mount *mount, const char *rest, struct fat_file **file)
{
	char folder[LOG_PATH_MAX];
	int error = fat_open(mount->volume, rest, FAT_WRITE | FAT_CREATE, file);

	if (error != -ENOENT)
		return error;
	snprintf(folder, sizeof(folder), "%s" CONFIG_CONSOLE_LOG_DIR, mount_images_folder());
	error = fat_make_directory(mount->volume, folder + strlen(mount->name));
	return error ? error : fat_open(mount->volume, rest, FAT_WRITE | FAT_CREATE, file);
}

// Adds to the file; one that has grown to its limit makes room first.
static int append(struct mount *mount, const struct console_log *log, const char *rest, const char *bytes, size_t size)
{
	struct fat_file *file;
	int error = open_file(mount, rest, &file);

	if (!error && fat_size(file) && fat_size(file) + size > CONFIG_CONSOLE_LOG_SIZE) {
		fat_close(file); // as it was
		error = rotate(mount, log);
		if (!error)
			error = open_file(mount, rest, &file);
	}
	if (error)
		return error;
	long result = fat_write(file, bytes, size, fat_size(file));
	int closed = fat_close(file);
	return result < 0 ? (int)result : closed;
}

// ---- The task ----

// What is to be written next: how much was lost, then what comes after it, which is *taken bytes.
static size_t take(struct console_log *log, char *buffer, size_t share, size_t *taken)
{
	size_t length = 0;

	log->lost += log->waiting.lost - log->lost_told;
	log->lost_told = log->waiting.lost;
	if (log->lost)
		length = (size_t)snprintf(buffer, share, "\n[%" PRIu64 " bytes of output were dropped here]\n", log->lost);
	*taken = backlog_take(&log->waiting, buffer + length, share - length);
	return length + *taken;
}

static int write_log(struct console_log *log)
{
	static char buffer[MAX(SHARE, BUFFER_SIZE)];
	char path[LOG_PATH_MAX];
	struct mount *mount;
	const char *rest;

	file_path(path, log, 0);
	int error = mount_find(path, &mount, &rest);
	if (error)
		return error; // nothing is taken, so nothing is lost but what there is no room for
	size_t taken, size = take(log, buffer, log->closed || hurry ? sizeof(buffer) : SHARE, &taken);
	error = append(mount, log, rest, buffer, size);
	mount_put(mount);
	log->lost = error ? log->lost + taken : 0;
	return error;
}

static bool is_empty(const struct console_log *log)
{
	return !backlog_count(&log->waiting) && !log->lost && log->waiting.lost == log->lost_told;
}

static void free_log(struct console_log *log)
{
	list_remove(&log->link);
	backlog_free(&log->waiting);
	free(log);
}

static uint64_t due(const struct console_log *log)
{
	if (is_empty(log) && !log->closed)
		return TIME_NEVER;
	return (log->closed || hurry) && !log->failures ? 0 : log->due;
}

// The log that is to be written first, or NULL; *when: when that is.
static struct console_log *first_due(uint64_t *when)
{
	struct console_log *log, *first = NULL;

	*when = TIME_NEVER;
	LIST_FOR_EACH (log, &logs, link) {
		if (due(log) < *when) {
			first = log;
			*when = due(log);
		}
	}
	return first;
}

static void tell(struct console_log *log, int error)
{
	if (log->failures == 1 && error != -ENOENT && error != -ENODEV) // a card that isn't there is known
		log_warning("the console of %s can't be kept on the card: error %d", log->name, -error);
}

static void serve_log(struct console_log *log)
{
	int error = 0;

	log->busy = true;
	if (!is_empty(log))
		error = write_log(log);
	log->busy = false;
	log->failures = error ? log->failures + 1 : 0;
	log->due = time_now() + INTERVAL;
	tell(log, error);
	if (log->closed && (is_empty(log) || log->failures >= LAST_TRIES))
		free_log(log);
	wait_queue_wake(&written);
}

static void serve(void *unused)
{
	struct console_log *log;
	uint64_t when;

	(void)unused;
	for (;;) {
		log = first_due(&when);
		if (!log || when > time_now())
			wait_queue_wait(&work, when);
		else
			serve_log(log);
		task_yield();
	}
}

int console_log_init(void)
{
	wait_queue_init(&work);
	wait_queue_init(&written);
	return task_create("console log", serve, NULL) ? 0 : -ENOMEM;
}

// ---- For the console server ----

struct console_log *console_log_open(const char *name)
{
	struct console_log *log = calloc(1, sizeof(*log) + strlen(name) + 1);

	if (!log || backlog_init(&log->waiting, BUFFER_SIZE)) {
		free(log);
		return NULL;
	}
	strcpy(log->name, name);
	for (char *at = log->name; *at; at++)
		if ((unsigned char)*at < ' ' || strchr("\"*/:<>?\\|\x7f", *at))
			*at = '_';
	list_append(&logs, &log->link);
	return log;
}

void console_log_put(struct console_log *log, const char *bytes, size_t size)
{
	uint64_t next = time_now() + INTERVAL;

	if (is_empty(log) && !log->failures)
		log->due = MAX(log->due, next);
	backlog_put(&log->waiting, bytes, size);
	wait_queue_wake(&work);
}

void console_log_close(struct console_log *log)
{
	if (!log)
		return;
	log->closed = true;
	if (is_empty(log) && !log->busy)
		free_log(log);
	else
		wait_queue_wake(&work);
}

static bool all_written(void)
{
	struct console_log *log;

	LIST_FOR_EACH (log, &logs, link)
		if (log->busy || (!is_empty(log) && !log->failures))
			return false;
	return true;
}

void console_log_flush(uint64_t deadline)
{
	hurry = true;
	wait_queue_wake(&work);
	WAIT_UNTIL_DEADLINE(&written, all_written(), deadline);
	hurry = false;
}
