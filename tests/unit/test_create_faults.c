// SPDX-License-Identifier: Apache-2.0
// Nothing is lost half-way: whichever hypercall, allocation or read of an image fails while a domain is
// created, everything is as before, the reason is one line, and the next creation succeeds. While one is
// destroyed: it is gone, or still there to be destroyed again.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>
#include <zlib.h>

#include "config/domain_config.h"
#include "console/console.h"
#include "domain/domain.h"
#include "domain/store_nodes.h"
#include "kernel/compiler.h"
#include "kernel/task.h"
#include "model/model.h"
#include "xen/domctl.h"
#include "xen/event.h"
#include "xen/foreign.h"
#include "xen/version.h"
#include "xenstore/xenstore.h"

// Of three and of two pieces (IMAGE_PIECE), the last ones not whole: hundreds of domains are made of them.
#define KERNEL_SIZE (140u * 1024)
#define RAMDISK_SIZE (70u * 1024 + 5)
#define TREE_SIZE 2048u
#define GPIO_FRAME 0x9030u
#define GPIO_IRQ 39u
#define OTHER_IRQ 45u

// No loop of this file comes near: creation has some dozens of steps.
#define STEPS_MAX 20000u

// ---- Two domains: a simple one, and one with everything ----

static uint8_t kernel[KERNEL_SIZE], packed_kernel[KERNEL_SIZE + KERNEL_SIZE / 8], ramdisk[RAMDISK_SIZE],
	tree[TREE_SIZE];

static struct model_image kernel_image = { .name = "kernel", .data = kernel, .size = sizeof(kernel) };
static struct model_image packed_image = { .name = "kernel.gz", .data = packed_kernel };
static struct model_image ramdisk_image = { .name = "ramdisk", .data = ramdisk, .size = sizeof(ramdisk) };
static struct model_image tree_image = { .name = "tree.dtb", .data = tree };

static struct domain_config simple = {
	.name = "simple",
	.memory_kib = 16384,
	.vcpus = 1,
	.max_grant_frames = -1,
	.max_maptrack_frames = -1,
	.command_line = "",
};

static const char *const compatible[] = { "model,machine", "model,family" };
static const struct config_iomem iomem[] = {
	{ GPIO_FRAME, GPIO_FRAME, 1 }, { 0x100000, 0x10000, 130 }, // more than one call takes
};
static const uint32_t irqs[] = { GPIO_IRQ, OTHER_IRQ };
static const char *const behind_iommu[] = { "/dma@a100000" };

static struct domain_config everything = {
	.name = "everything",
	.domain_name = "otherwise",
	.uuid = (const uint8_t *)"0123456789abcdef",
	.memory_kib = (8 << 10) + 20, // four large extents and five pages
	.vcpus = 4,
	.max_event_channels = 100,
	.max_grant_frames = 4,
	.max_maptrack_frames = 8,
	.command_line = "console=hvc0 root=/dev/ram0",
	.machine_compatible = compatible,
	.machine_compatible_count = ARRAY_SIZE(compatible),
	.iomem = iomem,
	.iomem_count = ARRAY_SIZE(iomem),
	.irqs = irqs,
	.irq_count = ARRAY_SIZE(irqs),
	.tee = CONFIG_TEE_OPTEE,
	.dtdevs = behind_iommu,
	.dtdev_count = ARRAY_SIZE(behind_iommu),
};

static void fill(uint8_t *bytes, size_t size, uint32_t seed)
{
	for (size_t i = 0; i < size; i++) {
		seed = seed * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(seed >> 28); // half a byte of entropy: gzip has something to do
	}
}

static void put64(uint8_t *at, uint64_t value)
{
	memcpy(at, &value, sizeof(value)); // the host's order is the format's
}

static void make_kernel(void)
{
	fill(kernel, sizeof(kernel), 1);
	memset(kernel, 0, 64);
	put64(kernel + 8, 0x80000);                 // text_offset
	put64(kernel + 16, sizeof(kernel) + 65536); // with .bss
	put64(kernel + 24, 0xa);
	memcpy(kernel + 56, "ARM\x64", 4);
}

static void pack_kernel(void)
{
	z_stream stream = { .next_in = kernel,
			    .avail_in = sizeof(kernel),
			    .next_out = packed_kernel,
			    .avail_out = sizeof(packed_kernel) };

	assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	packed_image.size = stream.total_out;
	deflateEnd(&stream);
}

// /passthrough with a GPIO controller, and an alias for it.
static void make_tree(void)
{
	const uint32_t reg[] = { 0, cpu_to_fdt32(0x09030000), 0, cpu_to_fdt32(0x1000) };
	const uint32_t interrupts[] = { 0, cpu_to_fdt32(GPIO_IRQ - 32), cpu_to_fdt32(4) };

	fdt_create(tree, sizeof(tree));
	fdt_finish_reservemap(tree);
	fdt_begin_node(tree, "");
	fdt_begin_node(tree, "aliases");
	fdt_property_string(tree, "gpio0", "/passthrough/gpio@9030000");
	fdt_end_node(tree);
	fdt_begin_node(tree, "passthrough");
	fdt_property_string(tree, "compatible", "simple-bus");
	fdt_property(tree, "ranges", NULL, 0);
	fdt_property_u32(tree, "#address-cells", 2);
	fdt_property_u32(tree, "#size-cells", 2);
	fdt_begin_node(tree, "gpio@9030000");
	fdt_property_string(tree, "compatible", "arm,pl061");
	fdt_property(tree, "reg", reg, sizeof(reg));
	fdt_property(tree, "interrupts", interrupts, sizeof(interrupts));
	fdt_end_node(tree);
	fdt_end_node(tree);
	fdt_end_node(tree);
	assert_int_equal(fdt_finish(tree), 0);
	tree_image.size = fdt_totalsize(tree);
}

static int start(void **state)
{
	struct model_options options = model_defaults;

	(void)state;
	options.iommu = true;
	options.tee = true;
	model_start(&options);
	make_kernel();
	pack_kernel();
	make_tree();
	fill(ramdisk, sizeof(ramdisk), 2);
	simple.kernel = model_image_source(&kernel_image);
	everything.kernel = model_image_source(&packed_image);
	everything.ramdisk = model_image_source(&ramdisk_image);
	everything.partial_tree = model_image_source(&tree_image);
	return event_init() || xen_version_init() || foreign_init() || console_init() ||
	       xenstore_init() || store_nodes_init();
}

// ---- What shall hold ----

static void no_faults(void)
{
	model_fail_hypercall(0, 0);
	model_fail_allocation(0);
	model_fail_image_read(0);
}

static void check_reason(const struct failure *failure, int error, const char *what)
{
	if (failure->error != error || error >= 0 || !failure->text[0] || strchr(failure->text, '\n'))
		fail_msg("%s: returned %d, reason %d '%s'", what, error, failure->error, failure->text);
}

static domid_t create(const struct domain_config *config)
{
	struct failure failure = { 0 };
	struct domain *domain;
	int error = domain_create(config, DOMID_ANY, false, &domain, &failure);

	if (error)
		fail_msg("creating '%s' failed: %d, %s", config->name, error, failure.text);
	return domain->id;
}

static void destroy(domid_t domid)
{
	struct failure failure = { 0 };
	int error = domain_destroy(domid, &failure);

	if (error)
		fail_msg("destroying domain %u failed: %d, %s", domid, error, failure.text);
	assert_false(model_domain_exists(domid));
}

// A first round takes what is kept for ever.
static struct model_snapshot settled(const struct domain_config *config)
{
	destroy(create(config));
	destroy(create(&simple));
	return model_snapshot();
}

static struct run {
	unsigned int minor;
	const struct domain_config *config;
} runs[] = {
	{ 17, &simple },     { 17, &everything }, { 20, &simple },
	{ 20, &everything }, { 22, &simple },     { 22, &everything },
};

static const struct run *begin(void **state)
{
	const struct run *run = *state;

	model_set_version(run->minor);
	assert_int_equal(xen_version_init(), 0);
	return run;
}

// ---- Creation ----

static void fail_hypercall(unsigned int nth)
{
	model_fail_hypercall(nth, 0);
}

static void fail_hypercall_otherwise(unsigned int nth)
{
	model_fail_hypercall(nth, 1);
}

// False when the fault was beyond the last step.
static bool create_with_fault(const struct run *run, void (*set_fault)(unsigned int nth), unsigned int nth,
			      const struct model_snapshot *before)
{
	struct failure failure = { 0 };
	struct domain *domain;
	char what[256];
	bool struck;
	int error;

	set_fault(nth);
	error = domain_create(run->config, DOMID_ANY, false, &domain, &failure);
	struck = model_fault_struck();
	snprintf(what, sizeof(what), "Xen 4.%u, %s, step %u: %s", run->minor, run->config->name, nth,
		 model_fault_place());
	no_faults();
	if (error)
		check_reason(&failure, error, what);
	else // without the fault, or in spite of it
		destroy(domain->id);
	if (error && !struck)
		fail_msg("%s: failed without a fault: %s", what, failure.text);
	model_assert_equal(before, what);
	destroy(create(&simple));
	model_assert_equal(before, what);
	return struck;
}

static unsigned int create_with_each_fault(void **state, void (*set_fault)(unsigned int nth))
{
	const struct run *run = begin(state);
	struct model_snapshot before = settled(run->config);
	unsigned int nth = 1;

	while (nth < STEPS_MAX && create_with_fault(run, set_fault, nth, &before))
		nth++;
	assert_in_range(nth, 2, STEPS_MAX - 1);
	return nth;
}

static void creation_survives_each_hypercall(void **state)
{
	create_with_each_fault(state, fail_hypercall);
	create_with_each_fault(state, fail_hypercall_otherwise);
}

static void xsa_69_70_88_creation_survives_each_allocation(void **state)
{
	create_with_each_fault(state, model_fail_allocation);
}

static void creation_survives_each_read(void **state)
{
	create_with_each_fault(state, model_fail_image_read);
}

// ---- Creation, with more than one fault ----

// Memory is gone, and stays so: taking back what was done needs none.
static void creation_survives_being_out_of_memory(void **state)
{
	create_with_each_fault(state, model_fail_allocations_from);
}

// Xen refuses everything from some point on, so that a domain may be left over: then it is known, and can be
// destroyed when Xen is itself again.
static bool create_with_lasting_fault(const struct run *run, unsigned int nth,
				      const struct model_snapshot *before)
{
	struct failure failure = { 0 };
	struct domain *domain;
	char what[256];
	bool struck;
	int error;

	model_fail_hypercalls_from(nth, 1);
	error = domain_create(run->config, DOMID_ANY, false, &domain, &failure);
	struck = model_fault_struck();
	snprintf(what, sizeof(what), "Xen 4.%u, %s, steps from %u: %s", run->minor, run->config->name, nth,
		 model_fault_place());
	no_faults();
	if (struck)
		check_reason(&failure, error, what);
	if (model_domain_count()) {
		assert_non_null(domain_find(model_last_domain()));
		destroy(model_last_domain());
	}
	model_assert_equal(before, what);
	return struck;
}

static void creation_survives_a_xen_that_refuses_all(void **state)
{
	const struct run *run = begin(state);
	struct model_snapshot before = settled(run->config);
	unsigned int nth = 1;

	while (nth < STEPS_MAX && create_with_lasting_fault(run, nth, &before))
		nth++;
	assert_in_range(nth, 2, STEPS_MAX - 1);
}

// ---- Creation on a full machine ----

static void creation_survives_whatever_memory_xen_has(void **state)
{
	const struct run *run = begin(state);
	struct model_snapshot before = settled(run->config);
	uint64_t needed = run->config->memory_kib / 4; // and a little
	unsigned int failed = 0;
	bool enough = false;

	for (uint64_t pages = 0; !enough; pages = pages * 5 / 4 + 1) {
		struct failure failure = { 0 };
		struct domain *domain;
		char what[64];

		uint64_t free_pages = model_free_pages();

		model_take_pages(free_pages - MIN(pages, free_pages));
		snprintf(what, sizeof(what), "%s with %llu pages", run->config->name,
			 (unsigned long long)pages);
		int error = domain_create(run->config, DOMID_ANY, false, &domain, &failure);
		if (error) {
			check_reason(&failure, error, what);
			failed++;
		} else {
			destroy(domain->id);
			enough = true;
		}
		model_run(MILLISECONDS(10)); // Xen gives back what the domain had before the rest returns
		model_return_pages();
		model_assert_equal(&before, what);
		assert_true(enough || pages < 2 * needed);
	}
	assert_true(failed > 20);
}

// ---- Stopping it ----

static unsigned int calls_left;

static bool stop_later(const struct domain_progress *progress)
{
	assert_non_null(progress->what);
	assert_true(progress->done <= progress->total);
	return calls_left && !--calls_left;
}

static void creation_can_be_stopped_anywhere(void **state)
{
	const struct run *run = begin(state);
	struct model_snapshot before = settled(run->config);
	struct domain *domain;
	int error = -EINTR;

	packed_image.read_time = kernel_image.read_time =
		MILLISECONDS(150); // progress is told ten times a second
	domain_set_progress(stop_later);
	for (unsigned int nth = 1; error; nth++) {
		struct failure failure = { 0 };

		calls_left = nth;
		error = domain_create(run->config, DOMID_ANY, false, &domain, &failure);
		if (!error)
			destroy(domain->id);
		else
			check_reason(&failure, -EINTR, "stopped");
		model_assert_equal(&before, "stopped");
	}
	domain_set_progress(NULL);
	packed_image.read_time = kernel_image.read_time = 0;
}

// ---- Destruction ----

static bool destroy_with_fault(const struct run *run, void (*set_fault)(unsigned int nth), unsigned int nth,
			       const struct model_snapshot *before)
{
	domid_t domid = create(run->config);
	struct failure failure = { 0 };
	char what[256];
	bool struck;
	int error;

	set_fault(nth);
	error = domain_destroy(domid, &failure);
	struck = model_fault_struck();
	snprintf(what, sizeof(what), "Xen 4.%u, %s, step %u: %s", run->minor, run->config->name, nth,
		 model_fault_place());
	no_faults();
	if (error) {
		check_reason(&failure, error, what);
		assert_non_null(domain_find(domid));
		assert_true(model_domain_exists(domid));
		destroy(domid);
	}
	assert_null(domain_find(domid));
	assert_false(model_domain_exists(domid));
	model_assert_equal(before, what);
	return struck;
}

static void destroy_with_each_fault(void **state, void (*set_fault)(unsigned int nth))
{
	const struct run *run = begin(state);
	struct model_snapshot before = settled(run->config);
	unsigned int nth = 1;

	while (nth < STEPS_MAX && destroy_with_fault(run, set_fault, nth, &before))
		nth++;
	assert_in_range(nth, 1, STEPS_MAX - 1);
}

static void destruction_survives_each_hypercall(void **state)
{
	destroy_with_each_fault(state, fail_hypercall);
	destroy_with_each_fault(state, fail_hypercall_otherwise);
}

static void destruction_survives_each_allocation(void **state)
{
	destroy_with_each_fault(state, model_fail_allocation);
}

// A page of the domain that is still mapped here keeps all of it in Xen's list.
static void destruction_says_what_keeps_the_domain(void **state)
{
	const struct run *run = begin(state);
	struct model_snapshot before = settled(run->config);
	domid_t domid = create(run->config);
	struct failure failure = { 0 };
	int error;
	void *page = foreign_map_range(domid, gfn_make(0x40000), 1, &error);

	assert_non_null(page);
	error = domain_destroy(domid, &failure);
	assert_int_equal(error, -ETIMEDOUT);
	check_reason(&failure, error, "kept");
	assert_true(model_domain(domid).dying);
	assert_non_null(domain_find(domid));
	foreign_unmap(page, 1);
	destroy(domid);

	// Xen just takes its time: it is waited for.
	model_set_destroy_delay(SECONDS(20));
	destroy(create(run->config));
	model_set_destroy_delay(MILLISECONDS(2));
	model_assert_equal(&before, "kept");
}

static const struct subject {
	const char *name;
	void (*test)(void **state);
} subjects[] = {
	{ "creation, each hypercall fails", creation_survives_each_hypercall },
	{ "creation, each allocation fails", xsa_69_70_88_creation_survives_each_allocation },
	{ "creation, each read fails", creation_survives_each_read },
	{ "creation, memory is gone", creation_survives_being_out_of_memory },
	{ "creation, Xen refuses all", creation_survives_a_xen_that_refuses_all },
	{ "creation, Xen has little memory", creation_survives_whatever_memory_xen_has },
	{ "creation, stopped anywhere", creation_can_be_stopped_anywhere },
	{ "destruction, each hypercall fails", destruction_survives_each_hypercall },
	{ "destruction, each allocation fails", destruction_survives_each_allocation },
	{ "destruction, a page is kept", destruction_says_what_keeps_the_domain },
};

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(subjects) * ARRAY_SIZE(runs)] = { 0 };
	char names[ARRAY_SIZE(tests)][80];

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		const struct subject *subject = &subjects[i / ARRAY_SIZE(runs)];
		struct run *run = &runs[i % ARRAY_SIZE(runs)];

		snprintf(names[i], sizeof(names[i]), "%s: Xen 4.%u, %s", subject->name, run->minor,
			 run->config->name);
		tests[i] = (struct CMUnitTest){ .name = names[i],
						.test_func = subject->test,
						.initial_state = run };
	}
	return cmocka_run_group_tests(tests, start, NULL);
}
