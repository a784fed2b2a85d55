// SPDX-License-Identifier: Apache-2.0
// The commands of `xu` about pools of CPUs.
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "domain/pool.h"
#include "kernel/compiler.h"
#include "shell/commands.h"
#include "shell/domains.h"
#include "xen/cpupool.h"
#include "xen/sysctl.h"

#define CPUS_TEXT_SIZE 128

const struct command_option xu_pool_list_options[] = {
	[XU_POOL_CPUS] = { "-c, --cpus", NULL, "show which CPUs each has" },
	{ 0 },
};

static int pool_argument(const struct invocation *call, int place, uint32_t *id)
{
	struct failure failure = { 0 };

	return pool_resolve(call->argv[place], id, &failure) ? shell_failure(call, &failure) : 0;
}

static void print_pool(const struct cpupool *pool, bool with_cpus)
{
	char name[POOL_NAME_MAX], cpus[CPUS_TEXT_SIZE];

	pool_name(pool->id, name);
	if (with_cpus) {
		cpu_set_print(&pool->cpus, CPU_SET_CPUS, cpus, sizeof(cpus));
		shell_print("%-19s%s\n", name, cpu_set_count(&pool->cpus) ? cpus : "");
	} else {
		shell_print("%-19s%3u %9s       y       %4" PRIu32 "\n", name, cpu_set_count(&pool->cpus),
			    scheduler_name(pool->scheduler), pool->domains);
	}
}

int xu_cpupool_list_command(const struct invocation *call)
{
	bool with_cpus = call->options[XU_POOL_CPUS];
	struct cpupool pool;
	uint32_t wanted = 0;
	int error = call->argc ? pool_argument(call, 0, &wanted) : 0;

	if (error)
		return error;
	shell_print("%-19s%s\n", "Name", with_cpus ? "CPU list" : "CPUs   Sched     Active   Domain count");
	for (uint32_t id = wanted; !(error = cpupool_next(id, &pool)); id = pool.id + 1) {
		print_pool(&pool, with_cpus);
		if (call->argc)
			return 0;
	}
	return error == -ENOENT ? 0 : domains_refused(call, "its pools", error);
}

// ---- Creation ----

struct wanted_pool {
	char name[POOL_NAME_MAX];
	uint32_t scheduler;
	struct cpu_set cpus;
	bool has_cpus;
};

static int default_scheduler(const struct invocation *call, uint32_t *scheduler)
{
	struct cpupool pool;
	int error = cpupool_next(0, &pool);

	if (error)
		return domains_refused(call, "its pools", error);
	*scheduler = pool.scheduler;
	return 0;
}

// A value as xl takes it on a command line: name="a", cpus=["1","2"]. What is left without quotes and
// brackets.
static void strip(const char *text, char *value, size_t size)
{
	size_t length = 0;

	for (; *text && length + 1 < size; text++)
		if (!strchr("\"'[] ", *text))
			value[length++] = *text;
	value[length] = '\0';
}

static int take_setting(const struct invocation *call, const char *word, struct wanted_pool *wanted)
{
	const char *equals = strchr(word, '=');
	char value[CPUS_TEXT_SIZE];

	strip(equals ? equals + 1 : "", value, sizeof(value));
	if (equals && !strncmp(word, "name=", 5)) {
		if (strlen(value) < sizeof(wanted->name)) {
			strcpy(wanted->name, value);
			return 0;
		}
		shell_error("%s: '%s' is too long a name", call->name, value);
	} else if (equals && !strncmp(word, "sched=", 6)) {
		if (scheduler_find(value, &wanted->scheduler))
			return 0;
		shell_error("%s: there is no scheduler '%s': credit, credit2, rtds, null, arinc653",
			    call->name, value);
	} else if (equals && !strncmp(word, "cpus=", 5)) {
		wanted->has_cpus = true;
		if (!cpu_set_parse(value, &wanted->cpus))
			return 0;
		shell_error("%s: '%s': give numbers of CPUs as 1-3,5", call->name, value);
	} else {
		shell_error("%s: '%s' is not one of name=NAME, sched=SCHEDULER, cpus=CPUS", call->name, word);
	}
	return -EINVAL;
}

int xu_cpupool_create_command(const struct invocation *call)
{
	struct wanted_pool wanted = { 0 };
	struct failure failure = { 0 };
	uint32_t id;
	int error = default_scheduler(call, &wanted.scheduler);

	for (int i = 0; i < call->argc && !error; i++)
		error = take_setting(call, call->argv[i], &wanted);
	if (error)
		return error;
	if (!wanted.name[0]) {
		shell_error("%s: name=NAME is missing", call->name);
		return -EINVAL;
	}
	if (pool_create(wanted.name, wanted.scheduler, wanted.has_cpus ? &wanted.cpus : NULL, &id, &failure))
		return shell_failure(call, &failure);
	shell_print("pool:%" PRIu32 " created\n", id);
	return 0;
}

// ---- The others ----

int xu_cpupool_destroy_command(const struct invocation *call)
{
	struct failure failure = { 0 };
	uint32_t id;
	int error = pool_argument(call, 0, &id);

	if (error)
		return error;
	return pool_destroy(id, &failure) ? shell_failure(call, &failure) : 0;
}

int xu_cpupool_rename_command(const struct invocation *call)
{
	struct failure failure = { 0 };
	uint32_t id;
	int error = pool_argument(call, 0, &id);

	if (error)
		return error;
	return pool_rename(id, call->argv[1], &failure) ? shell_failure(call, &failure) : 0;
}

static int change_cpus(const struct invocation *call,
		       int (*change)(uint32_t id, const struct cpu_set *cpus, struct failure *failure))
{
	struct failure failure = { 0 };
	struct cpu_set cpus;
	uint32_t id;
	int error = pool_argument(call, 0, &id);

	if (error)
		return error;
	const char *wrong = cpu_set_parse(call->argv[1], &cpus);
	if (wrong) {
		shell_error("%s: '%s': give numbers of CPUs as 1-3,5", call->name, wrong);
		return -EINVAL;
	}
	return change(id, &cpus, &failure) ? shell_failure(call, &failure) : 0;
}

int xu_cpupool_cpu_add_command(const struct invocation *call)
{
	return change_cpus(call, pool_add_cpus);
}

int xu_cpupool_cpu_remove_command(const struct invocation *call)
{
	return change_cpus(call, pool_remove_cpus);
}

int xu_cpupool_migrate_command(const struct invocation *call)
{
	struct failure failure = { 0 };
	uint32_t pool;
	domid_t id;
	int error = domains_argument(call, &id);

	if (!error)
		error = pool_argument(call, 1, &pool);
	if (error)
		return error;
	return pool_move_domain(pool, id, &failure) ? shell_failure(call, &failure) : 0;
}
