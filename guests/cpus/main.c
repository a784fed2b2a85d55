// SPDX-License-Identifier: Apache-2.0
// Starts every CPU of its device tree and checks that all of them count on their own at the same time: for
// the tests of domains with several virtual CPUs.
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "common/guest.h"
#include "kernel/compiler.h"
#include "kernel/cpu.h"
#include "kernel/devicetree.h"
#include "kernel/task.h"

#define CPUS_MAX 128 // Xen's limit for a domain on Arm64 with GICv3

struct cpu {
	uint64_t wanted; // MPIDR's affinity bits, as the device tree has them
	uint64_t found;  // as the CPU itself reads them
	uint64_t count;
};

static struct cpu cpus[CPUS_MAX];
static unsigned int cpu_count;
static bool finished;

static void find_cpus(void)
{
	const void *tree = devicetree();
	int parent = fdt_path_offset(tree, "/cpus"), node;

	fdt_for_each_subnode (node, tree, parent) {
		const char *type = fdt_getprop(tree, node, "device_type", NULL);
		int size;
		const fdt32_t *reg = fdt_getprop(tree, node, "reg", &size);
		if (!type || strcmp(type, "cpu") != 0 || !reg || size < 4 || cpu_count == CPUS_MAX)
			continue;
		uint64_t mpidr = fdt32_ld(reg);
		if (size >= 8)
			mpidr = mpidr << 32 | fdt32_ld(reg + 1);
		cpus[cpu_count++].wanted = mpidr;
	}
}

// Runs on a CPU of its own, with nothing of the kernel but the MMU.
static void count_up(void *argument)
{
	struct cpu *cpu = argument;

	WRITE_ONCE(cpu->found, cpu_id());
	while (!READ_ONCE(finished))
		WRITE_ONCE(cpu->count, cpu->count + 1);
	for (;;)
		__asm__ volatile("wfi");
}

static void start_others(void)
{
	for (unsigned int i = 0; i < cpu_count; i++) {
		cpus[i].found = UINT64_MAX;
		if (cpus[i].wanted == cpu_id()) {
			cpus[i].found = cpu_id();
			continue;
		}
		int error = cpu_start(cpus[i].wanted, count_up, &cpus[i]);
		if (error)
			printf("cpu %u: not started, error %d\n", i, error);
	}
}

// True when the CPU has its own number and counts. On a loaded machine it may have to wait for its turn.
static bool is_running(struct cpu *cpu)
{
	if (READ_ONCE(cpu->found) != cpu->wanted)
		return false;
	if (cpu->wanted == cpu_id()) {
		cpu->count++;
		return true;
	}
	uint64_t before = READ_ONCE(cpu->count), deadline = time_now() + SECONDS(5);
	while (READ_ONCE(cpu->count) == before && time_now() < deadline)
		task_sleep(MILLISECONDS(1));
	return READ_ONCE(cpu->count) != before;
}

int main(void)
{
	unsigned int running = 0;

	guest_start("cpus");
	find_cpus();
	start_others();
	task_sleep(MILLISECONDS(500));
	for (unsigned int i = 0; i < cpu_count; i++) {
		bool runs = is_running(&cpus[i]);
		running += runs;
		printf("cpu %u: MPIDR 0x%llx, counted to %llu, %s\n", i, (unsigned long long)cpus[i].found,
		       (unsigned long long)READ_ONCE(cpus[i].count), runs ? "running" : "not running");
	}
	printf("cpus: %u of %u running\n", running, cpu_count);
	WRITE_ONCE(finished, true);
	for (;;)
		task_sleep(SECONDS(3600));
}
