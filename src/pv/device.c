// SPDX-License-Identifier: Apache-2.0
// Devices made from configurations: what their nodes will say, in texts by letter (nodes.c).
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "pv/pv.h"

#define SCRIPTS "/etc/xen/scripts" // where Xen's own are, in the backend's domain

#define MTU_DEFAULT           1500u
#define RATE_INTERVAL_DEFAULT 50000u // microseconds

// ---- Building ----

// Texts while they are collected: their places in one buffer.
struct draft {
	const char *values[PV_TEXTS];
	struct pv_device device;
};

static void draft_set(struct draft *draft, char letter, const char *value)
{
	draft->values[letter - 'a'] = value;
}

static struct pv_device *draft_finish(const struct draft *draft, struct failure *failure)
{
	size_t size = 0;

	for (size_t i = 0; i < ARRAY_SIZE(draft->values); i++)
		size += draft->values[i] ? strlen(draft->values[i]) + 1 : 0;
	struct pv_device *device = malloc(sizeof(*device) + size);
	if (!device) {
		failure_set(failure, -ENOMEM, "out of memory for a PV device");
		return NULL;
	}
	*device = draft->device;
	char *at = device->storage;
	for (size_t i = 0; i < ARRAY_SIZE(draft->values); i++) {
		if (!draft->values[i])
			continue;
		device->texts[i] = strcpy(at, draft->values[i]);
		at += strlen(at) + 1;
	}
	list_init(&device->link);
	return device;
}

static struct draft draft_make(enum pv_kind kind, domid_t guest, const char *backend)
{
	struct draft draft = { .device = { .kind = kind, .guest = guest, .backend = DOMID_INVALID } };

	snprintf(draft.device.backend_name, sizeof(draft.device.backend_name), "%s", backend ? backend : "");
	return draft;
}

// A script without a folder is among Xen's.
static const char *script_path(const char *script, char *buffer, size_t size)
{
	if (script[0] == '/')
		return script;
	snprintf(buffer, size, SCRIPTS "/%s", script);
	return buffer;
}

// ---- Disks ----

struct pv_device *pv_disk_make(const struct config_disk *disk, domid_t guest, struct failure *failure)
{
	struct draft draft = draft_make(PV_DISK, guest, disk->backend);
	char script[256 + sizeof(SCRIPTS)];

	if (config_disk_check_support(disk, failure))
		return NULL;
	if (!pv_disk_number(disk->vdev, &draft.device.id)) {
		failure_set(failure, -EINVAL,
			    "disk %.32s: that is no name for a disk: give xvda, xvdb and so on", disk->vdev);
		return NULL;
	}
	draft_set(&draft, 'v', disk->vdev);
	draft_set(&draft, 'p', disk->target ? disk->target : "");
	draft_set(&draft, 's', script_path(disk->script ? disk->script : "block", script, sizeof(script)));
	draft_set(&draft, 'm', disk->read_only ? "r" : "w");
	draft_set(&draft, 't', disk->cdrom ? "cdrom" : "disk");
	draft_set(&draft, 'r', disk->cdrom ? "1" : "0");
	draft_set(&draft, 'd', disk->read_only || disk->no_discard ? "0" : "1");
	draft_set(&draft, 'x', disk->direct_io_safe ? "1" : NULL);
	draft_set(&draft, 'u', disk->untrusted ? "0" : "1");
	return draft_finish(&draft, failure);
}

// ---- Network devices ----

// Of Xen's range (00:16:3e), the rest from the UUID and the number (FNV-1a); the 24th bit is 0, as with xl.
static void make_mac(const uint8_t uuid[16], uint32_t id, uint8_t mac[CONFIG_MAC_SIZE])
{
	uint32_t hash = 2166136261u;

	for (unsigned int i = 0; i < 16; i++)
		hash = (hash ^ uuid[i]) * 16777619u;
	for (unsigned int i = 0; i < 4; i++)
		hash = (hash ^ (id >> 8 * i & 0xff)) * 16777619u;
	hash ^= hash >> 24;
	memcpy(mac, (const uint8_t[]){ 0x00, 0x16, 0x3e, hash >> 16 & 0x7f, hash >> 8 & 0xff, hash & 0xff },
	       CONFIG_MAC_SIZE);
}

// "BYTES,MICROSECONDS": what is given out in each interval.
static const char *print_rate(const struct config_vif *vif, char *text, size_t size)
{
	uint32_t interval = vif->interval_us ? vif->interval_us : RATE_INTERVAL_DEFAULT;

	if (!vif->bytes_per_second)
		return NULL;
	uint64_t bytes = vif->bytes_per_second / 1000000 * interval +
			 vif->bytes_per_second % 1000000 * interval / 1000000;
	snprintf(text, size, "%" PRIu64 ",%" PRIu32, bytes, interval);
	return text;
}

struct pv_device *pv_vif_make(const struct config_vif *vif, uint32_t place, const uint8_t uuid[16],
			      domid_t guest, struct failure *failure)
{
	struct draft draft = draft_make(PV_VIF, guest, vif->backend);
	char script[256 + sizeof(SCRIPTS)], text[18], rate[40], mtu[12];
	uint32_t id = vif->devid >= 0 ? (uint32_t)vif->devid : place,
		 frame = vif->mtu ? vif->mtu : MTU_DEFAULT;
	uint8_t mac[CONFIG_MAC_SIZE];

	if (config_vif_check_support(vif, failure))
		return NULL;
	draft.device.id = id;
	make_mac(uuid, id, mac);
	const uint8_t *m = vif->mac ? vif->mac : mac;
	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	snprintf(mtu, sizeof(mtu), "%" PRIu32, frame);
	draft_set(&draft, 'm', text);
	draft_set(&draft, 'b', vif->bridge ? vif->bridge : "xenbr0");
	draft_set(&draft, 's', script_path(vif->script ? vif->script : "vif-bridge", script, sizeof(script)));
	draft_set(&draft, 'i', vif->ip);
	draft_set(&draft, 'g', vif->gateway);
	draft_set(&draft, 'n', vif->name);
	draft_set(&draft, 'v', vif->vlan);
	draft_set(&draft, 'l', print_rate(vif, rate, sizeof(rate)));
	draft_set(&draft, 'f', mtu);
	draft_set(&draft, 'q', frame != MTU_DEFAULT ? mtu : NULL);
	draft_set(&draft, 'u', vif->untrusted ? "0" : "1");
	return draft_finish(&draft, failure);
}

// ---- The rest ----

struct pv_device *pv_device_copy(const struct pv_device *device, struct failure *failure)
{
	struct draft draft = draft_make(device->kind, DOMID_INVALID, device->backend_name);

	draft.device.id = device->id;
	memcpy(draft.values, device->texts, sizeof(draft.values));
	return draft_finish(&draft, failure);
}

void pv_device_free(struct pv_device *device)
{
	if (!device)
		return;
	if (device->watch)
		xs_watch_close(device->watch);
	free(device);
}

void pv_device_name(const struct pv_device *device, char name[PV_NAME_SIZE])
{
	if (device->kind == PV_DISK)
		snprintf(name, PV_NAME_SIZE, "disk %.32s", pv_device_text(device, 'v'));
	else
		snprintf(name, PV_NAME_SIZE, "vif %" PRIu32, device->id);
}
