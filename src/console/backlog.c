// SPDX-License-Identifier: Apache-2.0
// The backlog's ring. Both positions count bytes from the start; the place in `bytes` is the position modulo
// the size.
//
// Example, size 8: "abcdef" put (written 6, taken 0), "ghij" put (written 10, taken 2, lost 2): bytes[] holds
// "ijcdefgh", and the next bytes to be taken are "cdefghij", from bytes[2] on.
#include "console/backlog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"

int backlog_init(struct backlog *backlog, size_t size)
{
	*backlog = (struct backlog){ .bytes = malloc(size), .size = size };
	return backlog->bytes ? 0 : -ENOMEM;
}

void backlog_free(struct backlog *backlog)
{
	free(backlog->bytes);
	backlog->bytes = NULL;
}

// The `count` bytes at `position` are one piece, or two when they run over the end.
static size_t first_piece(const struct backlog *backlog, uint64_t position, size_t count)
{
	return MIN(count, backlog->size - (size_t)(position & (backlog->size - 1)));
}

static char *place(const struct backlog *backlog, uint64_t position)
{
	return backlog->bytes + (position & (backlog->size - 1));
}

void backlog_put(struct backlog *backlog, const char *bytes, size_t count)
{
	if (count > backlog->size) { // only the end of it will stay
		size_t skipped = count - backlog->size;
		backlog->written += skipped;
		bytes += skipped;
		count = backlog->size;
	}

	size_t first = first_piece(backlog, backlog->written, count);
	memcpy(place(backlog, backlog->written), bytes, first);
	memcpy(backlog->bytes, bytes + first, count - first);
	backlog->written += count;

	if (backlog->written - backlog->taken > backlog->size) {
		uint64_t oldest = backlog->written - backlog->size;
		backlog->lost += oldest - backlog->taken;
		backlog->taken = oldest;
	}
}

size_t backlog_take(struct backlog *backlog, char *buffer, size_t size)
{
	size_t count = MIN(size, backlog_count(backlog));
	size_t first = first_piece(backlog, backlog->taken, count);

	memcpy(buffer, place(backlog, backlog->taken), first);
	memcpy(buffer + first, backlog->bytes, count - first);
	backlog->taken += count;
	return count;
}

static bool has_at(const struct backlog *backlog, uint64_t position, const char *text)
{
	while (*text && position < backlog->written && *place(backlog, position) == *text) {
		position++;
		text++;
	}
	return !*text;
}

bool backlog_contains(const struct backlog *backlog, const char *text)
{
	uint64_t position = backlog->written - MIN(backlog->written, backlog->size);

	for (; position < backlog->written; position++)
		if (has_at(backlog, position, text))
			return true;
	return false;
}

size_t backlog_count(const struct backlog *backlog)
{
	return (size_t)(backlog->written - backlog->taken);
}
