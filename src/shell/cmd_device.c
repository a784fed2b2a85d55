// SPDX-License-Identifier: Apache-2.0
// The command `xu dev-list`: the machine's devices, and whose they are.
#include <libfdt.h>
#include <string.h>

#include "domain/domain.h"
#include "domain/host_device.h"
#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "shell/commands.h"

#define PATH_SHOWN_MAX 128

// Nodes that Xen writes for this domain: no device of the machine stands behind them.
static bool is_xens(int node)
{
	static const char *const compatibles[] = {"xen,xen", "arm,gic-v3", "arm,cortex-a15-gic",
						  "arm,gic-400"};

	for (size_t i = 0; i < ARRAY_SIZE(compatibles); i++)
		if (!fdt_node_check_compatible(devicetree(), node, compatibles[i]))
			return true;
	return false;
}

// One that Xen has left to nobody is switched off in this domain's tree.
static const char *owner_name(int node, paddr_t address, uint64_t size)
{
	uint64_t first = address >> PAGE_SHIFT;
	const struct domain *owner =
		host_device_owner(first, ((address + size + PAGE_SIZE - 1) >> PAGE_SHIFT) - first);
	const char *status = fdt_stringlist_get(devicetree(), node, "status", 0, NULL);

	if (owner)
		return owner->name;
	return status && !strcmp(status, "disabled") ? "-" : "Domain-0";
}

int xu_dev_list_command(const struct invocation *call)
{
	const void *tree = devicetree();

	(void)call;
	shell_print("%-12s %-16s %s\n", "Registers", "Owner", "Device");
	for (int node = fdt_next_node(tree, -1, NULL); node >= 0; node = fdt_next_node(tree, node, NULL)) {
		char path[PATH_SHOWN_MAX];
		paddr_t address;
		uint64_t size;

		if (!fdt_getprop(tree, node, "compatible", NULL) || is_xens(node) ||
		    devicetree_reg(node, 0, &address, &size) || !size ||
		    fdt_get_path(tree, node, path, sizeof(path)))
			continue;
		shell_print("0x%-10llx %-16s %s\n", (unsigned long long)address,
			    owner_name(node, address, size), path);
	}
	return 0;
}
