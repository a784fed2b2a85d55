// SPDX-License-Identifier: Apache-2.0
// The model's kernel services: tasks in virtual time, interrupts, pages, the counted heap, the device tree.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "kernel/irq.h"
#include "kernel/log.h"
#include "kernel/memory.h"
#include "kernel/panic.h"
#include "kernel/task.h"
#include "model/model.h"

static int start(void **state)
{
	(void)state;
	model_start(NULL);
	return 0;
}

static void assert_panics(void (*function)(void *context), void *context, const char *expected)
{
	char text[256];

	if (!model_panics(function, context, text, sizeof(text)))
		fail_msg("no panic where one with '%s' was expected", expected);
	if (!strstr(text, expected))
		fail_msg("panic '%s' where one with '%s' was expected", text, expected);
}

// ---- Tasks ----

static char trace[64];
static struct wait_queue queue = WAIT_QUEUE_INITIAL(queue);
static bool flag;

static void note(void *letter)
{
	strcat(trace, letter);
	task_yield();
	strcat(trace, letter);
}

static void tasks_take_turns(void **state)
{
	unsigned int tasks = model_task_count();

	(void)state;
	trace[0] = '\0';
	assert_non_null(task_create("a", note, "a"));
	assert_non_null(task_create("b", note, "b"));
	assert_string_equal(trace, "");
	task_yield();
	assert_string_equal(trace, "ab");
	task_yield();
	assert_string_equal(trace, "abab");
	assert_int_equal(model_task_count(), tasks);
	assert_string_equal(task_name(task_current()), "test");
}

static void wait_for_flag(void *result)
{
	*(int *)result = WAIT_UNTIL_DEADLINE(&queue, flag, time_now() + SECONDS(2));
}

static void waiting_ends_with_the_condition_or_the_deadline(void **state)
{
	int result = 1;

	(void)state;
	flag = false;
	task_create("waiter", wait_for_flag, &result);
	model_run(SECONDS(1));
	wait_queue_wake(&queue); // for nothing
	model_run(MILLISECONDS(500));
	assert_int_equal(result, 1);
	flag = true;
	wait_queue_wake(&queue);
	model_run(1);
	assert_int_equal(result, 0);

	flag = false;
	task_create("waiter", wait_for_flag, &result);
	model_run(MILLISECONDS(1999));
	assert_int_equal(result, 0);
	model_run(MILLISECONDS(2));
	assert_int_equal(result, -ETIMEDOUT);
}

static void sleeping_takes_its_time_and_no_more(void **state)
{
	uint64_t before = time_now(), idle = task_idle_time();

	(void)state;
	task_sleep(SECONDS(3600));
	assert_in_range(time_now() - before, SECONDS(3600), SECONDS(3600) + MICROSECONDS(10));
	assert_in_range(task_idle_time() - idle, SECONDS(3600) - MICROSECONDS(10), SECONDS(3600));
}

static void a_long_loop_is_told_to_yield(void **state)
{
	unsigned int yields = 0;

	(void)state;
	for (unsigned int i = 0; i < 1000; i++)
		yields += task_should_yield();
	assert_int_equal(yields, 10); // 10 microseconds each
}

static void wait_for_ever(void *context)
{
	(void)context;
	WAIT_UNTIL(&queue, flag);
}

static void get_stuck(void *context)
{
	flag = false;
	task_create("sleepy", wait_for_ever, NULL);
	wait_for_ever(context);
}

static void being_stuck_is_told_with_names(void **state)
{
	(void)state;
	assert_panics(get_stuck, NULL, "nothing can ever wake one: test sleepy");
}

static unsigned int overflow_stack(unsigned int depth)
{
	volatile char page[4096];

	page[depth % sizeof(page)] = (char)depth;
	return depth ? overflow_stack(depth - 1) + (unsigned int)page[0] : 0;
}

static void go_deep(void *context)
{
	(void)context;
	overflow_stack(1000);
}

static void run_deep(void *context)
{
	task_create("deep", go_deep, context);
	task_yield();
}

static void a_stack_has_guards(void **state)
{
	char text[256];

	(void)state;
	assert_false(
		model_panics(run_deep, NULL, text, sizeof(text))); // the sanitizer ends it in its own way
	assert_non_null(strstr(text, "stack-overflow"));
}

static void collect(const struct task_info *info, void *context)
{
	snprintf((char *)context + strlen(context), 64, "%s=%s ", info->name, info->state);
}

static void tasks_can_be_listed(void **state)
{
	char list[256] = "";

	(void)state;
	flag = false;
	task_create("waiter", wait_for_ever, NULL);
	task_yield();
	task_for_each(collect, list);
	assert_string_equal(list, "test=running waiter=waiting ");
	flag = true;
	wait_queue_wake(&queue);
	task_yield();
}

// ---- Interrupts ----

static unsigned int interrupts;

static void count_interrupt(void *context)
{
	(void)context;
	interrupts++;
	wait_queue_wake(&queue);
}

static void raise_40(void *context)
{
	(void)context;
	model_raise_irq(40);
}

static void interrupts_come_when_they_are_let_in(void **state)
{
	unsigned long masked;

	(void)state;
	interrupts = 0;
	assert_int_equal(irq_register(40, count_interrupt, NULL), 0);
	assert_int_equal(irq_register(40, count_interrupt, NULL), -EBUSY);
	model_raise_irq(40);
	task_yield();
	assert_int_equal(interrupts, 0); // not enabled
	irq_enable(40);
	assert_int_equal(interrupts, 1);

	masked = irq_save();
	model_raise_irq(40);
	assert_int_equal(interrupts, 1);
	irq_restore(masked);
	assert_int_equal(interrupts, 2);

	model_after(SECONDS(1), raise_40, NULL);
	WAIT_UNTIL(&queue, interrupts == 3); // masked but while it waits
	assert_int_equal(interrupts, 3);
}

static void wait_in_handler(void *context)
{
	(void)context;
	task_yield();
}

static void take_bad_interrupt(void *context)
{
	irq_register(41, wait_in_handler, context);
	irq_enable(41);
	model_raise_irq(41);
	task_yield();
}

static void a_handler_must_not_wait(void **state)
{
	(void)state;
	assert_panics(take_bad_interrupt, NULL, "task_yield() in an interrupt handler");
}

// ---- Memory ----

static void pages_are_aligned_and_dirty(void **state)
{
	struct memory_usage before, after;
	unsigned char *pages;

	(void)state;
	memory_usage(&before);
	pages = page_alloc(4);
	assert_non_null(pages);
	assert_int_equal(virt_to_phys(pages) & 0xffff, 0);
	assert_ptr_equal(phys_to_virt(virt_to_phys(pages)), pages);
	assert_int_not_equal(pages[0], 0);
	memset(pages, 1, 16 * PAGE_SIZE);
	memory_usage(&after);
	assert_int_equal(before.free_pages - after.free_pages, 16 * PAGE_SIZE);
	page_free(pages, 4);
	memory_usage(&after);
	assert_int_equal(before.free_pages, after.free_pages);
	assert_null(page_alloc(20));
}

static void free_twice(void *pages)
{
	page_free(pages, 0);
	page_free(pages, 0);
}

static void map_own_memory(void *context)
{
	(void)context;
	memory_map(virt_to_phys(page_alloc(0)), PAGE_SIZE, MEMORY_NORMAL);
}

static void take_stack_address(void *context)
{
	char byte = 0;

	(void)context;
	virt_to_phys(&byte);
}

static void misuse_of_memory_is_found(void **state)
{
	(void)state;
	assert_panics(free_twice, page_alloc(0), "not allocated");
	assert_panics(map_own_memory, NULL, "the domain's own RAM");
	assert_panics(take_stack_address, NULL, "stack");
}

static void devices_are_accessible_where_they_were_mapped(void **state)
{
	uint32_t *gpio = memory_map(0x09030000, PAGE_SIZE, MEMORY_DEVICE);

	(void)state;
	assert_non_null(gpio);
	gpio[1] = 0x1234;
	memory_unmap(0x09030000, PAGE_SIZE);
	gpio = memory_map(0x09030000, PAGE_SIZE, MEMORY_DEVICE);
	assert_int_equal(gpio[1], 0x1234);
	memory_unmap(0x09030000, PAGE_SIZE);
}

static void the_heap_is_counted(void **state)
{
	struct model_snapshot before = model_snapshot();
	struct memory_usage usage;
	size_t used;
	char *volatile block; // compilers leave out allocations that nobody sees

	(void)state;
	memory_usage(&usage);
	used = usage.heap_used;
	block = strdup("eleven char");
	memory_usage(&usage);
	assert_int_equal(usage.heap_used - used, 12);
	block = realloc(block, 100);
	memory_usage(&usage);
	assert_int_equal(usage.heap_used - used, 100);
	free(block);
	model_assert_equal(&before, "heap");
}

static void leak(void *context)
{
	struct model_snapshot before = model_snapshot();
	char *kept = malloc(77);

	kept[0] = 0;
	model_assert_equal(&before, context);
}

static void what_is_left_over_is_told(void **state)
{
	(void)state;
	assert_panics(leak, "this test", "this test: not back where it was");
}

static void allocations_fail_on_demand(void **state)
{
	void *volatile block;

	(void)state;
	model_fail_allocation(2);
	block = malloc(10);
	assert_non_null(block);
	free(block);
	assert_false(model_fault_struck());
	assert_null(page_alloc(0));
	assert_true(model_fault_struck());
	assert_string_equal(model_fault_place(), "page_alloc(4096)");
	block = malloc(10);
	assert_non_null(block);
	free(block);
}

// ---- Log and device tree ----

static void the_log_has_levels_and_one_line_per_message(void **state)
{
	(void)state;
	model_output_clear();
	log_debug("not shown");
	log_error("a %s\nb", "x");
	assert_non_null(strstr(model_output(), "E: a x.b\n"));
	assert_null(strstr(model_output(), "not shown"));
}

static void fail_assertion(void *context)
{
	ASSERT(context);
}

static void an_assertion_ends_the_program(void **state)
{
	(void)state;
	assert_panics(fail_assertion, NULL, "assertion failed: context");
}

static void the_tree_is_as_xen_makes_it(void **state)
{
	paddr_t address;
	uint64_t size;
	unsigned int irq;
	bool edge;
	int node = devicetree_find(-1, "xen,xen");

	(void)state;
	assert_true(node > 0);
	assert_int_equal(devicetree_find(-1, "xen,xen-4.17"), node);
	assert_int_equal(devicetree_reg(node, 2, &address, &size), 0);
	assert_int_equal(address, 0x100000000);
	assert_int_equal(devicetree_reg(node, 3, &address, &size), -ENOENT);
	assert_int_equal(devicetree_irq(node, 0, &irq, &edge), 0);
	assert_int_equal(irq, 31);
	assert_false(edge);

	node = devicetree_find(-1, "model,mmc");
	assert_int_equal(devicetree_reg(node, 0, &address, &size), 0);
	assert_int_equal(address, 0x0c001000); // through the bus's `ranges`
	assert_int_equal(devicetree_irq(node, 0, &irq, &edge), 0);
	assert_int_equal(irq, 132);
	assert_true(edge);
	assert_int_equal(devicetree_find(node, "model,mmc"), -ENOENT); // the second is disabled
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_take_turns),
		cmocka_unit_test(waiting_ends_with_the_condition_or_the_deadline),
		cmocka_unit_test(sleeping_takes_its_time_and_no_more),
		cmocka_unit_test_setup(a_long_loop_is_told_to_yield, start),
		cmocka_unit_test(being_stuck_is_told_with_names),
		cmocka_unit_test(a_stack_has_guards),
		cmocka_unit_test(tasks_can_be_listed),
		cmocka_unit_test(interrupts_come_when_they_are_let_in),
		cmocka_unit_test(a_handler_must_not_wait),
		cmocka_unit_test(pages_are_aligned_and_dirty),
		cmocka_unit_test(misuse_of_memory_is_found),
		cmocka_unit_test(devices_are_accessible_where_they_were_mapped),
		cmocka_unit_test(the_heap_is_counted),
		cmocka_unit_test(what_is_left_over_is_told),
		cmocka_unit_test(allocations_fail_on_demand),
		cmocka_unit_test(the_log_has_levels_and_one_line_per_message),
		cmocka_unit_test(an_assertion_ends_the_program),
		cmocka_unit_test(the_tree_is_as_xen_makes_it),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
