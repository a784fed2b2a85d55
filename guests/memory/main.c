// SPDX-License-Identifier: Apache-2.0
// Takes all the memory that is free, writes into it, and reads it back after everything is written, so that a
// page that is missing, unmapped or there twice is found: for the tests of big domains.
#include <libfdt.h>
#include <stdio.h>

#include "common/guest.h"
#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "kernel/memory.h"
#include "kernel/task.h"

#define BANKS_MAX 16
#define ORDER_MAX 18u // the first try: 1 GB

// The start of each block that was taken; the rest of its pages is written at the distance of
// SAMPLE_DISTANCE.
struct block {
	struct block *next;
	unsigned int order;
};
#define SAMPLE_DISTANCE MIB(1)

static struct block *blocks;

static struct bank {
	paddr_t start;
	uint64_t size;
	paddr_t first_checked, last_checked; // pages
	uint64_t checked;                    // pages
} banks[BANKS_MAX];
static unsigned int bank_count;

static void find_banks(void)
{
	const void *tree = devicetree();
	int node = -1;

	while ((node = fdt_node_offset_by_prop_value(tree, node, "device_type", "memory",
						     sizeof("memory"))) >= 0)
		for (unsigned int i = 0; bank_count < BANKS_MAX; i++) {
			struct bank *bank = &banks[bank_count];
			if (devicetree_reg(node, i, &bank->start, &bank->size) != 0)
				break;
			bank->first_checked = INVALID_PADDR;
			bank_count++;
		}
}

static void take_all(void)
{
	for (unsigned int order = ORDER_MAX + 1; order-- > 0;) {
		struct block *block;
		while ((block = page_alloc(order))) {
			*block = (struct block){ .next = blocks, .order = order };
			blocks = block;
		}
	}
}

static struct bank *bank_of(paddr_t address)
{
	for (unsigned int i = 0; i < bank_count; i++)
		if (address - banks[i].start < banks[i].size)
			return &banks[i];
	return NULL;
}

// What a page shall hold in its last word: different for every page, and for every bank.
static uint64_t pattern_of(paddr_t address)
{
	return ~address ^ address << 24;
}

static volatile uint64_t *last_word(paddr_t page)
{
	return (volatile uint64_t *)((char *)phys_to_virt(page) + PAGE_SIZE - sizeof(uint64_t));
}

static void write_page(paddr_t page)
{
	*last_word(page) = pattern_of(page);
}

#define COMPLAINTS_MAX 8
static unsigned int failures;

static void check_page(paddr_t page)
{
	struct bank *bank = bank_of(page);

	if (!bank || *last_word(page) != pattern_of(page)) {
		if (failures++ < COMPLAINTS_MAX)
			printf("page 0x%llx is %s\n", (unsigned long long)page,
			       bank ? "wrong" : "in no bank");
		return;
	}
	bank->first_checked = MIN(bank->first_checked, page);
	bank->last_checked = MAX(bank->last_checked, page);
	bank->checked++;
}

// The first and the last page of every block, and some in between.
static void for_each_sample(void (*visit)(paddr_t page))
{
	for (const struct block *block = blocks; block; block = block->next) {
		paddr_t start = virt_to_phys(block), last = start + (PAGE_SIZE << block->order) - PAGE_SIZE;
		for (paddr_t page = start; page < last; page += SAMPLE_DISTANCE)
			visit(page);
		visit(last);
		if (task_should_yield())
			task_yield();
	}
}

int main(void)
{
	uint64_t total = 0;

	guest_start("memory");
	find_banks();
	take_all();
	for_each_sample(write_page);
	for_each_sample(check_page);
	for (unsigned int i = 0; i < bank_count; i++) {
		struct bank *bank = &banks[i];
		printf("bank %u: 0x%llx to 0x%llx, %llu pages checked from 0x%llx to 0x%llx\n", i,
		       (unsigned long long)bank->start, (unsigned long long)(bank->start + bank->size - 1),
		       (unsigned long long)bank->checked, (unsigned long long)bank->first_checked,
		       (unsigned long long)bank->last_checked);
		failures += bank->checked == 0;
		total += bank->size;
	}
	printf("memory: %llu MiB in %u banks %s\n", (unsigned long long)(total >> 20), bank_count,
	       failures ? "FAILED" : "ok");
	for (;;)
		task_sleep(SECONDS(3600));
}
