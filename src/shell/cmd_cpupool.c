// SPDX-License-Identifier: Apache-2.0
// The commands of `xu` about pools of CPUs.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/images_folder.h"
#include "config/xlcfg_parser.h"
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

// A key of xlcpupool.cfg(5). A list of CPUs comes as one text.
static int take_setting(const struct invocation *call, const char *key, const char *value,
			struct wanted_pool *wanted)
{
	if (!strcmp(key, "name")) {
		if (strlen(value) < sizeof(wanted->name)) {
			strcpy(wanted->name, value);
			return 0;
		}
		shell_error("%s: '%.40s...' is too long a name", call->name, value);
	} else if (!strcmp(key, "sched")) {
		if (scheduler_find(value, &wanted->scheduler))
			return 0;
		shell_error("%s: there is no scheduler '%.40s': credit, credit2, rtds, null, arinc653",
			    call->name, value);
	} else if (!strcmp(key, "cpus")) {
		wanted->has_cpus = true;
		if (!cpu_set_parse(value, &wanted->cpus))
			return 0;
		shell_error("%s: '%.40s': give numbers of CPUs as 1-3,5", call->name, value);
	} else {
		shell_error("%s: '%.40s' is none of name, sched, cpus", call->name, key);
	}
	return -EINVAL;
}

// A setting as xl takes it on a command line: name="a", cpus=["1","2"]. The value counts without quotes and
// brackets.
static int take_word(const struct invocation *call, const char *word, struct wanted_pool *wanted)
{
	size_t key_length = strcspn(word, "="), length = 0;
	char text[CONFIG_SHELL_LINE_MAX + 1], *value = text + key_length + 1;

	snprintf(text, sizeof(text), "%.*s", (int)key_length, word);
	for (word += key_length + 1; *word; word++)
		if (!strchr("\"'[] ", *word))
			value[length++] = *word;
	value[length] = '\0';
	return take_setting(call, text, value, wanted);
}

static int take_from_file(const struct invocation *call, const struct xlcfg_setting *setting,
			  struct wanted_pool *wanted)
{
	char text[CPU_SET_CPUS * sizeof("127,")] = "";
	size_t length = 0;

	if (!setting->value->is_list)
		return take_setting(call, setting->key, setting->value->text, wanted);
	for (const struct xlcfg_value *value = setting->value->first; value; value = value->next)
		if (!value->is_list && length < sizeof(text))
			length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s",
						   length ? "," : "", value->text);
	if (length >= sizeof(text)) {
		shell_error("%s: the list '%.40s' is too long; write 0-7 for eight CPUs", call->name, setting->key);
		return -E2BIG;
	}
	return take_setting(call, setting->key, text, wanted);
}

// The pool is named as its file where that doesn't say otherwise.
static int read_pool_file(const struct invocation *call, const char *path, struct wanted_pool *wanted)
{
	const char *slash = strrchr(path, '/');
	struct failure failure = { 0 };
	struct xlcfg_setting *settings;
	struct arena arena = { 0 };
	size_t size;
	void *bytes = images_folder_load(path, &size, &failure);

	if (!bytes)
		return shell_failure(call, &failure);
	snprintf(wanted->name, sizeof(wanted->name), "%s", slash ? slash + 1 : path);
	int error = xlcfg_parse(path, bytes, size, size, &arena, &settings, &failure);
	free(bytes);
	if (error)
		shell_failure(call, &failure);
	for (const struct xlcfg_setting *setting = error ? NULL : settings; setting && !error;
	     setting = setting->next)
		error = take_from_file(call, setting, wanted);
	arena_free(&arena);
	return error;
}

const struct command_option xu_pool_create_options[] = {
	[XU_POOL_FILE] = { "-f, --defconfig", "FILE", "the same as FILE alone" },
	[XU_POOL_DRY_RUN] = { "-n, --dryrun", NULL, "say what would be made, and make nothing" },
	{ 0 },
};

static int read_wishes(const struct invocation *call, struct wanted_pool *wanted)
{
	const char *file = call->options[XU_POOL_FILE];
	int error = default_scheduler(call, &wanted->scheduler), first = 0;

	if (!file && call->argc && !strchr(call->argv[0], '='))
		file = call->argv[first++];
	if (!error && file)
		error = read_pool_file(call, file, wanted);
	for (int i = first; i < call->argc && !error; i++) {
		if (strchr(call->argv[i], '='))
			error = take_word(call, call->argv[i], wanted);
		else
			error = take_setting(call, call->argv[i], "", wanted);
	}
	if (!error && !wanted->name[0]) {
		shell_error("%s: name=NAME is missing", call->name);
		error = -EINVAL;
	}
	return error;
}

int xu_cpupool_create_command(const struct invocation *call)
{
	struct wanted_pool wanted = { 0 };
	struct failure failure = { 0 };
	uint32_t id;
	int error = read_wishes(call, &wanted);

	if (error)
		return error;
	if (call->options[XU_POOL_DRY_RUN]) {
		shell_print("cpupool name:   %s\nscheduler:      %s\nnumber of cpus: %u\n", wanted.name,
			    scheduler_name(wanted.scheduler), cpu_set_count(&wanted.cpus));
		return 0;
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
