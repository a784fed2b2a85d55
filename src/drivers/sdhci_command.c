// SPDX-License-Identifier: Apache-2.0
// What SD host controllers carry out: commands, and their data by DMA or through the data port.
#include <errno.h>

#include "drivers/sdhci_internal.h"
#include "kernel/compiler.h"
#include "kernel/panic.h"

#define COMMAND_TIME  SECONDS(1)
#define DATA_TIME     SECONDS(1) // for a card's first data
#define MEGABYTE_TIME SECONDS(3) // for each megabyte
#define BUSY_TIME     SECONDS(2) // a card that programs

// Each piece is a whole number of blocks, and its length isn't the 0 that stands for 64 KB and that not every
// controller knows.
#define ADMA_PIECE    (127u * 512u)
#define SDMA_BOUNDARY KIB(512)

// ---- Data ----

static uint32_t data_size(const struct sd_command *command)
{
	return command->block_size * command->blocks;
}

static uint64_t data_deadline(const struct sd_command *command)
{
	return time_now() + DATA_TIME + data_size(command) * MEGABYTE_TIME / MIB(1);
}

static uint64_t device_address(const struct sdhci *host, const void *pointer)
{
	return virt_to_phys(pointer) + host->traits.dma_offset;
}

// SDMA stops at each such boundary; commands are made to end there (sdhci_blocks_at_once()), and what crosses
// one nevertheless goes through the data port.
static uint32_t to_sdma_boundary(const struct sdhci *host, const void *data)
{
	return (uint32_t)(SDMA_BOUNDARY - (device_address(host, data) & (SDMA_BOUNDARY - 1)));
}

uint32_t sdhci_blocks_at_once(const struct sdhci *host, const void *data)
{
	return host->dma == SDHCI_SDMA ? MAX(to_sdma_boundary(host, data) / 512, 1u) : SDHCI_BLOCKS_MAX;
}

static bool can_use_dma(const struct sdhci *host, const struct sd_command *command)
{
	uint64_t start = virt_to_phys(command->data), last = start + data_size(command) - 1;

	if (host->dma == SDHCI_PIO ||
	    (host->dma == SDHCI_SDMA && data_size(command) > to_sdma_boundary(host, command->data)))
		return false;
	if (host->traits.dma_end && (start < host->traits.dma_start || last >= host->traits.dma_end))
		return false;
	return host->dma == SDHCI_ADMA2_64 || last + host->traits.dma_offset <= UINT32_MAX;
}

// With caches that the device doesn't see: nothing of ours may be written over what it writes, nothing older
// may be read by it.
static void pass_to_device(const struct sdhci *host, const void *data, uint32_t size, bool device_writes)
{
	if (host->traits.coherent)
		return;
	if (device_writes)
		cache_clean_invalidate(data, size);
	else
		cache_clean(data, size);
}

static void fill_descriptors(struct sdhci *host, const struct sd_command *command)
{
	uint32_t *at = host->descriptors, left = data_size(command);
	uint64_t address = device_address(host, command->data);
	unsigned int words = host->dma == SDHCI_ADMA2_64 ? 3 : 2;

	for (; left; at += words) {
		uint32_t piece = MIN(left, ADMA_PIECE);

		left -= piece;
		at[0] = ADMA_VALID | ADMA_TRANSFER | (left ? 0 : ADMA_END) | piece << 16;
		at[1] = (uint32_t)address;
		if (words == 3)
			at[2] = (uint32_t)(address >> 32);
		address += piece;
	}
	pass_to_device(host, host->descriptors, (uint32_t)((char *)at - (char *)host->descriptors), false);
	address = device_address(host, host->descriptors);
	sdhci_set(host, SDHCI_ADMA_ADDRESS, (uint32_t)address);
	if (words == 3)
		sdhci_set(host, SDHCI_ADMA_ADDRESS + 4, (uint32_t)(address >> 32));
}

static void prepare_dma(struct sdhci *host, const struct sd_command *command)
{
	static const uint32_t selects[] = {
		[SDHCI_SDMA] = CONTROL_DMA_SDMA,
		[SDHCI_ADMA2] = CONTROL_DMA_ADMA2,
		[SDHCI_ADMA2_64] = CONTROL_DMA_ADMA2_64,
	};

	sdhci_change(host, SDHCI_CONTROL, CONTROL_DMA_MASK, selects[host->dma]);
	pass_to_device(host, command->data, data_size(command), !command->write);
	if (host->dma == SDHCI_SDMA)
		sdhci_set(host, SDHCI_SDMA_ADDRESS, (uint32_t)device_address(host, command->data));
	else
		fill_descriptors(host, command);
}

static int finish_dma(struct sdhci *host, const struct sd_command *command)
{
	int error = sdhci_await(host, STATUS_TRANSFER, data_deadline(command));

	if (!error && !command->write)
		pass_to_device(host, command->data, data_size(command), true);
	host->dma_works |= !error;
	return error;
}

// Buffers are aligned to words; the port takes them in the order of memory.
static void copy_block(struct sdhci *host, const struct sd_command *command, uint32_t *words)
{
	for (uint32_t i = 0; i < command->block_size / 4; i++)
		if (command->write)
			sdhci_set(host, SDHCI_DATA, words[i]);
		else
			words[i] = sdhci_get(host, SDHCI_DATA);
}

static int transfer_pio(struct sdhci *host, const struct sd_command *command)
{
	uint32_t ready = command->write ? PRESENT_WRITE_READY : PRESENT_READ_READY;
	uint32_t bit = command->write ? STATUS_WRITE_READY : STATUS_READ_READY;
	uint64_t deadline = data_deadline(command);

	for (uint32_t i = 0; i < command->blocks; i++) {
		while (!(sdhci_get(host, SDHCI_PRESENT) & ready)) {
			int error = sdhci_await(host, bit, deadline);
			if (error)
				return error;
			sdhci_forget(host, bit);
		}
		copy_block(host, command, (uint32_t *)command->data + i * (command->block_size / 4));
		if (task_should_yield())
			task_yield();
	}
	return sdhci_await(host, STATUS_TRANSFER, deadline);
}

// ---- Commands ----

static uint32_t command_word(const struct sd_command *command)
{
	static const uint32_t kinds[] = {
		[SD_NO_RESPONSE] = 0,
		[SD_R1] = COMMAND_RESPONSE_48 | COMMAND_CHECK_CRC | COMMAND_CHECK_INDEX,
		[SD_R1B] = COMMAND_RESPONSE_BUSY | COMMAND_CHECK_CRC | COMMAND_CHECK_INDEX,
		[SD_R2] = COMMAND_RESPONSE_136 | COMMAND_CHECK_CRC,
		[SD_R3] = COMMAND_RESPONSE_48,
		[SD_R6] = COMMAND_RESPONSE_48 | COMMAND_CHECK_CRC | COMMAND_CHECK_INDEX,
		[SD_R7] = COMMAND_RESPONSE_48 | COMMAND_CHECK_CRC | COMMAND_CHECK_INDEX,
	};

	return COMMAND_INDEX(command->index) | kinds[command->response] |
	       (command->abort ? COMMAND_ABORT : 0);
}

static uint32_t mode_word(const struct sd_command *command, bool by_dma)
{
	uint32_t multiple = MODE_MULTIPLE | MODE_BLOCK_COUNT | MODE_AUTO_CMD12;

	return COMMAND_DATA | (by_dma ? MODE_DMA : 0) | (command->write ? 0 : MODE_READ) |
	       (command->blocks > 1 ? multiple : 0);
}

static int await_lines(struct sdhci *host, const struct sd_command *command)
{
	bool data = (command->data || command->response == SD_R1B) && !command->abort;

	return sdhci_await_register(host, SDHCI_PRESENT, PRESENT_COMMAND_BUSY | (data ? PRESENT_DATA_BUSY : 0), 0,
			      BUSY_TIME);
}

static void read_answer(struct sdhci *host, struct sd_command *command)
{
	unsigned int words = command->response == SD_R2 ? 4 : command->response != SD_NO_RESPONSE;

	for (unsigned int i = 0; i < words; i++)
		command->answer.words[i] = sdhci_get(host, SDHCI_RESPONSE + 4 * i);
}

static int execute_data(struct sdhci *host, struct sd_command *command)
{
	bool by_dma = can_use_dma(host, command);

	ASSERT(command->block_size % 4 == 0 && data_size(command) <= SDHCI_BLOCKS_MAX * 512);
	if (by_dma)
		prepare_dma(host, command);
	sdhci_set(host, SDHCI_BLOCK, command->blocks << 16 | BLOCK_SDMA_BOUNDARY | command->block_size);
	sdhci_set(host, SDHCI_ARGUMENT, command->argument);
	sdhci_set(host, SDHCI_COMMAND, command_word(command) | mode_word(command, by_dma));
	int error = by_dma ? finish_dma(host, command) : 0;
	if (!error)
		error = sdhci_await(host, STATUS_COMMAND, time_now() + COMMAND_TIME);
	if (error)
		return error;
	read_answer(host, command);
	return by_dma ? 0 : transfer_pio(host, command);
}

int sdhci_execute(struct sdhci *host, struct sd_command *command)
{
	int error = await_lines(host, command);

	if (error)
		return error;
	sdhci_look(host);
	sdhci_forget(host, UINT32_MAX);
	if (command->data)
		return execute_data(host, command);
	sdhci_set(host, SDHCI_ARGUMENT, command->argument);
	sdhci_set(host, SDHCI_COMMAND, command_word(command));
	error = sdhci_await(host, STATUS_COMMAND, time_now() + COMMAND_TIME);
	if (!error)
		read_answer(host, command);
	return !error && command->response == SD_R1B ? sdhci_await(host, STATUS_TRANSFER, time_now() + BUSY_TIME)
						     : error;
}
