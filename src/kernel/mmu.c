// SPDX-License-Identifier: Apache-2.0
// The page tables (Arm ARM, D8: VMSAv8-64, 4 KB granule, 48 bits, levels 0 to 3).
//
// Tables come from a reserve in the image until the page allocator works; it covers the image and the piece
// of RAM around it, whatever their size and place. Tables are never freed, so that mapping a window again
// costs nothing but the entries.
#include "kernel/mmu.h"

#include <errno.h>
#include <string.h>

#include "kernel/layout.h"
#include "kernel/page.h"
#include "kernel/panic.h"
#include "kernel/sysreg.h"
#include "kernel/task.h"

#define ENTRIES 512u
#define LEVEL_PAGE 3u

// More single invalidations than this cost more than a fresh start of the whole TLB.
#define INVALIDATE_PAGES_MAX 64u

// The root has its own place. The image's window: levels 1 and 2, and level 3 for the 2 MB blocks with a
// boundary inside (end of the code, of the constants, the unmapped page, the end): 6. The direct map of one
// piece of RAM: level 1, two where it crosses 512 GB; level 2 for the gigabytes at its ends and for the
// image's two; level 3 for its ends and the end of the image's constants: 9. An empty root.
#define RESERVE_TABLES 16u

extern char image_start[], text_end[], rodata_end[], exception_guard[], image_end[];
extern char early_image_tables[], early_image_tables_end[]; // start.S
extern uint64_t early_root[ENTRIES];
void mmu_replace_root(uint64_t root, uint64_t empty);

uint64_t mmu_root[ENTRIES] __attribute__((aligned(4096)));
static char reserve[RESERVE_TABLES][PAGE_SIZE] __attribute__((aligned(4096), section(".bss.late")));
static size_t reserve_used;
static bool reserve_closed;
static bool active; // these tables are in use, no longer the ones of the start
static paddr_t image_physical;

static const uint64_t access_bits[] = {
	[MMU_CODE] = PTE_NORMAL | PTE_READ_ONLY,
	[MMU_CONSTANT] = PTE_NORMAL | PTE_READ_ONLY | PTE_NO_EXECUTE,
	[MMU_DATA] = PTE_NORMAL | PTE_NO_EXECUTE,
	[MMU_DEVICE] = PTE_ATTRIBUTES(MAIR_DEVICE) | PTE_ACCESSED | PTE_NO_EXECUTE | PTE_NO_EXECUTE_EL0,
};

static unsigned int level_shift(unsigned int level)
{
	return PAGE_SHIFT + 9 * (LEVEL_PAGE - level);
}

static bool is_table(uint64_t entry, unsigned int level)
{
	return level < LEVEL_PAGE && (entry & (PTE_VALID | PTE_TABLE)) == (PTE_VALID | PTE_TABLE);
}

static size_t image_size(void)
{
	return (size_t)(image_end - image_start);
}

paddr_t virt_to_phys(const void *pointer)
{
	uintptr_t address = (uintptr_t)pointer;

	if (address - IMAGE_START < image_size())
		return image_physical + (address - IMAGE_START);
	ASSERT(address - DIRECT_MAP_START < DIRECT_MAP_SIZE);
	return address - DIRECT_MAP_START;
}

void *phys_to_virt(paddr_t address)
{
	ASSERT(address < DIRECT_MAP_SIZE);
	return (void *)(DIRECT_MAP_START + address);
}

// While the first tables are built there is no direct map, and all of them are in the image.
static uint64_t *table_pointer(uint64_t entry)
{
	paddr_t address = entry & PTE_ADDRESS;

	return active ? phys_to_virt(address) : (uint64_t *)(image_start + (address - image_physical));
}

static void *table_alloc(void)
{
	void *table = NULL;

	if (reserve_closed)
		table = page_alloc(0);
	else if (reserve_used < RESERVE_TABLES)
		table = reserve[reserve_used++];
	return table ? memset(table, 0, PAGE_SIZE) : NULL;
}

// ---- Mapping ----

struct mapping {
	uintptr_t address, end;
	paddr_t physical;
	uint64_t bits;
};

// Sets the entry that maps all of its span, or finds it mapped so. `mapped` is what the entry has to say.
static void set_leaf(uint64_t *entry, uint64_t mapped)
{
	ASSERT(!(*entry & PTE_VALID) || *entry == mapped);
	WRITE_ONCE(*entry, mapped);
}

static bool fits_block(const struct mapping *mapping, unsigned int level, uintptr_t end, uint64_t entry)
{
	size_t size = (size_t)1 << level_shift(level);

	return level > 0 && !is_table(entry, level) && end - mapping->address == size &&
	       !(mapping->physical & (size - 1));
}

// Part of a block that maps it as wanted already.
static bool is_inside_block(const struct mapping *mapping, unsigned int level, uint64_t entry)
{
	uint64_t offset = mapping->address & (((uintptr_t)1 << level_shift(level)) - 1);

	if (!(entry & PTE_VALID) || is_table(entry, level))
		return false;
	ASSERT(entry == ((mapping->physical - offset) | mapping->bits | PTE_VALID));
	return true;
}

static uint64_t *next_table(uint64_t *entry)
{
	if (!(*entry & PTE_VALID)) {
		void *table = table_alloc();
		if (!table)
			return NULL;
		dsb(ishst); // its zeroes are seen before it is
		WRITE_ONCE(*entry, virt_to_phys(table) | PTE_TABLE | PTE_VALID);
	}
	return table_pointer(*entry);
}

static int map_level(struct mapping *mapping, uint64_t *table, unsigned int level)
{
	unsigned int shift = level_shift(level);
	uintptr_t table_end =
		ROUND_DOWN(mapping->address, (uintptr_t)ENTRIES << shift) + ((uintptr_t)ENTRIES << shift);

	while (mapping->address != mapping->end && mapping->address != table_end) {
		uint64_t *entry = &table[mapping->address >> shift & (ENTRIES - 1)];
		uintptr_t end = ROUND_DOWN(mapping->address, (uintptr_t)1 << shift) + ((uintptr_t)1 << shift);

		end = MIN(end - 1, mapping->end - 1) + 1;
		if (level == LEVEL_PAGE) {
			set_leaf(entry, mapping->physical | mapping->bits | PTE_TABLE | PTE_VALID);
		} else if (fits_block(mapping, level, end, *entry)) {
			set_leaf(entry, mapping->physical | mapping->bits | PTE_VALID);
		} else if (!is_inside_block(mapping, level, *entry)) {
			uint64_t *next = next_table(entry);
			int error = next ? map_level(mapping, next, level + 1) : -ENOMEM;
			if (error)
				return error;
			continue;
		}
		mapping->physical += end - mapping->address;
		mapping->address = end;
	}
	return 0;
}

int mmu_map(uintptr_t address, paddr_t physical, size_t size, enum mmu_access access)
{
	struct mapping mapping = { address, address + size, physical, access_bits[access] };

	ASSERT(!((address | physical | size) & PAGE_MASK));
	int error = map_level(&mapping, mmu_root, 0);
	dsb(ishst);
	isb();
	return error;
}

// ---- Unmapping ----

static void unmap_level(uintptr_t *address, uintptr_t end, uint64_t *table, unsigned int level)
{
	unsigned int shift = level_shift(level);
	uintptr_t table_end =
		ROUND_DOWN(*address, (uintptr_t)ENTRIES << shift) + ((uintptr_t)ENTRIES << shift);

	while (*address != end && *address != table_end) {
		uint64_t *entry = &table[*address >> shift & (ENTRIES - 1)];
		uintptr_t start = ROUND_DOWN(*address, (uintptr_t)1 << shift);
		uintptr_t next = MIN(start + ((uintptr_t)1 << shift) - 1, end - 1) + 1;

		if (is_table(*entry, level)) {
			unmap_level(address, end, table_pointer(*entry), level + 1);
			continue;
		}
		if (*entry & PTE_VALID) {
			ASSERT(next - *address == (uintptr_t)1 << shift);
			WRITE_ONCE(*entry, 0);
		}
		*address = next;
	}
}

static void invalidate(uintptr_t address, size_t size)
{
	dsb(ishst);
	if (size >> PAGE_SHIFT > INVALIDATE_PAGES_MAX)
		__asm__ volatile("tlbi vmalle1is" ::: "memory");
	else
		for (uintptr_t page = address; page != address + size; page += PAGE_SIZE)
			__asm__ volatile("tlbi vaae1is, %0" ::"r"(page >> PAGE_SHIFT & 0xfffffffffff)
					 : "memory");
	dsb(ish);
	isb();
}

void mmu_unmap(uintptr_t address, size_t size)
{
	uintptr_t at = address;

	ASSERT(!((address | size) & PAGE_MASK));
	unmap_level(&at, address + size, mmu_root, 0);
	invalidate(address, size);
}

// ---- Looking ----

static uint64_t translate_read(uintptr_t address)
{
	uint64_t result;
	unsigned long state = irq_save();

	__asm__ volatile("at s1e1r, %0" ::"r"(address));
	isb();
	result = sysreg_read(par_el1);
	irq_restore(state);
	return result;
}

paddr_t mmu_translate(uintptr_t address)
{
	uint64_t result = translate_read(address);

	return result & 1 ? INVALID_PADDR : (result & PTE_ADDRESS) | (address & PAGE_MASK);
}

bool mmu_is_readable(uintptr_t address)
{
	return !(translate_read(address) & 1);
}

// ---- Start-up ----

static void map_image(const char *start, const char *end, enum mmu_access access)
{
	int error = mmu_map((uintptr_t)start, virt_to_phys(start), (size_t)(end - start), access);

	ASSERT(!error); // RESERVE_TABLES
}

void mmu_init(paddr_t image)
{
	image_physical = image;
	map_image(image_start, text_end, MMU_CODE);
	map_image(text_end, rodata_end, MMU_CONSTANT);
	map_image(rodata_end, exception_guard, MMU_DATA);
	map_image(exception_guard + PAGE_SIZE, image_end, MMU_DATA);
}

static int map_direct(paddr_t start, paddr_t end, enum mmu_access access)
{
	return start < end ? mmu_map(DIRECT_MAP_START + start, start, end - start, access) : 0;
}

int mmu_map_ram(paddr_t start, paddr_t end)
{
	paddr_t constant = MIN(MAX(virt_to_phys(image_start), start), end);
	paddr_t data = MIN(MAX(virt_to_phys(rodata_end), start), end);
	int error = map_direct(start, constant, MMU_DATA);

	if (!error)
		error = map_direct(constant, data, MMU_CONSTANT);
	return error ? error : map_direct(data, end, MMU_DATA);
}

void mmu_activate(void)
{
	void (*replace)(uint64_t, uint64_t) = (void (*)(uint64_t, uint64_t))virt_to_phys(mmu_replace_root);
	void *empty = table_alloc();

	ASSERT(empty); // RESERVE_TABLES
	dsb(ishst);
	replace(virt_to_phys(mmu_root), virt_to_phys(empty));
	active = true;
	reserve_used--;
	early_root[ENTRIES / 2] = 0; // what remains of it is the way in for further CPUs
	mmu_lock_down();
}

void mmu_lock_down(void)
{
	sysreg_write(tcr_el1, sysreg_read(tcr_el1) | TCR_EPD0);
	sysreg_write(sctlr_el1, sysreg_read(sctlr_el1) | SCTLR_WXN);
	isb();
	__asm__ volatile("tlbi vmalle1" ::: "memory");
	dsb(nsh);
	isb();
}

static size_t release(const char *start, const char *end)
{
	page_add_free(phys_to_virt(virt_to_phys(start)), (size_t)(end - start));
	return (size_t)(end - start);
}

size_t mmu_release_reserve(void)
{
	reserve_closed = true;
	return release(reserve[reserve_used], reserve[RESERVE_TABLES]) +
	       release(early_image_tables, early_image_tables_end) +
	       release(exception_guard, exception_guard + PAGE_SIZE);
}
