// SPDX-License-Identifier: Apache-2.0
// The order in which hardware is looked for.
#include "drivers/drivers.h"

#include <stddef.h>

#include "drivers/pci.h"
#include "drivers/sdcard.h"
#include "drivers/sdhci.h"
#include "drivers/virtio.h"
#include "kernel/compiler.h"
#include "kernel/log.h"

static void (*const probes[])(void) = {
	virtio_mmio_probe,
	virtio_pci_probe,
	sdhci_tree_probe,
	sdhci_pci_probe,
};

int drivers_init(void)
{
	int error = pci_init();

	if (error)
		log_error("PCI can't be used: error %d", error);
	for (size_t i = 0; i < ARRAY_SIZE(probes); i++)
		probes[i]();
	sdcard_wait_all();
	return 0;
}
