// SPDX-License-Identifier: Apache-2.0
// The arithmetic of a guest's address space. All sizes come from configurations and images, which may say
// anything: sums are made only where the parts are known to be small.
#include "domain/layout.h"

#include <errno.h>
#include <inttypes.h>

#include "kernel/compiler.h"

// Linux maps kernel and device tree in blocks of this size.
#define BLOCK MIB(2)

// Ramdisk and device tree lie here in a guest that is large enough: out of the way of a kernel that unpacks
// itself.
#define MODULES_OFFSET MIB(128)

#define EXTENDED_REGION_MIN MIB(64)

static const struct guest_range bank_space[GUEST_RAM_BANKS] = {
	{ GUEST_RAM0_BASE, GUEST_RAM0_SIZE },
	{ GUEST_RAM1_BASE, GUEST_RAM1_SIZE },
};

// What Xen emulates or this toolstack fills: no device can be there.
static const struct reserved {
	struct guest_range range;
	const char *what;
} reserved[] = {
	{ { GUEST_GICV3_GICD_BASE, GUEST_GICV3_GICR0_BASE + GUEST_GICV3_GICR0_SIZE - GUEST_GICV3_GICD_BASE },
	  "the interrupt controller" },
	{ { GUEST_GNTTAB_BASE, GUEST_GNTTAB_SIZE }, "the space for the grant table" },
	{ { GUEST_MAGIC_BASE, GUEST_MAGIC_SIZE }, "the magic pages" },
};

static struct guest_range iomem_range(const struct config_iomem *iomem)
{
	return (struct guest_range){ config_iomem_gfn(iomem) << PAGE_SHIFT, iomem->frames << PAGE_SHIFT };
}

static bool ranges_overlap(const struct guest_range *a, const struct guest_range *b)
{
	return a->start < guest_range_end(b) && b->start < guest_range_end(a);
}

static int check_range(const struct guest_layout *layout, const struct guest_range *range,
		       struct failure *failure)
{
	const char *what = NULL;

	for (size_t i = 0; i < GUEST_RAM_BANKS; i++)
		if (layout->banks[i].size && ranges_overlap(range, &layout->banks[i]))
			what = "its memory";
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (ranges_overlap(range, &reserved[i].range))
			what = reserved[i].what;
	if (!what)
		return 0;
	return failure_set(failure, -EINVAL,
			   "iomem at 0x%" PRIx64
			   " of the domain lies over %s: let it appear elsewhere (first_gfn)",
			   range->start, what);
}

static int check_iomem(const struct guest_layout *layout, const struct domain_config *config,
		       struct failure *failure)
{
	for (uint32_t i = 0; i < config->iomem_count; i++) {
		struct guest_range range = iomem_range(&config->iomem[i]);
		int error = check_range(layout, &range, failure);

		if (error)
			return error;
		for (uint32_t j = 0; j < i; j++) {
			struct guest_range other = iomem_range(&config->iomem[j]);

			if (ranges_overlap(&range, &other))
				return failure_set(failure, -EINVAL,
						   "iomem at 0x%" PRIx64 " of the domain is given twice",
						   range.start);
		}
	}
	return 0;
}

int layout_memory(struct guest_layout *layout, const struct domain_config *config, struct failure *failure)
{
	uint64_t left = KIB(config_max_memory(config));

	for (size_t i = 0; i < GUEST_RAM_BANKS; i++) {
		layout->banks[i] = bank_space[i];
		layout->banks[i].size = MIN(left, bank_space[i].size);
		left -= layout->banks[i].size;
	}
	if (left)
		return failure_set(failure, -EINVAL,
				   "memory of %" PRIu64 " MiB: a domain has room for %" PRIu64 " MiB at most",
				   config_max_memory(config) >> 10, (uint64_t)GUEST_RAM_MAX >> 20);
	return check_iomem(layout, config, failure);
}

static uint64_t mib_needed(uint64_t bytes)
{
	return (bytes >> 20) + (bytes & (MIB(1) - 1) ? 1 : 0);
}

int layout_kernel(struct guest_layout *layout, uint64_t offset, uint64_t size, struct failure *failure)
{
	const struct guest_range *bank = &layout->banks[0];

	if (offset > bank_space[0].size || size > bank_space[0].size - offset)
		return failure_set(failure, -ENOMEM,
				   "kernel needs 0x%" PRIx64 " bytes at offset 0x%" PRIx64
				   ": the memory that a kernel can lie in ends at 3072 MiB",
				   size, offset);
	if (offset + size > bank->size)
		return failure_set(failure, -ENOMEM,
				   "kernel needs %" PRIu64 " MiB but the domain has %" PRIu64
				   " MiB: raise memory",
				   mib_needed(offset + size), bank->size >> 20);
	layout->kernel = (struct guest_range){ bank->start + offset, size };
	return 0;
}

int layout_modules(struct guest_layout *layout, uint64_t ramdisk_size, uint64_t tree_size,
		   struct failure *failure)
{
	const struct guest_range *bank = &layout->banks[0];
	uint64_t kernel_end = ROUND_UP(guest_range_end(&layout->kernel), BLOCK);
	uint64_t bank_end = guest_range_end(bank), start;

	if (ramdisk_size > bank->size || tree_size > bank->size)
		return failure_set(failure, -ENOMEM,
				   "ramdisk and device tree need %" PRIu64 " MiB but the domain has %" PRIu64
				   " MiB: raise memory",
				   mib_needed(MAX(ramdisk_size, tree_size)), bank->size >> 20);

	uint64_t ramdisk_pages = ROUND_UP(ramdisk_size, PAGE_SIZE);
	uint64_t size = ramdisk_pages + ROUND_UP(tree_size, PAGE_SIZE);
	uint64_t usual = bank->start + MODULES_OFFSET;

	if (bank_end >= usual + size && kernel_end < usual)
		start = usual;
	else if (bank_end - bank->start >= size && bank_end - size >= kernel_end)
		start = bank_end - size;
	else if (layout->kernel.start - bank->start >= size)
		start = ROUND_DOWN(layout->kernel.start - size, PAGE_SIZE);
	else
		return failure_set(failure, -ENOMEM,
				   "kernel, ramdisk and device tree need %" PRIu64
				   " MiB but the domain has %" PRIu64 " MiB: raise memory",
				   mib_needed(kernel_end - bank->start + size), bank->size >> 20);

	layout->ramdisk = (struct guest_range){ start, ramdisk_size };
	layout->tree = (struct guest_range){ start + ramdisk_pages, tree_size };
	return 0;
}

// The iomem range that begins the furthest down among those that reach into [start, end). False: none does.
static bool first_iomem(const struct domain_config *config, uint64_t start, uint64_t end,
			struct guest_range *first)
{
	bool found = false;

	for (uint32_t i = 0; i < config->iomem_count; i++) {
		struct guest_range range = iomem_range(&config->iomem[i]);

		if (guest_range_end(&range) <= start || range.start >= end)
			continue;
		if (!found || range.start < first->start)
			*first = range;
		found = true;
	}
	return found;
}

size_t layout_extended_regions(const struct guest_layout *layout, const struct domain_config *config,
			       unsigned int address_bits, struct guest_range regions[EXTENDED_REGIONS_MAX])
{
	uint64_t limit = address_bits >= 64 ? UINT64_MAX : (uint64_t)1 << address_bits;
	size_t count = 0;

	for (size_t i = 0; i < GUEST_RAM_BANKS; i++) {
		uint64_t start = ROUND_UP(guest_range_end(&layout->banks[i]), BLOCK);
		uint64_t end = MIN(guest_range_end(&bank_space[i]), limit);

		while (start < end && count < EXTENDED_REGIONS_MAX) {
			struct guest_range obstacle = { end, 0 };

			first_iomem(config, start, end, &obstacle);
			uint64_t free_end = ROUND_DOWN(obstacle.start, BLOCK);
			if (free_end > start && free_end - start >= EXTENDED_REGION_MIN)
				regions[count++] = (struct guest_range){ start, free_end - start };
			start = MAX(start, ROUND_UP(guest_range_end(&obstacle), BLOCK));
		}
	}
	return count;
}
