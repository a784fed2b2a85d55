// SPDX-License-Identifier: Apache-2.0
// Memory that is taken piece by piece and given back all at once: of a configuration that was read from a
// file.
#pragma once

#include <stddef.h>

struct arena {
	struct arena_block *blocks; // the newest first; NULL: empty
	size_t used;                // bytes of the newest
};

// `count` elements of `size` bytes, cleared, aligned for any type. NULL when memory is short.
void *arena_alloc(struct arena *arena, size_t count, size_t size);

// The first `length` bytes of `text`, and a NUL. NULL when memory is short.
char *arena_text(struct arena *arena, const char *text, size_t length);

// Gives everything back; the arena is empty then.
void arena_free(struct arena *arena);
