// SPDX-License-Identifier: Apache-2.0
// The machine: its memory, one sparse file of which every mapping is a view, and the list of free frames. 64
// GB of addresses, of which only what is touched takes memory of the host.
#include <sys/mman.h>
#include <unistd.h>

#include <fcntl.h>

#include "kernel/compiler.h"
#include "kernel/panic.h"
#include "kernel/start.h"
#include "model/internal.h"

#define ORDER_MAX 18u

struct machine machine = { .memory = -1 };

const struct model_options model_defaults = {
	.xen_minor = 17,
	.ram = GIB(8),
	.dom0_ram = MIB(16),
	.cpus = 4,
	.gic_version = 2,
};

void machine_reset(const struct model_options *options)
{
	if (machine.memory < 0) {
		machine.memory = memfd_create("machine", MFD_CLOEXEC);
		ASSERT(machine.memory >= 0 && ftruncate(machine.memory, (off_t)MACHINE_END) == 0);
		machine.base = mmap(NULL, MACHINE_END, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
				    machine.memory, 0);
		ASSERT(machine.base != MAP_FAILED);
	}
	fallocate(machine.memory, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)MACHINE_END);
	machine.options = *options;
	machine.rules = version_rules(options->xen_minor);
	machine.max_order = ORDER_MAX;
	runs_clear(&machine.free);
	runs_clear(&machine.taken);
	runs_clear(&machine.unflushed);
	runs_add(&machine.free, MACHINE_RAM_START >> PAGE_SHIFT, options->ram >> PAGE_SHIFT);
}

// The last place for them, so that single pages don't break up what could be large extents.
uint64_t machine_allocate(unsigned int order)
{
	uint64_t count = 1ull << order;

	if (order > machine.max_order)
		return NO_FRAME;
	for (size_t i = machine.free.count; i-- > 0;) {
		const struct run *run = &machine.free.items[i];
		uint64_t first;

		if (run->count < count)
			continue;
		first = ROUND_DOWN(run->start + run->count - count, count);
		if (first < run->start)
			continue;
		runs_remove(&machine.free, first, count);
		return first;
	}
	return NO_FRAME;
}

void machine_release(uint64_t mfn, uint64_t count)
{
	ASSERT(!runs_covered(&machine.free, mfn, count));
	runs_add(&machine.free, mfn, count);
	runs_remove(&machine.unflushed, mfn, count);
	fallocate(machine.memory, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)(mfn << PAGE_SHIFT),
		  (off_t)(count << PAGE_SHIFT));
}

void *machine_page(uint64_t mfn)
{
	ASSERT(mfn < MACHINE_FRAMES);
	return machine.base + (mfn << PAGE_SHIFT);
}

// ---- For tests ----

void model_limit_extents(unsigned int order)
{
	machine.max_order = order;
}

uint64_t model_free_pages(void)
{
	return runs_total(&machine.free);
}

void model_take_pages(uint64_t pages)
{
	while (pages && machine.free.count) {
		struct run run = machine.free.items[machine.free.count - 1];
		uint64_t count = MIN(run.count, pages);

		runs_remove(&machine.free, run.start + run.count - count, count);
		runs_add(&machine.taken, run.start + run.count - count, count);
		pages -= count;
	}
}

void model_return_pages(void)
{
	for (size_t i = 0; i < machine.taken.count; i++)
		runs_add(&machine.free, machine.taken.items[i].start, machine.taken.items[i].count);
	runs_clear(&machine.taken);
}

void model_start(const struct model_options *options)
{
	const void *tree;

	if (!options)
		options = &model_defaults;
	fault_reset();
	tasks_reset();
	timers_reset();
	irq_reset();
	machine_reset(options);
	hypercalls_reset();
	console_reset();
	virqs_reset();
	pools_reset();
	flask_reset();
	domains_reset();
	memory_reset();
	output_reset();
	devices_reset();
	tree = options->tree ? options->tree : tree_build(options);
	devicetree_init(tree, virt_to_phys(tree));
}

void model_start_version(unsigned int xen_minor)
{
	struct model_options options = model_defaults;

	options.xen_minor = xen_minor;
	model_start(&options);
}

void model_set_version(unsigned int xen_minor)
{
	if (model_domain_count())
		model_violation("model_set_version() while there are domains");
	machine.options.xen_minor = xen_minor;
	machine.rules = version_rules(xen_minor);
}
