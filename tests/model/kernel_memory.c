// SPDX-License-Identifier: Apache-2.0
// kernel/memory.h on the host. Dom0's physical addresses are a window of this process, at a fixed distance;
// an address in it is accessible when Xen's page table for Dom0 maps it and, outside of RAM, when
// memory_map() was asked for it. The bytes behind it are the machine's (xen_machine.c), shared with whoever
// else maps the same frame. Anything else faults.
#include "kernel/memory.h"

#include <string.h>
#include <sys/mman.h>

#include <sanitizer/asan_interface.h>

#include "kernel/compiler.h"
#include "kernel/panic.h"
#include "model/internal.h"

// Of Dom0's RAM, what its program itself takes.
#define IMAGE_SIZE MIB(1)

// "Physical" addresses of what lies outside of the window: the host's own data and heap.
#define HOST_ALIAS (1ull << 56)

static uint8_t *window;
static struct runs mapped; // frames that memory_map() made accessible
static struct runs free_pages, used_pages;

static bool in_window(const void *pointer)
{
	return (uintptr_t)pointer - (uintptr_t)window < MACHINE_END;
}

static void *window_page(uint64_t gfn)
{
	return window + (gfn << PAGE_SHIFT);
}

static void hide(uint64_t gfn, uint64_t count)
{
	void *at = mmap(window_page(gfn), count << PAGE_SHIFT, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);

	ASSERT(at != MAP_FAILED);
}

static void show(uint64_t gfn, uint64_t count, uint64_t mfn)
{
	void *at = mmap(window_page(gfn), count << PAGE_SHIFT, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			machine.memory, (off_t)(mfn << PAGE_SHIFT));

	ASSERT(at != MAP_FAILED);
}

void memory_refresh(uint64_t gfn, uint64_t count)
{
	uint64_t end = gfn + count;
	struct run frames, wanted;

	hide(gfn, count);
	for (uint64_t at = gfn; runs_next(&dom0->p2m, at, end, &frames); at = frames.start + frames.count) {
		uint64_t frames_end = frames.start + frames.count;

		for (uint64_t from = frames.start; runs_next(&mapped, from, frames_end, &wanted);
		     from = wanted.start + wanted.count)
			show(wanted.start, wanted.count, frames.value + (wanted.start - frames.start));
	}
}

// ---- Pages ----

void *page_alloc(unsigned int order)
{
	uint64_t count = 1ull << order;

	if (allocation_fails("page_alloc", count << PAGE_SHIFT))
		return NULL;
	for (size_t i = 0; i < free_pages.count; i++) {
		const struct run *run = &free_pages.items[i];
		uint64_t first = ROUND_UP(run->start, count);

		if (first + count > run->start + run->count)
			continue;
		runs_remove(&free_pages, first, count);
		runs_add(&used_pages, first, count);
		ASAN_UNPOISON_MEMORY_REGION(window_page(first), count << PAGE_SHIFT);
		memset(window_page(first), 0xa5, count << PAGE_SHIFT);
		return window_page(first);
	}
	return NULL;
}

void page_free(void *pages, unsigned int order)
{
	uint64_t count = 1ull << order, first;

	if (!pages)
		return;
	first = virt_to_phys(pages) >> PAGE_SHIFT;
	if (runs_covered(&used_pages, first, count) != count)
		model_violation("page_free(%#llx, %u): not allocated",
				(unsigned long long)first << PAGE_SHIFT, order);
	if (runs_covered(&dom0->p2m, first, count) != count)
		model_violation("page_free(%#llx): the page isn't mapped any more",
				(unsigned long long)first << PAGE_SHIFT);
	for (uint64_t i = 0; i < count; i++)
		if (grant_is_permitted(dom0, first + i))
			model_violation("page_free(%#llx): another domain may map the page",
					(unsigned long long)(first + i) << PAGE_SHIFT);
	runs_remove(&used_pages, first, count);
	runs_add(&free_pages, first, count);
	ASAN_POISON_MEMORY_REGION(pages, count << PAGE_SHIFT);
}

void memory_usage(struct memory_usage *usage)
{
	size_t free_bytes = runs_total(&free_pages) << PAGE_SHIFT;

	memset(usage, 0, sizeof(*usage));
	usage->total = machine.options.dom0_ram;
	usage->image = IMAGE_SIZE;
	usage->free_pages = free_bytes;
	allocation_usage(&usage->heap_blocks, &usage->heap_used, &usage->heap_peak);
	usage->heap_size = ROUND_UP(usage->heap_used, PAGE_SIZE);
}

size_t memory_pages_allocated(void)
{
	return runs_total(&used_pages);
}

// ---- Addresses ----

paddr_t virt_to_phys(const void *pointer)
{
	if (in_window(pointer))
		return (uintptr_t)pointer - (uintptr_t)window;
	if (task_stack_holds(pointer))
		model_violation("virt_to_phys() of a stack");
	return HOST_ALIAS | (uintptr_t)pointer;
}

void *phys_to_virt(paddr_t address)
{
	if (address & HOST_ALIAS)
		return (void *)(uintptr_t)(address & ~HOST_ALIAS);
	ASSERT(address < MACHINE_END);
	return window + address;
}

static void check_range(const char *what, paddr_t address, size_t size)
{
	const uint64_t ram = DOM0_RAM_START >> PAGE_SHIFT, pages = machine.options.dom0_ram >> PAGE_SHIFT;
	struct runs own = { 0 };

	if ((address | size) & PAGE_MASK || !size || address + size > MACHINE_END)
		model_violation("%s(%#llx, %#zx): not whole pages of the machine", what,
				(unsigned long long)address, size);
	runs_add(&own, ram, pages);
	if (runs_covered(&own, address >> PAGE_SHIFT, size >> PAGE_SHIFT))
		model_violation("%s(%#llx, %#zx): the domain's own RAM", what, (unsigned long long)address,
				size);
	runs_clear(&own);
}

void *memory_map(paddr_t address, size_t size, enum memory_type type)
{
	(void)type;
	check_range("memory_map", address, size);
	if (allocation_fails("memory_map", size))
		return NULL;
	runs_add(&mapped, address >> PAGE_SHIFT, size >> PAGE_SHIFT);
	memory_refresh(address >> PAGE_SHIFT, size >> PAGE_SHIFT);
	return phys_to_virt(address);
}

void memory_unmap(paddr_t address, size_t size)
{
	check_range("memory_unmap", address, size);
	if (runs_covered(&mapped, address >> PAGE_SHIFT, size >> PAGE_SHIFT) != size >> PAGE_SHIFT)
		model_violation("memory_unmap(%#llx, %#zx): not mapped", (unsigned long long)address, size);
	runs_remove(&mapped, address >> PAGE_SHIFT, size >> PAGE_SHIFT);
	memory_refresh(address >> PAGE_SHIFT, size >> PAGE_SHIFT);
}

uint64_t memory_mapped_bytes(void)
{
	return (runs_total(&mapped) << PAGE_SHIFT) - machine.options.dom0_ram;
}

// ---- Caches: all is coherent here; what was written back is noted, so that a guest isn't started without it
// ----

void cache_clean(const void *pointer, size_t size)
{
	uint64_t first, last;
	struct run part;

	if (!in_window(pointer) || !size)
		return;
	first = virt_to_phys(pointer) >> PAGE_SHIFT;
	last = (virt_to_phys(pointer) + size - 1) >> PAGE_SHIFT;
	for (uint64_t at = first; runs_next(&dom0->p2m, at, last + 1, &part); at = part.start + part.count)
		runs_remove(&machine.unflushed, part.value, part.count);
}

void cache_clean_invalidate(const void *pointer, size_t size)
{
	cache_clean(pointer, size);
}

// ---- For the model ----

void memory_reset(void)
{
	uint64_t first = DOM0_RAM_START >> PAGE_SHIFT, pages = machine.options.dom0_ram >> PAGE_SHIFT;
	uint64_t image = IMAGE_SIZE >> PAGE_SHIFT;
	static uint64_t pages_before;

	if (!window) {
		window = mmap(NULL, MACHINE_END, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			      0);
		ASSERT(window != MAP_FAILED);
	}
	ASAN_UNPOISON_MEMORY_REGION(window_page(first), pages_before << PAGE_SHIFT); // not more: it takes its time
	pages_before = pages;
	runs_clear(&mapped);
	runs_clear(&free_pages);
	runs_clear(&used_pages);
	runs_add(&mapped, first, pages);
	runs_add(&free_pages, first + image, pages - image);
	memory_refresh(0, MACHINE_FRAMES);
	ASAN_POISON_MEMORY_REGION(window_page(first + image), (pages - image) << PAGE_SHIFT);
}
