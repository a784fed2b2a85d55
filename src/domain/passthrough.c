// SPDX-License-Identifier: Apache-2.0
// Each thing given to a domain is an entry of a list; the kind of an entry knows how to give it, how to take
// it back, and what Xen's refusals mean. A device is assigned before its registers are mapped, so that a
// machine where Xen has no IOMMU to protect the others is left without half a device.
#include "domain/passthrough.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/layout.h"
#include "kernel/compiler.h"
#include "kernel/log.h"
#include "xen/domctl.h"
#include "xen/flask.h"
#include "xen/foreign.h"
#include "xen/hypercall.h"

enum device_kind { DEVICE_NODE, DEVICE_PERMISSION, DEVICE_MAPPING, DEVICE_IRQ };

struct device {
	enum device_kind kind;
	char *path; // DEVICE_NODE, owned
	gfn_t gfn;
	uint64_t mfn, frames;
	uint32_t irq;
};

struct device_list {
	size_t count;
	struct device devices[];
};

// ---- Kinds ----

static int attach_node(domid_t domid, const struct device *device)
{
	return domctl_assign_device(domid, device->path);
}

static int detach_node(domid_t domid, const struct device *device)
{
	return domctl_deassign_device(domid, device->path);
}

static int attach_permission(domid_t domid, const struct device *device)
{
	return domctl_permit_iomem(domid, device->mfn, device->frames, true);
}

static int detach_permission(domid_t domid, const struct device *device)
{
	return domctl_permit_iomem(domid, device->mfn, device->frames, false);
}

static int attach_mapping(domid_t domid, const struct device *device)
{
	return domctl_map_iomem(domid, device->gfn, device->mfn, device->frames);
}

static int detach_mapping(domid_t domid, const struct device *device)
{
	return domctl_unmap_iomem(domid, device->gfn, device->mfn, device->frames);
}

static int attach_irq(domid_t domid, const struct device *device)
{
	return domctl_bind_irq(domid, device->irq);
}

// Only a dying domain's, see release_irqs().
static int detach_irq(domid_t domid, const struct device *device)
{
	return domctl_unbind_irq(domid, device->irq);
}

struct refusal {
	int error;
	const char *meaning;
};

static const struct refusal node_refusals[] = {
	{ -EOPNOTSUPP, "Xen has no IOMMU on this machine, or it is switched off" },
	{ -EINVAL, "no IOMMU covers it" },
	{ -EBUSY, "another domain has it" },
	{ -ESRCH, "the host's device tree has no such node" },
	{ -ENODEV, "the host's device tree has no such node" },
	{ 0, NULL },
};

static const struct refusal iomem_refusals[] = {
	{ -EPERM, "it is not this control domain's to give: memory, Xen's own device, or nothing" },
	{ -EINVAL, "there is no such memory" },
	{ 0, NULL },
};

static const struct refusal irq_refusals[] = {
	{ -EPERM, "it is not this control domain's to give" },
	{ -EBUSY, "Dom0, another domain or Xen has it; if it is Dom0, mark its device in the host's device tree "
		  "with xen,passthrough" },
	{ -EINVAL, "the machine has no such interrupt" },
	{ 0, NULL },
};

static const struct kind {
	int (*attach)(domid_t domid, const struct device *device);
	int (*detach)(domid_t domid, const struct device *device);
	const struct refusal *refusals;
} kinds[] = {
	[DEVICE_NODE] = { attach_node, detach_node, node_refusals },
	[DEVICE_PERMISSION] = { attach_permission, detach_permission, iomem_refusals },
	[DEVICE_MAPPING] = { attach_mapping, detach_mapping, iomem_refusals },
	[DEVICE_IRQ] = { attach_irq, detach_irq, irq_refusals },
};

#define DESCRIPTION_MAX 128u

static void describe(const struct device *device, char text[DESCRIPTION_MAX])
{
	switch (device->kind) {
	case DEVICE_NODE:
		snprintf(text, DESCRIPTION_MAX, "device %s", device->path);
		break;
	case DEVICE_PERMISSION:
	case DEVICE_MAPPING:
		snprintf(text, DESCRIPTION_MAX, "iomem 0x%" PRIx64 " to 0x%" PRIx64,
			 device->mfn << PAGE_SHIFT, ((device->mfn + device->frames) << PAGE_SHIFT) - 1);
		break;
	case DEVICE_IRQ:
		snprintf(text, DESCRIPTION_MAX, "interrupt %" PRIu32, device->irq);
		break;
	}
}

static int refused(const struct device *device, int error, struct failure *failure)
{
	const struct refusal *refusal = kinds[device->kind].refusals;
	bool may_be_policy = (error == -EPERM || error == -EACCES) && flask_get_enforcing() > 0;
	char text[DESCRIPTION_MAX];

	while (refusal->error && refusal->error != error)
		refusal++;
	describe(device, text);
	return failure_set(failure, error, "%s can't be given to the domain: %s%s", text,
			   refusal->error ? refusal->meaning : error_text(error),
			   may_be_policy ? "; or Xen's policy forbids it for this security label" : "");
}

// ---- Lists ----

static void free_list(struct device_list *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list->devices[i].path);
	free(list);
}

// All that the configuration names, in the order in which it is given.
static struct device_list *make_list(const struct domain_config *config)
{
	size_t count = config->dtdev_count + 2 * (size_t)config->iomem_count + config->irq_count;
	struct device_list *list = calloc(1, sizeof(*list) + count * sizeof(list->devices[0]));
	struct device *device = list ? list->devices : NULL;

	if (!list)
		return NULL;
	for (uint32_t i = 0; i < config->dtdev_count; i++) {
		*device = (struct device){ .kind = DEVICE_NODE, .path = strdup(config->dtdevs[i]) };
		if (!device++->path) {
			free_list(list, i);
			return NULL;
		}
	}
	for (uint32_t i = 0; i < config->iomem_count; i++) {
		const struct config_iomem *iomem = &config->iomem[i];
		struct device range = { .gfn = gfn_make(config_iomem_gfn(iomem)),
					.mfn = iomem->first_mfn,
					.frames = iomem->frames };

		*device = range;
		device++->kind = DEVICE_PERMISSION;
		*device = range;
		device++->kind = DEVICE_MAPPING;
	}
	for (uint32_t i = 0; i < config->irq_count; i++)
		*device++ = (struct device){ .kind = DEVICE_IRQ, .irq = config->irqs[i] };
	list->count = count;
	return list;
}

static bool has_irqs(const struct device_list *list, size_t attached)
{
	return attached && list->devices[attached - 1].kind == DEVICE_IRQ;
}

// Xen takes an interrupt back from a dying domain only. From one that has gone it does so by itself, but up to seconds
// later, and until then nobody else can have the interrupt. So the domain is ended here, with one of its pages held:
// it stays, dying, until what is returned is unmapped. NULL: it couldn't be held.
static void *end_and_hold(domid_t domid)
{
	int error;
	void *page = foreign_map_range(domid, magic_gfn(MAGIC_CONSOLE), 1, &error);

	if (page)
		domctl_destroy(domid);
	return page;
}

// Takes the first `attached` entries back, last one first. The domain may be dying afterwards.
static void detach(domid_t domid, struct device_list *list, size_t attached)
{
	void *held = has_irqs(list, attached) ? end_and_hold(domid) : NULL;

	while (attached--) {
		const struct device *device = &list->devices[attached];
		int error = kinds[device->kind].detach(domid, device);

		if (error && error != -ESRCH) { // the domain may have gone by itself
			char text[DESCRIPTION_MAX];

			describe(device, text);
			log_warning("domain %u: %s was not given back: %s", domid, text, error_text(error));
		}
	}
	if (held)
		foreign_unmap(held, 1);
	free_list(list, list->count);
}

int passthrough_attach(domid_t domid, const struct domain_config *config, struct device_list **result,
		       struct failure *failure)
{
	*result = NULL;
	if (!config->dtdev_count && !config->iomem_count && !config->irq_count)
		return 0;

	struct device_list *list = make_list(config);
	if (!list)
		return failure_set(failure, -ENOMEM, "giving devices to the domain: out of memory");
	*result = list;
	for (size_t i = 0; i < list->count; i++) {
		const struct device *device = &list->devices[i];
		int error = kinds[device->kind].attach(domid, device);

		if (error) {
			refused(device, error, failure);
			detach(domid, list, i);
			*result = NULL;
			return error;
		}
	}
	return 0;
}

void passthrough_detach(domid_t domid, struct device_list *list)
{
	if (list)
		detach(domid, list, list->count);
}

bool passthrough_has(const struct device_list *list, uint64_t mfn, uint64_t frames)
{
	for (size_t i = 0; list && i < list->count; i++) {
		const struct device *device = &list->devices[i];

		if (device->kind == DEVICE_MAPPING && mfn < device->mfn + device->frames &&
		    device->mfn < mfn + frames)
			return true;
	}
	return false;
}
