// SPDX-License-Identifier: Apache-2.0
// The SD protocol: what is said to a card, and what its answers mean (SD Physical Layer Simplified
// Specification 6.00, chapters 4 and 5). In the task of its slot; all of it waits.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/sdhci.h"

#define SD_BLOCK_SIZE 512u

struct sd_card {
	struct sdhci *host;
	void *scratch;        // a page, for what the card tells of itself
	struct sd_answer cid; // what tells cards apart
	uint16_t address;     // RCA
	bool by_block;        // SDHC and SDXC: addresses are blocks, not bytes
	bool at_1v8;
	bool read_only;  // by its own registers
	uint64_t blocks; // of SD_BLOCK_SIZE
};

// Powers the card up and takes it into use, as fast as both sides can. -ENODEV: no SD memory card answers.
// -EPROTO: it can't be understood; others as sdhci_execute().
int sd_identify(struct sd_card *card);

// Reads or writes `count` blocks, 1 to SDHCI_BLOCKS_MAX. Errors as sdhci_execute(), -EIO also where the card
// says so.
int sd_transfer(struct sd_card *card, bool write, uint64_t block, uint32_t count, void *buffer);

// Waits until the card has written what it was given. -ETIMEDOUT.
int sd_await_ready(struct sd_card *card);

// Ends a transfer that failed half-way; the card waits for another one then.
int sd_stop(struct sd_card *card);

const char *sd_kind(const struct sd_card *card); // "SDSC", "SDHC", "SDXC"
