// SPDX-License-Identifier: Apache-2.0
// A simulated SD host controller and card. Commands end in the write that starts them; data follows 100 us
// later, or through the data port.
#include "model/sd_simulation.h"

#include <string.h>

#include "drivers/sdhci_registers.h"
#include "kernel/compiler.h"
#include "kernel/memory.h"
#include "model/model.h"

#define DATA_DELAY 100000u // ns
#define RCA        0x4567u

#define STATE_IDLE     0u
#define STATE_READY    1u
#define STATE_IDENT    2u
#define STATE_STANDBY  3u
#define STATE_TRANSFER 4u
#define STATE_DATA     5u
#define STATE_RECEIVE  6u

#define FUNCTIONS_3V3 0x0003u
#define FUNCTIONS_1V8 0x000fu

static uint32_t *word(struct sd_simulation *sim, uint32_t offset)
{
	return &sim->words[offset / 4];
}

static void raise_status(struct sd_simulation *sim, uint32_t bits)
{
	*word(sim, SDHCI_STATUS) |= bits & *word(sim, SDHCI_STATUS_ENABLE);
	if (*word(sim, SDHCI_STATUS) & *word(sim, SDHCI_SIGNAL_ENABLE) && !sim->no_interrupt)
		model_raise_irq(SIMULATION_IRQ);
}

// ---- Data ----

static void end_transfer(struct sd_simulation *sim)
{
	if (sim->state != STATE_STANDBY)
		sim->state = STATE_TRANSFER;
	sim->data = NULL;
	*word(sim, SDHCI_PRESENT) &= ~(PRESENT_DATA_BUSY | PRESENT_READ_READY | PRESENT_WRITE_READY);
	raise_status(sim, STATUS_TRANSFER);
}

static void move(struct sd_simulation *sim, uint8_t *memory, uint32_t size)
{
	if (sim->writing)
		memcpy(sim->data + sim->data_done, memory, size);
	else
		memcpy(memory, sim->data + sim->data_done, size);
	sim->data_done += size;
}

static void move_adma(struct sd_simulation *sim, unsigned int words)
{
	const uint32_t *at;
	uint64_t table = *word(sim, SDHCI_ADMA_ADDRESS);

	if (words == 3)
		table |= (uint64_t)*word(sim, SDHCI_ADMA_ADDRESS + 4) << 32;
	for (at = phys_to_virt(table);; at += words) {
		uint32_t size = at[0] >> 16;
		uint64_t address = at[1] | (words == 3 ? (uint64_t)at[2] << 32 : 0);

		if (!(at[0] & ADMA_VALID) || size > sim->data_size - sim->data_done)
			model_violation("ADMA2 descriptor %#x with %u of %u bytes moved", at[0],
					sim->data_done, sim->data_size);
		move(sim, phys_to_virt(address), size);
		if (at[0] & ADMA_END)
			break;
	}
	if (sim->data_done != sim->data_size)
		model_violation("ADMA2 ends after %u of %u bytes", sim->data_done, sim->data_size);
	end_transfer(sim);
}

// It would stop at each boundary of 512 KB.
static void move_sdma(struct sd_simulation *sim)
{
	uint32_t address = *word(sim, SDHCI_SDMA_ADDRESS);

	if (address / KIB(512) != (address + sim->data_size - 1) / KIB(512))
		model_violation("SDMA of %u bytes at %#x crosses a boundary", sim->data_size, address);
	move(sim, phys_to_virt(address), sim->data_size);
	end_transfer(sim);
}

static void move_port(struct sd_simulation *sim)
{
	*word(sim, SDHCI_PRESENT) |= sim->writing ? PRESENT_WRITE_READY : PRESENT_READ_READY;
	raise_status(sim, sim->writing ? STATUS_WRITE_READY : STATUS_READ_READY);
}

static void data_fault(struct sd_simulation *sim, uint32_t bits)
{
	sim->data = NULL;
	raise_status(sim, bits | STATUS_ERROR_SUMMARY);
}

static bool take_fault(struct sd_simulation *sim, enum sd_fault fault)
{
	if (sim->fault != fault || sim->fault_after || !sim->fault_count)
		return false;
	sim->fault_count--;
	return true;
}

static void move_data(void *context)
{
	struct sd_simulation *sim = context;
	uint32_t select = *word(sim, SDHCI_CONTROL) & CONTROL_DMA_MASK;

	if (!sim->data)
		return;
	if (sim->pull_in_transfer) {
		sim->pull_in_transfer = false;
		sd_simulation_set_card(sim, false);
	} else if (take_fault(sim, SD_FAULT_DATA_CRC)) {
		data_fault(sim, 1u << 21);
	} else if (take_fault(sim, SD_FAULT_DATA_TIMEOUT)) {
		data_fault(sim, 1u << 20);
	} else if (take_fault(sim, SD_FAULT_ADMA)) {
		data_fault(sim, 1u << 25);
	} else if (take_fault(sim, SD_FAULT_STUCK) || (sim->no_dma && *word(sim, SDHCI_COMMAND) & MODE_DMA)) {
		return;
	} else {
		sim->transfers++;
		sim->fault_after -= sim->fault_after > 0;
		if (!(*word(sim, SDHCI_COMMAND) & MODE_DMA))
			move_port(sim);
		else if (select == CONTROL_DMA_SDMA)
			move_sdma(sim);
		else
			move_adma(sim, select == CONTROL_DMA_ADMA2_64 ? 3 : 2);
	}
}

static void start_data(struct sd_simulation *sim, uint8_t *data, uint32_t available, bool writing)
{
	uint32_t block = *word(sim, SDHCI_BLOCK),
		 count = *word(sim, SDHCI_COMMAND) & MODE_MULTIPLE ? block >> 16 : 1;

	sim->data = data;
	sim->data_size = count * (block & 0xfff);
	sim->data_done = 0;
	sim->writing = writing;
	if (sim->data_size > available)
		model_violation("%u bytes of data, the card has %u", sim->data_size, available);
	*word(sim, SDHCI_PRESENT) |= PRESENT_DATA_BUSY;
	model_after(DATA_DELAY, move_data, sim);
}

static uint32_t port(struct sd_simulation *sim, bool write, uint32_t value)
{
	uint32_t block_size = *word(sim, SDHCI_BLOCK) & 0xfff;

	if (!sim->data || write != sim->writing)
		model_violation("the data port is used outside of a transfer");
	move(sim, (uint8_t *)&value, 4);
	if (sim->data_done == sim->data_size) {
		end_transfer(sim);
	} else if (sim->data_done % block_size == 0) {
		*word(sim, SDHCI_PRESENT) &= ~(PRESENT_READ_READY | PRESENT_WRITE_READY);
		move_port(sim);
	}
	return value;
}

// ---- The card ----

// Its registers, bits 127 to 8, as the response words have them.
static void set_bits(uint32_t *words, unsigned int high, unsigned int low, uint32_t value)
{
	for (unsigned int bit = low; bit <= high; bit++, value >>= 1)
		if (value & 1)
			words[(bit - 8) / 32] |= 1u << (bit - 8) % 32;
}

static void answer_csd(struct sd_simulation *sim, uint32_t *answer)
{
	memset(answer, 0, 16);
	set_bits(answer, 95, 84, 0x5b5); // command classes, the switch among them
	if (sim->by_block) {
		set_bits(answer, 127, 126, 1);
		set_bits(answer, 69, 48, sim->blocks / 1024 - 1);
	} else { // units of 2^(2 + 2) blocks of 2^9 bytes
		set_bits(answer, 83, 80, 9);
		set_bits(answer, 49, 47, 2);
		set_bits(answer, 73, 62, sim->blocks / 16 - 1);
	}
}

static void switch_function(struct sd_simulation *sim, uint32_t argument)
{
	uint32_t functions = sim->at_1v8 ? FUNCTIONS_1V8 : FUNCTIONS_3V3, wanted = argument & 0xf;

	memset(sim->small, 0, sizeof(sim->small));
	sim->small[13] = (uint8_t)functions;
	if (wanted == 0xf)
		wanted = sim->function;
	sim->small[16] = functions >> wanted & 1 ? (uint8_t)wanted : 0xf;
	if (argument >> 31 && sim->small[16] != 0xf)
		sim->function = wanted;
	start_data(sim, sim->small, 64, false);
}

static void read_or_write(struct sd_simulation *sim, uint32_t argument, bool writing)
{
	uint64_t first = sim->by_block ? argument : argument / 512;

	if (sim->state != STATE_TRANSFER)
		model_violation("data is moved in the card's state %u", sim->state);
	if (first >= sim->blocks)
		model_violation("block %llu of %u is accessed", (unsigned long long)first, sim->blocks);
	sim->state = writing ? STATE_RECEIVE : STATE_DATA;
	start_data(sim, sim->image + first * 512, (uint32_t)MIN((sim->blocks - first) * 512, GIB(1)),
		   writing);
}

static void tune(struct sd_simulation *sim)
{
	sim->tunings++;
	raise_status(sim, STATUS_READ_READY);
	if (sim->tunings % 8 == 0 && !sim->tuning_fails) {
		*word(sim, SDHCI_CONTROL2) &= ~CONTROL2_TUNE;
		*word(sim, SDHCI_CONTROL2) |= CONTROL2_TUNED;
	}
}

static void op_cond(struct sd_simulation *sim, uint32_t argument, uint32_t *answer)
{
	bool low = sim->can_1v8 && argument & (1u << 24);

	answer[0] =
		0x80ff8000u | (sim->by_block && argument & (1u << 30) ? 1u << 30 : 0) | (low ? 1u << 24 : 0);
	sim->state = STATE_READY;
}

// False: it doesn't answer.
static bool answer_application(struct sd_simulation *sim, unsigned int index, uint32_t argument,
			       uint32_t *answer)
{
	static const uint8_t scr[8] = {0x02, 0x35};

	switch (index) {
	case 41:
		op_cond(sim, argument, answer);
		return true;
	case 51:
		memcpy(sim->small, scr, sizeof(scr));
		start_data(sim, sim->small, 8, false);
		return true;
	}
	return index == 6 || index == 42;
}

static bool answer_command(struct sd_simulation *sim, unsigned int index, uint32_t argument, uint32_t *answer)
{
	answer[0] = sim->state << 9 | 1u << 8 | (sim->illegal ? 1u << 22 : 0);
	sim->illegal = false;
	if (sim->application) {
		sim->application = false;
		return answer_application(sim, index, argument, answer);
	}
	switch (index) {
	case 0:
		sim->state = STATE_IDLE;
		sim->function = 0;
		return true;
	case 2:
		sim->state = STATE_IDENT;
		answer[1] = 0x53494d55;
		return true;
	case 3:
		sim->state = STATE_STANDBY;
		answer[0] = RCA << 16;
		return true;
	case 6:
		switch_function(sim, argument);
		return true;
	case 7:
		sim->state = STATE_TRANSFER;
		raise_status(sim, STATUS_TRANSFER);
		return argument >> 16 == RCA;
	case 8:
		sim->illegal = sim->version1;
		answer[0] = argument;
		return !sim->version1;
	case 9:
		answer_csd(sim, answer);
		return true;
	case 11:
		*word(sim, SDHCI_PRESENT) &= ~PRESENT_DATA_LINES;
		return true;
	case 12:
		end_transfer(sim);
		return true;
	case 17:
	case 18:
	case 24:
	case 25:
		if (take_fault(sim, SD_FAULT_CARD_ERROR))
			answer[0] |= 1u << 19;
		read_or_write(sim, argument, index >= 24);
		return true;
	case 19:
		tune(sim);
		return true;
	case 55:
		sim->application = true;
		return true;
	}
	return index == 13 || index == 16;
}

static void execute(struct sd_simulation *sim, uint32_t value)
{
	unsigned int index = value >> 24 & 0x3f;
	bool blocks = index == 17 || index == 18 || index == 24 || index == 25;

	if (!sim->powered || !(*word(sim, SDHCI_CLOCK) & CLOCK_CARD))
		model_violation("CMD%u without power or clock", index);
	if (blocks && take_fault(sim, SD_FAULT_DEAD))
		sim->dead = true;
	if (!sim->card_in || sim->dead || (blocks && take_fault(sim, SD_FAULT_NO_ANSWER)))
		raise_status(sim, 1u << 16 | STATUS_ERROR_SUMMARY);
	else if (blocks && take_fault(sim, SD_FAULT_ANSWER_CRC))
		raise_status(sim, 1u << 17 | STATUS_ERROR_SUMMARY);
	else if (answer_command(sim, index, *word(sim, SDHCI_ARGUMENT), word(sim, SDHCI_RESPONSE)))
		raise_status(sim, STATUS_COMMAND);
	else
		raise_status(sim, 1u << 16 | STATUS_ERROR_SUMMARY);
}

// ---- Registers ----

static void write_clock(struct sd_simulation *sim, uint32_t value)
{
	if (value & CLOCK_RESET_ALL)
		for (uint32_t offset = 0; offset < SDHCI_CAPABILITIES; offset += 4)
			*word(sim, offset) = 0;
	if (value & (CLOCK_RESET_ALL | CLOCK_RESET_DATA)) {
		sim->data = NULL;
		*word(sim, SDHCI_PRESENT) &= ~(PRESENT_DATA_BUSY | PRESENT_READ_READY | PRESENT_WRITE_READY);
	}
	// A card that went over to 1.8 V lets its lines go when its clock comes back.
	if (value & CLOCK_CARD && *word(sim, SDHCI_CONTROL2) & CONTROL2_1V8) {
		sim->at_1v8 = true;
		*word(sim, SDHCI_PRESENT) |= PRESENT_DATA_LINES;
	}
	value &= ~(CLOCK_RESET_ALL | CLOCK_RESET_COMMAND | CLOCK_RESET_DATA);
	*word(sim, SDHCI_CLOCK) = value | (value & CLOCK_INTERNAL ? CLOCK_STABLE : 0);
	sim->clock_divider = 2 * ((value >> 8 & 0xff) | (value >> 6 & 3) << 8);
}

static void write_control(struct sd_simulation *sim, uint32_t value)
{
	bool powered = value & CONTROL_POWER_ON;

	if (powered && !sim->powered) {
		sim->power_ups++;
		sim->state = STATE_IDLE;
		sim->at_1v8 = false;
		sim->application = false;
		*word(sim, SDHCI_PRESENT) |= PRESENT_DATA_LINES;
	}
	sim->powered = powered;
	*word(sim, SDHCI_CONTROL) = value;
}

static void write_register(void *context, uint32_t offset, uint32_t value)
{
	struct sd_simulation *sim = context;

	if (offset % 4 || offset > SDHCI_SLOT_VERSION)
		model_violation("register %#x is written", offset);
	switch (offset) {
	case SDHCI_CLOCK:
		write_clock(sim, value);
		return;
	case SDHCI_CONTROL:
		write_control(sim, value);
		return;
	case SDHCI_STATUS:
		*word(sim, offset) &= ~value;
		return;
	case SDHCI_DATA:
		port(sim, true, value);
		return;
	}
	*word(sim, offset) = value;
	if (offset == SDHCI_COMMAND)
		execute(sim, value);
	else if (offset == SDHCI_SIGNAL_ENABLE)
		raise_status(sim, 0);
}

static uint32_t read_register(void *context, uint32_t offset)
{
	struct sd_simulation *sim = context;
	uint32_t slot = (sim->card_in ? PRESENT_CARD | PRESENT_CARD_STABLE : 0) |
			(sim->locked ? 0 : PRESENT_WRITABLE);

	switch (offset) {
	case SDHCI_PRESENT:
		return *word(sim, offset) | slot;
	case SDHCI_CAPABILITIES:
		return (uint32_t)sim->capabilities;
	case SDHCI_CAPABILITIES2:
		return (uint32_t)(sim->capabilities >> 32);
	case SDHCI_SLOT_VERSION:
		return 2u << 16;
	case SDHCI_DATA:
		return port(sim, false, 0);
	}
	return *word(sim, offset);
}

struct sdhci_registers sd_simulation_registers(struct sd_simulation *simulation)
{
	return (struct sdhci_registers){read_register, write_register, simulation};
}

void sd_simulation_set_card(struct sd_simulation *sim, bool card_in)
{
	sim->card_in = card_in;
	sim->data = NULL;
	sim->dead = false;
	raise_status(sim, card_in ? STATUS_CARD_IN : STATUS_CARD_OUT);
}
