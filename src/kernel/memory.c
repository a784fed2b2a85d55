// SPDX-License-Identifier: Apache-2.0
// The domain's RAM: which there is, by the device tree, what of it is in use at the start, and what goes to
// the page allocator. And the figures of all of it.
#include "kernel/memory.h"

#include <errno.h>
#include <libfdt.h>
#include <string.h>

#include "kernel/devicetree.h"
#include "kernel/heap.h"
#include "kernel/layout.h"
#include "kernel/log.h"
#include "kernel/mmu.h"
#include "kernel/page.h"
#include "kernel/panic.h"
#include "kernel/ranges.h"
#include "kernel/start.h"
#include "kernel/tree_walk.h"

extern char image_start[], image_end[];

static struct ranges ram;
static size_t image_bytes;

static void add_inner_pages(struct ranges *ranges, paddr_t start, uint64_t size)
{
	ranges_add(ranges, ROUND_UP(start, PAGE_SIZE), ROUND_DOWN(start + size, PAGE_SIZE));
}

static void remove_outer_pages(struct ranges *ranges, paddr_t start, uint64_t size)
{
	ranges_remove(ranges, ROUND_DOWN(start, PAGE_SIZE), ROUND_UP(start + size, PAGE_SIZE));
}

// Memory nodes, without what is reserved for somebody else. What Xen reserves appears as a memory node as
// well.
static void find_ram(void)
{
	const void *tree = devicetree();
	paddr_t start;
	uint64_t size;
	int node = -1;

	while ((node = walk_find_value(tree, node, "device_type", "memory", sizeof("memory"))) >= 0)
		for (unsigned int i = 0; !devicetree_reg(node, i, &start, &size); i++)
			if (start < DIRECT_MAP_SIZE && size <= DIRECT_MAP_SIZE - start)
				add_inner_pages(&ram, start, size);

	int parent = walk_child(tree, "reserved-memory");
	fdt_for_each_subnode (node, tree, parent)
		for (unsigned int i = 0; !devicetree_reg(node, i, &start, &size); i++)
			remove_outer_pages(&ram, start, size);
}

static bool chosen_address(const char *name, paddr_t *address)
{
	int bytes;
	const void *value = fdt_getprop(devicetree(), devicetree_chosen(), name, &bytes);

	if (!value || (bytes != 4 && bytes != 8))
		return false;
	*address = bytes == 8 ? fdt64_ld(value) : fdt32_ld(value);
	return true;
}

// What was put into our memory before we ran.
static void remove_used(struct ranges *unused, paddr_t tree_address)
{
	const void *tree = devicetree();
	paddr_t start, end;
	uint64_t size;

	remove_outer_pages(unused, virt_to_phys(image_start), (size_t)(image_end - image_start));
	remove_outer_pages(unused, tree_address, fdt_totalsize(tree));
	for (int i = 0; i < fdt_num_mem_rsv(tree); i++)
		if (!fdt_get_mem_rsv(tree, i, &start, &size))
			remove_outer_pages(unused, start, size);
	if (chosen_address("linux,initrd-start", &start) && chosen_address("linux,initrd-end", &end) &&
	    start < end)
		remove_outer_pages(unused, start, end - start);
}

// Hands a piece of mapped RAM to the page allocator, whose bookkeeping gets the first part of it that is
// large enough.
static void give_to_allocator(const struct range *bank, struct ranges *unused)
{
	size_t map_size = ROUND_UP(page_map_size(bank->end - bank->start), PAGE_SIZE);
	paddr_t map = INVALID_PADDR;

	for (size_t i = 0; i < unused->count && map == INVALID_PADDR; i++) {
		const struct range *part = &unused->items[i];

		if (part->start >= bank->start && part->end <= bank->end &&
		    part->end - part->start >= map_size)
			map = part->start;
	}
	if (map == INVALID_PADDR ||
	    page_add_bank(phys_to_virt(bank->start), bank->end - bank->start, phys_to_virt(map))) {
		log_warning("memory from %#llx to %#llx is left unused", (unsigned long long)bank->start,
			    (unsigned long long)bank->end);
		return;
	}
	ranges_remove(unused, map, map + map_size);
	for (size_t i = 0; i < unused->count; i++)
		if (unused->items[i].start >= bank->start && unused->items[i].end <= bank->end)
			page_add_free(phys_to_virt(unused->items[i].start),
				      unused->items[i].end - unused->items[i].start);
}

int memory_init(paddr_t image, paddr_t tree)
{
	static struct ranges unused;
	paddr_t image_last = image + (size_t)(image_end - image_start) - 1;

	mmu_init(image);
	find_ram();
	unused = ram;
	remove_used(&unused, tree);

	// The image's own bank first: tables for the others come from it.
	const struct range *own = ranges_find(&ram, image, image + 1);
	if (!own || image_last >= own->end || !ranges_find(&ram, tree, tree + 1))
		panic("the image at %#llx or the device tree at %#llx isn't in the memory that the device "
		      "tree names",
		      (unsigned long long)image, (unsigned long long)tree);
	int error = mmu_map_ram(own->start, own->end);
	if (error)
		return error;
	mmu_activate();
	give_to_allocator(own, &unused);
	image_bytes = (size_t)(image_end - image_start) - mmu_release_reserve();

	for (size_t i = 0; i < ram.count && !error; i++) {
		if (&ram.items[i] == own)
			continue;
		error = mmu_map_ram(ram.items[i].start, ram.items[i].end);
		if (!error)
			give_to_allocator(&ram.items[i], &unused);
	}
	devicetree_move();
	return error;
}

void *memory_map(paddr_t address, size_t size, enum memory_type type)
{
	ASSERT(address < DIRECT_MAP_SIZE && size <= DIRECT_MAP_SIZE - address);
	ASSERT(!ranges_find(&ram, address, address + size));

	void *start = phys_to_virt(address);
	if (!mmu_map((uintptr_t)start, address, size, type == MEMORY_NORMAL ? MMU_DATA : MMU_DEVICE))
		return start;
	mmu_unmap((uintptr_t)start, size);
	return NULL;
}

void memory_unmap(paddr_t address, size_t size)
{
	ASSERT(!ranges_find(&ram, address, address + size));
	mmu_unmap((uintptr_t)phys_to_virt(address), size);
}

void memory_usage(struct memory_usage *usage)
{
	struct heap_usage heap;

	heap_usage(&heap);
	*usage = (struct memory_usage){
		.total = ranges_size(&ram),
		.image = image_bytes,
		.free_pages = page_free_bytes(),
		.heap_size = heap.size,
		.heap_used = heap.used,
		.heap_blocks = heap.blocks,
		.heap_peak = heap.peak,
	};
}
