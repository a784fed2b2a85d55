// SPDX-License-Identifier: Apache-2.0
// Payloads and errors of the requests (store_requests.h).
#include "common/store_requests.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/store.h"
#include "kernel/compiler.h"
#include "kernel/task.h"

#define STATE_CONNECTED 0u
#define STATE_RECONNECT 1u

unsigned long store_events;

static int error_number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} errors[] = {
		{ "EINVAL", EINVAL }, { "EACCES", EACCES }, { "EEXIST", EEXIST }, { "ENOENT", ENOENT },
		{ "ENOMEM", ENOMEM }, { "ENOSPC", ENOSPC }, { "ENOSYS", ENOSYS }, { "EBUSY", EBUSY },
		{ "EAGAIN", EAGAIN }, { "E2BIG", E2BIG },   { "EPERM", EPERM },
	};

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (!strcmp(name, errors[i].name))
			return -errors[i].number;
	return -EIO;
}

long store_request(unsigned int type, uint32_t transaction, const void *payload, size_t size, char *reply,
		   size_t capacity)
{
	static struct store_message message;

	store_send(type, transaction, payload, size);
	for (;;) {
		store_receive(&message);
		if (message.header.type != WIRE_WATCH_EVENT)
			break;
		store_events++;
	}
	if (message.header.tx_id != transaction)
		return -EPROTO;
	if (message.header.type == WIRE_ERROR)
		return error_number(message.payload);
	if (reply)
		memcpy(reply, message.payload, MIN(capacity, message.header.len));
	return message.header.type == type ? (long)message.header.len : -EPROTO;
}

long store_texts(unsigned int type, uint32_t transaction, const char *first, const char *second)
{
	static char bytes[WIRE_PAYLOAD_MAX];
	size_t size = strlen(first) + 1, second_size = second ? strlen(second) + 1 : 0;

	if (size + second_size > sizeof(bytes))
		return -E2BIG;
	memcpy(bytes, first, size);
	if (second)
		memcpy(bytes + size, second, second_size);
	return store_request(type, transaction, bytes, size + second_size, NULL, 0);
}

int store_write(uint32_t transaction, const char *path, const char *value)
{
	static char bytes[WIRE_PAYLOAD_MAX];
	size_t size = strlen(path) + 1, value_size = strlen(value);

	if (size + value_size > sizeof(bytes))
		return -E2BIG;
	memcpy(bytes, path, size);
	memcpy(bytes + size, value, value_size);
	long result = store_request(WIRE_WRITE, transaction, bytes, size + value_size, NULL, 0);
	return result < 0 ? (int)result : 0;
}

int store_read(uint32_t transaction, const char *path, char *value, size_t capacity)
{
	long size = store_request(WIRE_READ, transaction, path, strlen(path) + 1, value, capacity - 1);

	if (size < 0)
		return (int)size;
	if ((size_t)size >= capacity)
		return -E2BIG;
	value[size] = '\0';
	return 0;
}

int store_begin(uint32_t *transaction)
{
	char text[16] = "";
	long size = store_request(WIRE_TRANSACTION_START, 0, "", 1, text, sizeof(text) - 1);

	if (size < 0)
		return (int)size;
	*transaction = (uint32_t)strtoul(text, NULL, 10);
	return *transaction ? 0 : -EPROTO;
}

int store_end(uint32_t transaction)
{
	long result = store_texts(WIRE_TRANSACTION_END, transaction, "T", NULL);

	return result < 0 ? (int)result : 0;
}

void store_reconnect(void)
{
	WRITE_ONCE(store_page->connection, STATE_RECONNECT);
	smp_wmb();
	event_channel_notify(&store_channel);
	while (READ_ONCE(store_page->connection) != STATE_CONNECTED) {
		if (!event_channel_take(&store_channel))
			task_yield();
	}
	smp_rmb();
}
