// SPDX-License-Identifier: Apache-2.0
// What the tests have in common.
#pragma once

#define CHECK(condition)                                                                                     \
	do {                                                                                                 \
		if (!(condition))                                                                            \
			selftest_failed(#condition, __FILE__, __LINE__);                                     \
	} while (0)

// Prints what was expected and counts; the test goes on.
void selftest_failed(const char *expression, const char *file, int line);

// libc.c
void test_printf(void);
void test_log(void);

// tasks.c
void test_clock(void);
void test_tasks(void);
void test_yield(void);
void test_task_errno(void);
void test_sleep(void);
void test_wait_queue(void);
void test_wait_deadline(void);

// interrupts.c
void test_interrupts(void);
void test_vector_registers(void);

// memory.c
void test_pages(void);
void test_page_runs(void);
void test_heap(void);
void test_heap_torture(void);

// mapping.c
void test_permissions(void);
void test_stack_guards(void);
void test_mapping(void);
