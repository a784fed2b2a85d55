// SPDX-License-Identifier: Apache-2.0
// Stacks: slots of equal size in the window at STACKS_START, each an unmapped page and the stack's pages
// behind it, which are a run of the page allocator's. The next slot's unmapped page is the one above.
#include "kernel/stack.h"

#include "kernel/compiler.h"
#include "kernel/layout.h"
#include "kernel/memory.h"
#include "kernel/mmu.h"
#include "kernel/page.h"

#define STACK_SIZE ((size_t)CONFIG_TASK_STACK_SIZE)
#define STACK_PAGES (STACK_SIZE >> PAGE_SHIFT)
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

static void give_slot(unsigned int slot)
{
	taken[slot / 64] &= ~((uint64_t)1 << slot % 64);
}

struct stack stack_create(void)
{
	const struct stack none = { 0, 0 };
	unsigned int slot = take_slot();
	uintptr_t start = STACKS_START + slot * SLOT_SIZE + PAGE_SIZE;

	if (slot == SLOTS)
		return none;
	uint64_t *pages = page_alloc_run(STACK_PAGES);
	if (!pages) {
		give_slot(slot);
		return none;
	}
	for (size_t i = 0; i < STACK_SIZE / sizeof(*pages); i++)
		pages[i] = PATTERN;
	if (mmu_map(start, virt_to_phys(pages), STACK_SIZE, MMU_DATA)) {
		mmu_unmap(start, STACK_SIZE);
		page_free_run(pages, STACK_PAGES);
		give_slot(slot);
		return none;
	}
	return (struct stack){ start, start + STACK_SIZE };
}

void stack_destroy(struct stack stack)
{
	void *pages = phys_to_virt(mmu_translate(stack.start));

	mmu_unmap(stack.start, STACK_SIZE);
	page_free_run(pages, STACK_PAGES);
	give_slot((unsigned int)((stack.start - STACKS_START) / SLOT_SIZE));
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
