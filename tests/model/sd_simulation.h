// SPDX-License-Identifier: Apache-2.0
// An SD host controller with a card in its slot, behind the register accessors of drivers/sdhci.h: the
// standard's behaviour as far as a driver can see it, and faults at will. Interrupts are the model's
// (model.h), edge on IRQ.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/sdhci.h"

#define SIMULATION_IRQ 40u

enum sd_fault {
	SD_FAULT_NONE,
	SD_FAULT_NO_ANSWER,    // to a command with data
	SD_FAULT_ANSWER_CRC,   // of such a command
	SD_FAULT_DATA_CRC,     // half-way in the data
	SD_FAULT_DATA_TIMEOUT, // half-way
	SD_FAULT_ADMA,
	SD_FAULT_STUCK,      // neither data nor an error comes
	SD_FAULT_CARD_ERROR, // the card says so in its answer
	SD_FAULT_DEAD,       // the card answers nothing any more, to any command
};

struct sd_simulation {
	// Set before it is started.
	uint64_t capabilities;
	bool card_in, by_block, can_1v8, locked; // locked: the write-protect switch
	bool version1; // a card that doesn't know CMD8
	bool tuning_fails, no_interrupt, no_dma; // no_dma: it says that it can, and nothing comes
	uint8_t *image;
	uint32_t blocks; // a multiple of 1024

	// Faults: the next `fault_count` commands with data, after `fault_after` good ones.
	enum sd_fault fault;
	unsigned int fault_after, fault_count;
	bool pull_in_transfer; // the card, with the next data

	// What a test looks at.
	unsigned int transfers, power_ups, tunings;
	uint32_t clock_divider;

	// The rest is the simulation's own.
	uint32_t words[64];
	bool selected, application, dead, powered, high_speed, at_1v8, writing;
	bool illegal; // the command before was
	unsigned int function; // of group 1
	uint32_t state;
	uint8_t *data; // of the transfer under way; NULL: none
	uint8_t small[64];
	uint32_t data_size, data_done;
};

// The accessors for struct sdhci.
struct sdhci_registers sd_simulation_registers(struct sd_simulation *simulation);

// Pulls the card, or puts one in.
void sd_simulation_set_card(struct sd_simulation *simulation, bool card_in);
