// SPDX-License-Identifier: Apache-2.0
// drivers/virtio_blk.c with a simulated device: what is read and written, and devices that fail or break the protocol,
// which costs them everything and nobody else anything.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/compiler.h"
#include "kernel/memory.h"
#include "kernel/task.h"
#include "model/model.h"
#include "model/virtio_simulation.h"
#include "storage/block.h"

#define SECTORS 4096u
#define ORDER   6
#define SIZE    (PAGE_SIZE << ORDER)

static uint8_t medium[SECTORS * 512];
static struct virtio_simulation simulation;
static struct block_device *disk;
static struct block_extent all;
static uint8_t *buffer;

static int start(void **state)
{
	(void)state;
	model_start(NULL);
	for (size_t i = 0; i < sizeof(medium); i++)
		medium[i] = (uint8_t)(i * 2654435761u >> 13);
	virtio_simulation_init(&simulation, medium, SECTORS);
	buffer = page_alloc(ORDER);
	return buffer ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	simulation.misbehaviour = VIRTIO_SILENT;
	if (disk && disk->present) // what can't be asked to go is made to
		(void)block_read(&all, 0, 1, buffer);
	disk = NULL;
	page_free(buffer, ORDER);
	return 0;
}

// A device is never freed; what was given up stays known here.
static struct block_device *known[32];

static void keep(void)
{
	static size_t count;

	disk = block_next(NULL);
	assert_non_null(disk);
	known[count++ % ARRAY_SIZE(known)] = disk;
	all = block_whole(disk);
}

static void probe(void)
{
	assert_int_equal(virtio_block_probe(&simulation.device), 0);
	keep();
}

static void reads_and_writes(void **state)
{
	(void)state;
	simulation.latency = MICROSECONDS(100);
	probe();
	assert_int_equal(disk->block_size, 512);
	assert_int_equal(disk->blocks, SECTORS);
	assert_false(disk->read_only);
	assert_int_equal(block_read(&all, 7, SIZE / 512, buffer), 0);
	assert_memory_equal(buffer, medium + 7 * 512, SIZE);
	memset(buffer, 0x5a, 4096);
	assert_int_equal(block_write(&all, SECTORS - 8, 8, buffer), 0);
	assert_memory_equal(medium + sizeof(medium) - 4096, buffer, 4096);
	assert_int_equal(block_flush(&all), 0);
	assert_int_equal(simulation.flushes, 1);
	assert_int_equal(block_read(&all, SECTORS - 1, 2, buffer), -EINVAL);
}

// What the device says of itself.
static void describes_the_device(void **state)
{
	(void)state;
	simulation.block_size = 4096;
	simulation.size_max = 8192;
	simulation.read_only = true;
	simulation.can_flush = false;
	probe();
	assert_int_equal(disk->block_size, 4096);
	assert_int_equal(disk->blocks, SECTORS / 8);
	assert_int_equal(disk->max_blocks, 2);
	assert_true(disk->read_only);
	assert_int_equal(block_read(&all, 0, 64, buffer), 0); // in pieces: the device checks
	assert_memory_equal(buffer, medium, 64 * 4096);
	assert_int_equal(simulation.requests, 32);
	assert_int_equal(block_write(&all, 0, 1, buffer), -EROFS);
	assert_int_equal(block_flush(&all), 0);
	assert_int_equal(simulation.flushes, 0);
}

// A block size that is none isn't believed.
static void an_impossible_block_size(void **state)
{
	(void)state;
	simulation.block_size = 1000;
	probe();
	assert_int_equal(disk->block_size, 512);
}

// More at once than its queue holds: all come back, and the queue is always full.
static void more_than_the_queue_holds(void **state)
{
	static struct wait_queue queue = WAIT_QUEUE_INITIAL(queue);
	static struct block_request requests[64]; // they outlive a test that fails

	(void)state;
	wait_queue_init(&queue);
	simulation.queue_size = 16;
	simulation.latency = MILLISECONDS(1);
	probe();
	for (uint32_t i = 0; i < ARRAY_SIZE(requests); i++) {
		requests[i] = (struct block_request){ .block = i * 8, .count = 8, .buffer = buffer + i * 4096, .queue = &queue };
		disk->operations->submit(disk, &requests[i]);
	}
	assert_int_equal(simulation.in_flight, 5); // of three descriptors each
	for (uint32_t i = 0; i < ARRAY_SIZE(requests); i++) {
		WAIT_UNTIL(&queue, requests[i].done);
		assert_int_equal(requests[i].error, 0);
	}
	assert_int_equal(simulation.in_flight_max, 5);
	assert_memory_equal(buffer, medium, SIZE);
}

static void interrupts_that_get_lost(void **state)
{
	(void)state;
	simulation.no_interrupt = true;
	simulation.latency = MICROSECONDS(10);
	probe();
	uint64_t begin = time_now();
	assert_int_equal(block_read(&all, 0, 8, buffer), 0);
	assert_in_range(time_now() - begin, MICROSECONDS(10), MILLISECONDS(20));
	assert_memory_equal(buffer, medium, 4096);
}

static void errors_are_told(void **state)
{
	(void)state;
	probe();
	simulation.misbehaviour = VIRTIO_FAILS;
	assert_int_equal(block_read(&all, 0, 8, buffer), -EIO);
	simulation.misbehaviour = VIRTIO_UNSUPPORTED;
	assert_int_equal(block_read(&all, 0, 8, buffer), -EOPNOTSUPP);
	simulation.misbehaviour = VIRTIO_BEHAVES;
	assert_int_equal(block_read(&all, 0, 8, buffer), 0); // it goes on
	assert_true(disk->present);
}

static void given_up(enum virtio_misbehaviour misbehaviour, int error)
{
	unsigned int resets;

	probe();
	assert_int_equal(block_read(&all, 0, 8, buffer), 0);
	simulation.misbehaviour = misbehaviour;
	resets = simulation.resets;
	int first = block_read(&all, 0, 8, buffer);
	if (misbehaviour == VIRTIO_TWICE) { // the first answer was right
		assert_int_equal(first, 0);
		model_run(SECONDS(1));
	} else {
		assert_int_equal(first, error);
	}
	assert_false(disk->present);
	assert_int_equal(simulation.resets, resets + 1); // it touches memory no more
	assert_int_equal(block_read(&all, 0, 8, buffer), -ENODEV);
	assert_int_equal(block_flush(&all), -ENODEV);
	assert_null(block_next(NULL));
}

static void answers_what_it_was_not_asked(void **state)
{
	(void)state;
	given_up(VIRTIO_WRONG_HEAD, -EIO);
}

static void answers_twice(void **state)
{
	(void)state;
	given_up(VIRTIO_TWICE, 0);
}

static void writes_more_than_it_may(void **state)
{
	(void)state;
	given_up(VIRTIO_LONG, -EIO);
}

static void is_silent(void **state)
{
	(void)state;
	given_up(VIRTIO_SILENT, -ETIMEDOUT);
}

// Devices that can't be used, and each allocation that fails: nothing is left.
static void refused_at_the_start(void **state)
{
	struct model_snapshot before = model_snapshot();

	(void)state;
	simulation.misbehaviour = VIRTIO_NO_QUEUE;
	assert_int_equal(virtio_block_probe(&simulation.device), -EINVAL);
	simulation.misbehaviour = VIRTIO_REFUSES_FEATURES;
	assert_int_equal(virtio_block_probe(&simulation.device), -ENODEV);
	simulation.misbehaviour = VIRTIO_BEHAVES;
	simulation.queue_size = 2;
	assert_int_equal(virtio_block_probe(&simulation.device), -ENODEV);
	simulation.queue_size = 64;
	simulation.size_max = 100; // less than a block
	assert_int_equal(virtio_block_probe(&simulation.device), -ENODEV);
	simulation.size_max = 0;
	model_assert_equal(&before, "refused devices");
	for (unsigned int nth = 1;; nth++) {
		model_fail_allocation(nth);
		int error = virtio_block_probe(&simulation.device);
		if (!model_fault_struck())
			break;
		model_fail_allocation(0);
		assert_int_equal(error, -ENOMEM);
		model_assert_equal(&before, "no memory");
	}
	model_fail_allocation(0);
	keep();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
	const struct CMUnitTest tests[] = {
		TEST(reads_and_writes),
		TEST(describes_the_device),
		TEST(an_impossible_block_size),
		TEST(more_than_the_queue_holds),
		TEST(interrupts_that_get_lost),
		TEST(errors_are_told),
		TEST(answers_what_it_was_not_asked),
		TEST(answers_twice),
		TEST(writes_more_than_it_may),
		TEST(is_silent),
		TEST(refused_at_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
