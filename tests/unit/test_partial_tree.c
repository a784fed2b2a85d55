// SPDX-License-Identifier: Apache-2.0
// domain/partial_tree.c: what is taken over from a partial device tree, and trees that are cut or changed
// anywhere.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "domain/guest_tree.h"
#include "domain/partial_tree.h"
#include "kernel/compiler.h"
#include "model/model.h"

#define BUFFER_SIZE 16384u

// ---- partial trees, compiled by dtc as a person's are ----

struct blob {
	char bytes[BUFFER_SIZE];
	size_t size;
};

static void compile(struct blob *blob, const char *source)
{
	char command[] = "dtc -q -@ -I dts -O dtb -o /tmp/partial-tree-XXXXXX -",
	     *name = strstr(command, "/tmp");
	char path[64];
	int file;

	snprintf(path, sizeof(path), "%.*s", (int)strlen("/tmp/partial-tree-XXXXXX"), name);
	file = mkstemp(path);
	assert_true(file >= 0);
	memcpy(name, path, strlen(path));
	FILE *pipe = popen(command, "w");
	assert_non_null(pipe);
	fprintf(pipe, "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; %s };", source);
	assert_int_equal(pclose(pipe), 0);
	FILE *result = fdopen(file, "r");
	assert_non_null(result);
	blob->size = fread(blob->bytes, 1, sizeof(blob->bytes), result);
	fclose(result);
	remove(path);
	assert_true(blob->size > 0 && blob->size < sizeof(blob->bytes));
}

static const char usual[] =
	"gic: gic { phandle = <0xfde8>; };"
	"aliases { gpio0 = &gpio; };"
	"soc { bus@1000 { ranges; uart@0 { compatible = \"a,uart\"; }; }; };"
	"passthrough { compatible = \"simple-bus\"; ranges;"
	" #address-cells = <2>; #size-cells = <2>; interrupt-parent = <&gic>;"
	" clk: clock { #clock-cells = <0>; compatible = \"fixed-clock\"; };"
	" gpio: gpio@9030000 { reg = <0 0x9030000 0 0x1000>; clocks = <&clk>; gpio-controller;"
	"  sub { deep { y; deeper { x; }; }; }; }; last { }; };";

static struct failure failure;
static struct domain_config config;
static struct model_image model;

static int read_blob(const void *bytes, size_t size, void **tree)
{
	model = (struct model_image){ .name = "guest.dtb", .data = bytes, .size = size };
	config.name = "tree";
	config.vcpus = 1;
	config.command_line = "";
	config.partial_tree = model_image_source(&model);
	memset(&failure, 0, sizeof(failure));
	int error = partial_tree_read(&config, tree, &failure);
	assert_int_equal(failure.error, error);
	assert_true((error != 0) == (*tree == NULL));
	if (error)
		assert_non_null(strstr(failure.text, "partial device tree guest.dtb: "));
	return error;
}

static void refused(const struct blob *blob, int error, const char *words)
{
	void *tree;

	assert_int_equal(read_blob(blob->bytes, blob->size, &tree), error);
	if (!strstr(failure.text, words))
		fail_msg("'%s' isn't in '%s'", words, failure.text);
}

// The guest's tree with the partial one in it, or NULL with the reason in `failure`.
static void *merge(const void *partial)
{
	static const struct guest_layout layout = { .banks = { { 0x40000000, 0x1000000 } } };
	const struct guest_tree_parameters parameters = {
		.config = &config,
		.layout = &layout,
		.partial = partial,
		.gic = GIC_V2,
		.xen_major = 4,
		.xen_minor = 17,
	};
	int error;

	memset(&failure, 0, sizeof(failure));
	void *tree = guest_tree_build(&parameters, &error, &failure);
	if (tree)
		assert_int_equal(fdt_check_full(tree, fdt_totalsize(tree)), 0);
	return tree;
}

static int start(void **state)
{
	(void)state;
	memset(&config, 0, sizeof(config));
	model_start(NULL);
	return 0;
}

static bool exists(const void *tree, const char *path)
{
	return fdt_path_offset(tree, path) >= 0;
}

static void same_properties(const void *one, const void *other, const char *path)
{
	int property, count = 0, node = fdt_path_offset(one, path), twin = fdt_path_offset(other, path);

	assert_true(node >= 0 && twin >= 0);
	fdt_for_each_property_offset(property, one, node)
	{
		const char *name;
		int length, twin_length;
		const void *value = fdt_getprop_by_offset(one, property, &name, &length);
		const void *twin_value = fdt_getprop(other, twin, name, &twin_length);

		assert_int_equal(length, twin_length);
		assert_memory_equal(value, twin_value, (size_t)length);
		count++;
	}
	fdt_for_each_property_offset(property, other, twin) count--;
	assert_int_equal(count, 0);
}

// ---- the tests ----

static void devices_and_aliases_are_taken_over(void **state)
{
	static const char *const copied[] = {
		"/passthrough",
		"/passthrough/clock",
		"/passthrough/gpio@9030000",
		"/passthrough/gpio@9030000/sub",
		"/passthrough/gpio@9030000/sub/deep",
		"/passthrough/gpio@9030000/sub/deep/deeper",
		"/passthrough/last",
		"/aliases",
	};
	static struct blob blob;
	void *partial;

	(void)state;
	compile(&blob, usual);
	assert_int_equal(read_blob(blob.bytes, blob.size, &partial), 0);
	void *tree = merge(partial);
	assert_non_null(tree);
	for (size_t i = 0; i < ARRAY_SIZE(copied); i++)
		same_properties(partial, tree, copied[i]);
	assert_false(exists(tree, "/gic"));
	assert_false(exists(tree, "/soc"));
	assert_false(exists(tree, "/__symbols__"));
	assert_true(exists(tree, "/chosen"));
	assert_int_equal(fdt_node_offset_by_phandle(tree, 65000),
			 fdt_path_offset(tree, "/interrupt-controller@3001000"));
	free(tree);
	free(partial);

	compile(&blob, "passthrough { };"); // as little as can be
	assert_int_equal(read_blob(blob.bytes, blob.size, &partial), 0);
	tree = merge(partial);
	assert_true(exists(tree, "/passthrough"));
	assert_false(exists(tree, "/aliases"));
	free(tree);
	free(partial);

	config.partial_tree.size = NULL; // none
	assert_int_equal(partial_tree_read(&config, &partial, NULL), 0);
	assert_null(partial);
}

static void other_nodes_are_copied_by_name(void **state)
{
	static const char *const nodes[] = { "/soc/bus@1000", "/no/such" }, *const ours[] = { "/cpus" };
	static const char *const incomplete[] = { "/soc/bus" };
	static struct blob blob;
	void *partial;

	(void)state;
	compile(&blob, usual);
	config.dt_passthrough = nodes;
	config.dt_passthrough_count = 1;
	assert_int_equal(read_blob(blob.bytes, blob.size, &partial), 0);
	void *tree = merge(partial);
	assert_true(exists(tree, "/bus@1000/uart@0"));
	assert_false(exists(tree, "/soc"));
	free(tree);
	free(partial);

	config.dt_passthrough_count = 2;
	refused(&blob, -EINVAL, "it has no node /no/such");
	config.dt_passthrough = incomplete; // the address is a part of the name
	config.dt_passthrough_count = 1;
	refused(&blob, -EINVAL, "it has no node /soc/bus");

	compile(&blob, "passthrough { }; cpus { };");
	config.dt_passthrough = ours;
	assert_int_equal(read_blob(blob.bytes, blob.size, &partial), 0);
	assert_null(merge(partial));
	assert_int_equal(failure.error, -EEXIST);
	assert_non_null(strstr(failure.text, "node cpus is in every guest's tree already"));
	free(partial);
}

static void what_is_no_partial_tree(void **state)
{
	static struct blob blob;

	(void)state;
	compile(&blob, "aliases { };");
	refused(&blob, -EINVAL, "it has no node /passthrough");
	compile(&blob, "passthrough@1 { };");
	refused(&blob, -EINVAL, "it has no node /passthrough");
	compile(&blob, "passthrough { d { phandle = <0xfde8>; }; };");
	refused(&blob, -EINVAL, "phandle 0xfde8 in /passthrough belongs to the guest's interrupt controller");

	blob.size = 0;
	refused(&blob, -EINVAL, "empty");
	memset(&blob, 'x', sizeof(blob));
	blob.size = sizeof(blob.bytes);
	refused(&blob, -EINVAL, "malformed (FDT_ERR_BADMAGIC)");
	memset(&blob, 0, sizeof(blob.bytes));
	refused(&blob, -EINVAL, "malformed");
	blob.size = TREE_SIZE_MAX + 1; // it isn't even read
	refused(&blob, -E2BIG, "too many");
}

static void a_tree_that_is_cut(void **state)
{
	static struct blob blob;

	(void)state;
	compile(&blob, usual);
	while (--blob.size)
		refused(&blob, -EINVAL, "malformed");
}

// Whatever a byte becomes: either the tree is refused, or a well-formed tree comes out of it.
static void a_tree_that_is_changed(void **state)
{
	static struct blob blob;
	static const uint8_t changes[] = { 0x01, 0x80, 0xff };
	unsigned int merged = 0;

	(void)state;
	compile(&blob, usual);
	for (size_t at = 0; at < blob.size; at++)
		for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
			void *partial;

			blob.bytes[at] = (char)(blob.bytes[at] ^ changes[i]);
			if (!read_blob(blob.bytes, blob.size, &partial)) {
				free(merge(partial));
				free(partial);
				merged++;
			}
			blob.bytes[at] = (char)(blob.bytes[at] ^ changes[i]);
		}
	assert_true(merged > 0);
}

// Nodes in nodes, thousands of them: no recursion eats the stack.
static void a_very_deep_tree(void **state)
{
	static char deep[200000];
	void *partial;
	int error = fdt_create(deep, sizeof(deep));

	(void)state;
	error = error                               ?:
			fdt_finish_reservemap(deep) ?:
			fdt_begin_node(deep, "")    ?:
						      fdt_begin_node(deep, "passthrough");
	for (int i = 0; i < 10000 && !error; i++)
		error = fdt_begin_node(deep, "n");
	for (int i = 0; i < 10000 && !error; i++)
		error = fdt_end_node(deep);
	error = error ?: fdt_end_node(deep) ?: fdt_end_node(deep) ?: fdt_finish(deep);
	assert_int_equal(error, 0);
	assert_int_equal(read_blob(deep, fdt_totalsize(deep), &partial), 0);
	void *tree = merge(partial);
	assert_true(exists(tree, "/passthrough/n/n/n/n"));
	free(tree);
	free(partial);
}

static void reading_fails(void **state)
{
	static struct blob blob;
	void *tree;

	(void)state;
	compile(&blob, usual);
	model_fail_image_read(1);
	assert_int_equal(read_blob(blob.bytes, blob.size, &tree), -EIO);
	model_fail_image_read(0);
	model_fail_allocation(1);
	assert_int_equal(read_blob(blob.bytes, blob.size, &tree), -ENOMEM);
	model_fail_allocation(0);
	model.size_error = -ENOENT;
	assert_int_equal(partial_tree_read(&config, &tree, NULL), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(devices_and_aliases_are_taken_over, start),
		cmocka_unit_test_setup(other_nodes_are_copied_by_name, start),
		cmocka_unit_test_setup(what_is_no_partial_tree, start),
		cmocka_unit_test_setup(a_tree_that_is_cut, start),
		cmocka_unit_test_setup(a_tree_that_is_changed, start),
		cmocka_unit_test_setup(a_very_deep_tree, start),
		cmocka_unit_test_setup(reading_fails, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
