// SPDX-License-Identifier: Apache-2.0
// Devices of the machine that a configuration names by their nodes in the host's device tree: its
// dt_passthrough and dtdev, where it has no partial tree of its own. Registers and interrupts are the nodes', nobody
// types numbers.
#pragma once

#include "config/domain_config.h"
#include "domain/tree_builder.h"
#include "kernel/failure.h"

struct domain;

struct host_devices {
	struct domain_config config; // as it was, with what the nodes have among iomem, irqs and dtdevs
	struct config_iomem *iomem;
	uint32_t *irqs;
	const char **dtdevs;
};

// `config` must live as long as the result. -ENODEV: the host has no such node, or it has no registers;
// -EINVAL: it has what can't be given; -EBUSY: another domain has a part of it; -ENOMEM. Whatever it returns,
// host_devices_free() follows.
int host_devices_resolve(struct host_devices *devices, const struct domain_config *config,
			 struct failure *failure);
void host_devices_free(struct host_devices *devices);

// Writes a node /passthrough with the devices' nodes: without what refers to other nodes, such as clocks.
void host_devices_write(const struct domain_config *config, struct tree_builder *builder);

// Xen would give registers twice. -EBUSY: another domain has some of the configuration's iomem.
int host_devices_check_free(const struct domain_config *config, struct failure *failure);

// The domain that was given one of these frames, or NULL.
const struct domain *host_device_owner(uint64_t mfn, uint64_t frames);
