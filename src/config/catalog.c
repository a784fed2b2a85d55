// SPDX-License-Identifier: Apache-2.0
// The built-in configurations, made once from domain_cfgs[], and those on the card, read when they are asked for.
#include "config/catalog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/builtin.h"
#include "config/file_image.h"
#include "config/images_folder.h"
#include "kernel/compiler.h"
#include "kernel/log.h"

static struct {
	struct domain_config **configs;
	size_t count;
} builtins;

// ---- Built in ----

static const struct domain_config *find_builtin(const char *name)
{
	for (size_t i = 0; i < builtins.count; i++)
		if (!strcmp(builtins.configs[i]->name, name))
			return builtins.configs[i];
	return NULL;
}

static int check_builtin(const struct domain_config *config, struct failure *failure)
{
	struct failure fault = { 0 };

	if (domain_config_find_fault(config, NULL, &fault))
		return failure_set(failure, fault.error, "configuration '%s': %s", config->name, fault.text);
	if (find_builtin(config->name))
		return failure_set(failure, -EEXIST, "configuration '%s': there is another of this name",
				   config->name);
	return 0;
}

static struct domain_config *read_builtin(const struct dom0_domain_cfg *from, struct failure *failure)
{
	struct domain_config *config = builtin_config(from, failure);

	if (!config || !check_builtin(config, failure))
		return config;
	free(config);
	return NULL;
}

static void clear(void)
{
	while (builtins.count)
		free(builtins.configs[--builtins.count]);
	free(builtins.configs);
	builtins.configs = NULL;
}

int catalog_init(void)
{
	size_t entries = 0;

	clear();
	while (domain_cfgs[entries].domain_cfg)
		entries++;
	builtins.configs = calloc(entries + 1, sizeof(builtins.configs[0])); // never of size 0
	if (!builtins.configs)
		return -ENOMEM;

	for (size_t i = 0; i < entries; i++) {
		struct failure failure = { 0 };
		struct domain_config *config = read_builtin(&domain_cfgs[i], &failure);

		if (config)
			builtins.configs[builtins.count++] = config;
		else
			log_error("%s; it is left out", failure.text);
	}
	return 0;
}

// ---- One of them ----

static struct catalog_entry *entry_of(struct config_source *source)
{
	return CONTAINER_OF(source, struct catalog_entry, source);
}

static int open_source(struct config_source *source, struct failure *failure)
{
	return catalog_open_images(entry_of(source), failure);
}

static void close_source(struct config_source *source)
{
	catalog_close_images(entry_of(source));
}

static void release_source(struct config_source *source)
{
	catalog_release(entry_of(source));
}

static struct catalog_entry *new_entry(struct failure *failure)
{
	struct catalog_entry *entry = calloc(1, sizeof(*entry));

	if (entry)
		entry->source = (struct config_source){ &entry->config, open_source, close_source, release_source };
	else
		failure_set(failure, -ENOMEM, "reading a configuration: out of memory");
	return entry;
}

// The file, of `own` bytes, and more. NULL with the reason.
static void *load(const char *path, const char *more, size_t *size, size_t *own, struct failure *failure)
{
	char *bytes = images_folder_load(path, size, failure);

	*own = *size;
	if (!bytes || !more || !*more)
		return bytes;
	size_t length = strlen(more);
	char *both = realloc(bytes, *size + length);
	if (!both) {
		free(bytes);
		failure_set(failure, -ENOMEM, "%s: out of memory", path);
		return NULL;
	}
	memcpy(both + *size, more, length);
	*size += length;
	return both;
}

static struct catalog_entry *entry_of_file(struct config_file *file, struct failure *failure)
{
	struct catalog_entry *entry = file ? new_entry(failure) : NULL;

	if (!entry) {
		config_file_free(file);
		return NULL;
	}
	entry->file = file;
	entry->config = file->config;
	entry->warnings = file->warnings;
	return entry;
}

struct catalog_entry *catalog_read(const char *path, const char *more, struct failure *failure)
{
	size_t size, own;
	void *bytes = load(path, more, &size, &own, failure);
	struct config_file *file = bytes ? config_file_read_with(path, bytes, size, own, failure) : NULL;
	struct catalog_entry *entry = entry_of_file(file, failure);

	free(bytes);
	if (entry)
		entry->shadows = find_builtin(entry->config.name);
	return entry;
}

static struct catalog_entry *copy_builtin(const struct domain_config *config, const char *more, struct failure *failure)
{
	if (more && *more)
		return entry_of_file(config_change(config, more, failure), failure);

	struct catalog_entry *entry = new_entry(failure);

	if (entry)
		entry->config = *config;
	return entry;
}

struct search {
	const char *name;
	bool found;
};

static void compare(const char *name, void *context)
{
	struct search *search = context;

	search->found |= !strcmp(name, search->name);
}

struct catalog_entry *catalog_find(const char *name, const char *more, struct failure *failure)
{
	const struct domain_config *builtin = find_builtin(name);
	struct search search = { .name = name };
	struct failure unreadable = { 0 };
	int error = images_folder_each(compare, &search, &unreadable);

	if (search.found) {
		char file[DOMAIN_NAME_MAX + sizeof(CONFIG_FILE_SUFFIX)];

		snprintf(file, sizeof(file), "%s" CONFIG_FILE_SUFFIX, name);
		return catalog_read(file, more, failure);
	}
	if (error)
		log_warning("%s", unreadable.text);
	if (builtin)
		return copy_builtin(builtin, more, failure);
	if (error)
		failure_set(failure, error, "%s", unreadable.text);
	else
		failure_set(failure, -ENOENT,
			    "there is no configuration '%.*s'; 'xu config_list' shows what there is",
			    DOMAIN_NAME_MAX, name);
	return NULL;
}

// ---- Images ----

int catalog_open_images(struct catalog_entry *entry, struct failure *failure)
{
	struct domain_config *config = &entry->config;
	const struct {
		const char *file;
		struct image_source *source;
	} wanted[] = {
		{ config->kernel_file, &config->kernel },
		{ config->ramdisk_file, &config->ramdisk },
		{ config->partial_tree_file, &config->partial_tree },
	};
	int error = 0;

	_Static_assert(ARRAY_SIZE(wanted) == ARRAY_SIZE(entry->images), "");
	for (size_t i = 0; i < ARRAY_SIZE(wanted) && !error; i++)
		if (wanted[i].file && !image_source_is_given(wanted[i].source))
			error = file_image_open(wanted[i].file, &entry->images[i], wanted[i].source, failure);
	if (error)
		catalog_close_images(entry);
	return error;
}

void catalog_close_images(struct catalog_entry *entry)
{
	struct image_source *const sources[] = {
		&entry->config.kernel,
		&entry->config.ramdisk,
		&entry->config.partial_tree,
	};

	_Static_assert(ARRAY_SIZE(sources) == ARRAY_SIZE(entry->images), "");
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		if (!entry->images[i])
			continue;
		file_image_close(entry->images[i]);
		entry->images[i] = NULL;
		*sources[i] = (struct image_source){ 0 };
	}
}

void catalog_release(struct catalog_entry *entry)
{
	if (!entry)
		return;
	catalog_close_images(entry);
	config_file_free(entry->file);
	free(entry);
}

// ---- All of them ----

struct tour {
	catalog_visitor *visit;
	void *context;
};

static void visit_file(const char *name, void *context)
{
	const struct tour *tour = context;

	if (!find_builtin(name))
		tour->visit(name, tour->context);
}

int catalog_each(catalog_visitor *visit, void *context, struct failure *failure)
{
	struct tour tour = { visit, context };

	for (size_t i = 0; i < builtins.count; i++)
		visit(builtins.configs[i]->name, context);
	return images_folder_each(visit_file, &tour, failure);
}
