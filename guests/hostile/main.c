// SPDX-License-Identifier: Apache-2.0
// A guest that breaks the rules. `do=NAME` on the command line chooses how, `deaths=N` has it die at its Nth deed, by `crash`, or
// by powering off. It counts its rounds in the store at data/hostile, so long as it is served there. For the tests, which look at
// what goes on beside it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/guest.h"
#include "common/store.h"
#include "common/store_requests.h"
#include "hostile/hostile.h"
#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "kernel/panic.h"
#include "kernel/task.h"
#include "xen/public.h"
#include "xen/sched.h"

static const struct behaviour {
	const char *name;
	void (*run)(void);
} behaviours[] = {
	{ "indices", attack_indices },
	{ "racing", attack_racing },
	{ "half", attack_half },
	{ "long", attack_long },
	{ "unread", attack_unread },
	{ "reconnect", attack_reconnect },
	{ "page", attack_page },
	{ "watches", attack_watches },
	{ "transactions", attack_transactions },
	{ "nodes", attack_nodes },
	{ "paths", attack_paths },
	{ "ids", attack_ids },
	{ "garbage", attack_garbage },
	{ "foreign", attack_foreign },
	{ "console_indices", attack_console_indices },
	{ "console_flood", attack_console_flood },
	{ "events", attack_events },
	{ "grants", attack_grants },
	{ "refused", attack_refused },
};

static uint64_t deeds_left; // 0: no end

void hostile_deed(void)
{
	static unsigned int deeds;

	if (deeds_left && !--deeds_left)
		sched_shutdown(random_below(2) ? SHUTDOWN_crash : SHUTDOWN_poweroff);
	if (++deeds % 64 == 0)
		task_yield();
}

void hostile_broke_in(const char *what)
{
	panic("hostile: BROKE IN: %s", what);
}

// Marsaglia's xorshift.
static uint64_t random_state;

uint32_t random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 16);
}

uint32_t random_below(uint32_t end)
{
	return random_number() % end;
}

void random_fill(void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((uint8_t *)bytes)[i] = (uint8_t)random_number();
}

static const struct behaviour *find(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(behaviours); i++)
		if (strlen(behaviours[i].name) == length && !memcmp(behaviours[i].name, name, length))
			return &behaviours[i];
	panic("there is no behaviour '%.*s'", (int)length, name);
}

static const struct behaviour *chosen(void)
{
	const char *position = devicetree_bootargs(), *word;
	int length;

	while ((word = guest_next_word(&position, &length)))
		if (length > 3 && !memcmp(word, "do=", 3))
			return find(word + 3, (size_t)length - 3);
	panic("do=NAME is missing on the command line");
}

static void serve_as_usual(unsigned long round)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", round);
	store_reconnect();
	if (store_write(0, "data/hostile", text))
		panic("the store is off after its connection was made afresh");
}

int main(void)
{
	guest_start("hostile");
	const struct behaviour *behaviour = chosen();

	random_state = guest_option("seed", 0, UINT64_MAX) + 0x9e3779b97f4a7c15;
	deeds_left = guest_option("deaths", 0, 1000000000);
	if (store_open())
		panic("there is no store");
	printf("hostile: %s begins\n", behaviour->name);
	for (unsigned long round = 1;; round++) {
		serve_as_usual(round);
		behaviour->run();
	}
}
