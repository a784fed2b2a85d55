// SPDX-License-Identifier: Apache-2.0
// Uses the store as a good guest does: reads, writes, watches, transactions, and checks every answer. After each `rounds=N` rounds
// it says how many answers it had, and how long the slowest took. For the tests of what goes on beside it.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/guest.h"
#include "common/store.h"
#include "common/store_requests.h"
#include "kernel/compiler.h"
#include "kernel/panic.h"
#include "kernel/task.h"

static struct {
	unsigned long answers, conflicts;
	uint64_t sum, slowest; // nanoseconds
} figures;

static uint64_t start;

static void begin_request(void)
{
	start = time_now();
}

static void end_request(int error)
{
	uint64_t time = time_now() - start;

	if (error)
		panic("a good request was refused: errno %d", -error);
	figures.answers++;
	figures.sum += time;
	figures.slowest = MAX(figures.slowest, time);
}

static void write_node(uint32_t transaction, const char *path, const char *value)
{
	begin_request();
	end_request(store_write(transaction, path, value));
}

static void check_node(uint32_t transaction, const char *path, const char *expected)
{
	char value[64];

	begin_request();
	end_request(store_read(transaction, path, value, sizeof(value)));
	if (strcmp(value, expected))
		panic("%s is '%s', not '%s'", path, value, expected);
}

static void use_nodes(unsigned long round)
{
	char value[32];

	snprintf(value, sizeof(value), "round %lu", round);
	write_node(0, "data/good/node", value);
	check_node(0, "data/good/node", value);
}

// Two nodes that always change together.
static void use_transaction(unsigned long round)
{
	uint32_t transaction;
	char value[32];
	int error;

	snprintf(value, sizeof(value), "%lu", round);
	do {
		begin_request();
		end_request(store_begin(&transaction));
		write_node(transaction, "data/good/a", value);
		write_node(transaction, "data/good/b", value);
		check_node(transaction, "data/good/a", value);
		begin_request();
		error = store_end(transaction);
		end_request(error == -EAGAIN ? 0 : error);
		figures.conflicts += error == -EAGAIN;
	} while (error);
	check_node(0, "data/good/b", value);
}

// The event of a change comes before the answer to a request made after it.
static void use_watch(void)
{
	unsigned long before = store_events;

	write_node(0, "data/good/watched", "x");
	check_node(0, "data/good/watched", "x");
	if (store_events == before)
		panic("a watch has missed a change");
}

int main(void)
{
	guest_start("wellbehaved");
	unsigned long rounds = (unsigned long)guest_option("rounds", 20, 1000000);

	if (store_open())
		panic("there is no store");
	if (store_texts(WIRE_WATCH, 0, "data/good/watched", "token") < 0)
		panic("a watch was refused");
	for (unsigned long round = 1;; round++) {
		use_nodes(round);
		use_transaction(round);
		use_watch();
		if (round % rounds)
			continue;
		printf("wellbehaved: %lu answers, mean %llu us, slowest %llu us, %lu conflicts\n", figures.answers,
		       (unsigned long long)(figures.sum / figures.answers / 1000),
		       (unsigned long long)(figures.slowest / 1000), figures.conflicts);
		memset(&figures, 0, sizeof(figures));
	}
}
