// SPDX-License-Identifier: Apache-2.0
// What a configuration can say and this version can't do. A feature that comes takes its row out.
#include <errno.h>
#include <string.h>

#include "config/domain_config.h"
#include "kernel/compiler.h"
#include "kernel/log.h"

static bool has_vuart(const struct domain_config *config)
{
	return config->vuart;
}

static const struct limit {
	bool (*concerns)(const struct domain_config *config);
	bool refused; // the domain can't do its work without
	const char *text;
} limits[] = {
	{ has_vuart, true, "vuart: there is no emulated UART; use the PV console (console=hvc0) instead" },
};

// ---- Devices ----

static int check_backend(const char *kind, const char *name, const char *backend, struct failure *failure)
{
	if (backend && strcmp(backend, "0") && strcmp(backend, "Domain-0"))
		return 0;
	return failure_set(failure, -ENOTSUP,
			   "%s%.32s: Dom0 has no backends: name the domain that has, as backend=DOMAIN", kind, name);
}

int config_vif_check_support(const struct config_vif *vif, struct failure *failure)
{
	return check_backend("vif", "", vif->backend, failure);
}

int config_disk_check_support(const struct config_disk *disk, struct failure *failure)
{
	int error = check_backend("disk ", disk->vdev, disk->backend, failure);

	if (error)
		return error;
	if (disk->protocol != CONFIG_DISK_XEN)
		return failure_set(failure, -ENOTSUP, "disk %.32s: specification=virtio is not supported", disk->vdev);
	if (disk->backend_type != CONFIG_DISK_BACKEND_DEFAULT && disk->backend_type != CONFIG_DISK_BACKEND_PHY)
		return failure_set(failure, -ENOTSUP, "disk %.32s: of the backend types only phy is supported",
				   disk->vdev);
	if (disk->format != CONFIG_DISK_RAW && disk->format != CONFIG_DISK_EMPTY)
		return failure_set(failure, -ENOTSUP, "disk %.32s: of the formats only raw is supported", disk->vdev);
	return 0;
}

static int check_devices(const struct domain_config *config, struct failure *failure)
{
	int error = 0;

	for (uint32_t i = 0; i < config->disk_count && !error; i++)
		error = config_disk_check_support(&config->disks[i], failure);
	for (uint32_t i = 0; i < config->vif_count && !error; i++)
		error = config_vif_check_support(&config->vifs[i], failure);
	return error;
}

// ---- All of it ----

int domain_config_check_support(const struct domain_config *config, struct failure *failure)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (limits[i].refused && limits[i].concerns(config))
			return failure_set(failure, -ENOTSUP, "configuration '%s': %s", config->name,
					   limits[i].text);

	struct failure fault = { 0 };
	if (check_devices(config, &fault))
		return failure_set(failure, fault.error, "configuration '%s': %s", config->name, fault.text);
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (!limits[i].refused && limits[i].concerns(config))
			log_warning("configuration '%s': %s", config->name, limits[i].text);
	return 0;
}
