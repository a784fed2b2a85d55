// SPDX-License-Identifier: Apache-2.0
// Owns the map from a place in a chain to clusters: found by following the FAT, remembered in runs. A file in
// a few pieces is walked once; one in very many keeps its beginning and the place where it was read last.
#include <errno.h>

#include "kernel/compiler.h"
#include "storage/fat_internal.h"

void fat_chain_init(struct fat_chain *chain, uint32_t first)
{
	chain->first = first;
	chain->used = 0;
}

static uint32_t run_end(const struct fat_run *run)
{
	return run->index + run->count;
}

static struct fat_run *find_run(struct fat_chain *chain, uint32_t index)
{
	for (unsigned int i = chain->used; i-- > 0;)
		if (index >= chain->runs[i].index && index < run_end(&chain->runs[i]))
			return &chain->runs[i];
	return NULL;
}

// Follows the chain from the last run: by one cluster, or by more where they lie side by side. False at its end.
static int grow(struct fat_volume *volume, struct fat_chain *chain, bool *grown)
{
	struct fat_run *last = &chain->runs[chain->used - 1];
	uint32_t end = last->cluster + last->count, next, index = run_end(last);
	int error = fat_next(volume, end - 1, &next);

	*grown = !error && next;
	if (!*grown)
		return error;
	if (index >= volume->clusters) {
		*grown = false;
		return fat_damaged(volume, "the chain from cluster %u is a loop", chain->first);
	}
	if (next == end) {
		uint32_t more;

		error = fat_adjacent(volume, next, &more);
		last->count += 1 + more;
		return error;
	}
	if (chain->used < FAT_RUNS)
		last = &chain->runs[chain->used++];
	*last = (struct fat_run){index, next, 1};
	return 0;
}

int fat_chain_find(struct fat_volume *volume, struct fat_chain *chain, uint32_t index, uint32_t wanted,
		   uint32_t *cluster, uint32_t *count)
{
	struct fat_run *run;
	bool grown = true;
	int error = 0;

	*count = 0;
	if (!chain->first)
		return 0;
	if (!chain->used)
		chain->runs[chain->used++] = (struct fat_run){0, chain->first, 1};
	run = find_run(chain, index);
	if (!run && index < chain->runs[chain->used - 1].index)
		chain->used--; // the last one is further on: back to the others
	while (!run && grown) {
		error = grow(volume, chain, &grown);
		if (error)
			return error;
		run = find_run(chain, index);
		if (task_should_yield())
			task_yield();
	}
	if (!run)
		return 0;
	*cluster = run->cluster + (index - run->index);
	while (run == &chain->runs[chain->used - 1] && run_end(run) - index < wanted && grown && !error) {
		uint32_t before = run_end(run);

		*count = before - index;
		error = grow(volume, chain, &grown);
		if (run_end(run) == before || run->index > index) {
			*count = MIN(*count, wanted);
			return 0; // what follows, or is damaged, is told when it is asked for
		}
	}
	*count = MIN(run_end(run) - index, wanted);
	return 0;
}
