// SPDX-License-Identifier: Apache-2.0
// The clock (CNTVCT_EL0, through time_now()), and the figures: for each kind of request the latency of each sample, one after the
// other, and then how many go through in a second when the next ones are sent ahead.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "kernel/compiler.h"
#include "kernel/task.h"

#define AHEAD 8u // requests sent ahead: their replies fit into the ring

static struct store_message reply;

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

// Nanoseconds as microseconds with one digit behind the point.
static void print_time(const char *name, uint64_t nanoseconds)
{
	printf(" %s=%" PRIu64 ".%" PRIu64, name, nanoseconds / 1000, nanoseconds / 100 % 10);
}

// Sorts the samples.
static void print_line(const char *name, uint32_t *samples, unsigned int count, uint64_t elapsed, unsigned int repeats)
{
	qsort(samples, count, sizeof(samples[0]), compare);
	printf("bench: type=%s count=%u", name, count);
	print_time("median", samples[(count - 1) / 2]);
	print_time("p99", samples[(uint64_t)count * 99 / 100 - (count >= 100)]);
	print_time("max", samples[count - 1]);
	printf(" rate=%" PRIu64 " repeats=%u\n", count * SECONDS(1) / MAX(elapsed, (uint64_t)1), repeats);
}

static uint32_t since(uint64_t start)
{
	return (uint32_t)MIN(time_now() - start, (uint64_t)UINT32_MAX);
}

static bool complain(const char *name, unsigned int i)
{
	printf("bench: WRONG answer to %s number %u: type %" PRIu32 ", %" PRIu32 " bytes '%s'\n", name, i, reply.header.type,
	       reply.header.len, reply.payload);
	return false;
}

static void send_one(const struct request_kind *kind, unsigned int i)
{
	struct request request;

	kind->make(i, &request);
	store_send(request.type, 0, request.payload, request.size);
}

static bool receive_one(const struct request_kind *kind, unsigned int i)
{
	do
		store_receive(&reply);
	while (reply.header.type == XS_WATCH_EVENT);
	return kind->is_right(i, &reply) || complain(kind->name, i);
}

static bool measure_latency(const struct request_kind *kind, uint32_t *samples, unsigned int count)
{
	for (unsigned int sample = 0; sample < count; sample++) {
		uint64_t start = time_now();

		for (unsigned int n = 0; n < kind->requests; n++) {
			unsigned int i = sample * kind->requests + n;

			send_one(kind, i);
			if (!receive_one(kind, i))
				return false;
		}
		samples[sample] = since(start);
	}
	return true;
}

// Keeps AHEAD requests under way. *elapsed: nanoseconds for all of them.
static bool measure_rate(const struct request_kind *kind, unsigned int count, uint64_t *elapsed)
{
	unsigned int sent = 0, total = count * kind->requests;
	uint64_t start = time_now();

	for (unsigned int i = 0; i < total; i++) {
		while (sent < MIN(total, i + AHEAD))
			send_one(kind, sent++);
		if (!receive_one(kind, i))
			return false;
	}
	*elapsed = time_now() - start;
	return true;
}

static bool measure_kind(const struct request_kind *kind, uint32_t *samples, unsigned int count)
{
	uint64_t elapsed;

	if (!measure_latency(kind, samples, count) || !measure_rate(kind, count, &elapsed))
		return false;
	print_line(kind->name, samples, count, elapsed, 0);
	return true;
}

static bool measure_procedure(const struct procedure *procedure, uint32_t *samples, unsigned int count)
{
	unsigned int repeats = 0;

	if (procedure->begin && !procedure->begin())
		return complain(procedure->name, 0);
	uint64_t first = time_now();
	for (unsigned int sample = 0; sample < count; sample++) {
		uint64_t start = time_now();

		if (!procedure->run(sample, &repeats))
			return complain(procedure->name, sample);
		samples[sample] = since(start);
	}
	uint64_t elapsed = time_now() - first;
	if (procedure->end && !procedure->end())
		return complain(procedure->name, count);
	print_line(procedure->name, samples, count, elapsed, repeats);
	return true;
}

bool measure_all(unsigned int count)
{
	uint32_t *samples = malloc(count * sizeof(*samples));
	bool right = true;

	if (!samples) {
		printf("bench: no memory for %u samples\n", count);
		return false;
	}
	for (size_t i = 0; i < request_kind_count && right; i++)
		right = measure_kind(&request_kinds[i], samples, count);
	for (size_t i = 0; i < procedure_count && right; i++)
		right = measure_procedure(&procedures[i], samples, count);
	free(samples);
	return right;
}
