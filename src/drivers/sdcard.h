// SPDX-License-Identifier: Apache-2.0
// SD memory cards behind a host controller (SD Physical Layer Simplified Specification 6.00): SDSC, SDHC and
// SDXC as block devices that come and go with the card.
#pragma once

#include "drivers/sdhci.h"

// Serves the slot of a started controller with a task of its own, for ever; `host` and `place` (for messages)
// belong to it. The block device is registered when a card was found in it. -ENOMEM.
int sdcard_serve(struct sdhci *host, const char *place);

// Waits until each slot's first card is known, or is known not to be there, or two seconds have passed.
void sdcard_wait_all(void);
