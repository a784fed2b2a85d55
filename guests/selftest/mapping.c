// SPDX-License-Identifier: Apache-2.0
// What the page tables allow: no page is writable and executable, stacks end in nothing, mappings come and
// go.
#include <stdint.h>

#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "kernel/layout.h"
#include "kernel/memory.h"
#include "kernel/mmu.h"
#include "kernel/panic.h"
#include "kernel/sysreg.h"
#include "kernel/task.h"
#include "selftest/selftest.h"

static bool is_writable(uintptr_t address)
{
	unsigned long state = irq_save();

	__asm__ volatile("at s1e1w, %0" ::"r"(address));
	isb();
	uint64_t result = sysreg_read(par_el1);
	irq_restore(state);
	return !(result & 1);
}

static uintptr_t direct(const void *pointer)
{
	return (uintptr_t)phys_to_virt(virt_to_phys(pointer));
}

void test_permissions(void)
{
	static const int constant = 1;
	static int variable = 1;
	const void *code = (const void *)(uintptr_t)test_permissions;
	void *page = page_alloc(0);

	CHECK(mmu_is_readable((uintptr_t)code) && !is_writable((uintptr_t)code));
	CHECK(mmu_is_readable((uintptr_t)&constant) && !is_writable((uintptr_t)&constant));
	CHECK(is_writable((uintptr_t)&variable));
	CHECK(mmu_is_readable(direct(code)) && !is_writable(direct(code)));
	CHECK(mmu_is_readable(direct(&constant)) && !is_writable(direct(&constant)));
	CHECK(is_writable(direct(&variable)));
	CHECK(page && is_writable((uintptr_t)page));
	CHECK(!mmu_is_readable(0) && !mmu_is_readable(PAGE_SIZE) &&
	      !mmu_is_readable((uintptr_t)virt_to_phys(code)));
	CHECK(sysreg_read(sctlr_el1) & SCTLR_WXN); // the rest: what is writable isn't executable
	page_free(page, 0);
}

void test_stack_guards(void)
{
	int local = 0;
	uintptr_t page = ROUND_DOWN((uintptr_t)&local, PAGE_SIZE), start = page, end = page + PAGE_SIZE;

	while (mmu_is_readable(start - PAGE_SIZE))
		start -= PAGE_SIZE;
	while (mmu_is_readable(end))
		end += PAGE_SIZE;
	CHECK(end - start == CONFIG_TASK_STACK_SIZE);
}

// Nothing is read or written: what is behind the addresses is nobody's business here.
static void check_mapping(paddr_t address, size_t size)
{
	uintptr_t pointer = (uintptr_t)memory_map(address, size, MEMORY_NORMAL);

	CHECK(pointer && phys_to_virt(address) == (void *)pointer);
	CHECK(mmu_translate(pointer) == address && mmu_translate(pointer + size - 1) == address + size - 1);
	CHECK(is_writable(pointer) && is_writable(pointer + size - 1));
	CHECK((uintptr_t)memory_map(address, size, MEMORY_NORMAL) == pointer);
	memory_unmap(address, size);
	CHECK(!mmu_is_readable(pointer) && !mmu_is_readable(pointer + size - 1));
}

// In an extended region: addresses where nothing of the domain is.
void test_mapping(void)
{
	int node = devicetree_find(-1, "xen,xen");
	paddr_t address;
	uint64_t size;
	struct memory_usage before, after;

	CHECK(node >= 0 && !devicetree_reg(node, 1, &address, &size) && size >= MIB(4));
	if (node < 0 || devicetree_reg(node, 1, &address, &size))
		return;
	address = ROUND_UP(address, PAGE_SIZE);
	for (int round = 0; round < 3; round++) {
		if (round == 1)
			memory_usage(&before); // tables are there now
		check_mapping(address, PAGE_SIZE);
		check_mapping(address + PAGE_SIZE, 3 * PAGE_SIZE);
		check_mapping(address, MIB(3) + PAGE_SIZE);
		check_mapping(ROUND_UP(address, MIB(2)), MIB(2));
		check_mapping(ROUND_UP(address, MIB(2)) + PAGE_SIZE, PAGE_SIZE);
	}
	memory_usage(&after);
	CHECK(before.free_pages == after.free_pages);
}
