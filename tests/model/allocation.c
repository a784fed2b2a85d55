// SPDX-License-Identifier: Apache-2.0
// The program's heap, counted: malloc() and friends of src/ and of what is linked with it statically come
// here (the linker's
// --wrap), so that a test can make one of them fail, and see what is left over and where it came from. The
// blocks themselves are the sanitizer's.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sanitizer/common_interface_defs.h>

#include "kernel/panic.h"
#include "model/internal.h"

#define BUCKETS 4096u

// Kept inverted, so that the leak checker doesn't take the table for a user of the block.
struct block {
	struct block *next;
	uintptr_t inverted;
	size_t size;
	uint64_t serial;
	void *caller;
};

static struct block *buckets[BUCKETS];
static size_t live_blocks, live_bytes, peak_bytes;
static uint64_t last_serial;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void __wrap_free(void *block);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);
int __wrap_asprintf(char **text, const char *format, ...);
int __wrap_vasprintf(char **text, const char *format, va_list arguments);

static struct block **bucket_of(const void *pointer)
{
	return &buckets[((uintptr_t)pointer >> 4) % BUCKETS];
}

static struct block **find(const void *pointer)
{
	struct block **link = bucket_of(pointer);

	while (*link && (*link)->inverted != ~(uintptr_t)pointer)
		link = &(*link)->next;
	return link;
}

static void *count_in(void *pointer, size_t size, void *caller)
{
	struct block *block = __real_malloc(sizeof(*block));
	struct block **bucket = bucket_of(pointer);

	*block = (struct block){ *bucket, ~(uintptr_t)pointer, size, ++last_serial, caller };
	*bucket = block;
	live_blocks++;
	live_bytes += size;
	if (live_bytes > peak_bytes)
		peak_bytes = live_bytes;
	return pointer;
}

// Blocks that the C library allocated by itself aren't in the table.
static void count_out(void *pointer)
{
	struct block **link = find(pointer), *block = *link;

	if (!block)
		return;
	*link = block->next;
	live_blocks--;
	live_bytes -= block->size;
	__real_free(block);
}

static void *allocate(size_t size, void *caller)
{
	if (allocation_fails("malloc", size))
		return NULL;
	return count_in(__real_malloc(size), size, caller);
}

void *__wrap_malloc(size_t size)
{
	return allocate(size, __builtin_return_address(0));
}

void *__wrap_calloc(size_t count, size_t size)
{
	size_t total;
	void *pointer;

	if (__builtin_mul_overflow(count, size, &total))
		return NULL;
	pointer = allocate(total, __builtin_return_address(0));
	return pointer ? memset(pointer, 0, total) : NULL;
}

void *__wrap_realloc(void *old, size_t size)
{
	void *pointer;

	if (!old)
		return allocate(size, __builtin_return_address(0));
	if (allocation_fails("realloc", size))
		return NULL;
	count_out(old);
	pointer = __real_realloc(old, size);
	return count_in(pointer, size, __builtin_return_address(0));
}

void __wrap_free(void *pointer)
{
	if (pointer)
		count_out(pointer);
	__real_free(pointer);
}

static char *duplicate(const char *text, size_t length, void *caller)
{
	char *copy = allocate(length + 1, caller);

	if (!copy)
		return NULL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *__wrap_strdup(const char *text)
{
	return duplicate(text, strlen(text), __builtin_return_address(0));
}

char *__wrap_strndup(const char *text, size_t size)
{
	return duplicate(text, strnlen(text, size), __builtin_return_address(0));
}

static int print_allocated(char **text, const char *format, va_list arguments, void *caller)
{
	va_list again;
	int length;

	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	*text = length < 0 ? NULL : allocate((size_t)length + 1, caller);
	return *text ? vsnprintf(*text, (size_t)length + 1, format, arguments) : -1;
}

int __wrap_vasprintf(char **text, const char *format, va_list arguments)
{
	return print_allocated(text, format, arguments, __builtin_return_address(0));
}

int __wrap_asprintf(char **text, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = print_allocated(text, format, arguments, __builtin_return_address(0));
	va_end(arguments);
	return length;
}

// ---- For the model ----

bool allocation_fails(const char *what, size_t size)
{
	return fault_strikes(FAULT_ALLOCATION, "%s(%zu)", what, size);
}

void allocation_usage(size_t *blocks, size_t *bytes, size_t *peak)
{
	*blocks = live_blocks;
	*bytes = live_bytes;
	*peak = peak_bytes;
}

uint64_t allocation_serial(void)
{
	return last_serial;
}

void allocation_print_since(uint64_t serial)
{
	for (unsigned int i = 0; i < BUCKETS; i++) {
		for (const struct block *block = buckets[i]; block; block = block->next) {
			char place[256];

			if (block->serial <= serial)
				continue;
			__sanitizer_symbolize_pc((char *)block->caller - 1, "%f %s:%l", place, sizeof(place));
			fprintf(stderr, "  left over: %zu bytes from %s\n", block->size, place);
		}
	}
}

void *model_realloc(void *block, size_t size)
{
	void *pointer = __real_realloc(block, size);

	ASSERT(pointer);
	return pointer;
}

void *model_zalloc(size_t size)
{
	void *pointer = __real_calloc(1, size);

	ASSERT(pointer);
	return pointer;
}

void model_free(void *block)
{
	__real_free(block);
}
