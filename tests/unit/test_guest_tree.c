// SPDX-License-Identifier: Apache-2.0
// domain/guest_tree.c: every node of a guest's device tree, for all that can vary; each tree is well-formed,
// and dtc takes it without a complaint.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libfdt.h>

#include "domain/guest_tree.h"
#include "domain/random.h"
#include "domain/tree_builder.h"
#include "kernel/compiler.h"
#include "model/model.h"

// ---- making trees ----

static int no_read(void *context, void *buffer, size_t size, uint64_t offset)
{
	(void)context, (void)buffer, (void)size, (void)offset;
	return -EIO;
}

static int no_size(void *context, uint64_t *size)
{
	(void)context, (void)size;
	return -EIO;
}

static struct domain_config config;
static struct guest_layout layout;
static struct guest_tree_parameters parameters;

static const struct guest_range extended[] = { { 0x41000000, 0xbf000000 }, { 0x200000000, 0xfe00000000 } };

static int start(void **state)
{
	(void)state;
	config =
		(struct domain_config){ .name = "tree", .vcpus = 1, .memory_kib = 16384, .command_line = "" };
	layout = (struct guest_layout){ .banks = { { 0x40000000, 0x1000000 } } };
	parameters = (struct guest_tree_parameters){
		.config = &config,
		.layout = &layout,
		.gic = GIC_V2,
		.xen_major = 4,
		.xen_minor = 17,
		.extended = extended,
		.extended_count = ARRAY_SIZE(extended),
	};
	model_start(NULL);
	return 0;
}

// The binding of Xen's node has no address in its name.
#define EXPECTED_WARNING "/hypervisor: node has a reg or ranges property, but no unit name"

// dtc has nothing else to say about the tree.
static void check_with_dtc(const void *tree)
{
	char name[] = "/tmp/guest-tree-XXXXXX", command[128], line[512];
	int file = mkstemp(name);

	assert_true(file >= 0);
	assert_int_equal(write(file, tree, fdt_totalsize(tree)), fdt_totalsize(tree));
	close(file);
	snprintf(command, sizeof(command), "dtc -I dtb -O dts -o /dev/null %s 2>&1", name);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	bool clean = true;
	while (fgets(line, sizeof(line), pipe)) {
		if (strstr(line, EXPECTED_WARNING))
			continue;
		printf("%s", line);
		clean = false;
	}
	assert_int_equal(pclose(pipe), 0);
	unlink(name);
	assert_true(clean);
}

static void *build(void)
{
	struct failure failure = { 0 };
	int error = 0;
	void *tree = guest_tree_build(&parameters, &error, &failure);

	if (!tree)
		fail_msg("%s", failure.text);
	assert_int_equal(error, 0);
	assert_int_equal(fdt_check_full(tree, fdt_totalsize(tree)), 0);
	return tree;
}

// ---- looking at them ----

static int node_at(const void *tree, const char *path)
{
	int node = fdt_path_offset(tree, path);

	if (node < 0)
		fail_msg("there is no %s", path);
	return node;
}

static void has_cells(const void *tree, const char *path, const char *property, const uint32_t *cells,
		      size_t count)
{
	int length;
	const fdt32_t *value = fdt_getprop(tree, node_at(tree, path), property, &length);

	assert_non_null(value);
	assert_int_equal(length, count * 4);
	for (size_t i = 0; i < count; i++)
		if (fdt32_ld(&value[i]) != cells[i])
			fail_msg("%s %s[%zu] is 0x%x", path, property, i, fdt32_ld(&value[i]));
}

#define HAS_CELLS(tree, path, property, ...)                                                                 \
	has_cells(tree, path, property, (const uint32_t[]){ __VA_ARGS__ },                                   \
		  sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

// Strings with their NULs, but the last one's.
#define HAS_STRINGS(tree, path, property, strings)                                                           \
	do {                                                                                                 \
		int length_;                                                                                 \
		const char *value_ = fdt_getprop(tree, node_at(tree, path), property, &length_);             \
		assert_non_null(value_);                                                                     \
		assert_int_equal(length_, sizeof(strings));                                                  \
		assert_memory_equal(value_, strings, sizeof(strings));                                       \
	} while (0)

static bool exists(const void *tree, const char *path)
{
	return fdt_path_offset(tree, path) >= 0;
}

static bool has(const void *tree, const char *path, const char *property)
{
	return fdt_getprop(tree, node_at(tree, path), property, NULL) != NULL;
}

// ---- the tests ----

static void a_small_guest(void **state)
{
	void *tree = build();

	(void)state;
	check_with_dtc(tree);
	HAS_STRINGS(tree, "/", "model", "XENVM-4.17");
	HAS_STRINGS(tree, "/", "compatible", "xen,xenvm-4.17\0xen,xenvm");
	HAS_CELLS(tree, "/", "interrupt-parent", 65000);
	HAS_CELLS(tree, "/", "#address-cells", 2);
	HAS_CELLS(tree, "/", "#size-cells", 2);

	HAS_STRINGS(tree, "/chosen", "bootargs", "");
	assert_false(has(tree, "/chosen", "linux,initrd-start"));
	assert_false(has(tree, "/chosen", "rng-seed"));

	HAS_CELLS(tree, "/cpus", "#address-cells", 1);
	HAS_CELLS(tree, "/cpus", "#size-cells", 0);
	HAS_STRINGS(tree, "/cpus/cpu@0", "device_type", "cpu");
	HAS_STRINGS(tree, "/cpus/cpu@0", "compatible", "arm,armv8");
	HAS_STRINGS(tree, "/cpus/cpu@0", "enable-method", "psci");
	HAS_CELLS(tree, "/cpus/cpu@0", "reg", 0);
	assert_false(exists(tree, "/cpus/cpu@1"));

	HAS_STRINGS(tree, "/psci", "compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci");
	HAS_STRINGS(tree, "/psci", "method", "hvc");
	HAS_CELLS(tree, "/psci", "cpu_off", 1);
	HAS_CELLS(tree, "/psci", "cpu_on", 2);

	HAS_STRINGS(tree, "/memory@40000000", "device_type", "memory");
	HAS_CELLS(tree, "/memory@40000000", "reg", 0, 0x40000000, 0, 0x1000000);
	assert_false(exists(tree, "/memory@200000000"));

	HAS_STRINGS(tree, "/interrupt-controller@3001000", "compatible",
		    "arm,cortex-a15-gic\0arm,cortex-a9-gic");
	HAS_CELLS(tree, "/interrupt-controller@3001000", "reg", 0, 0x03001000, 0, 0x1000, 0, 0x03002000, 0,
		  0x2000);
	HAS_CELLS(tree, "/interrupt-controller@3001000", "#interrupt-cells", 3);
	HAS_CELLS(tree, "/interrupt-controller@3001000", "phandle", 65000);
	assert_true(has(tree, "/interrupt-controller@3001000", "interrupt-controller"));

	HAS_STRINGS(tree, "/timer", "compatible", "arm,armv8-timer");
	HAS_CELLS(tree, "/timer", "interrupts", 1, 13, 0xf08, 1, 14, 0xf08, 1, 11, 0xf08);
	assert_false(has(tree, "/timer", "clock-frequency"));

	HAS_STRINGS(tree, "/hypervisor", "compatible", "xen,xen-4.17\0xen,xen");
	HAS_CELLS(tree, "/hypervisor", "reg", 0, 0x38000000, 0, 0x1000000, 0, 0x41000000, 0, 0xbf000000, 2, 0,
		  0xfe, 0);
	HAS_CELLS(tree, "/hypervisor", "interrupts", 1, 15, 0xf08);
	assert_false(exists(tree, "/firmware"));
	free(tree);
}

static void a_large_guest(void **state)
{
	static const char *const compatibles[] = { "vendor,board", "vendor,family" };
	static const char seed[RANDOM_BYTES] = "0123456789abcdef0123456789abcde";

	(void)state;
	config.vcpus = 128;
	config.command_line = "console=hvc0 root=/dev/ram0";
	config.machine_compatible = compatibles;
	config.machine_compatible_count = 2;
	config.tee = CONFIG_TEE_OPTEE;
	config.ramdisk = (struct image_source){ .name = "r", .size = no_size, .read = no_read };
	layout.banks[0] = (struct guest_range){ 0x40000000, 0xc0000000 };
	layout.banks[1] = (struct guest_range){ 0x200000000, 0x140000000 };
	parameters.gic = GIC_V3;
	parameters.clock_frequency = 54000000;
	parameters.xen_minor = 20;
	parameters.extended_count = 0;
	parameters.seed = (const uint8_t *)seed;

	void *tree = build();
	check_with_dtc(tree);
	HAS_STRINGS(tree, "/", "compatible", "vendor,board\0vendor,family\0xen,xenvm-4.20\0xen,xenvm");
	HAS_STRINGS(tree, "/chosen", "bootargs", "console=hvc0 root=/dev/ram0");
	HAS_STRINGS(tree, "/chosen", "rng-seed", "0123456789abcdef0123456789abcde");
	HAS_CELLS(tree, "/cpus/cpu@f", "reg", 0xf);
	HAS_CELLS(tree, "/cpus/cpu@100", "reg", 0x100); // CPU 16
	HAS_CELLS(tree, "/cpus/cpu@70f", "reg", 0x70f); // CPU 127
	assert_false(exists(tree, "/cpus/cpu@10"));
	assert_false(exists(tree, "/cpus/cpu@800"));
	HAS_CELLS(tree, "/memory@40000000", "reg", 0, 0x40000000, 0, 0xc0000000);
	HAS_CELLS(tree, "/memory@200000000", "reg", 2, 0, 1, 0x40000000);
	HAS_STRINGS(tree, "/interrupt-controller@3001000", "compatible", "arm,gic-v3");
	HAS_CELLS(tree, "/interrupt-controller@3001000", "reg", 0, 0x03001000, 0, 0x10000, 0, 0x03020000, 0,
		  0x1000000);
	HAS_CELLS(tree, "/timer", "clock-frequency", 54000000);
	HAS_CELLS(tree, "/hypervisor", "reg", 0, 0x38000000, 0, 0x1000000);
	HAS_STRINGS(tree, "/firmware/optee", "compatible", "linaro,optee-tz");
	HAS_STRINGS(tree, "/firmware/optee", "method", "hvc");

	uint32_t size = fdt_totalsize(tree);
	guest_tree_set_ramdisk(tree, &(struct guest_range){ 0x148000000, 0x1234567 });
	assert_int_equal(fdt_totalsize(tree), size);
	HAS_CELLS(tree, "/chosen", "linux,initrd-start", 1, 0x48000000);
	HAS_CELLS(tree, "/chosen", "linux,initrd-end", 1, 0x49234567);
	check_with_dtc(tree);
	free(tree);
}

static void as_many_extended_regions_as_there_can_be(void **state)
{
	struct guest_range regions[EXTENDED_REGIONS_MAX];
	int length;

	(void)state;
	for (uint64_t i = 0; i < EXTENDED_REGIONS_MAX; i++)
		regions[i] = (struct guest_range){ GIB(8 + i), MIB(64) };
	parameters.extended = regions;
	parameters.extended_count = EXTENDED_REGIONS_MAX;
	void *tree = build();
	check_with_dtc(tree);
	fdt_getprop(tree, node_at(tree, "/hypervisor"), "reg", &length);
	assert_int_equal(length, (1 + EXTENDED_REGIONS_MAX) * 16);
	free(tree);
}

static void memory_runs_out(void **state)
{
	struct failure failure;
	struct model_snapshot before = model_snapshot();
	unsigned int nth = 1;
	void *tree = NULL;

	(void)state;
	config.vcpus = 100; // the tree is made larger on the way
	for (; !tree; nth++) {
		int error = 0;

		memset(&failure, 0, sizeof(failure));
		model_fail_allocation(nth);
		tree = guest_tree_build(&parameters, &error, &failure);
		assert_int_equal(tree ? 0 : -ENOMEM, error);
		assert_int_equal(failure.error, error);
		if (error)
			model_assert_equal(&before, model_fault_place());
	}
	model_fail_allocation(0);
	assert_true(nth > 6);
	free(tree);
}

// As large as Linux takes it, and not a byte larger, whatever it began with.
static void the_largest_tree(void **state)
{
	static const size_t beginnings[] = { 4096, (size_t)1200 << 10, TREE_SIZE_MAX + 4096 };
	static const uint8_t value[TREE_SIZE_MAX];
	struct tree_builder builder;
	int error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++) {
		for (size_t more = 0; more <= 4; more += 4) {
			tree_start(&builder, beginnings[i]);
			// Header, end of the reserved ranges, the root's beginning, name and end, end of all; a property's
			// token, length and name's place; and the name, after which two bytes are left.
			tree_bytes(&builder, "large", value, TREE_SIZE_MAX - 48 - 16 - 16 - 12 - 8 + more);
			void *tree = tree_finish(&builder, &error);
			assert_int_equal(error, more ? -E2BIG : 0);
			assert_int_equal(tree == NULL, more > 0);
			free(tree);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_small_guest, start),
		cmocka_unit_test_setup(a_large_guest, start),
		cmocka_unit_test_setup(as_many_extended_regions_as_there_can_be, start),
		cmocka_unit_test_setup(memory_runs_out, start),
		cmocka_unit_test_setup(the_largest_tree, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
