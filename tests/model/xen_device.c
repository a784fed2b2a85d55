// SPDX-License-Identifier: Apache-2.0
// Devices of the host's tree behind the IOMMU (xen/drivers/passthrough/device_tree.c).
#include <errno.h>
#include <string.h>

#include <libfdt.h>

#include "kernel/compiler.h"
#include "kernel/devicetree.h"
#include "model/xen_domctl.h"

#define DEVICES 8u
#define PATH_SIZE 256u

static struct assignment {
	struct domain_model *owner; // NULL: unused
	char path[PATH_SIZE];
} assignments[DEVICES];

static struct assignment *find(const char *path)
{
	for (size_t i = 0; i < DEVICES; i++)
		if (assignments[i].owner && !strcmp(assignments[i].path, path))
			return &assignments[i];
	return NULL;
}

// The path, whose NUL may be counted or not, must be one of the host's tree; the device must have `iommus`.
static int check(const struct domain_model *d, const struct xen_domctl_assign_device *op, char *path)
{
	int node;

	if (op->dev != XEN_DOMCTL_DEV_DT)
		return -ENODEV;
	if (op->flags || d->dying)
		return -EINVAL;
	if (op->u.dt.size >= PATH_SIZE)
		return -ENOBUFS;
	if (!copy_in(path, (uintptr_t)op->u.dt.path.p, op->u.dt.size))
		return -EFAULT;
	path[op->u.dt.size] = '\0';
	node = fdt_path_offset(devicetree(), path);
	if (node < 0)
		return -ESRCH;
	if (!machine.options.iommu || !(d->flags & XEN_DOMCTL_CDF_iommu))
		return -EINVAL;
	return fdt_getprop(devicetree(), node, "iommus", NULL) ? 0 : -EINVAL;
}

long device_assign(struct domain_model *d, const struct xen_domctl_assign_device *op)
{
	char path[PATH_SIZE];
	int error = check(d, op, path);

	if (error)
		return error;
	if (find(path))
		return -EBUSY;
	for (size_t i = 0; i < DEVICES; i++) {
		if (assignments[i].owner)
			continue;
		assignments[i].owner = d;
		strcpy(assignments[i].path, path);
		return 0;
	}
	return -ENOMEM;
}

long device_deassign(struct domain_model *d, const struct xen_domctl_assign_device *op)
{
	char path[PATH_SIZE];
	int error = check(d, op, path);
	struct assignment *assignment;

	if (error)
		return error;
	assignment = find(path);
	if (!assignment || assignment->owner != d)
		return -ENODEV;
	assignment->owner = NULL;
	return 0;
}

void devices_release(struct domain_model *d)
{
	for (size_t i = 0; i < DEVICES; i++)
		if (assignments[i].owner == d)
			assignments[i].owner = NULL;
}

unsigned int devices_assigned(void)
{
	unsigned int count = 0;

	for (size_t i = 0; i < DEVICES; i++)
		count += assignments[i].owner != NULL;
	return count;
}

void devices_reset(void)
{
	memset(assignments, 0, sizeof(assignments));
}

bool model_device_assigned(domid_t domid, const char *path)
{
	const struct assignment *assignment = find(path);

	return assignment && assignment->owner->domid == domid;
}
