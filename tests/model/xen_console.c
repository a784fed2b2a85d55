// SPDX-License-Identifier: Apache-2.0
// Xen's console (xen/drivers/char/console.c): what Dom0 writes, what somebody types, what Xen itself prints.
#include "model/xen_console.h"

#include <errno.h>
#include <string.h>

#include "kernel/compiler.h"

#define INPUT_SIZE 128u // SERIAL_RX_SIZE: more is dropped
#define RING_SIZE 16384u

static char input[INPUT_SIZE];
static uint32_t input_consumer, input_producer;
static char ring[RING_SIZE];
static uint32_t ring_consumer, ring_producer;
static bool to_ring; // Xen's option console_to_ring

static void ring_append(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		ring[ring_producer++ % RING_SIZE] = text[i];
		if (ring_producer - ring_consumer > RING_SIZE)
			ring_consumer++;
	}
}

static long write_output(uint64_t count, uint64_t buffer)
{
	char piece[256];

	for (uint64_t done = 0; done < count;) {
		size_t size = MIN(count - done, sizeof(piece));

		if (!copy_in(piece, buffer + done, size))
			return -EFAULT;
		output_append(piece, size);
		if (to_ring)
			ring_append(piece, size);
		done += size;
	}
	return 0;
}

static long read_input(uint64_t count, uint64_t buffer)
{
	long done = 0;

	if (count > INT32_MAX)
		return -E2BIG;
	while ((uint64_t)done < count && input_consumer != input_producer) {
		if (!copy_out(buffer + (uint64_t)done, &input[input_consumer % INPUT_SIZE], 1))
			return -EFAULT;
		input_consumer++;
		done++;
	}
	return done;
}

long do_console_io(const uint64_t *a)
{
	switch ((unsigned int)a[0]) {
	case CONSOLEIO_write:
		return write_output(a[1], a[2]);
	case CONSOLEIO_read:
		return read_input(a[1], a[2]);
	default:
		return -ENOSYS;
	}
}

// From *index on (with `incremental`), else from the oldest; the new index comes back.
long console_read_ring(struct xen_sysctl_readconsole *op)
{
	uint32_t at = ring_consumer, size = 0;

	if (op->pad0)
		model_violation("readconsole: padding isn't 0");
	if (op->incremental && (int32_t)(op->index - at) > 0)
		at = op->index;
	while (at != ring_producer && size < op->count) {
		if (!copy_out((uintptr_t)op->buffer.p + size, &ring[at % RING_SIZE], 1))
			return -EFAULT;
		at++;
		size++;
	}
	if (op->clear)
		ring_consumer = at;
	op->count = size;
	op->index = at;
	return 0;
}

void console_reset(void)
{
	input_consumer = input_producer = 0;
	ring_consumer = ring_producer = 0;
	to_ring = false;
}

// ---- For tests ----

void model_type(const char *text)
{
	for (; *text && input_producer - input_consumer < INPUT_SIZE; text++)
		input[input_producer++ % INPUT_SIZE] = *text;
	virq_send(VIRQ_CONSOLE);
}

void model_xen_prints(const char *text)
{
	ring_append(text, strlen(text));
	virq_send(VIRQ_CON_RING);
}

void model_console_to_ring(bool on)
{
	to_ring = on;
}
