// SPDX-License-Identifier: Apache-2.0
// Sets of CPUs as text.
#include "kernel/cpu_set.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

unsigned int cpu_set_count(const struct cpu_set *set)
{
	unsigned int count = 0;

	for (unsigned int cpu = 0; cpu < CPU_SET_CPUS; cpu++)
		count += cpu_set_has(set, cpu);
	return count;
}

bool cpu_set_is_all(const struct cpu_set *set, unsigned int cpus)
{
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		if (!cpu_set_has(set, cpu))
			return false;
	return true;
}

// ---- Reading ----

static void change(struct cpu_set *set, bool take_out, unsigned int first, unsigned int last)
{
	for (unsigned int cpu = first; cpu <= last; cpu++) {
		if (take_out)
			set->bits[cpu / 64] &= ~(UINT64_C(1) << cpu % 64);
		else
			cpu_set_add(set, cpu);
	}
}

static bool skip(const char **text, const char *prefix)
{
	size_t length = strlen(prefix);

	if (strncmp(*text, prefix, length))
		return false;
	*text += length;
	return true;
}

// A decimal number below `end`.
static bool parse_number(const char **text, unsigned int end, unsigned int *number)
{
	if (!isdigit((unsigned char)**text))
		return false;
	for (*number = 0; isdigit((unsigned char)**text); ++*text) {
		*number = *number * 10 + (unsigned int)(**text - '0');
		if (*number >= end)
			return false;
	}
	return true;
}

// "A-B" or "A", up to a comma or the end.
static bool parse_range(const char **text, unsigned int end, unsigned int *first, unsigned int *last)
{
	if (!parse_number(text, end, first))
		return false;
	*last = *first;
	if (skip(text, "-") && !parse_number(text, end, last))
		return false;
	return *first <= *last && (**text == ',' || !**text);
}

// One part of a set. On Arm64, Xen knows one node of memory: node 0, all CPUs.
static bool parse_part(const char **text, struct cpu_set *set)
{
	bool take_out = skip(text, "^");
	bool nodes = skip(text, "nodes:") || skip(text, "node:");
	unsigned int first, last;

	if (!take_out && !nodes && skip(text, "all")) {
		change(set, false, 0, CPU_SET_CPUS - 1);
		return **text == ',' || !**text;
	}
	if (!parse_range(text, nodes ? 1 : CPU_SET_CPUS, &first, &last))
		return false;
	change(set, take_out, nodes ? 0 : first, nodes ? CPU_SET_CPUS - 1 : last);
	return true;
}

const char *cpu_set_parse(const char *text, struct cpu_set *set)
{
	*set = (struct cpu_set){ 0 };
	do {
		while (*text == ',')
			text++;
		const char *part = text;
		if (*text && !parse_part(&text, set))
			return part;
	} while (*text);
	return NULL;
}

// ---- Writing ----

void cpu_set_print(const struct cpu_set *set, unsigned int cpus, char *text, size_t size)
{
	const char *between = "";
	size_t at = 0;

	if (cpu_set_is_all(set, cpus) || !cpu_set_count(set)) {
		snprintf(text, size, "%s", cpu_set_count(set) ? "all" : "none");
		return;
	}
	for (unsigned int first = 0, next; first < CPU_SET_CPUS && at < size; first = next + 1) {
		for (next = first; cpu_set_has(set, next);)
			next++;
		if (next == first)
			continue;
		at += (size_t)snprintf(text + at, size - at, "%s%u", between, first);
		if (next - first > 1 && at < size)
			at += (size_t)snprintf(text + at, size - at, "-%u", next - 1);
		between = ",";
	}
}
