// SPDX-License-Identifier: Apache-2.0
// Runs of frames, in a sorted array.
#include "model/runs.h"

#include <string.h>

#include "model/internal.h"

// The first run that ends after `key`; runs->count when there is none.
static size_t position(const struct runs *runs, uint64_t key)
{
	size_t low = 0, high = runs->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (runs->items[middle].start + runs->items[middle].count <= key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct run *runs_find(const struct runs *runs, uint64_t key)
{
	size_t at = position(runs, key);

	return at < runs->count && runs->items[at].start <= key ? &runs->items[at] : NULL;
}

static void insert_at(struct runs *runs, size_t at, struct run run)
{
	if (runs->count == runs->capacity) {
		runs->capacity = runs->capacity ? 2 * runs->capacity : 16;
		runs->items = model_realloc(runs->items, runs->capacity * sizeof(*runs->items));
	}
	memmove(&runs->items[at + 1], &runs->items[at], (runs->count - at) * sizeof(*runs->items));
	runs->items[at] = run;
	runs->count++;
}

static void delete_at(struct runs *runs, size_t at)
{
	runs->count--;
	memmove(&runs->items[at], &runs->items[at + 1], (runs->count - at) * sizeof(*runs->items));
}

void runs_remove(struct runs *runs, uint64_t start, uint64_t count)
{
	uint64_t end = start + count;
	size_t at = position(runs, start);

	while (count && at < runs->count && runs->items[at].start < end) {
		struct run *run = &runs->items[at];
		uint64_t run_end = run->start + run->count;

		if (run->start >= start && run_end <= end) {
			delete_at(runs, at);
			continue;
		}
		if (run_end > end) {
			struct run rest = { end, run_end - end, run->value + (end - run->start), run->kind };

			if (run->start >= start) {
				*run = rest;
				return;
			}
			run->count = start - run->start;
			insert_at(runs, at + 1, rest);
			return;
		}
		run->count = start - run->start;
		at++;
	}
}

static bool continues(const struct run *first, const struct run *second)
{
	return first->start + first->count == second->start && first->value + first->count == second->value &&
	       first->kind == second->kind;
}

void runs_set(struct runs *runs, uint64_t start, uint64_t count, uint64_t value, unsigned int kind)
{
	size_t at;

	if (!count)
		return;
	runs_remove(runs, start, count);
	at = position(runs, start);
	insert_at(runs, at, (struct run){ start, count, value, kind });
	if (at + 1 < runs->count && continues(&runs->items[at], &runs->items[at + 1])) {
		runs->items[at].count += runs->items[at + 1].count;
		delete_at(runs, at + 1);
	}
	if (at > 0 && continues(&runs->items[at - 1], &runs->items[at])) {
		runs->items[at - 1].count += runs->items[at].count;
		delete_at(runs, at);
	}
}

void runs_clear(struct runs *runs)
{
	model_free(runs->items);
	*runs = (struct runs){ 0 };
}

struct runs runs_copy(const struct runs *runs)
{
	struct runs copy = { .count = runs->count, .capacity = runs->count };

	if (copy.count) {
		copy.items = model_realloc(NULL, copy.count * sizeof(*copy.items));
		memcpy(copy.items, runs->items, copy.count * sizeof(*copy.items));
	}
	return copy;
}

bool runs_next(const struct runs *runs, uint64_t start, uint64_t end, struct run *part)
{
	size_t at = position(runs, start);
	uint64_t from, to;

	if (at == runs->count || runs->items[at].start >= end || start >= end)
		return false;
	from = runs->items[at].start > start ? runs->items[at].start : start;
	to = runs->items[at].start + runs->items[at].count;
	if (to > end)
		to = end;
	*part = (struct run){ from, to - from, runs->items[at].value + (from - runs->items[at].start),
			      runs->items[at].kind };
	return true;
}

uint64_t runs_covered(const struct runs *runs, uint64_t start, uint64_t count)
{
	uint64_t covered = 0;
	struct run part;

	for (uint64_t at = start; runs_next(runs, at, start + count, &part); at = part.start + part.count)
		covered += part.count;
	return covered;
}

uint64_t runs_total(const struct runs *runs)
{
	uint64_t total = 0;

	for (size_t i = 0; i < runs->count; i++)
		total += runs->items[i].count;
	return total;
}
