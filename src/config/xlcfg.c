// SPDX-License-Identifier: Apache-2.0
// A configuration file, from its bytes to the configuration: each setting is applied by the row of its key;
// what several settings make is combined at the end; then domain_config_find_fault() judges, and the place of
// a fault is looked up among the settings.
#include "config/xlcfg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/xlcfg_keys.h"
#include "config/xlcfg_reader.h"
#include "kernel/compiler.h"
#include "kernel/spelling.h"
#include "kernel/task.h"

#define XL_DEFAULT_MEMORY KIB(32) // in KiB: libxl's, where neither memory nor maxmem is given
#define SPELLING_DISTANCE 2

static struct domain_config *config_of(struct xlcfg_reader *reader)
{
	return &reader->file->config;
}

static const struct xlcfg_setting *find(const struct xlcfg_reader *reader, const char *name)
{
	for (const struct xlcfg_setting *setting = reader->settings; setting; setting = setting->next)
		if (!strcmp(setting->key, name))
			return setting;
	return NULL;
}

// ---- Single settings ----

static bool is_among(const char *name, const char *const *names)
{
	while (*names && strcmp(*names, name))
		names++;
	return *names;
}

static const char *nearest_key(const char *name)
{
	unsigned int least = SPELLING_DISTANCE + 1;
	const char *nearest = NULL;

	for (const struct xlcfg_key *key = xlcfg_keys; key->name; key++) {
		unsigned int distance = spelling_distance(key->name, name);

		if (distance < least && distance < strlen(key->name)) {
			least = distance;
			nearest = key->name;
		}
	}
	return nearest;
}

static int apply_unknown(struct xlcfg_reader *reader, const struct xlcfg_setting *setting)
{
	const char *name = setting->key;

	if (is_among(name, xlcfg_meaningless_keys))
		return xlcfg_warn(reader, setting->position, "'%s' is ignored: it has no meaning on Arm64",
				  name);
	if (is_among(name, xlcfg_unsupported_keys))
		return xlcfg_warn(reader, setting->position, "'%s' is ignored: it is not supported", name);
	const char *nearest = reader->warnings < XLCFG_WARNINGS_MAX ? nearest_key(name) : NULL;
	return xlcfg_warn(reader, setting->position, "unknown key '%.40s' is ignored%s%s%s", name,
			  nearest ? "; perhaps you mean '" : "", nearest ? nearest : "", nearest ? "'" : "");
}

static const struct xlcfg_key *find_key(const char *name)
{
	for (const struct xlcfg_key *key = xlcfg_keys; key->name; key++)
		if (!strcmp(key->name, name))
			return key;
	return NULL;
}

static int apply_key(struct xlcfg_reader *reader, const struct xlcfg_key *key,
		     const struct xlcfg_setting *setting)
{
	const struct xlcfg_value *value = setting->value;

	if (key->take_element && !value->is_list)
		return xlcfg_refuse(reader, value->position, "'%s' wants a list: write %s = [ ... ]",
				    key->name, key->name);
	if (value->is_list && !key->take_element && !key->may_be_list)
		return xlcfg_refuse(reader, value->position, "'%s' wants a single value, not a list",
				    key->name);
	if (setting->appended && key->is_number)
		return xlcfg_refuse(reader, setting->position, "+= is for texts and lists: write %s = NUMBER",
				    key->name);
	return key->apply(reader, key, value);
}

static int apply(struct xlcfg_reader *reader, const struct xlcfg_setting *setting)
{
	const struct xlcfg_key *key = find_key(setting->key);
	int error = 0;

	// What is typed behind a file is meant to replace what is in the file.
	if (setting->replaced.line && setting->replaced.typed == setting->position.typed)
		error = xlcfg_warn(reader, setting->replaced, "'%.40s' doesn't count: it is set again in %s %u",
				   setting->key, xlcfg_unit(setting->position), setting->position.line);
	if (error)
		return error;
	return key ? apply_key(reader, key, setting) : apply_unknown(reader, setting);
}

// ---- Settings that are combined ----

// As xl combines them: cmdline alone, or root and extra.
static int combine_command_line(struct xlcfg_reader *reader)
{
	const struct xlcfg_setting *cmdline = find(reader, "cmdline");
	const struct xlcfg_setting *root = find(reader, "root"), *extra = find(reader, "extra");
	struct domain_config *config = config_of(reader);

	if (!cmdline && !root && !extra)
		return 0;
	if (cmdline) {
		const struct xlcfg_setting *ignored = root ? root : extra;

		config->command_line = cmdline->value->text;
		return ignored ? xlcfg_warn(reader, ignored->position,
					    "root and extra are ignored, since there is a cmdline")
			       : 0;
	}
	if (!root) {
		config->command_line = extra->value->text;
		return 0;
	}
	const char *device = root->value->text, *more = extra ? extra->value->text : "";
	char *line = xlcfg_alloc(reader, strlen("root= ") + strlen(device) + strlen(more) + 1, 1);
	if (!line)
		return -ENOMEM;
	char *end = stpcpy(stpcpy(line, "root="), device);
	if (extra)
		stpcpy(stpcpy(end, " "), more);
	config->command_line = line;
	return 0;
}

static int combine_memory(struct xlcfg_reader *reader)
{
	struct domain_config *config = config_of(reader);
	const struct xlcfg_setting *memory = find(reader, "memory"), *kib = find(reader, "memory_kib");

	if (memory && kib)
		return xlcfg_refuse(reader, kib->position, "give memory or memory_kib, not both");
	if (!config->memory_kib)
		config->memory_kib = config->max_memory_kib ? config->max_memory_kib : XL_DEFAULT_MEMORY;
	return 0;
}

static int take_cpus_list(struct xlcfg_reader *reader, const struct xlcfg_value *list, const char *key,
			  struct cpu_set *cpus, uint32_t count)
{
	const struct xlcfg_value *value = list->first;

	for (uint32_t i = 0; i < count; i++, value = value->next) {
		if (value->is_list)
			return xlcfg_refuse(reader, value->position,
					    "%s: a list stands where a single value belongs", key);
		int error = xlcfg_cpus(reader, value, key, &cpus[i]);
		if (error)
			return error;
	}
	if (!value)
		return 0;
	return xlcfg_warn(reader, value->position, "%s: only the first %u count: there are no more CPUs",
			  key, count);
}

static int take_cpus_for_all(struct xlcfg_reader *reader, const struct xlcfg_value *value,
			     const char *key, struct cpu_set *cpus, uint32_t count)
{
	struct cpu_set set;
	int error = xlcfg_cpus(reader, value, key, &set);

	for (uint32_t i = 0; i < count && !error; i++)
		cpus[i] = set;
	return error;
}

// One set is for all virtual CPUs, a list has one for each, from the first on.
static int combine_cpu_sets(struct xlcfg_reader *reader, const char *key, const struct cpu_set **sets,
			    uint32_t *set_count)
{
	const struct xlcfg_setting *setting = find(reader, key);
	struct domain_config *config = config_of(reader);
	uint32_t count = MIN(MAX(config->vcpus, config->max_vcpus), XLCFG_VALUES_MAX);

	if (!setting)
		return 0;
	const struct xlcfg_value *value = setting->value;
	if (value->is_list)
		count = MIN(value->count, count);
	struct cpu_set *cpus = xlcfg_alloc(reader, count, sizeof(*cpus));
	if (!cpus)
		return -ENOMEM;
	*sets = count ? cpus : NULL;
	*set_count = count;
	return value->is_list ? take_cpus_list(reader, value, key, cpus, count)
			      : take_cpus_for_all(reader, value, key, cpus, count);
}

static int combine_cpus(struct xlcfg_reader *reader)
{
	struct domain_config *config = config_of(reader);
	int error = combine_cpu_sets(reader, "cpus", &config->cpus, &config->cpu_count);

	return error ? error : combine_cpu_sets(reader, "cpus_soft", &config->soft_cpus, &config->soft_cpu_count);
}

enum passthrough { PASSTHROUGH_DEFAULT, PASSTHROUGH_DISABLED, PASSTHROUGH_ENABLED };

static int combine_passthrough(struct xlcfg_reader *reader)
{
	static const struct config_word words[] = {
		{ "default", PASSTHROUGH_DEFAULT },
		{ "disabled", PASSTHROUGH_DISABLED },
		{ "enabled", PASSTHROUGH_ENABLED },
		{ "share_pt", PASSTHROUGH_ENABLED }, // what "enabled" means on Arm
		{ 0 },
	};
	const struct xlcfg_setting *setting = find(reader, "passthrough");
	struct domain_config *config = config_of(reader);
	unsigned int meaning;

	if (!setting)
		return 0;
	int error = xlcfg_word(reader, setting->value->position, "passthrough", words, setting->value->text,
			       &meaning);
	if (error)
		return error;
	if (meaning == PASSTHROUGH_DISABLED && config->dtdev_count)
		return xlcfg_refuse(
			reader, setting->value->position,
			"passthrough is disabled, but dtdev lists devices: leave one of them out");
	config->iommu = meaning == PASSTHROUGH_ENABLED;
	return 0;
}

// A file takes the place of an image that is built in.
static int combine_images(struct xlcfg_reader *reader)
{
	struct domain_config *config = config_of(reader);
	const struct {
		const char *key;
		struct image_source *source;
	} images[] = {
		{ "kernel", &config->kernel },
		{ "ramdisk", &config->ramdisk },
		{ "device_tree", &config->partial_tree },
	};

	for (size_t i = 0; i < ARRAY_SIZE(images); i++)
		if (find(reader, images[i].key))
			*images[i].source = (struct image_source){ 0 };
	if (config->kernel_file || image_source_is_given(&config->kernel))
		return 0;
	return xlcfg_refuse(reader, (struct xlcfg_position){ 1, 1, false },
			    "the file names no kernel: add kernel = \"FILE\"");
}

// ---- Faults that are found at the end ----

// The place in the file of what the check objects to.
static struct xlcfg_position position_of(const struct xlcfg_reader *reader, const struct config_place *place)
{
	static const char *const others[][2] = {
		// keys that stand for one another
		{ "memory", "memory_kib" }, { "memory", "maxmem" },  { "cmdline", "root" },
		{ "cmdline", "extra" },     { "maxvcpus", "vcpus" },
	};
	const struct xlcfg_setting *setting = place->key ? find(reader, place->key) : NULL;

	for (size_t i = 0; place->key && !setting && i < ARRAY_SIZE(others); i++)
		if (!strcmp(others[i][0], place->key))
			setting = find(reader, others[i][1]);
	if (!setting)
		return (struct xlcfg_position){ 1, 1, false };

	const struct xlcfg_value *value = setting->value;
	const struct xlcfg_value *element = value->is_list ? value->first : NULL;
	for (uint32_t i = 0; element && i < place->element; i++)
		element = element->next;
	return element && place->element != CONFIG_WHOLE ? element->position : value->position;
}

static int check(struct xlcfg_reader *reader)
{
	struct failure failure = { 0 };
	struct config_place place;
	int error = domain_config_find_fault(config_of(reader), &place, &failure);

	if (error)
		xlcfg_fail(reader->failure, error, reader->name, position_of(reader, &place), "%s",
			   failure.text);
	return error;
}

// ---- A file ----

size_t config_file_stem(const char *name)
{
	size_t length = strlen(name), suffix = strlen(CONFIG_FILE_SUFFIX);

	return length > suffix && !strcasecmp(name + length - suffix, CONFIG_FILE_SUFFIX) ? length - suffix : 0;
}

// "/SD:/dom0/linux.cfg" is the configuration "linux".
static char *name_of(struct xlcfg_reader *reader)
{
	const char *slash = strrchr(reader->name, '/'), *name = slash ? slash + 1 : reader->name;
	size_t length = config_file_stem(name);

	return xlcfg_text(reader, name, length ? length : strlen(name));
}

// What the text says, over what is in the configuration.
static int read_text(struct xlcfg_reader *reader, const void *bytes, size_t size, size_t own)
{
	static int (*const steps[])(struct xlcfg_reader * reader) = {
		combine_command_line, combine_memory, combine_cpus, combine_passthrough, combine_images, check,
	};
	struct xlcfg_setting *settings;
	int error = xlcfg_parse(reader->name, bytes, size, own, &reader->file->arena, &settings, reader->failure);

	if (error)
		return error;
	reader->settings = settings;
	for (const struct xlcfg_setting *setting = settings; setting && !error; setting = setting->next) {
		error = apply(reader, setting);
		if (task_should_yield())
			task_yield();
	}
	for (size_t i = 0; i < ARRAY_SIZE(steps) && !error; i++)
		error = steps[i](reader);
	return error;
}

static struct config_file *new_file(const char *name, struct xlcfg_reader *reader, struct failure *failure)
{
	struct config_file *file = calloc(1, sizeof(*file));

	if (!file) {
		failure_set(failure, -ENOMEM, "%.100s: out of memory", name);
		return NULL;
	}
	*reader = (struct xlcfg_reader){
		.name = name,
		.file = file,
		.last_warning = &file->warnings,
		.failure = failure,
	};
	return file;
}

static struct config_file *unless(int error, struct config_file *file)
{
	if (!error)
		return file;
	config_file_free(file);
	return NULL;
}

struct config_file *config_file_read(const char *name, const void *bytes, size_t size,
				     struct failure *failure)
{
	return config_file_read_with(name, bytes, size, size, failure);
}

struct config_file *config_file_read_with(const char *name, const void *bytes, size_t size, size_t own,
					  struct failure *failure)
{
	struct xlcfg_reader reader;
	struct config_file *file = new_file(name, &reader, failure);

	if (!file)
		return NULL;
	file->config = (struct domain_config){
		.name = name_of(&reader),
		.vcpus = 1,
		.max_grant_frames = -1,
		.max_maptrack_frames = -1,
		.command_line = "",
	};
	return unless(file->config.name ? read_text(&reader, bytes, size, own) : -ENOMEM, file);
}

struct config_file *config_change(const struct domain_config *config, const char *settings, struct failure *failure)
{
	struct xlcfg_reader reader;
	struct config_file *file = new_file(config->name, &reader, failure);

	if (!file)
		return NULL;
	file->config = *config;
	return unless(read_text(&reader, settings, strlen(settings), 0), file);
}

static int read_device(struct xlcfg_reader *reader, const char *specification)
{
	const struct xlcfg_value value = { .position = { 1, 1, false }, .text = specification };
	struct domain_config *config = config_of(reader);
	bool is_disk = !strcmp(reader->name, "disk");
	void *device = xlcfg_alloc(reader, 1, is_disk ? sizeof(struct config_disk) : sizeof(struct config_vif));

	if (!device)
		return -ENOMEM;
	*config = (struct domain_config){
		.name = reader->name,
		.memory_kib = 4096,
		.vcpus = 1,
		.max_grant_frames = -1,
		.max_maptrack_frames = -1,
		.command_line = "",
		.disks = is_disk ? device : NULL,
		.disk_count = is_disk,
		.vifs = is_disk ? NULL : device,
		.vif_count = !is_disk,
	};
	int error = is_disk ? xlcfg_disk(reader, &value, device) : xlcfg_vif(reader, &value, device);
	return error ? error : check(reader);
}

struct config_file *config_device_read(const char *key, const char *specification, struct failure *failure)
{
	struct xlcfg_reader reader;
	struct config_file *file = new_file(key, &reader, failure);

	return file ? unless(read_device(&reader, specification), file) : NULL;
}

void config_file_free(struct config_file *file)
{
	if (!file)
		return;
	arena_free(&file->arena);
	free(file);
}
