// SPDX-License-Identifier: Apache-2.0
// A device tree that a test writes node by node (libfdt's sequential functions). For tests; each includes it once.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "kernel/compiler.h"

static _Alignas(8) char tree[4096];

static inline void cells_property(const char *name, const uint32_t *values, size_t count)
{
	fdt32_t cells[32];

	assert_true(count <= ARRAY_SIZE(cells));
	for (size_t i = 0; i < count; i++)
		fdt32_st(&cells[i], values[i]);
	assert_int_equal(fdt_property(tree, name, cells, (int)(count * sizeof(cells[0]))), 0);
}

#define CELLS(name, ...)                                                                                     \
	cells_property(name, (const uint32_t[]){ __VA_ARGS__ },                                              \
		       sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

static inline void string(const char *name, const char *value)
{
	assert_int_equal(fdt_property(tree, name, value, (int)strlen(value) + 1), 0);
}

static inline void begin(const char *name)
{
	assert_int_equal(fdt_begin_node(tree, name), 0);
}

static inline void end(void)
{
	assert_int_equal(fdt_end_node(tree), 0);
}

// Its root, with addresses and sizes of two cells each.
static inline void begin_root(void)
{
	assert_int_equal(fdt_create(tree, sizeof(tree)), 0);
	assert_int_equal(fdt_finish_reservemap(tree), 0);
	begin("");
	CELLS("#address-cells", 2);
	CELLS("#size-cells", 2);
}
