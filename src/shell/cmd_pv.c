// SPDX-License-Identifier: Apache-2.0
// The commands of `xu` for PV devices, with xl's arguments and columns.
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "config/xlcfg.h"
#include "domain/pv_devices.h"
#include "kernel/compiler.h"
#include "shell/commands.h"
#include "shell/domains.h"
#include "xen/console_io.h"

// ---- Attaching ----

// All arguments behind the domain, as one text with commas between them. Xl takes them so.
static struct config_file *read_device(const struct invocation *call, const char *key)
{
	char text[CONFIG_SHELL_LINE_MAX + 1];
	struct failure failure = { 0 };
	size_t length = 0;

	for (int i = 1; i < call->argc; i++) {
		size_t size = strlen(call->argv[i]);

		if (i > 1)
			text[length++] = ',';
		memcpy(text + length, call->argv[i], size);
		length += size;
	}
	text[length] = '\0';
	struct config_file *file = config_device_read(key, text, &failure);
	if (!file)
		shell_failure(call, &failure);
	for (const struct config_warning *warning = file ? file->warnings : NULL; warning;
	     warning = warning->next)
		shell_print("W: %s\n", warning->text);
	return file;
}

static int attach(const struct invocation *call, const char *key)
{
	struct failure failure = { 0 };
	domid_t id;
	int error = domains_argument(call, &id);

	if (error)
		return error;
	struct config_file *file = read_device(call, key);
	if (!file)
		return -EINVAL;
	if (file->config.disk_count)
		error = pv_devices_attach_disk(id, file->config.disks, console_io_interrupted, &failure);
	else
		error = pv_devices_attach_vif(id, file->config.vifs, console_io_interrupted, &failure);
	config_file_free(file);
	return error ? shell_failure(call, &failure) : 0;
}

int xu_block_attach_command(const struct invocation *call)
{
	return attach(call, "disk");
}

int xu_network_attach_command(const struct invocation *call)
{
	return attach(call, "vif");
}

// ---- Detaching ----

static int detach(const struct invocation *call, domid_t id, enum pv_kind kind, uint32_t number, bool forced)
{
	struct failure failure = { 0 };

	if (pv_devices_detach(id, kind, number, forced, console_io_interrupted, &failure))
		return shell_failure(call, &failure);
	return 0;
}

int xu_block_detach_command(const struct invocation *call)
{
	uint32_t number;
	domid_t id;
	int error = domains_argument(call, &id);

	if (error)
		return error;
	if (!pv_disk_number(call->argv[1], &number)) {
		shell_error("%s: '%s' is no name for a disk; 'xu block-list %u' shows what there are",
			    call->name, call->argv[1], id);
		return -EINVAL;
	}
	return detach(call, id, PV_DISK, number, call->options[0] || call->options[1]);
}

struct by_mac {
	const char *mac;
	bool found;
	uint32_t number;
};

static void compare_mac(const struct pv_device *device, void *context)
{
	struct by_mac *search = context;

	if (strcasecmp(pv_device_text(device, 'm'), search->mac))
		return;
	search->found = true;
	search->number = device->id;
}

int xu_network_detach_command(const struct invocation *call)
{
	struct by_mac search = { .mac = call->argv[1] };
	struct failure failure = { 0 };
	uint64_t number;
	domid_t id;
	int error = domains_argument(call, &id);

	if (error)
		return error;
	if (shell_number(call->argv[1], UINT32_MAX, &number))
		return detach(call, id, PV_VIF, (uint32_t)number, false);
	if (pv_devices_each(id, PV_VIF, compare_mac, &search, &failure))
		return shell_failure(call, &failure);
	if (search.found)
		return detach(call, id, PV_VIF, search.number, false);
	shell_error("%s: domain %u has no device '%s'; 'xu network-list %u' shows what there are", call->name,
		    id, call->argv[1], id);
	return -ENOENT;
}

// ---- Listing ----

static void print_disk(const struct pv_device *device, void *unused)
{
	char path[PV_PATH_SIZE];

	(void)unused;
	pv_backend_path(device, path);
	shell_print("%-5" PRIu32 " %-3d %-6u %-5ld %-6ld %-8ld %-30s\n", device->id, pv_backend_id(device),
		    device->guest, pv_frontend_number(device, "state"),
		    pv_frontend_number(device, "event-channel"), pv_frontend_number(device, "ring-ref"),
		    path);
}

static void print_vif(const struct pv_device *device, void *unused)
{
	char path[PV_PATH_SIZE];

	(void)unused;
	pv_backend_path(device, path);
	shell_print("%-3" PRIu32 " %-2d %s%6" PRIu32 " %5ld %6ld %5ld/%-11ld %-30s\n", device->id,
		    pv_backend_id(device), pv_device_text(device, 'm'), device->id,
		    pv_frontend_number(device, "state"), pv_frontend_number(device, "event-channel"),
		    pv_frontend_number(device, "tx-ring-ref"), pv_frontend_number(device, "rx-ring-ref"),
		    path);
}

static int list(const struct invocation *call, enum pv_kind kind,
		void (*print)(const struct pv_device *device, void *context))
{
	int error = 0;

	for (int i = 0; i < call->argc; i++) {
		struct failure failure = { 0 };
		domid_t id;

		if (domain_resolve(call->argv[i], &id, &failure) ||
		    pv_devices_each(id, kind, print, NULL, &failure))
			error = shell_failure(call, &failure);
	}
	return error;
}

int xu_block_list_command(const struct invocation *call)
{
	shell_print("%-5s %-3s %-6s %-5s %-6s %-8s %-30s\n", "Vdev", "BE", "handle", "state", "evt-ch",
		    "ring-ref", "BE-path");
	return list(call, PV_DISK, print_disk);
}

int xu_network_list_command(const struct invocation *call)
{
	shell_print("%-3s %-2s %-17s %-6s %-5s %-6s %5s/%-5s %-30s\n", "Idx", "BE", "Mac Addr.", "handle",
		    "state", "evt-ch", "tx-", "rx-ring-ref", "BE-path");
	return list(call, PV_VIF, print_vif);
}
