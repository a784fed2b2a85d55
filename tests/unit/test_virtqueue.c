// SPDX-License-Identifier: Apache-2.0
// drivers/virtqueue.c: requests come back once each, in whatever order the device answers, and a device that
// answers what it wasn't asked breaks its queue and nothing else.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/virtio.h"
#include "kernel/compiler.h"
#include "model/model.h"

// The queue as a device sees it (Virtio 1.2, 2.7).
struct descriptor {
	uint64_t address;
	uint32_t size;
	uint16_t flags, next;
};

static struct virtqueue queue;
static const struct virtqueue_buffer buffers[] = {
	{0x1000, 16, false}, {0x2000, 512, true}, {0x3000, 1, true}};

static void make(uint32_t limit)
{
	virtqueue_destroy(&queue);
	model_start(NULL);
	assert_int_equal(virtqueue_create(&queue, limit), 0);
}

static struct descriptor *descriptors(void)
{
	return (struct descriptor *)(uintptr_t)queue.descriptors;
}

static uint16_t available(uint16_t index)
{
	return ((uint16_t *)(uintptr_t)queue.available)[2 + index % queue.size];
}

static void answer(uint32_t head, uint32_t written)
{
	uint16_t *used = (uint16_t *)(uintptr_t)queue.used;
	uint32_t *entry = (uint32_t *)(void *)(used + 2) + 2 * (used[1] % queue.size);

	entry[0] = head;
	entry[1] = written;
	used[1]++;
}

static int add(void *token)
{
	return virtqueue_add(&queue, buffers, ARRAY_SIZE(buffers), token);
}

static void a_request_is_a_chain(void **state)
{
	int token;
	uint32_t written;

	(void)state;
	make(1024);
	assert_int_equal(queue.size, VIRTQUEUE_SIZE_MAX);
	assert_int_equal(add(&token), 0);
	uint16_t at = available(0);
	for (size_t i = 0; i < ARRAY_SIZE(buffers); i++) {
		const struct descriptor *descriptor = &descriptors()[at];

		assert_int_equal(descriptor->address, buffers[i].address);
		assert_int_equal(descriptor->size, buffers[i].size);
		assert_int_equal(descriptor->flags, (i < 2 ? 1 : 0) | (buffers[i].device_writes ? 2 : 0));
		at = descriptor->next;
	}
	assert_null(virtqueue_next_answer(&queue, &written));
	answer(available(0), 513);
	assert_ptr_equal(virtqueue_next_answer(&queue, &written), &token);
	assert_int_equal(written, 513);
	assert_null(virtqueue_next_answer(&queue, &written));
	assert_int_equal(queue.free_count, queue.size);
}

static void answers_come_in_any_order(void **state)
{
	int tokens[5];
	uint32_t written;
	uint16_t added = 0;

	(void)state;
	make(16);
	// Round after round, so that chains are made of descriptors freed in another order.
	for (unsigned int round = 0; round < 40000; round++) {
		for (unsigned int i = 0; i < 5; i++)
			assert_int_equal(add(&tokens[i]), 0);
		assert_int_equal(add(&tokens[0]), -ENOSPC);
		for (unsigned int i = 0; i < 5; i++) {
			unsigned int which = (i * 2 + round) % 5;

			answer(available((uint16_t)(added + which)), which);
			assert_ptr_equal(virtqueue_next_answer(&queue, &written), &tokens[which]);
			assert_int_equal(written, which);
		}
		added = (uint16_t)(added + 5);
		assert_int_equal(queue.free_count, 16);
	}
}

static void check_broken(uint32_t head, uint32_t written)
{
	int token;
	uint32_t unused;

	make(16);
	assert_int_equal(add(&token), 0);
	answer(head, written);
	assert_null(virtqueue_next_answer(&queue, &unused));
	assert_true(queue.broken);
	answer(available(0), 0);
	assert_null(virtqueue_next_answer(&queue, &unused));
}

static void impossible_answers_break_the_queue(void **state)
{
	(void)state;
	check_broken(16, 0);
	check_broken(UINT32_MAX, 0);
	check_broken(1, 0);   // in the middle of a chain
	check_broken(7, 0);   // free
	check_broken(0, 514); // more than it was allowed to write
	check_broken(0, UINT32_MAX);
}

static void nothing_is_answered_twice(void **state)
{
	int token;
	uint32_t written;

	(void)state;
	make(16);
	assert_int_equal(add(&token), 0);
	answer(0, 1);
	answer(0, 1);
	assert_ptr_equal(virtqueue_next_answer(&queue, &written), &token);
	assert_null(virtqueue_next_answer(&queue, &written));
	assert_true(queue.broken);
}

static void what_the_device_writes_over_descriptors_is_not_read(void **state)
{
	int token;
	uint32_t written;

	(void)state;
	make(16);
	assert_int_equal(add(&token), 0);
	for (unsigned int i = 0; i < 16; i++)
		descriptors()[i] = (struct descriptor){UINT64_MAX, UINT32_MAX, UINT16_MAX, UINT16_MAX};
	answer(0, 513);
	assert_ptr_equal(virtqueue_next_answer(&queue, &written), &token);
	assert_int_equal(queue.free_count, 16);
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(add(&token), 0);
}

static void there_is_no_queue_without_descriptors_or_memory(void **state)
{
	(void)state;
	virtqueue_destroy(&queue);
	model_start(NULL);
	assert_int_equal(virtqueue_create(&queue, 0), -EINVAL);
	for (unsigned int i = 1; i <= 2; i++) {
		model_fail_allocation(i);
		assert_int_equal(virtqueue_create(&queue, 16), -ENOMEM);
		assert_true(model_fault_struck());
	}
	model_fail_allocation(0);
	virtqueue_destroy(&queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_a_chain),
		cmocka_unit_test(answers_come_in_any_order),
		cmocka_unit_test(impossible_answers_break_the_queue),
		cmocka_unit_test(nothing_is_answered_twice),
		cmocka_unit_test(what_the_device_writes_over_descriptors_is_not_read),
		cmocka_unit_test(there_is_no_queue_without_descriptors_or_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
