// SPDX-License-Identifier: Apache-2.0
// Pools of CPUs: names and the order of hypercalls.
#include "domain/pool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/domain_config.h"
#include "kernel/compiler.h"
#include "kernel/task.h"
#include "xen/cpupool.h"
#include "xen/credit_ticks.h"
#include "xen/hypercall.h"
#include "xenstore/xenstore.h"

// Xen may ask for a removal to be repeated while something runs on the CPU yet.
#define REMOVAL_TRIES 1000
#define REMOVAL_PAUSE MILLISECONDS(1)

#define PATH_SIZE sizeof("/local/pool/4294967295/name")

// ---- Names ----

static void name_path(uint32_t id, const char *node, char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "/local/pool/%" PRIu32 "%s", id, node);
}

void pool_name(uint32_t id, char name[POOL_NAME_MAX])
{
	char path[PATH_SIZE];

	name_path(id, "/name", path);
	if (xs_read(XS_NO_TRANSACTION, path, name, POOL_NAME_MAX) <= 0)
		snprintf(name, POOL_NAME_MAX, "Pool-%" PRIu32, id);
}

// The pool with that name.
static int find(const char *text, struct cpupool *pool)
{
	char name[POOL_NAME_MAX];
	int error;

	for (uint32_t id = 0; !(error = cpupool_next(id, pool)); id = pool->id + 1) {
		pool_name(pool->id, name);
		if (!strcmp(name, text))
			return 0;
		if (pool->id == UINT32_MAX)
			break;
	}
	return error ? error : -ENOENT;
}

int pool_resolve(const char *text, uint32_t *id, struct failure *failure)
{
	struct cpupool pool;
	char *end;
	unsigned long number = strtoul(text, &end, 10);
	int error = find(text, &pool);

	if (error == -ENOENT && end != text && !*end && number < UINT32_MAX) {
		error = cpupool_next((uint32_t)number, &pool);
		if (!error && pool.id != number)
			error = -ENOENT;
	}
	if (error == -ENOENT)
		return failure_set(failure, -ESRCH, "there is no pool '%.40s': 'xu cpupool-list' shows them",
				   text);
	if (error)
		return failure_set(failure, error, "Xen doesn't tell its pools: %s", error_text(error));
	*id = pool.id;
	return 0;
}

static int check_name(const char *name, struct failure *failure)
{
	const char *fault = domain_name_fault(name);
	struct cpupool pool;

	if (!fault && strlen(name) >= POOL_NAME_MAX)
		fault = "is too long";
	if (fault)
		return failure_set(failure, -EINVAL, "the name '%.40s' %s: choose another", name, fault);
	int error = find(name, &pool);
	if (!error)
		return failure_set(failure, -EEXIST, "there is a pool '%s' already: choose another name",
				   name);
	if (error != -ENOENT)
		return failure_set(failure, error, "Xen doesn't tell its pools: %s", error_text(error));
	return 0;
}

static int write_name(uint32_t id, const char *name, struct failure *failure)
{
	char path[PATH_SIZE];

	name_path(id, "/name", path);
	int error = xs_write(XS_NO_TRANSACTION, path, name, strlen(name));
	return error ? failure_set(failure, error, "the store can't keep the pool's name: %s",
				   error_text(error))
		     : 0;
}

int pool_rename(uint32_t id, const char *name, struct failure *failure)
{
	int error = check_name(name, failure);

	return error ? error : write_name(id, name, failure);
}

// ---- CPUs ----

// What Xen's error means here: public/sysctl.h, "Error return values of cpupool operations".
static int refused(int error, const char *what, unsigned int cpu, uint32_t id, struct failure *failure)
{
	const char *reason = error_text(error);

	if (error == -EBUSY || error == -EADDRNOTAVAIL)
		reason = "it is in use: the last CPU of a pool with domains, or one in another pool";
	else if (error == -EADDRINUSE)
		reason = "a virtual CPU is pinned to it for a moment; try again";
	else if (error == -EINVAL || error == -ENODEV)
		reason = "the machine has no such CPU to spare";
	return failure_set(failure, error, "CPU %u can't be %s pool %" PRIu32 ": %s", cpu, what, id, reason);
}

// What Xen says of the pool's scheduler, before and after.
static int scheduler_refused(int error, uint32_t id, struct failure *failure)
{
	return failure_set(failure, error, "Xen refuses a change of pool %" PRIu32 "'s scheduler: %s", id,
			   error_text(error));
}

// Says what is wrong only where nothing has failed before.
static int end_change(const struct credit_ticks *ticks, int error, struct failure *failure)
{
	int later = credit_ticks_end(ticks);

	return error || !later ? error : scheduler_refused(later, ticks->pool, failure);
}

int pool_add_cpus(uint32_t id, const struct cpu_set *cpus, struct failure *failure)
{
	struct credit_ticks ticks;
	int error = credit_ticks_begin(&ticks, id);

	if (error)
		return scheduler_refused(error, id, failure);
	error = credit_ticks_before_joining(&ticks);
	if (error)
		scheduler_refused(error, id, failure);
	for (unsigned int cpu = 0; cpu < CPU_SET_CPUS && !error; cpu++) {
		error = cpu_set_has(cpus, cpu) ? cpupool_add_cpu(id, cpu) : 0;
		if (error)
			refused(error, "added to", cpu, id, failure);
	}
	return end_change(&ticks, error, failure);
}

static int remove_cpu(struct credit_ticks *ticks, unsigned int cpu, struct failure *failure)
{
	int error = -EAGAIN;

	for (unsigned int tries = REMOVAL_TRIES; tries && error == -EAGAIN; tries--) {
		if (tries < REMOVAL_TRIES)
			task_sleep(REMOVAL_PAUSE);
		error = credit_ticks_before_leaving(ticks);
		if (error)
			return scheduler_refused(error, ticks->pool, failure);
		error = cpupool_remove_cpu(ticks->pool, cpu);
	}
	return error ? refused(error, "taken from", cpu, ticks->pool, failure) : 0;
}

int pool_remove_cpus(uint32_t id, const struct cpu_set *cpus, struct failure *failure)
{
	struct credit_ticks ticks;
	int error = credit_ticks_begin(&ticks, id);

	if (error)
		return scheduler_refused(error, id, failure);
	for (unsigned int cpu = 0; cpu < CPU_SET_CPUS && !error; cpu++)
		error = cpu_set_has(cpus, cpu) ? remove_cpu(&ticks, cpu, failure) : 0;
	return end_change(&ticks, error, failure);
}

// ---- A pool's life ----

static int choose_cpus(const struct cpu_set *wanted, struct cpu_set *cpus, struct failure *failure)
{
	struct cpu_set free_cpus;
	int error = cpupool_free_cpus(&free_cpus);

	if (error)
		return failure_set(failure, error, "Xen doesn't tell which CPUs are free: %s",
				   error_text(error));
	*cpus = wanted ? *wanted : (struct cpu_set){ 0 };
	for (unsigned int cpu = 0; cpu < CPU_SET_CPUS; cpu++) {
		bool is_free = cpu_set_has(&free_cpus, cpu);

		if (wanted && cpu_set_has(wanted, cpu) && !is_free)
			return failure_set(
				failure, -EBUSY,
				"CPU %u is in a pool, or isn't there: 'xu cpupool-cpu-remove' frees one",
				cpu);
		if (!wanted && is_free && !cpu_set_count(cpus))
			cpu_set_add(cpus, cpu);
	}
	if (!cpu_set_count(cpus))
		return failure_set(failure, -EBUSY,
				   "no CPU is free: 'xu cpupool-cpu-remove Pool-0 CPU' frees one");
	return 0;
}

// Takes a pool down as far as it is there.
static int dissolve(uint32_t id, const struct cpu_set *cpus, struct failure *failure)
{
	char path[PATH_SIZE];
	int error = pool_remove_cpus(id, cpus, failure);

	if (!error) {
		error = cpupool_destroy(id);
		if (error)
			failure_set(failure, error, "Xen can't destroy pool %" PRIu32 ": %s", id,
				    error_text(error));
	}
	if (error)
		return error;
	name_path(id, "", path);
	xs_rm(XS_NO_TRANSACTION, path); // there is none yet where a creation failed
	return 0;
}

int pool_create(const char *name, uint32_t scheduler, const struct cpu_set *cpus, uint32_t *id,
		struct failure *failure)
{
	struct cpu_set chosen;
	int error = check_name(name, failure);

	if (!error)
		error = choose_cpus(cpus, &chosen, failure);
	if (error)
		return error;
	error = cpupool_create(scheduler, id);
	if (error)
		return failure_set(failure, error, "Xen can't make a pool%s: %s",
				   error == -ENOENT ? " with this scheduler, which it lacks" : "",
				   error_text(error));
	error = pool_add_cpus(*id, &chosen, failure);
	if (!error)
		error = write_name(*id, name, failure);
	if (error) {
		struct cpupool pool;

		if (!cpupool_next(*id, &pool) && pool.id == *id)
			dissolve(*id, &pool.cpus, NULL);
	}
	return error;
}

int pool_destroy(uint32_t id, struct failure *failure)
{
	struct cpupool pool;

	if (id == 0)
		return failure_set(failure, -EPERM, "pool 0 is Xen's own, in which Domain-0 runs");
	int error = cpupool_next(id, &pool);
	if (error || pool.id != id)
		return failure_set(failure, error ? error : -ESRCH, "there is no pool %" PRIu32, id);
	if (pool.domains)
		return failure_set(failure, -EBUSY,
				   "there are %" PRIu32 " domains in it: move them with 'xu cpupool-migrate'",
				   pool.domains);
	return dissolve(id, &pool.cpus, failure);
}

int pool_move_domain(uint32_t id, domid_t domid, struct failure *failure)
{
	int error = cpupool_move_domain(id, domid);

	if (error == -EBUSY)
		return failure_set(
			failure, error,
			"domain %u can't leave its pool: a CPU of it is pinned for a moment, or the other "
			"pool has no CPU",
			domid);
	if (error)
		return failure_set(failure, error, "Xen can't move domain %u: %s", domid, error_text(error));
	return 0;
}
