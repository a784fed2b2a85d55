// SPDX-License-Identifier: Apache-2.0
// Counting what there is, in Xen and in the program, to see that an operation that failed or was undone left
// nothing behind.
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "kernel/compiler.h"
#include "kernel/task.h"
#include "model/internal.h"

#define SETTLE MILLISECONDS(10)

static uint64_t dom0_frames(bool foreign)
{
	uint64_t frames = 0;

	for (size_t i = 0; i < dom0->p2m.count; i++) {
		const struct run *run = &dom0->p2m.items[i];

		if ((run->kind == FRAME_FOREIGN || run->kind == FRAME_GRANT) == foreign)
			frames += run->count;
	}
	return frames;
}

static uint64_t irqs_bound(void)
{
	struct domain_model *d;
	uint64_t count = 0;

	FOR_EACH_DOMAIN (d)
		for (unsigned int irq = 0; irq < IRQS; irq++)
			count += irq_set_has(d->irqs_bound, irq);
	return count;
}

struct model_snapshot model_snapshot(void)
{
	struct model_snapshot snapshot;
	size_t peak;

	model_run(SETTLE);
	snapshot = (struct model_snapshot){
		.domains = model_domain_count(),
		.tasks = model_task_count(),
		.dom0_ports = ports_bound(dom0),
		.free_pages = model_free_pages(),
		.dom0_foreign_frames = dom0_frames(true),
		.dom0_own_frames = dom0_frames(false),
		.dom0_mapped_bytes = memory_mapped_bytes(),
		.page_allocator_pages = memory_pages_allocated(),
		.irqs_bound = irqs_bound(),
		.devices_assigned = devices_assigned(),
		.serial = allocation_serial(),
	};
	allocation_usage(&snapshot.heap_blocks, &snapshot.heap_bytes, &peak);
	return snapshot;
}

static const struct figure {
	const char *name;
	size_t offset;
} figures[] = {
	{ "domains", offsetof(struct model_snapshot, domains) },
	{ "tasks", offsetof(struct model_snapshot, tasks) },
	{ "event channels of Dom0", offsetof(struct model_snapshot, dom0_ports) },
	{ "free pages", offsetof(struct model_snapshot, free_pages) },
	{ "foreign frames mapped", offsetof(struct model_snapshot, dom0_foreign_frames) },
	{ "other frames of Dom0", offsetof(struct model_snapshot, dom0_own_frames) },
	{ "bytes of memory_map()", offsetof(struct model_snapshot, dom0_mapped_bytes) },
	{ "pages of page_alloc()", offsetof(struct model_snapshot, page_allocator_pages) },
	{ "interrupts bound", offsetof(struct model_snapshot, irqs_bound) },
	{ "devices assigned", offsetof(struct model_snapshot, devices_assigned) },
	{ "heap blocks", offsetof(struct model_snapshot, heap_blocks) },
	{ "heap bytes", offsetof(struct model_snapshot, heap_bytes) },
};

static uint64_t value_of(const struct model_snapshot *snapshot, const struct figure *figure)
{
	return *(const uint64_t *)((const char *)snapshot + figure->offset);
}

void model_assert_equal(const struct model_snapshot *before, const char *what)
{
	struct model_snapshot now = model_snapshot();
	unsigned int differences = 0;

	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		uint64_t was = value_of(before, &figures[i]), is = value_of(&now, &figures[i]);

		if (was == is)
			continue;
		if (!differences++)
			fprintf(stderr, "%s: not back where it was\n", what);
		fprintf(stderr, "  %s: %llu before, %llu now\n", figures[i].name, (unsigned long long)was,
			(unsigned long long)is);
	}
	if (!differences)
		return;
	allocation_print_since(before->serial);
	model_violation("%s: not back where it was: %u differences", what, differences);
}
