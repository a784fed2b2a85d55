// SPDX-License-Identifier: Apache-2.0
// What the files of the SD host controller's driver share. For sdhci*.c only.
#pragma once

#include "drivers/sdhci.h"
#include "drivers/sdhci_registers.h"

uint32_t sdhci_get(struct sdhci *host, uint32_t offset);
void sdhci_set(struct sdhci *host, uint32_t offset, uint32_t value);
void sdhci_change(struct sdhci *host, uint32_t offset, uint32_t clear, uint32_t bits);

// Takes over what the status registers show; false: nothing.
bool sdhci_look(struct sdhci *host);

// These bits of the status are consumed.
void sdhci_forget(struct sdhci *host, uint32_t bits);

// Waits until the status has one of the bits. -ETIMEDOUT also where the deadline passed, else as sdhci_execute().
int sdhci_await(struct sdhci *host, uint32_t bits, uint64_t deadline);

// Waits until these bits of a register have the value, for a time at most. -ETIMEDOUT.
int sdhci_await_register(struct sdhci *host, uint32_t offset, uint32_t bits, uint32_t value, uint64_t time);
