// SPDX-License-Identifier: Apache-2.0
// Stacks: slots of equal size in the window at STACKS_START, each an unmapped page and the stack's pages behind it, which
// come one by one from the page allocator. The next slot's unmapped page is the one above.
#include "kernel/stack.h"

#include "kernel/layout.h"
#include "kernel/memory.h"
#include "kernel/mmu.h"
#include "kernel/panic.h"

#define STACK_SIZE ((size_t)CONFIG_TASK_STACK_SIZE)
#define SLOT_SIZE (PAGE_SIZE + STACK_SIZE)
#define SLOTS 4096u
#define PATTERN 0x57a57a57a57a57a5u

_Static_assert(STACK_SIZE % 4096 == 0, "CONFIG_TASK_STACK_SIZE: whole pages");

static uint64_t taken[SLOTS / 64]; // a bit for each slot

static unsigned int take_slot(void)
{
	for (unsigned int word = 0; word < SLOTS / 64; word++) {
		if (taken[word] == UINT64_MAX)
			continue;
		unsigned int bit = (unsigned int)__builtin_ctzl(~taken[word]);
		taken[word] |= (uint64_t)1 << bit;
		return word * 64 + bit;
	}
	return SLOTS;
}

static bool map_page(uintptr_t address)
{
	uint64_t *page = page_alloc(0);

	if (!page)
		return false;
	for (size_t i = 0; i < PAGE_SIZE / sizeof(*page); i++)
		page[i] = PATTERN;
	if (!mmu_map(address, virt_to_phys(page), PAGE_SIZE, MMU_DATA))
		return true;
	page_free(page, 0);
	return false;
}

static void release(unsigned int slot, uintptr_t start, uintptr_t end)
{
	for (uintptr_t page = start; page < end; page += PAGE_SIZE) {
		void *alias = phys_to_virt(mmu_translate(page));
		mmu_unmap(page, PAGE_SIZE);
		page_free(alias, 0);
	}
	taken[slot / 64] &= ~((uint64_t)1 << slot % 64);
}

struct stack stack_create(void)
{
	unsigned int slot = take_slot();
	uintptr_t start = STACKS_START + slot * SLOT_SIZE + PAGE_SIZE;

	if (slot == SLOTS)
		return (struct stack){ 0, 0 };
	for (uintptr_t page = start; page < start + STACK_SIZE; page += PAGE_SIZE)
		if (!map_page(page)) {
			release(slot, start, page);
			return (struct stack){ 0, 0 };
		}
	return (struct stack){ start, start + STACK_SIZE };
}

void stack_destroy(struct stack stack)
{
	release((unsigned int)((stack.start - STACKS_START) / SLOT_SIZE), stack.start, stack.end);
}

size_t stack_used(struct stack stack)
{
	const uint64_t *word = (const uint64_t *)stack.start;

	while ((uintptr_t)word < stack.end && READ_ONCE(*word) == PATTERN)
		word++;
	return stack.end - (uintptr_t)word;
}

bool stack_is_guard(uintptr_t address)
{
	uintptr_t offset = address - STACKS_START;

	return offset < SLOTS * SLOT_SIZE && offset % SLOT_SIZE < PAGE_SIZE;
}
