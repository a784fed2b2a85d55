// SPDX-License-Identifier: Apache-2.0
// The kernel's page tables: four levels, one set for all CPUs. memory_map() and memory_unmap() of memory.h
// are built on them. Target only.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/memory.h"

enum mmu_access { MMU_CODE, MMU_CONSTANT, MMU_DATA, MMU_DEVICE };

// Maps [address, address + size) to the physical range at `physical`, in blocks as large as alignment and
// existing tables allow. What is mapped so already stays; mapped otherwise, it is our bug. -ENOMEM: out of
// tables, a part may be mapped.
int mmu_map(uintptr_t address, paddr_t physical, size_t size, enum mmu_access access);

// Removes what is mapped in [address, address + size); a block of which only a part lies in it is our bug.
// Tables stay.
void mmu_unmap(uintptr_t address, size_t size);

// Physical address behind a mapped address, INVALID_PADDR where nothing is mapped.
paddr_t mmu_translate(uintptr_t address);

// Start-up: maps the image that was loaded at `image`, with the permissions of its parts; the direct map
// comes through mmu_map_ram().
void mmu_init(paddr_t image);

// Adds RAM to the direct map; the image's text and constants in it read-only. -ENOMEM.
int mmu_map_ram(paddr_t start, paddr_t end);

// Leaves the tables of the start for the ones built meanwhile.
void mmu_activate(void);

// Gives the pages to the page allocator that the start has left over in the image, once it knows the memory
// that they are in. Their bytes.
size_t mmu_release_reserve(void);

// On each CPU: drops the lower half of the address space; nothing writable is executable from now on.
void mmu_lock_down(void);

// True when this CPU could read the address now.
bool mmu_is_readable(uintptr_t address);
