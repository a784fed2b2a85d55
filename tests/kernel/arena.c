// SPDX-License-Identifier: Apache-2.0
// Memory and panic() for the tests of the kernel's allocators.
#include "arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "kernel/page.h"
#include "kernel/panic.h"

static jmp_buf *expected;

void panic(const char *format, ...)
{
	va_list arguments;

	if (expected)
		longjmp(*expected, 1);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	abort();
}

bool arena_panics(void (*function)(void *context), void *context)
{
	jmp_buf here;
	bool panicked = true;

	expected = &here;
	if (setjmp(here) == 0) {
		function(context);
		panicked = false;
	}
	expected = NULL;
	return panicked;
}

void *arena_add(size_t size, size_t offset, size_t usable)
{
	size_t alignment = PAGE_SIZE << PAGE_ORDER_MAX;
	void *space = mmap(NULL, size + alignment, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint8_t *map = malloc(page_map_size(size));

	ASSERT(space != MAP_FAILED && map);
	char *start = (char *)ROUND_UP((uintptr_t)space, alignment);
	ASSERT(page_add_bank(start, size, map) == 0);
	page_add_free(start + offset, usable);
	return start;
}
