// SPDX-License-Identifier: Apache-2.0
// Checks the kernel that it runs on, as a guest or in the place of Dom0: one line `selftest: NAME ok` per
// test, then `selftest: all passed`. `fault=KIND` on the command line commits a fault afterwards
// (kernel/fault_test.h), and `rounds=N` is how often the heap is tortured.
#include <stdio.h>
#include <string.h>

#include "common/guest.h"
#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "kernel/fault_test.h"
#include "kernel/task.h"
#include "selftest/selftest.h"

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "printf", test_printf },
	{ "log", test_log },
	{ "clock", test_clock },
	{ "tasks", test_tasks },
	{ "yield", test_yield },
	{ "task-errno", test_task_errno },
	{ "sleep", test_sleep },
	{ "wait-queue", test_wait_queue },
	{ "wait-deadline", test_wait_deadline },
	{ "interrupts", test_interrupts },
	{ "vector-registers", test_vector_registers },
	{ "pages", test_pages },
	{ "page-runs", test_page_runs },
	{ "heap", test_heap },
	{ "heap-torture", test_heap_torture },
	{ "permissions", test_permissions },
	{ "stack-guards", test_stack_guards },
	{ "mapping", test_mapping },
};

static unsigned int failures;

void selftest_failed(const char *expression, const char *file, int line)
{
	printf("selftest: %s:%d: not true: %s\n", file, line, expression);
	failures++;
}

static void commit_fault(void)
{
	static const char key[] = "fault=";
	const char *position = devicetree_bootargs(), *word;
	int length;

	while ((word = guest_next_word(&position, &length))) {
		char kind[16];

		if (strncmp(word, key, strlen(key)) != 0)
			continue;
		snprintf(kind, sizeof(kind), "%.*s", length - (int)strlen(key), word + strlen(key));
		printf("selftest: committing the fault %s\n", kind);
		kernel_test_fault(kind);
		printf("selftest: there is no fault %s\n", kind);
	}
}

int main(void)
{
	unsigned int failed = 0;

	guest_start("selftest");
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		uint64_t start = time_now();

		failures = 0;
		tests[i].run();
		failed += failures != 0;
		printf("selftest: %s %s (%llu us)\n", tests[i].name, failures ? "FAILED" : "ok",
		       (unsigned long long)((time_now() - start) / MICROSECONDS(1)));
	}
	if (failed)
		printf("selftest: %u of %zu tests failed\n", failed, ARRAY_SIZE(tests));
	else
		printf("selftest: all passed\n");
	commit_fault();
	for (;;)
		task_sleep(SECONDS(3600));
}
