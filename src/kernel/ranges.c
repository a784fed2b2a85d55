// SPDX-License-Identifier: Apache-2.0
// Sets of address ranges, for the few dozen that a device tree names: plain walks over an array.
#include "kernel/ranges.h"

#include <string.h>

#include "kernel/compiler.h"

static void delete_at(struct ranges *ranges, size_t at)
{
	memmove(&ranges->items[at], &ranges->items[at + 1],
		(--ranges->count - at) * sizeof(ranges->items[0]));
}

static void insert_at(struct ranges *ranges, size_t at, struct range range)
{
	if (range.start >= range.end || ranges->count == RANGES_MAX)
		return;
	memmove(&ranges->items[at + 1], &ranges->items[at],
		(ranges->count++ - at) * sizeof(ranges->items[0]));
	ranges->items[at] = range;
}

void ranges_add(struct ranges *ranges, paddr_t start, paddr_t end)
{
	size_t at = 0;

	if (start >= end)
		return;
	while (at < ranges->count && ranges->items[at].end < start)
		at++;
	while (at < ranges->count && ranges->items[at].start <= end) { // touches: becomes part of the new one
		start = MIN(start, ranges->items[at].start);
		end = MAX(end, ranges->items[at].end);
		delete_at(ranges, at);
	}
	insert_at(ranges, at, (struct range){ start, end });
}

void ranges_remove(struct ranges *ranges, paddr_t start, paddr_t end)
{
	for (size_t at = 0; at < ranges->count;) {
		struct range whole = ranges->items[at];

		if (start >= end || whole.end <= start || whole.start >= end) {
			at++;
			continue;
		}
		delete_at(ranges, at);
		insert_at(ranges, at, (struct range){ MAX(end, whole.start), whole.end });
		insert_at(ranges, at, (struct range){ whole.start, MIN(start, whole.end) });
		if (whole.start < start)
			at++;
	}
}

const struct range *ranges_find(const struct ranges *ranges, paddr_t start, paddr_t end)
{
	for (size_t at = 0; at < ranges->count; at++)
		if (start < ranges->items[at].end && end > ranges->items[at].start)
			return &ranges->items[at];
	return NULL;
}

paddr_t ranges_size(const struct ranges *ranges)
{
	paddr_t size = 0;

	for (size_t at = 0; at < ranges->count; at++)
		size += ranges->items[at].end - ranges->items[at].start;
	return size;
}
