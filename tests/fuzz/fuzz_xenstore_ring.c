// SPDX-License-Identifier: Apache-2.0
// The store's ring: whatever a guest writes into its page, and whenever, costs it its own connection at worst. The bytes are
// a list of deeds (one byte each, with what it takes), of which the guest does one whenever the server waits or yields.
#include <string.h>

#include "fuzz/fuzz.h"
#include "fuzz/lone_guest.h"
#include "kernel/compiler.h"
#include "kernel/memory.h"
#include "xen/domctl.h"
#include "xenstore/wire.h"
#include "xenstore/xenstore.h"

#define RING_SIZE 1024u
#define RINGS_END 2048u // then the indices and the other fields
#define FIELDS    8u
#define PAGE_USED (RINGS_END + FIELDS * 4)
#define DEEDS_MAX 4096u // a guest that does nothing but send events has no end

enum field { REQUEST_CONSUMER, REQUEST_PRODUCER, REPLY_CONSUMER, REPLY_PRODUCER, FEATURES, STATE };

static const uint8_t *script, *script_end;
static unsigned int deeds;

static uint8_t next_byte(void)
{
	return script < script_end ? *script++ : 0;
}

static uint32_t next_word(void)
{
	uint32_t word = next_byte();

	for (unsigned int i = 0; i < 3; i++)
		word = word << 8 | next_byte();
	return word;
}

static uint32_t field(enum field field)
{
	uint32_t value;

	memcpy(&value, lone_guest_page + RINGS_END + 4 * field, 4);
	return value;
}

static void set_field(unsigned int field, uint32_t value)
{
	memcpy(lone_guest_page + RINGS_END + 4 * field, &value, 4);
}

static void put_byte(uint8_t byte)
{
	uint32_t producer = field(REQUEST_PRODUCER);

	if (producer - field(REQUEST_CONSUMER) >= RING_SIZE)
		return;
	lone_guest_page[producer % RING_SIZE] = byte;
	set_field(REQUEST_PRODUCER, producer + 1);
}

static void put_message(uint32_t type, uint32_t transaction, size_t size)
{
	const struct wire_header header = { type, 1, transaction, (uint32_t)size };

	for (size_t i = 0; i < sizeof(header); i++)
		put_byte(((const uint8_t *)&header)[i]);
	for (size_t i = 0; i < size; i++)
		put_byte(next_byte());
}

static bool act(void)
{
	if (script == script_end || ++deeds > DEEDS_MAX)
		return false;

	uint8_t deed = next_byte();
	switch (deed % 8) {
	case 0: // bytes, that may be a part of a message
		for (unsigned int i = next_byte(); i; i--)
			put_byte(next_byte());
		break;
	case 1: // a message
		put_message(deed >> 3, next_byte(), next_byte());
		break;
	case 2: // takes what there is
		set_field(REPLY_CONSUMER, field(REPLY_PRODUCER));
		break;
	case 3: // an index, or another field
		set_field(deed >> 3 & (FIELDS - 1), next_word());
		break;
	case 4: // an index moved a little
		set_field(deed >> 3 & 3, field(deed >> 3 & 3) + next_byte() - 128);
		break;
	case 5: // connects anew
		set_field(STATE, 1);
		break;
	case 6: // any byte
		lone_guest_page[next_word() % PAGE_USED] = next_byte();
		break;
	case 7: // nothing, for a while
		return true;
	}
	lone_guest_notify();
	return true;
}

static void make_home(void)
{
	static const struct xs_permission own[] = { { .domid = LONE_GUEST } };

	FUZZ_CHECK(!xs_mkdir(XS_NO_TRANSACTION, "/local/domain/1/data"));
	FUZZ_CHECK(!xs_set_permissions(XS_NO_TRANSACTION, "/local/domain/1/data", own, 1));
}

// What was there before the guest is there again, and no byte was written that the server has nothing to do with.
static void check_rest(void)
{
	struct xs_statistics statistics;
	char answer[8];

	FUZZ_CHECK(!xs_rm(XS_NO_TRANSACTION, "/local"));
	FUZZ_CHECK(xs_request(WIRE_CONTROL, XS_NO_TRANSACTION, "check", 6, answer, sizeof(answer)) == 3);
	xs_statistics(&statistics);
	FUZZ_CHECK(statistics.nodes == 5 && !statistics.watches && !statistics.transactions &&
		   !statistics.retained_bytes);
	for (size_t i = PAGE_USED; i < PAGE_SIZE; i++)
		FUZZ_CHECK(!lone_guest_page[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	script = data;
	script_end = data + size;
	deeds = 0;
	lone_guest_start();
	make_home();
	lone_guest_run(act);
	lone_guest_end();
	check_rest();
	return 0;
}
