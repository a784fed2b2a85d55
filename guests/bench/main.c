// SPDX-License-Identifier: Apache-2.0
// Measures the store's server, whatever it is: a guest that needs nothing but the store's page and port, so that the same image runs
// under other control domains. With `count=N` on the command line it measures N requests of each type at once, in a store in
// which it made `fill=N` nodes first.
//
// Then it waits for orders: values of the node /bench, "NUMBER fill=N count=N", each with another number. So several guests begin
// together, on one write. The node data/done gets the number at the end.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "common/guest.h"
#include "kernel/devicetree.h"
#include "kernel/task.h"

#define ORDERS "/bench"
#define NODES_MAX 1000000u
#define SAMPLES_MAX 1000000u

static struct store_message message;

// The number behind `key` in a text of words; 0: there is none.
static unsigned int number_of(const char *text, const char *key, unsigned int greatest)
{
	const char *found = strstr(text, key);
	unsigned long number = found ? strtoul(found + strlen(key), NULL, 10) : 0;

	return (unsigned int)(number <= greatest ? number : greatest);
}

static bool obey(const char *order, const char *number)
{
	static const char path[] = "data/done";
	unsigned int count = number_of(order, "count=", SAMPLES_MAX);
	char payload[sizeof(path) + 16];

	if (!nodes_fill(number_of(order, "fill=", NODES_MAX)))
		return false;
	printf("bench: begin %s\n", number);
	if (count && !measure_all(count))
		return false;
	printf("bench: end %s\n", number);
	int length = snprintf(payload, sizeof(payload), "%s%c%s", path, '\0', number);
	return store_call(XS_WRITE, 0, payload, (size_t)length, &message);
}

static bool watch_orders(void)
{
	static const char payload[] = ORDERS "\0orders";

	return store_call(XS_WATCH, 0, payload, sizeof(payload), &message);
}

// Reads the node until there is an order that wasn't obeyed yet. The event of a change is later than the read that missed it.
static void wait_for_order(char last[16], char *order, size_t size)
{
	for (;;) {
		if (store_call(XS_READ, 0, ORDERS, sizeof(ORDERS), &message)) {
			size_t length = strcspn(message.payload, " ");

			if (length && length < 16 && (strlen(last) != length || memcmp(last, message.payload, length) != 0)) {
				snprintf(last, 16, "%.*s", (int)length, message.payload);
				snprintf(order, size, "%s", message.payload);
				return;
			}
		}
		store_receive(&message);
	}
}

int main(void)
{
	char last[16] = "", order[64];

	guest_start("bench");
	int error = store_open();
	if (error) {
		printf("bench: the store can't be reached: error %d\n", error);
		return 1;
	}
	if (!obey(devicetree_bootargs(), "0") || !watch_orders())
		return 1;
	for (;;) {
		wait_for_order(last, order, sizeof(order));
		if (!obey(order, last))
			return 1;
	}
}
