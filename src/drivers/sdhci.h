// SPDX-License-Identifier: Apache-2.0
// SD host controllers of the standard register set (SD Host Controller Simplified Specification 3.00): one
// command at a time, carried out in the task that asks for it. What the commands mean is sdcard.c's.
//
// All registers are accessed 32 bits at a time, which the standard allows and Broadcom's controllers insist
// on.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/interrupt.h"
#include "kernel/memory.h"
#include "kernel/task.h"

// The register file: a mapped window, or a test's simulation of one.
struct sdhci_registers {
	uint32_t (*read)(void *context, uint32_t offset);
	void (*write)(void *context, uint32_t offset, uint32_t value);
	void *context;
};

// What a controller doesn't tell about itself.
struct sdhci_traits {
	uint32_t base_clock;         // Hz, where the capabilities name none; 0: a guess
	uint64_t dma_start, dma_end; // CPU addresses that it reaches; end 0: all
	uint64_t dma_offset;         // its address of memory less the CPU's
	bool coherent;               // it reads and writes memory through our caches
	bool slow_writes;            // Broadcom: a second write to a register within two SD clocks is lost
	bool no_dma;                 // its DMA needs another device
	bool no_card_detect;         // its card detect isn't connected; is there a card? Ask it
	bool no_write_protect;       // the slot has no such switch
	bool no_1v8;                 // its signals can't be switched to 1.8 V
};

enum sdhci_dma { SDHCI_PIO, SDHCI_SDMA, SDHCI_ADMA2, SDHCI_ADMA2_64 };

enum sdhci_timing {          // as in Host Control 2, UHS Mode Select; below 1.8 V: the first two
	SDHCI_DEFAULT_SPEED, // SDR12
	SDHCI_HIGH_SPEED,    // SDR25
	SDHCI_SDR50,
	SDHCI_SDR104,
};

struct sdhci {
	struct sdhci_registers registers;
	struct sdhci_traits traits;
	uint64_t capabilities;
	unsigned int version; // 0: 1.00, 1: 2.00, 2: 3.00
	uint32_t clock;       // Hz, on the bus; 0: stopped
	enum sdhci_dma dma;
	bool dma_works;    // it has moved something
	void *descriptors; // of ADMA2, a page
	struct interrupt interrupt;
	bool polled; // it has no interrupt that works
	bool interrupts_come;
	unsigned int interrupts_lost; // before the first that came
	struct wait_queue events;     // woken by the interrupt handler
	uint32_t watched;             // changes of the slot that are asked for
	uint32_t status;   // what the interrupt status registers have shown and nobody has consumed
	bool card_changed; // put in or pulled, since sdhci_watch_card()
};

enum sd_response { SD_NO_RESPONSE, SD_R1, SD_R1B, SD_R2, SD_R3, SD_R6, SD_R7 };

// R2: bits 127 to 8 of the card's register, from bit 0 on; else the first word alone.
struct sd_answer {
	uint32_t words[4];
};

struct sd_command {
	uint8_t index;
	enum sd_response response;
	bool write;
	bool abort; // CMD12
	uint32_t argument;
	struct sd_answer answer;
	void *data;          // block_size * blocks bytes, aligned as block.h says; NULL: none
	uint32_t block_size; // a multiple of 4
	uint32_t blocks;     // several end with an automatic CMD12
};

#define SDHCI_BLOCKS_MAX 8192u // of 512 bytes, in one command

// Resets the controller and learns what it can do. The caller has set registers, traits and line (NULL: it
// has no interrupt). May wait. -ETIMEDOUT: it doesn't answer; -ENOMEM.
int sdhci_start(struct sdhci *host, const struct interrupt_line *line);

// Gives back what sdhci_start() took; also after it failed.
void sdhci_stop(struct sdhci *host);

// Carries out a command; waits. -ETIMEDOUT: no answer, or no data, -EILSEQ: corrupted on the way, -EIO:
// another failure, -ENODEV: the card was pulled. After an error comes sdhci_recover().
int sdhci_execute(struct sdhci *host, struct sd_command *command);

// How many blocks of 512 bytes a command with data at this address may have.
uint32_t sdhci_blocks_at_once(const struct sdhci *host, const void *data);

// Data goes through the data port from now on, if DMA never worked yet. False: it did, or there is none.
bool sdhci_give_up_dma(struct sdhci *host);

// Gives up the command that failed: the controller is ready for another one.
void sdhci_recover(struct sdhci *host);

// Supplies the card with 3.3 V after a pause without; 1 bit, 400 kHz, 3.3 V signals.
int sdhci_power_cycle(struct sdhci *host);

// The greatest clock up to `hz`; 0 stops it.
int sdhci_set_clock(struct sdhci *host, uint32_t hz);

void sdhci_set_4_bits(struct sdhci *host);
void sdhci_set_timing(struct sdhci *host, enum sdhci_timing timing);
bool sdhci_can_time(const struct sdhci *host, enum sdhci_timing timing);

// Signals of 1.8 V, after the card has agreed (SD Physical Layer Simplified Specification, 4.2.4.2). The card
// needs a power cycle after an error.
bool sdhci_can_1v8(const struct sdhci *host);
int sdhci_switch_to_1v8(struct sdhci *host);

// Finds the moment to sample the card's data at, by its tuning blocks (CMD19). -EIO.
int sdhci_tune(struct sdhci *host);

// True also where the controller doesn't know.
bool sdhci_card_present(struct sdhci *host);
bool sdhci_write_protected(struct sdhci *host);

// From now on, card_changed tells of a card that goes, or one that comes, whichever is next.
void sdhci_watch_card(struct sdhci *host);

const char *sdhci_dma_name(const struct sdhci *host);

// ---- Where controllers are found ----

void sdhci_tree_probe(void);
void sdhci_pci_probe(void);
