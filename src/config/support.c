// SPDX-License-Identifier: Apache-2.0
// What a configuration can say and this version can't do. A feature that comes takes its row out.
#include <errno.h>

#include "config/domain_config.h"
#include "kernel/compiler.h"
#include "kernel/log.h"

static bool has_label(const struct domain_config *config)
{
	return config->security_label != NULL;
}

static bool has_vuart(const struct domain_config *config)
{
	return config->vuart;
}

static bool has_actions(const struct domain_config *config)
{
	for (size_t i = 0; i < ARRAY_SIZE(config->actions); i++)
		if (config->actions[i] != CONFIG_ACTION_DEFAULT)
			return true;
	return false;
}

static bool has_vifs(const struct domain_config *config)
{
	return config->vif_count;
}

static bool has_disks(const struct domain_config *config)
{
	return config->disk_count;
}

static const struct limit {
	bool (*concerns)(const struct domain_config *config);
	bool refused; // the domain can't do its work without
	const char *text;
} limits[] = {
	{ has_actions, false,
	  "on_poweroff and the like: the domain stays until 'xu destroy', however it ends" },
	{ has_label, true, "seclabel: labels can't be looked up; give the number in ssidref" },
	{ has_vuart, true, "vuart: there is no emulated UART; use the PV console (console=hvc0) instead" },
	{ has_vifs, true, "vif: PV network devices are not supported" },
	{ has_disks, true, "disk: PV disks are not supported" },
};

int domain_config_check_support(const struct domain_config *config, struct failure *failure)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (limits[i].refused && limits[i].concerns(config))
			return failure_set(failure, -ENOTSUP, "configuration '%s': %s", config->name,
					   limits[i].text);
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (!limits[i].refused && limits[i].concerns(config))
			log_warning("configuration '%s': %s", config->name, limits[i].text);
	return 0;
}
