// SPDX-License-Identifier: Apache-2.0
// Attacks by requests that have the right form: too many, too large, of others' nodes, of nonsense.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/store_requests.h"
#include "hostile/hostile.h"
#include "kernel/compiler.h"

#define MANY 3000u // more than any quota allows

// Watches until there are no more, then events for all of them.
void attack_watches(void)
{
	static const char *const paths[] = { "data", "/", "/local/domain", "@releaseDomain", "data/deep/er", "@introduceDomain" };
	char token[32];

	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(token, sizeof(token), "%u", i);
		if (store_texts(WIRE_WATCH, 0, paths[i % ARRAY_SIZE(paths)], token) == -ENOSPC)
			break;
		if (i == MANY - 1)
			hostile_broke_in("watches without end");
		hostile_deed();
	}
	for (unsigned int i = 0; i < 100; i++) {
		snprintf(token, sizeof(token), "data/deep/er/%u", i);
		store_write(0, token, "x");
		hostile_deed();
	}
	store_texts(WIRE_RM, 0, "data/deep", NULL);
}

static void fill_transaction(uint32_t transaction)
{
	char path[32];

	for (unsigned int i = 0; i < 50; i++) {
		snprintf(path, sizeof(path), "data/t/%u", random_below(200));
		store_write(transaction, path, "in a transaction");
		store_write(0, path, "outside of it");
		hostile_deed();
	}
}

void attack_transactions(void)
{
	uint32_t transaction, last = 0;

	for (unsigned int i = 0; i < MANY; i++) {
		if (store_begin(&transaction))
			break;
		if (i == MANY - 1)
			hostile_broke_in("transactions without end");
		fill_transaction(transaction);
		if (i % 3 == 0)
			store_end(transaction);
		last = transaction;
	}
	for (unsigned int i = 0; i < 2000; i++) { // one that touches more than it may
		char path[32];

		snprintf(path, sizeof(path), "data/many/%u", i);
		store_write(last, path, "");
		hostile_deed();
	}
	store_texts(WIRE_RM, 0, "data/t", NULL);
}

static void make_values(void)
{
	static char value[4000];
	char path[32];

	memset(value, 'v', sizeof(value) - 1);
	for (size_t size = 16; size < sizeof(value); size += 16) {
		value[size] = '\0';
		snprintf(path, sizeof(path), "data/values/%zu", size);
		store_write(0, path, value);
		value[size] = 'v';
		hostile_deed();
	}
}

static void make_permissions(void)
{
	char payload[512];
	size_t size = sizeof("data");

	memcpy(payload, "data", size);
	while (size < sizeof(payload) - 8)
		size += (size_t)snprintf(payload + size, 8, "r%u", random_below(100)) + 1;
	if (store_request(WIRE_SET_PERMS, 0, payload, size, NULL, 0) >= 0)
		hostile_broke_in("permission entries without end");
}

void attack_nodes(void)
{
	char path[64];

	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(path, sizeof(path), "data/nodes/%u/%u/%u", i % 10, i % 100, i);
		if (store_write(0, path, "x") == -ENOSPC)
			break;
		if (i == MANY - 1)
			hostile_broke_in("nodes without end");
		hostile_deed();
	}
	make_values();
	make_permissions();
	store_texts(WIRE_RM, 0, "data/nodes", NULL);
	store_texts(WIRE_RM, 0, "data/values", NULL);
}

static void try_path(const char *path, size_t size)
{
	static const unsigned int types[] = { WIRE_READ, WIRE_DIRECTORY, WIRE_WRITE, WIRE_MKDIR, WIRE_GET_PERMS, WIRE_RM };

	store_request(types[random_below(ARRAY_SIZE(types))], 0, path, size, NULL, 0);
	hostile_deed();
}

// Every length, relative and absolute; every byte; every depth.
void attack_paths(void)
{
	static char path[WIRE_PAYLOAD_MAX];

	for (size_t size = 0; size < sizeof(path); size += 1 + size / 64) {
		memset(path, 'p', sizeof(path));
		memcpy(path, "data/", 5);
		path[size] = '\0';
		try_path(path, size + 1);
		memcpy(path, "/local", 6);
		try_path(path, size + 1);
		for (size_t i = 5; i < size; i += 2)
			path[i] = '/';
		try_path(path, size + 1);
		try_path(path, size); // no NUL
	}
	for (unsigned int byte = 0; byte < 256; byte++) {
		snprintf(path, sizeof(path), "data/%c/b", (int)byte);
		try_path(path, 9);
		path[0] = (char)byte;
		try_path(path, 2);
	}
}

// Ids that are no more, or never were; the same watch again and again.
void attack_ids(void)
{
	uint32_t transaction;

	for (unsigned int i = 0; i < 200; i++) {
		if (store_begin(&transaction))
			break;
		store_write(transaction, "data/id", "1");
		store_end(transaction);
		if (store_end(transaction) != -ENOENT || store_write(transaction, "data/id", "2") != -ENOENT)
			hostile_broke_in("a transaction after its end");
		store_write(random_number(), "data/id", "3");
		store_texts(WIRE_WATCH, 0, "data/id", "token");
		if (store_texts(WIRE_WATCH, 0, "data/id", "token") != -EEXIST)
			hostile_broke_in("a watch twice");
		if (i % 2)
			store_texts(WIRE_UNWATCH, 0, "data/id", "token");
		store_texts(WIRE_UNWATCH, 0, "data/id", "other");
		store_request(WIRE_RESET_WATCHES, i % 3 ? 0 : random_number(), "", 1, NULL, 0);
		hostile_deed();
	}
}

void attack_garbage(void)
{
	static char payload[WIRE_PAYLOAD_MAX];

	for (unsigned int i = 0; i < 500; i++) {
		unsigned int type = random_below(40);
		size_t size = random_below(random_below(8) ? 40 : sizeof(payload));

		random_fill(payload, size);
		for (size_t n = 0; n < size; n += 1 + random_below(6)) // as texts and numbers look
			payload[n] = "0123456789/dat@\0\0\0\0"[random_below(19)];
		store_request(type, random_below(4), payload, size, NULL, 0);
		hostile_deed();
	}
}

static void try_foreign(const char *path)
{
	char owner[16], own[16] = "";

	store_read(0, "domid", own, sizeof(own));
	snprintf(owner, sizeof(owner), "n%s", own);
	if (!store_write(0, path, "mine"))
		hostile_broke_in(path);
	if (store_texts(WIRE_SET_PERMS, 0, path, owner) >= 0)
		hostile_broke_in(path);
	if (store_texts(WIRE_RM, 0, path, NULL) >= 0)
		hostile_broke_in(path);
	hostile_deed();
}

// Nodes of other domains, of the toolstack, and those of its own that it may only read.
void attack_foreign(void)
{
	static const char *const paths[] = {
		"/", "/tool", "/tool/xenstored", "/local", "/local/domain", "/local/domain/0", "/local/domain/0/name",
		"/local/domain/0/backend/console", "/vm", "/libxl", "/libxl/1/type", "name", "domid", "console",
		"console/ring-ref", "console/limit", "store/port", "memory/target", "control", "cpu/0/availability",
	};
	static const unsigned int privileged[] = { WIRE_CONTROL, WIRE_INTRODUCE, WIRE_RELEASE, WIRE_RESUME, WIRE_SET_TARGET,
						   WIRE_IS_DOMAIN_INTRODUCED, WIRE_SET_FEATURE, WIRE_GET_QUOTA, WIRE_SET_QUOTA };
	char own[16] = "", path[64];

	store_read(0, "domid", own, sizeof(own));
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		try_foreign(paths[i]);
	for (unsigned int domid = 0; domid < 40; domid++) {
		if (domid == strtoul(own, NULL, 10))
			continue;
		snprintf(path, sizeof(path), "/local/domain/%u/data", domid);
		try_foreign(path);
		snprintf(path, sizeof(path), "/local/domain/%u/data/good/node", domid);
		try_foreign(path);
	}
	for (size_t i = 0; i < ARRAY_SIZE(privileged); i++)
		if (store_request(privileged[i], 0, "0\0001\0002\0", 6, NULL, 0) != -EACCES)
			hostile_broke_in("a request of domain 0");
}
