// SPDX-License-Identifier: Apache-2.0
// The list of configurations, made once from domain_cfgs[].
#include "config/catalog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/builtin.h"
#include "kernel/log.h"

static struct {
	struct domain_config **configs;
	size_t count;
} catalog;

static struct domain_config *read_config(const struct dom0_domain_cfg *from, struct failure *failure)
{
	struct domain_config *config = builtin_config(from, failure);

	if (!config)
		return NULL;
	if (!domain_config_check(config, failure)) {
		if (!catalog_find(config->name))
			return config;
		failure_set(failure, -EEXIST, "configuration '%s': there is another of this name",
			    config->name);
	}
	free(config);
	return NULL;
}

static void clear(void)
{
	while (catalog.count)
		free(catalog.configs[--catalog.count]);
	free(catalog.configs);
	catalog.configs = NULL;
}

int catalog_init(void)
{
	size_t entries = 0;

	clear();
	while (domain_cfgs[entries].domain_cfg)
		entries++;
	catalog.configs = calloc(entries + 1, sizeof(catalog.configs[0])); // never of size 0
	if (!catalog.configs)
		return -ENOMEM;

	for (size_t i = 0; i < entries; i++) {
		struct failure failure = { 0 };
		struct domain_config *config = read_config(&domain_cfgs[i], &failure);

		if (config)
			catalog.configs[catalog.count++] = config;
		else
			log_error("%s; it is left out", failure.text);
	}
	return 0;
}

const struct domain_config *catalog_find(const char *name)
{
	for (size_t i = 0; i < catalog.count; i++)
		if (!strcmp(catalog.configs[i]->name, name))
			return catalog.configs[i];
	return NULL;
}

size_t catalog_count(void)
{
	return catalog.count;
}

const struct domain_config *catalog_at(size_t index)
{
	return index < catalog.count ? catalog.configs[index] : NULL;
}
