// SPDX-License-Identifier: Apache-2.0
// Samples of the domains' CPU times.
#include "shell/usage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/task.h"
#include "shell/domains.h"

static void take_sample(const struct domain_info *info, void *context)
{
	struct usage *usage = context;

	if (usage->count == usage->capacity) {
		size_t capacity = usage->capacity + 16;
		struct usage_sample *grown = realloc(usage->samples, capacity * sizeof(*grown));

		if (!grown) {
			usage->out_of_memory = true;
			return;
		}
		usage->samples = grown;
		usage->capacity = capacity;
	}
	usage->samples[usage->count++] = (struct usage_sample){ info->domid, info->cpu_time };
}

int usage_take(const struct invocation *call, struct usage *usage)
{
	usage->count = 0;
	usage->time = time_now();
	usage->out_of_memory = false;
	int error = domains_each(call, take_sample, usage);
	if (error)
		return error;
	if (usage->out_of_memory) {
		shell_error("%s: no memory for the figures; 'kernel memory' shows what is used", call->name);
		return -ENOMEM;
	}
	return 0;
}

static const struct usage_sample *find_sample(const struct usage *usage, domid_t domid)
{
	for (size_t i = 0; i < usage->count; i++)
		if (usage->samples[i].domid == domid)
			return &usage->samples[i];
	return NULL;
}

long usage_share(const struct usage *since, const struct domain_info *info)
{
	const struct usage_sample *sample = find_sample(since, info->domid);
	uint64_t elapsed = time_now() - since->time;

	// A domain that came since, or another one with its number, has no beginning to compare with.
	if (!sample || info->cpu_time < sample->cpu_time || !elapsed)
		return -1;
	return (long)((info->cpu_time - sample->cpu_time) * 1000 / elapsed);
}

void usage_print_share(long share, int width)
{
	if (share < 0)
		shell_print("%*s", width, "-");
	else
		shell_print("%*ld.%ld", width - 2, share / 10, share % 10);
}

void usage_free(struct usage *usage)
{
	free(usage->samples);
	*usage = (struct usage){ 0 };
}
