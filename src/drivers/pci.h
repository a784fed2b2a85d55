// SPDX-License-Identifier: Apache-2.0
// PCI Express: configuration space (ECAM), memory windows (BARs) and INTx interrupts of the host bridges that
// the device tree names (`pci-host-ecam-generic`; the binding is in host-generic-pci.yaml and IEEE 1275's PCI
// binding). Only the root buses are looked at: what is behind a bridge isn't found.
//
// Firmware isn't needed: a BAR that has no address yet gets one from the bridge's `ranges`.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/interrupt.h"
#include "kernel/list.h"
#include "kernel/memory.h"

#define PCI_BARS 6u

#define PCI_CLASS_SD_HOST 0x0805u // class, subclass

struct pci_bridge;

struct pci_bar {
	uint64_t size;    // 0: none
	uint64_t address; // on the bus, 0: not assigned
	bool is_memory, is_64bit;
};

struct pci_function {
	struct list link;
	const struct pci_bridge *bridge;
	void *config;    // 4 KB
	uint32_t number; // bus << 8 | device << 3 | function
	uint16_t vendor, device;
	uint32_t class; // class << 16 | subclass << 8 | programming interface
	struct pci_bar bars[PCI_BARS];
	bool coherent;  // it reads and writes memory through our caches
	char place[16]; // "pci 00:02.0"
};

// Finds the bridges and their functions. 0 also where there are none; -ENOMEM.
int pci_init(void);

// The next function after `previous` (NULL: the first). NULL: no more.
struct pci_function *pci_next(const struct pci_function *previous);

uint32_t pci_read_config(const struct pci_function *function, uint32_t offset,
			 unsigned int size); // size 1, 2, 4

// The function's memory, mapped, and decoded from now on; *size its bytes. An address is found for it where
// it has none. NULL: it has no such memory, or there is no place for it.
void *pci_map_bar(struct pci_function *function, unsigned int index, uint64_t *size);

// Lets the function read and write memory by itself.
void pci_enable_dma(struct pci_function *function);

// A capability's offset in the configuration space, after `previous` (0: the first). 0: no more.
uint32_t pci_find_capability(const struct pci_function *function, uint8_t id, uint32_t previous);

// Where its INTx interrupt comes in, by the bridge's `interrupt-map`. -ENOENT, -EINVAL.
int pci_interrupt(const struct pci_function *function, struct interrupt_line *line);
