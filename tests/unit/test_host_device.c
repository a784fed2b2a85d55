// SPDX-License-Identifier: Apache-2.0
// domain/host_device.c: a device named by its node is given with registers and interrupts, described in the
// domain's tree, and given once.
#include "small_guest.h"

#include <errno.h>
#include <stdlib.h>

#include <libfdt.h>

#include "domain/domain.h"
#include "domain/host_device.h"
#include "kernel/compiler.h"
#include "xen/domctl.h"

#define GPIO "/pl061@9030000"
#define DMA  "/dma@a100000" // behind the IOMMU

static const char *paths[] = {GPIO, GPIO};
static struct domain_config config;

static int reset(void **state)
{
	(void)state;
	config = small_config();
	config.dt_passthrough = paths;
	config.dt_passthrough_count = 1;
	paths[0] = paths[1] = GPIO;
	return 0;
}

static int start(void **state)
{
	(void)state;
	return start_machine();
}

static void refused(const char *path, int error, const char *words)
{
	struct host_devices devices;
	struct failure failure = {0};

	paths[0] = path;
	assert_int_equal(host_devices_resolve(&devices, &config, &failure), error);
	assert_non_null(strstr(failure.text, words));
	host_devices_free(&devices);
}

static void parts_of_a_node(void **state)
{
	struct host_devices devices;
	struct failure failure = {0};

	(void)state;
	config.dt_passthrough_count = 2; // twice the same: once is enough
	assert_int_equal(host_devices_resolve(&devices, &config, &failure), 0);
	assert_int_equal(devices.config.iomem_count, 1);
	assert_int_equal(devices.config.iomem[0].first_mfn, 0x9030);
	assert_int_equal(devices.config.iomem[0].frames, 1);
	assert_int_equal(config_iomem_gfn(&devices.config.iomem[0]), 0x9030);
	assert_int_equal(devices.config.irq_count, 1);
	assert_int_equal(devices.config.irqs[0], 39);
	assert_int_equal(devices.config.dtdev_count, 0);
	assert_int_equal(config.iomem_count, 0);
	host_devices_free(&devices);
}

static void numbers_that_were_typed_stay(void **state)
{
	static const struct config_iomem typed[] = {{0x100, 0x9030, 1}};
	static const uint32_t irqs[] = {40};
	struct host_devices devices;
	struct failure failure = {0};

	(void)state;
	config.iomem = typed;
	config.irqs = irqs;
	config.iomem_count = config.irq_count = 1;
	assert_int_equal(host_devices_resolve(&devices, &config, &failure), 0);
	assert_int_equal(devices.config.iomem_count, 1);
	assert_int_equal(config_iomem_gfn(&devices.config.iomem[0]), 0x100);
	assert_int_equal(devices.config.irq_count, 2);
	assert_int_equal(devices.config.irqs[0], 40);
	assert_int_equal(devices.config.irqs[1], 39);
	host_devices_free(&devices);
}

// Named by dtdev, it has them as well; where there is a partial tree, that says what the domain has.
static void device_behind_an_iommu(void **state)
{
	static const char *const dma[] = {DMA};
	struct host_devices devices;
	struct failure failure = {0};
	struct tree_builder builder;
	int error = 0;

	(void)state;
	paths[1] = DMA;
	config.dtdevs = dma;
	config.dtdev_count = 1;
	for (uint32_t count = 0; count <= 2; count += 2) { // in dt_passthrough too, or not
		config.dt_passthrough_count = count;
		assert_int_equal(host_devices_resolve(&devices, &config, &failure), 0);
		assert_int_equal(devices.config.iomem_count, 1 + count / 2);
		assert_int_equal(devices.config.iomem[count / 2].first_mfn, 0xa100);
		assert_int_equal(devices.config.irq_count, 1 + count / 2);
		assert_int_equal(devices.config.irqs[count / 2], 80);
		assert_int_equal(devices.config.dtdev_count, 1);
		tree_start(&builder, 2048);
		host_devices_write(&devices.config, &builder);
		char *tree = tree_finish(&builder, &error);
		assert_non_null(tree);
		assert_true(fdt_path_offset(tree, "/passthrough" DMA) > 0);
		assert_int_equal(fdt_path_offset(tree, "/passthrough" GPIO) > 0, count > 0);
		free(tree);
		host_devices_free(&devices);
	}
	config.dt_passthrough_count = 0;
	config.partial_tree = config.kernel;
	assert_int_equal(host_devices_resolve(&devices, &config, &failure), 0);
	assert_int_equal(devices.config.iomem_count + devices.config.irq_count, 0);
	host_devices_free(&devices);
}

static void node_in_the_domains_tree(void **state)
{
	static const uint8_t reg[] = {0, 0, 0, 0, 9, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0};
	static const uint8_t interrupts[] = {0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 4};
	struct tree_builder builder;
	int error = 0, length;

	(void)state;
	tree_start(&builder, 1024);
	host_devices_write(&config, &builder);
	char *tree = tree_finish(&builder, &error);
	assert_non_null(tree);
	int node = fdt_path_offset(tree, "/passthrough" GPIO);
	assert_int_equal(fdt_node_check_compatible(tree, node, "arm,pl061"), 0);
	assert_memory_equal(fdt_getprop(tree, node, "reg", &length), reg, sizeof(reg));
	assert_int_equal(length, sizeof(reg));
	assert_memory_equal(fdt_getprop(tree, node, "interrupts", &length), interrupts, sizeof(interrupts));
	assert_int_equal(length, sizeof(interrupts));
	assert_non_null(fdt_getprop(tree, node, "#gpio-cells", NULL));
	assert_null(fdt_getprop(tree, node, "clocks", NULL)); // would refer to a node that isn't there
	assert_null(fdt_getprop(tree, node, "clock-names", NULL));
	free(tree);
}

static void what_cannot_be_given(void **state)
{
	(void)state;
	refused("/no/such", -ENODEV, "the host's device tree has no such node");
	refused("/apb-pclk", -ENODEV, "has no registers");
}

static void no_memory(void **state)
{
	(void)state;
	for (unsigned int nth = 1; nth <= 3; nth++) {
		struct host_devices devices;
		struct failure failure = { 0 };

		model_fail_allocation(nth);
		assert_int_equal(host_devices_resolve(&devices, &config, &failure), -ENOMEM);
		assert_true(model_fault_struck());
		model_fail_allocation(0);
		host_devices_free(&devices);
	}
}

static void one_domain_at_a_time(void **state)
{
	static const struct config_iomem typed[] = {{CONFIG_GFN_SAME, 0x902f, 2}};
	struct domain *first, *second;
	struct failure failure = {0};

	(void)state;
	assert_int_equal(domain_create(&config, DOMID_ANY, true, &first, &failure), 0);
	domid_t id = first->id;
	assert_ptr_equal(host_device_owner(0x9030, 1), first);
	assert_null(host_device_owner(0x9031, 1));
	assert_int_equal(domain_create(&config, DOMID_ANY, true, &second, &failure), -EBUSY);
	assert_non_null(strstr(failure.text, "device " GPIO ": the domain 'guest' has it"));
	failure = (struct failure){0};
	config.dt_passthrough_count = 0; // by numbers
	config.iomem = typed;
	config.iomem_count = 1;
	assert_int_equal(domain_create(&config, DOMID_ANY, true, &second, &failure), -EBUSY);
	assert_non_null(strstr(failure.text, "iomem 902f,2: the domain 'guest' has it, or a part of it"));
	config.dt_passthrough_count = 1;
	config.iomem_count = 0;
	assert_int_equal(domain_destroy(id, &failure), 0);
	assert_null(host_device_owner(0x9030, 1));
	assert_int_equal(domain_create(&config, DOMID_ANY, true, &second, &failure), 0);
	assert_int_equal(domain_destroy(second->id, &failure), 0);
}

// Reads the first domain's kernel, while which, once it has an id, another task creates a second domain.
static struct domain_config second_config;
static domid_t second_id;

static int read_while_another_is_created(void *context, void *buffer, size_t size, uint64_t offset)
{
	const struct domain *first = domain_find_by_name("guest");
	struct domain *second;

	if (first && first->id != DOMID_INVALID && second_id == DOMID_INVALID) {
		assert_int_equal(domain_create(&second_config, DOMID_ANY, true, &second, NULL), 0);
		second_id = second->id;
	}
	return second_config.kernel.read(context, buffer, size, offset);
}

static void one_domain_even_when_two_are_built_at_a_time(void **state)
{
	struct domain *first;
	struct failure failure = { 0 };

	(void)state;
	config.dt_passthrough_count = 0; // of an interrupt, Xen says itself that it is taken
	config.iomem = &(const struct config_iomem){ CONFIG_GFN_SAME, 0x9030, 1 };
	config.iomem_count = 1;
	second_config = config;
	second_config.name = "second";
	second_id = DOMID_INVALID;
	config.kernel.read = read_while_another_is_created;
	config.kernel.ahead = NULL;
	assert_int_equal(domain_create(&config, DOMID_ANY, true, &first, &failure), -EBUSY);
	assert_non_null(strstr(failure.text, "iomem 9030,1: the domain 'second' has it"));
	assert_ptr_equal(host_device_owner(0x9030, 1), domain_find(second_id));
	assert_int_equal(domain_destroy(second_id, &failure), 0);
	config.kernel.read = second_config.kernel.read;
	assert_int_equal(domain_create(&config, DOMID_ANY, true, &first, &failure), 0);
	assert_int_equal(domain_destroy(first->id, &failure), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(parts_of_a_node, reset),
		cmocka_unit_test_setup(numbers_that_were_typed_stay, reset),
		cmocka_unit_test_setup(device_behind_an_iommu, reset),
		cmocka_unit_test_setup(node_in_the_domains_tree, reset),
		cmocka_unit_test_setup(what_cannot_be_given, reset),
		cmocka_unit_test_setup(no_memory, reset),
		cmocka_unit_test_setup(one_domain_at_a_time, reset),
		cmocka_unit_test_setup(one_domain_even_when_two_are_built_at_a_time, reset),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
