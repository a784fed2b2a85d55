// SPDX-License-Identifier: Apache-2.0
// The last bytes of a stream that nobody has taken yet: what is put in beyond the size pushes the oldest
// bytes out, and they are counted. Pure data.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backlog {
	char *bytes;
	size_t size; // a power of two
	uint64_t written, taken; // bytes since the start; written - taken <= size
	uint64_t lost; // bytes pushed out since the start
};

// `size` is a power of two. 0 or -ENOMEM.
int backlog_init(struct backlog *backlog, size_t size);
void backlog_free(struct backlog *backlog);

void backlog_put(struct backlog *backlog, const char *bytes, size_t count);

// Takes the oldest bytes out, up to `size`: their number.
size_t backlog_take(struct backlog *backlog, char *buffer, size_t size);

// Whether the last `size` bytes that were put in, taken or not, have this text in them.
bool backlog_contains(const struct backlog *backlog, const char *text);

size_t backlog_count(const struct backlog *backlog);
