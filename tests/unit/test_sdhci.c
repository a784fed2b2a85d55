// SPDX-License-Identifier: Apache-2.0
// drivers/sdhci.c and sdcard.c on a simulated controller and card: what is read is what is on the card, what
// goes wrong is tried again, and what can't be helped is told; a card comes and goes.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/sdcard.h"
#include "drivers/sdhci_registers.h"
#include "kernel/compiler.h"
#include "kernel/memory.h"
#include "kernel/task.h"
#include "model/model.h"
#include "model/sd_simulation.h"
#include "storage/block.h"

#define CARD_BLOCKS  8192u
#define CARD_SIZE    (CARD_BLOCKS * 512u)
#define BUFFER_ORDER 9u // 2 MB
#define BUFFER_SIZE  ((uint32_t)PAGE_SIZE << BUFFER_ORDER)

#define CAPABILITIES ((uint64_t)100 << 8 | CAPABILITY_HIGH_SPEED | CAPABILITY_3V3)
#define UHS          (CAPABILITY_SDR50 | CAPABILITY_SDR104)

static uint8_t image[CARD_SIZE];
static uint8_t *buffer;

// ---- The machine: one controller ----

struct machine {
	struct sd_simulation simulation;
	struct sdhci host;
};

// The machine before it ends; its task is forgotten by model_start().
static struct machine *make(uint64_t capabilities)
{
	static struct machine *machine;

	while (block_next(NULL))
		block_unregister(block_next(NULL));
	if (machine)
		sdhci_stop(&machine->host);
	free(machine);
	model_start(NULL);
	machine = calloc(1, sizeof(*machine));
	for (uint32_t i = 0; i < CARD_SIZE; i++)
		image[i] = (uint8_t)(i * 2654435761u >> 24 ^ i >> 9);
	buffer = page_alloc(BUFFER_ORDER);
	assert_non_null(buffer);
	machine->simulation = (struct sd_simulation){
		.capabilities = CAPABILITIES | capabilities,
		.card_in = true,
		.by_block = true,
		.image = image,
		.blocks = CARD_BLOCKS,
	};
	machine->host.registers = sd_simulation_registers(&machine->simulation);
	return machine;
}

static struct block_device *start(struct machine *machine)
{
	const struct interrupt_line line = {SIMULATION_IRQ, true};

	assert_int_equal(sdhci_start(&machine->host, &line), 0);
	assert_int_equal(sdcard_serve(&machine->host, "simulation"), 0);
	model_run(SECONDS(3));
	return block_next(NULL);
}

static struct block_device *start_new(struct machine **machine, uint64_t capabilities)
{
	*machine = make(capabilities);
	struct block_device *block = start(*machine);
	assert_non_null(block);
	return block;
}

static int transfer(struct block_device *block, bool write, uint64_t first, uint32_t count)
{
	struct block_extent extent = block_whole(block);

	return write ? block_write(&extent, first, count, buffer) : block_read(&extent, first, count, buffer);
}

static void check_read(struct block_device *block, uint64_t first, uint32_t count)
{
	memset(buffer, 0xee, count * 512u);
	assert_int_equal(transfer(block, false, first, count), 0);
	assert_memory_equal(buffer, image + first * 512, count * 512u);
}

static void check_write(struct block_device *block, uint64_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count * 512u; i++)
		buffer[i] = (uint8_t)(i * 7 + i / 512 + first);
	assert_int_equal(transfer(block, true, first, count), 0);
	assert_memory_equal(buffer, image + first * 512, count * 512u);
}

// ---- Transfers ----

static void check_transfers(uint64_t capabilities, bool by_block, enum sdhci_dma dma, bool interrupt)
{
	struct machine *machine = make(capabilities);

	machine->simulation.by_block = by_block;
	machine->simulation.no_interrupt = !interrupt;
	struct block_device *block = start(machine);
	assert_non_null(block);
	assert_int_equal(machine->host.dma, dma);
	assert_int_equal(block->blocks, CARD_BLOCKS);
	assert_false(block->read_only);
	check_read(block, 0, 1);
	check_read(block, CARD_BLOCKS - 1, 1);
	check_read(block, 3, 127);
	check_read(block, 1, 128);
	check_read(block, 100, BUFFER_SIZE / 512);
	check_write(block, 0, 1);
	check_write(block, 77, 255);
	check_write(block, CARD_BLOCKS - BUFFER_SIZE / 512, BUFFER_SIZE / 512);
	check_read(block, 70, 300);
	struct block_extent extent = block_whole(block);
	assert_int_equal(block_flush(&extent), 0);
	assert_true(machine->host.polled == !interrupt);
}

static void data_is_moved_in_every_way(void **state)
{
	(void)state;
	check_transfers(CAPABILITY_ADMA2, true, SDHCI_ADMA2, true);
	check_transfers(CAPABILITY_ADMA2 | CAPABILITY_64BIT, true, SDHCI_ADMA2_64, true);
	check_transfers(CAPABILITY_SDMA, true, SDHCI_SDMA, true);
	check_transfers(0, true, SDHCI_PIO, true);
}

static void sdma_ends_at_its_boundaries(void **state)
{
	struct machine *machine;
	struct block_device *block = start_new(&machine, CAPABILITY_SDMA);
	uint8_t *start = buffer;

	(void)state;
	// Also with a block across the boundary.
	for (unsigned int i = 0; i < 16; i++) {
		buffer = start + i * 64;
		check_read(block, 7, 2048);
		check_write(block, 7 + i, 2048);
	}
}

static void dma_that_never_works_is_not_used(void **state)
{
	struct machine *machine = make(CAPABILITY_ADMA2);

	(void)state;
	machine->simulation.no_dma = true;
	start(machine);
	model_run(SECONDS(10));
	assert_non_null(block_next(NULL));
	assert_int_equal(machine->host.dma, SDHCI_PIO);
	check_read(block_next(NULL), 0, 300);
}

static void small_cards_count_bytes(void **state)
{
	(void)state;
	check_transfers(CAPABILITY_ADMA2, false, SDHCI_ADMA2, true);
}

// They report CMD8 as an illegal command, in the answer to the next one.
static void cards_of_version_1_are_used(void **state)
{
	struct machine *machine = make(CAPABILITY_ADMA2);

	(void)state;
	machine->simulation.by_block = false;
	machine->simulation.version1 = true;
	struct block_device *block = start(machine);
	assert_non_null(block);
	check_read(block, 5, 100);
	check_write(block, 7, 200);
}

static void without_interrupts_it_is_polled(void **state)
{
	(void)state;
	check_transfers(CAPABILITY_ADMA2, true, SDHCI_ADMA2, false);
	check_transfers(0, true, SDHCI_PIO, false);
}

// A host that takes the CPU away for longer than anything may take.
static void stand_still(void *context)
{
	const struct sd_simulation *simulation = context;

	while (!simulation->data)
		task_sleep(MICROSECONDS(10));
	for (uint64_t until = time_now() + SECONDS(20); time_now() < until;)
		task_should_yield(); // no: it just runs on
}

static void what_came_while_time_stood_still_counts(void **state)
{
	struct machine *machine = make(CAPABILITY_ADMA2);

	(void)state;
	machine->simulation.no_interrupt = true;
	struct block_device *block = start(machine);
	for (unsigned int i = 0; i < 8; i++) // it is polled afterwards
		check_read(block, i, 10);
	assert_true(machine->host.polled);
	unsigned int before = machine->simulation.transfers;
	assert_non_null(task_create("host", stand_still, &machine->simulation));
	check_read(block, 5, 100);
	assert_int_equal(machine->simulation.transfers, before + 1);
}

static void requests_outside_of_the_card_are_refused(void **state)
{
	struct machine *machine;
	struct block_device *block = start_new(&machine, CAPABILITY_ADMA2);
	struct wait_queue queue = WAIT_QUEUE_INITIAL(queue);
	const struct {
		uint64_t first;
		uint32_t count;
	} bad[] = {{CARD_BLOCKS, 1}, {CARD_BLOCKS - 1, 2}, {UINT64_MAX, 2}, {0, SDHCI_BLOCKS_MAX + 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct block_request request = {
			.block = bad[i].first,
			.count = bad[i].count,
			.buffer = buffer,
			.queue = &queue,
		};

		block->operations->submit(block, &request);
		WAIT_UNTIL(&queue, request.done);
		assert_int_equal(request.error, -EINVAL);
	}
	check_read(block, 0, 8);
}

// ---- Speed ----

static void the_fastest_common_speed_is_used(void **state)
{
	struct machine *machine;

	(void)state;
	start_new(&machine, CAPABILITY_ADMA2);
	assert_int_equal(machine->host.clock, 50000000);
	assert_true(*(machine->simulation.words + SDHCI_CONTROL / 4) & CONTROL_4_BITS);
	assert_int_equal(machine->simulation.function, 1);
}

static void signals_of_1v8_make_it_faster(void **state)
{
	struct machine *machine = make(CAPABILITY_ADMA2 | UHS);

	(void)state;
	machine->simulation.can_1v8 = true;
	struct block_device *block = start(machine);
	assert_non_null(block);
	assert_true(machine->simulation.at_1v8);
	assert_int_equal(machine->simulation.function, SDHCI_SDR104);
	assert_int_equal(machine->simulation.tunings, 8);
	assert_int_equal(machine->host.clock, 100000000); // all that there is
	check_read(block, 5, 500);
}

static void a_card_that_cannot_be_tuned_is_used_without(void **state)
{
	struct machine *machine = make(CAPABILITY_ADMA2 | UHS);

	(void)state;
	machine->simulation.can_1v8 = machine->simulation.tuning_fails = true;
	struct block_device *block = start(machine);
	assert_non_null(block);
	assert_false(machine->simulation.at_1v8);
	assert_int_equal(machine->host.clock, 50000000);
	check_read(block, 5, 500);
}

// ---- Faults ----

static const enum sd_fault faults[] = {
	SD_FAULT_NO_ANSWER, SD_FAULT_ANSWER_CRC, SD_FAULT_DATA_CRC,   SD_FAULT_DATA_TIMEOUT,
	SD_FAULT_ADMA,      SD_FAULT_STUCK,      SD_FAULT_CARD_ERROR,
};

static void what_fails_is_tried_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct machine *machine;
		struct block_device *block = start_new(&machine, CAPABILITY_ADMA2);

		for (unsigned int count = 1; count <= 2; count++) {
			machine->simulation.fault = faults[i];
			machine->simulation.fault_count = count;
			check_read(block, 9, 300);
			assert_int_equal(machine->simulation.fault_count, 0);
			machine->simulation.fault_count = count;
			check_write(block, 9, 300);
			assert_int_equal(machine->simulation.fault_count, 0);
		}
		assert_int_equal(machine->simulation.power_ups, 1);
	}
}

static void what_fails_for_good_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct machine *machine;
		struct block_device *block = start_new(&machine, CAPABILITY_ADMA2);

		machine->simulation.fault = faults[i];
		machine->simulation.fault_count = 4;
		int error = transfer(block, false, 9, 300);
		assert_true(error == -EIO || error == -ETIMEDOUT);
		assert_int_equal(machine->simulation.fault_count, 0);
		assert_true(block->present);
		check_read(block, 9, 300);
		assert_int_equal(machine->simulation.power_ups, 1);
	}
}

static void a_card_that_answers_no_more_is_gone(void **state)
{
	struct machine *machine;
	struct block_device *block = start_new(&machine, CAPABILITY_ADMA2);

	(void)state;
	machine->simulation.fault = SD_FAULT_DEAD;
	machine->simulation.fault_count = 1;
	assert_int_equal(transfer(block, false, 0, 64), -ENODEV);
	assert_false(block->present);
	assert_null(block_next(NULL));
}

// ---- Cards come and go ----

static void a_card_is_pulled_in_a_transfer(void **state)
{
	struct machine *machine;
	struct block_device *block = start_new(&machine, CAPABILITY_ADMA2);
	struct block_extent before = block_whole(block);

	(void)state;
	machine->simulation.pull_in_transfer = true;
	assert_int_equal(transfer(block, false, 0, 2000), -ENODEV);
	model_run(SECONDS(1));
	assert_false(block->present);
	assert_null(block_next(NULL));

	machine->simulation.blocks = CARD_BLOCKS / 2;
	sd_simulation_set_card(&machine->simulation, true);
	model_run(SECONDS(1));
	assert_ptr_equal(block_next(NULL), block);
	assert_int_equal(block->blocks, CARD_BLOCKS / 2);
	assert_int_equal(block_read(&before, 0, 1, buffer), -ENODEV);
	check_read(block, 10, 100);
}

static void a_card_is_pulled_while_nothing_happens(void **state)
{
	struct machine *machine;
	struct block_device *block = start_new(&machine, CAPABILITY_ADMA2);

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		sd_simulation_set_card(&machine->simulation, false);
		model_run(SECONDS(1));
		assert_false(block->present);
		assert_null(block_next(NULL));
		sd_simulation_set_card(&machine->simulation, true);
		model_run(SECONDS(1));
		assert_ptr_equal(block_next(NULL), block);
		check_read(block, i, 100);
	}
}

static void an_empty_slot_waits_for_its_card(void **state)
{
	struct machine *machine = make(CAPABILITY_ADMA2);

	(void)state;
	machine->simulation.card_in = false;
	assert_null(start(machine));
	sd_simulation_set_card(&machine->simulation, true);
	model_run(SECONDS(1));
	assert_non_null(block_next(NULL));
	check_read(block_next(NULL), 0, 100);
}

static void a_slot_that_tells_nothing_is_looked_into(void **state)
{
	struct machine *machine = make(CAPABILITY_ADMA2);

	(void)state;
	machine->host.traits.no_card_detect = true;
	machine->simulation.card_in = false;
	assert_null(start(machine));
	machine->simulation.card_in = true;
	model_run(SECONDS(5));
	assert_non_null(block_next(NULL));
	check_read(block_next(NULL), 0, 100);
	machine->simulation.card_in = false;
	assert_int_equal(transfer(block_next(NULL), false, 0, 1), -ENODEV);
	assert_null(block_next(NULL));
	machine->simulation.card_in = true;
	model_run(SECONDS(5));
	check_read(block_next(NULL), 0, 100);
}

static void a_locked_card_is_only_read(void **state)
{
	struct machine *machine = make(CAPABILITY_ADMA2);

	(void)state;
	machine->simulation.locked = true;
	struct block_device *block = start(machine);
	assert_true(block->read_only);
	assert_int_equal(transfer(block, true, 0, 1), -EROFS);
	check_read(block, 0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_is_moved_in_every_way),
		cmocka_unit_test(sdma_ends_at_its_boundaries),
		cmocka_unit_test(dma_that_never_works_is_not_used),
		cmocka_unit_test(small_cards_count_bytes),
		cmocka_unit_test(cards_of_version_1_are_used),
		cmocka_unit_test(without_interrupts_it_is_polled),
		cmocka_unit_test(what_came_while_time_stood_still_counts),
		cmocka_unit_test(requests_outside_of_the_card_are_refused),
		cmocka_unit_test(the_fastest_common_speed_is_used),
		cmocka_unit_test(signals_of_1v8_make_it_faster),
		cmocka_unit_test(a_card_that_cannot_be_tuned_is_used_without),
		cmocka_unit_test(what_fails_is_tried_again),
		cmocka_unit_test(what_fails_for_good_is_told),
		cmocka_unit_test(a_card_that_answers_no_more_is_gone),
		cmocka_unit_test(a_card_is_pulled_in_a_transfer),
		cmocka_unit_test(a_card_is_pulled_while_nothing_happens),
		cmocka_unit_test(an_empty_slot_waits_for_its_card),
		cmocka_unit_test(a_slot_that_tells_nothing_is_looked_into),
		cmocka_unit_test(a_locked_card_is_only_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
