// SPDX-License-Identifier: Apache-2.0
// The benchmark's nodes: all in one directory, data/bench, so that the search among siblings is what grows; and a small one,
// data/list, for what grows with the reply. The requests go through the nodes in a mixed order, the same in each run.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "kernel/compiler.h"

#define AHEAD 8u // requests under way while the nodes are made
#define LIST_NODES 16u

static unsigned int node_count; // in data/bench
static struct store_message reply;

// ---- Requests ----

static void add_text(struct request *request, const char *text)
{
	size_t size = strlen(text);

	memcpy(request->payload + request->size, text, size + 1);
	request->size += size + 1;
}

static void node_path(unsigned int node, char path[24])
{
	snprintf(path, 24, "data/bench/%06u", node);
}

// Multiplies by a number that has no factor in common with the number of nodes, near the golden ratio's part of it.
static unsigned int node_of(unsigned int i)
{
	static unsigned int count, step;

	if (count != node_count) {
		count = node_count;
		step = (unsigned int)((uint64_t)count * 618 / 1000) | 1;
		for (unsigned int a = count, b = step; b > 1;) { // Euclid
			unsigned int rest = a % b;

			a = b;
			b = rest;
			if (b == 0) {
				step += 2;
				a = count;
				b = step;
			}
		}
	}
	return (unsigned int)((uint64_t)i * step % count);
}

static void make_about(struct request *request, uint32_t type, const char *path)
{
	request->type = type;
	request->size = 0;
	add_text(request, path);
}

static void make_about_node(struct request *request, uint32_t type, unsigned int node)
{
	char path[24];

	node_path(node, path);
	make_about(request, type, path);
}

static void value_of(unsigned int node, char value[16])
{
	snprintf(value, 16, "v%06u", node);
}

static void make_write_of(struct request *request, unsigned int node)
{
	char value[16];

	make_about_node(request, XS_WRITE, node);
	value_of(node, value);
	add_text(request, value);
	request->size--; // a value has no NUL
}

static bool says_ok(const struct store_message *message)
{
	return message->header.len == 3 && !memcmp(message->payload, "OK", 3);
}

static bool call(struct request *request, uint32_t transaction)
{
	return store_call(request->type, transaction, request->payload, request->size, &reply);
}

// ---- Kinds ----

static void make_read(unsigned int i, struct request *request)
{
	make_about_node(request, XS_READ, node_of(i));
}

static bool is_value(unsigned int i, const struct store_message *message)
{
	char value[16];

	value_of(node_of(i), value);
	return message->header.len == strlen(value) && !strcmp(message->payload, value);
}

static void make_write(unsigned int i, struct request *request)
{
	make_write_of(request, node_of(i));
}

static bool is_ok(unsigned int i, const struct store_message *message)
{
	(void)i;
	return says_ok(message);
}

static void make_directory(unsigned int i, struct request *request)
{
	(void)i;
	make_about(request, XS_DIRECTORY, "data/list");
}

// The names of data/list, in any order: "00" to "15".
static bool is_list(unsigned int i, const struct store_message *message)
{
	uint32_t found = 0;

	(void)i;
	if (message->header.len != LIST_NODES * 3)
		return false;
	for (unsigned int n = 0; n < LIST_NODES; n++)
		found |= 1u << (strtoul(message->payload + (size_t)n * 3, NULL, 10) % 32);
	return found == (1u << LIST_NODES) - 1;
}

static char permission[2][2][16]; // of two forms, the entries
static size_t permission_entries[2] = { 1, 2 };

static void make_get_perms(unsigned int i, struct request *request)
{
	(void)i;
	make_about(request, XS_GET_PERMS, "data/list");
}

static bool is_permission(unsigned int form, const struct store_message *message)
{
	size_t offset = 0;

	for (size_t n = 0; n < permission_entries[form]; n++) {
		if (strcmp(message->payload + offset, permission[form][n]) != 0)
			return false;
		offset += strlen(permission[form][n]) + 1;
	}
	return offset == message->header.len;
}

static bool is_own_permission(unsigned int i, const struct store_message *message)
{
	(void)i;
	return is_permission(0, message);
}

static void make_set_perms(unsigned int i, struct request *request)
{
	make_about_node(request, XS_SET_PERMS, node_of(i));
	for (size_t n = 0; n < permission_entries[i % 2]; n++)
		add_text(request, permission[i % 2][n]);
}

static void make_mkdir_rm(unsigned int i, struct request *request)
{
	char path[24];

	snprintf(path, sizeof(path), "data/bench/%06ux", node_of(i / 2));
	make_about(request, i % 2 ? XS_RM : XS_MKDIR, path);
}

const struct request_kind request_kinds[] = {
	{ "READ", 1, make_read, is_value },
	{ "WRITE", 1, make_write, is_ok },
	{ "DIRECTORY", 1, make_directory, is_list },
	{ "GET_PERMS", 1, make_get_perms, is_own_permission },
	{ "SET_PERMS", 1, make_set_perms, is_ok },
	{ "MKDIR+RM", 2, make_mkdir_rm, is_ok },
};
const size_t request_kind_count = ARRAY_SIZE(request_kinds);

// ---- Procedures ----

// One node is written in a transaction of its own, until nobody came in between.
static bool run_transaction(unsigned int i, unsigned int *repeats)
{
	struct request write;
	uint32_t id;

	make_write_of(&write, node_of(i));
	for (;;) {
		if (!store_call(XS_TRANSACTION_START, 0, "", 1, &reply))
			return false;
		id = (uint32_t)strtoul(reply.payload, NULL, 10);
		if (!call(&write, id))
			return false;
		if (store_call(XS_TRANSACTION_END, id, "T", 2, &reply))
			return says_ok(&reply);
		if (strcmp(reply.payload, "EAGAIN") != 0)
			return false;
		++*repeats;
	}
}

#define WATCHED "data/watched"
#define TOKEN "bench"

static bool receive_event(void)
{
	do
		store_receive(&reply);
	while (reply.header.type == XS_WATCH_EVENT && strcmp(reply.payload, WATCHED) != 0); // another watch's
	return reply.header.type == XS_WATCH_EVENT && reply.header.len == sizeof(WATCHED) + sizeof(TOKEN) &&
	       !strcmp(reply.payload + sizeof(WATCHED), TOKEN);
}

static bool begin_watch(void)
{
	static const char payload[] = WATCHED "\0" TOKEN;

	store_send(XS_WATCH, 0, payload, sizeof(payload));
	do
		store_receive(&reply); // the first event may come before the reply, or behind it
	while (reply.header.type == XS_WATCH_EVENT && strcmp(reply.payload, WATCHED) != 0);
	if (reply.header.type == XS_WATCH_EVENT) {
		store_receive(&reply);
		return reply.header.type == XS_WATCH && says_ok(&reply);
	}
	return reply.header.type == XS_WATCH && says_ok(&reply) && receive_event();
}

// A node that is watched is written; both the reply and the event have come.
static bool run_watch(unsigned int i, unsigned int *repeats)
{
	static const char payload[] = WATCHED "\0x";
	bool replied = false, fired = false;

	(void)i;
	(void)repeats;
	store_send(XS_WRITE, 0, payload, sizeof(payload) - 1);
	while (!replied || !fired) {
		store_receive(&reply);
		if (reply.header.type == XS_WRITE && says_ok(&reply) && !replied)
			replied = true;
		else if (reply.header.type != XS_WATCH_EVENT)
			return false;
		else if (!strcmp(reply.payload, WATCHED)) {
			if (fired)
				return false;
			fired = true;
		}
	}
	return true;
}

static bool end_watch(void)
{
	static const char payload[] = WATCHED "\0" TOKEN;

	return store_call(XS_UNWATCH, 0, payload, sizeof(payload), &reply) &&
	       store_call(XS_RM, 0, WATCHED, sizeof(WATCHED), &reply);
}

const struct procedure procedures[] = {
	{ "TRANSACTION", NULL, run_transaction, NULL },
	{ "WATCH", begin_watch, run_watch, end_watch },
};
const size_t procedure_count = ARRAY_SIZE(procedures);

// ---- The nodes ----

static bool find_out_domain(void)
{
	if (!store_call(XS_READ, 0, "domid", sizeof("domid"), &reply)) {
		printf("bench: the node domid can't be read: %s\n", reply.payload);
		return false;
	}
	unsigned long domid = strtoul(reply.payload, NULL, 10);
	snprintf(permission[0][0], sizeof(permission[0][0]), "n%lu", domid);
	snprintf(permission[1][0], sizeof(permission[1][0]), "n%lu", domid);
	snprintf(permission[1][1], sizeof(permission[1][1]), "r0");
	return true;
}

static bool make_list(void)
{
	for (unsigned int n = 0; n < LIST_NODES; n++) {
		struct request request;
		char path[24];

		snprintf(path, sizeof(path), "data/list/%02u", n);
		make_about(&request, XS_WRITE, path);
		if (!call(&request, 0)) {
			printf("bench: %s can't be written: %s\n", path, reply.payload);
			return false;
		}
	}
	return true;
}

static bool receive_ok(void)
{
	do
		store_receive(&reply);
	while (reply.header.type == XS_WATCH_EVENT);
	if (says_ok(&reply))
		return true;
	printf("bench: there is no room for the nodes: %s\n", reply.payload);
	return false;
}

bool nodes_fill(unsigned int wanted)
{
	unsigned int sent = node_count;

	if (!node_count && (!find_out_domain() || !make_list()))
		return false;
	wanted = MAX(wanted, NODES_MIN);
	while (node_count < wanted) {
		while (sent < MIN(wanted, node_count + AHEAD)) {
			struct request request;

			make_write_of(&request, sent++);
			store_send(request.type, 0, request.payload, request.size);
		}
		if (!receive_ok())
			return false;
		node_count++;
	}
	return true;
}
