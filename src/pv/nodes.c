// SPDX-License-Identifier: Apache-2.0
// The tables of nodes: what Xen's own toolstack (libxl) writes for a device, in its order, so that every
// backend and every agent in a driver domain finds what it expects.
#include "pv/pv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/compiler.h"
#include "kernel/panic.h"
#include "xenstore/store_text.h"
#include "xenstore/store_work.h"

// ---- The tables ----

// A value is a text of store_text.h, in which
//
//	%F  is the frontend's folder    %G  the guest's id     %I  the device's number
//	%B  the backend's               %D  the backend's id
//	%a to %z  a text of the device's: device.c gives them, and a node with one that isn't given is left
// out
//
// The frontend's folder belongs to the guest and is read by the backend, the backend's the other way round.
struct node {
	const char *name, *value;
};

// clang-format off
static const struct node disk_front[] = {
	{ "backend", "%B" },
	{ "backend-id", "%D" },
	{ "state", "1" },
	{ "virtual-device", "%I" },
	{ "device-type", "%t" },
	{ "trusted", "%u" },
	{ 0 },
};

static const struct node disk_back[] = {
	{ "frontend", "%F" },
	{ "params", "%p" },
	{ "script", "%s" },
	{ "frontend-id", "%G" },
	{ "online", "1" },
	{ "removable", "%r" },
	{ "bootable", "1" },
	{ "state", "1" },
	{ "dev", "%v" },
	{ "type", "phy" },
	{ "mode", "%m" },
	{ "device-type", "%t" },
	{ "direct-io-safe", "%x" },
	{ "discard-enable", "%d" },
	{ "specification", "xen" },
	{ 0 },
};

static const struct node vif_front[] = {
	{ "backend", "%B" },
	{ "backend-id", "%D" },
	{ "state", "1" },
	{ "handle", "%I" },
	{ "mac", "%m" },
	{ "trusted", "%u" },
	{ 0 },
};

// vif-bridge writes what the bridge has.
static const struct node vif_front_of_backend[] = {
	{ "mtu", "%f" },
	{ 0 },
};

// The empty hotplug-status makes netback wait for its script before it says that it is connected.
static const struct node vif_back[] = {
	{ "frontend", "%F" },
	{ "frontend-id", "%G" },
	{ "online", "1" },
	{ "state", "1" },
	{ "script", "%s" },
	{ "vifname", "%n" },
	{ "mac", "%m" },
	{ "ip", "%i" },
	{ "gatewaydev", "%g" },
	{ "rate", "%l" },
	{ "mtu", "%q" },
	{ "vlan", "%v" },
	{ "bridge", "%b" },
	{ "handle", "%I" },
	{ "type", "vif" },
	{ "hotplug-status", "" },
	{ 0 },
};

static const struct node copy[] = {
	{ "frontend", "%F" },
	{ "backend", "%B" },
	{ 0 },
};

static const struct node nothing[] = {
	{ 0 },
};
// clang-format on

static const struct kind {
	const char *name;
	const struct node *front, *front_of_backend, *back;
} kinds[PV_KINDS] = {
	[PV_DISK] = { "vbd", disk_front, nothing, disk_back },
	[PV_VIF] = { "vif", vif_front, vif_front_of_backend, vif_back },
};

// ---- Paths ----

// Where a device has nodes, and how many folders above them are there for devices only.
enum side { FRONTEND, BACKEND, COPY, SIDES };

static const unsigned int folders[SIDES] = { [FRONTEND] = 1, [BACKEND] = 3, [COPY] = 1 };

#define NODE_PATH_SIZE (PV_PATH_SIZE + 32)

static void side_path(const struct pv_device *device, enum side side, char path[PV_PATH_SIZE])
{
	const char *kind = kinds[device->kind].name;

	if (side == FRONTEND)
		snprintf(path, PV_PATH_SIZE, "/local/domain/%u/device/%s/%" PRIu32, device->guest, kind,
			 device->id);
	else if (side == BACKEND)
		snprintf(path, PV_PATH_SIZE, "/local/domain/%u/backend/%s/%u/%" PRIu32, device->backend, kind,
			 device->guest, device->id);
	else
		snprintf(path, PV_PATH_SIZE, "/libxl/%u/device/%s/%" PRIu32, device->guest, kind, device->id);
}

static void node_path(const struct pv_device *device, enum side side, const char *node,
		      char path[NODE_PATH_SIZE])
{
	side_path(device, side, path);
	size_t length = strlen(path);
	snprintf(path + length, NODE_PATH_SIZE - length, "/%s", node);
}

static long read_node(const struct pv_device *device, enum side side, const char *node, char *value,
		      size_t size)
{
	char path[NODE_PATH_SIZE];

	node_path(device, side, node, path);
	return xs_read(XS_NO_TRANSACTION, path, value, size);
}

int pv_backend_id(const struct pv_device *device)
{
	return device->backend == DOMID_INVALID ? -1 : device->backend;
}

void pv_backend_path(const struct pv_device *device, char path[PV_PATH_SIZE])
{
	if (device->backend != DOMID_INVALID)
		side_path(device, BACKEND, path);
	else if (read_node(device, COPY, "backend", path, PV_PATH_SIZE) < 0)
		path[0] = '\0';
}

// ---- Writing ----

static bool print_value(const void *context, char letter, char *text, size_t size)
{
	const struct pv_device *device = context;
	uint32_t number = device->id;
	char path[PV_PATH_SIZE];

	switch (letter) {
	case 'F':
	case 'B':
		side_path(device, letter == 'F' ? FRONTEND : BACKEND, path);
		snprintf(text, size, "%s", path);
		return true;
	case 'G':
		number = device->guest;
		break;
	case 'D':
		number = device->backend;
		break;
	case 'I':
		break;
	default:
		return false;
	}
	snprintf(text, size, "%" PRIu32, number);
	return true;
}

// A text of the device's own is as long as it likes.
static const char *value_of(const struct pv_device *device, const char *template, char buffer[PV_PATH_SIZE])
{
	if (template[0] == '%' && template[1] >= 'a')
		return pv_device_text(device, template[1]);
	bool expanded = store_expand(template, print_value, device, buffer, PV_PATH_SIZE);
	ASSERT(expanded);
	return buffer;
}

static int set_owner(xs_transaction_t transaction, const char *path, domid_t owner, domid_t reader)
{
	const struct xs_permission permissions[] = {
		{ .domid = owner },
		{ .domid = reader, .access = XS_ACCESS_READ },
	};

	return xs_set_permissions(transaction, path, permissions, ARRAY_SIZE(permissions));
}

static int write_nodes(xs_transaction_t transaction, const struct pv_device *device, enum side side,
		       const struct node *nodes)
{
	char path[NODE_PATH_SIZE], buffer[PV_PATH_SIZE];
	int error = 0;

	for (const struct node *node = nodes; node->name && !error; node++) {
		const char *value = value_of(device, node->value, buffer);

		if (!value)
			continue;
		node_path(device, side, node->name, path);
		error = xs_write(transaction, path, value, strlen(value));
		if (!error && nodes == vif_front_of_backend)
			error = set_owner(transaction, path, device->backend, device->guest);
	}
	return error;
}

// 0 also where there is nothing.
static int remove_node(xs_transaction_t transaction, const char *path)
{
	int error = xs_rm(transaction, path);

	return error == -ENOENT ? 0 : error;
}

static int make_folder(xs_transaction_t transaction, const struct pv_device *device, enum side side)
{
	char path[PV_PATH_SIZE];

	side_path(device, side, path);
	int error = remove_node(transaction, path);
	if (!error)
		error = xs_mkdir(transaction, path);
	if (error || side == COPY)
		return error;
	return side == FRONTEND ? set_owner(transaction, path, device->guest, device->backend)
				: set_owner(transaction, path, device->backend, device->guest);
}

static int write_device(xs_transaction_t transaction, const void *context)
{
	const struct pv_device *device = context;
	const struct kind *kind = &kinds[device->kind];
	const struct {
		enum side side;
		const struct node *nodes;
		bool is_first; // of its side
	} parts[] = {
		{ COPY, copy, true },
		{ FRONTEND, kind->front, true },
		{ FRONTEND, kind->front_of_backend, false },
		{ BACKEND, kind->back, true },
		{ COPY, kind->back, false },
	};
	int error = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts) && !error; i++) {
		if (parts[i].is_first)
			error = make_folder(transaction, device, parts[i].side);
		if (!error)
			error = write_nodes(transaction, device, parts[i].side, parts[i].nodes);
	}
	return error;
}

static void stop_watching(struct pv_device *device)
{
	if (device->watch)
		xs_watch_close(device->watch);
	device->watch = NULL;
}

int pv_offer(struct pv_device *device, struct wait_queue *changes)
{
	char path[PV_PATH_SIZE];

	side_path(device, BACKEND, path);
	int error = xs_watch_open(path, 1, changes, &device->watch);
	if (error)
		return error;
	error = store_transact(write_device, device);
	device->told = XenbusStateInitialising;
	device->is_unanswered = device->has_agent = false;
	if (error)
		stop_watching(device);
	return error;
}

// ---- Reading ----

static XenbusState state_of(xs_transaction_t transaction, const struct pv_device *device)
{
	char path[NODE_PATH_SIZE], value[12], *end;

	if (device->backend == DOMID_INVALID)
		return XenbusStateUnknown;
	node_path(device, BACKEND, "state", path);
	if (xs_read(transaction, path, value, sizeof(value)) <= 0)
		return XenbusStateUnknown;
	unsigned long state = strtoul(value, &end, 10);
	return *end || state > XenbusStateReconfigured ? XenbusStateUnknown : (XenbusState)state;
}

XenbusState pv_backend_state(const struct pv_device *device)
{
	return state_of(XS_NO_TRANSACTION, device);
}

static bool is_status(const struct pv_device *device, const char *status)
{
	char value[16];

	return device->backend != DOMID_INVALID &&
	       read_node(device, BACKEND, "hotplug-status", value, sizeof(value)) > 0 && !strcmp(value, status);
}

bool pv_is_set_up(const struct pv_device *device)
{
	return is_status(device, "connected");
}

bool pv_is_refused(const struct pv_device *device)
{
	return is_status(device, "error");
}

static bool is_gone(const struct pv_device *device)
{
	char path[PV_PATH_SIZE], list[1];

	side_path(device, BACKEND, path);
	return xs_directory(XS_NO_TRANSACTION, path, 0, list, sizeof(list), NULL) == -ENOENT;
}

bool pv_is_closed(const struct pv_device *device)
{
	return device->backend == DOMID_INVALID || device->is_unanswered || is_gone(device) ||
	       (!device->has_agent && pv_backend_state(device) == XenbusStateClosed);
}

// As much of a message as there is room for; what xs_read() says.
static long read_message(const char *path, char *text, size_t size)
{
	static char whole[XS_VALUE_MAX + 1]; // nothing waits before it is copied
	long length = xs_read(XS_NO_TRANSACTION, path, whole, sizeof(whole));

	if (length > 0)
		snprintf(text, size, "%s", whole);
	return length;
}

// xenbus_dev_error() of Linux writes below the driver's own home.
static long read_error(domid_t domid, const char *rest, char *text, size_t size)
{
	char path[NODE_PATH_SIZE + 16];

	snprintf(path, sizeof(path), "/local/domain/%u/error/%s/error", domid, rest);
	return read_message(path, text, size);
}

void pv_error(const struct pv_device *device, char *text, size_t size)
{
	const char *kind = kinds[device->kind].name;
	char rest[PV_PATH_SIZE], path[NODE_PATH_SIZE];
	long length = -ENOENT;

	snprintf(rest, sizeof(rest), "backend/%s/%u/%" PRIu32, kind, device->guest, device->id);
	if (pv_is_refused(device)) {
		node_path(device, BACKEND, "hotplug-error", path);
		length = read_message(path, text, size);
	}
	if (length <= 0 && device->backend != DOMID_INVALID)
		length = read_error(device->backend, rest, text, size);
	snprintf(rest, sizeof(rest), "device/%s/%" PRIu32, kind, device->id);
	if (length <= 0)
		length = read_error(device->guest, rest, text, size);
	if (length <= 0)
		text[0] = '\0';
	for (char *at = text; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '.';
}

long pv_frontend_number(const struct pv_device *device, const char *node)
{
	char value[12], *end;

	if (read_node(device, FRONTEND, node, value, sizeof(value)) <= 0)
		return -1;
	unsigned long number = strtoul(value, &end, 10);
	return *end ? -1 : (long)number;
}

// ---- Closing and removing ----

struct closing {
	const struct pv_device *device;
	bool forced;
};

static int write_closing(xs_transaction_t transaction, const void *context)
{
	const struct closing *closing = context;
	const struct pv_device *device = closing->device;
	XenbusState state = state_of(transaction, device);
	char path[NODE_PATH_SIZE];
	int error = 0;

	if (closing->forced) {
		side_path(device, FRONTEND, path);
		error = remove_node(transaction, path);
	}
	if (error || state == XenbusStateUnknown)
		return error;
	node_path(device, BACKEND, "online", path);
	error = xs_write(transaction, path, "0", 1);
	if (error || state == XenbusStateClosed)
		return error;
	node_path(device, BACKEND, "state", path);
	return xs_printf(transaction, path, "%d", XenbusStateClosing);
}

int pv_close(struct pv_device *device, bool forced)
{
	const struct closing closing = { device, forced };

	device->has_agent |= pv_is_set_up(device);
	device->is_unanswered = pv_backend_state(device) == XenbusStateInitialising;
	int error = store_transact(write_closing, &closing);
	device->is_closing |= !error;
	return error;
}

static int remove_side(xs_transaction_t transaction, const struct pv_device *device, enum side side)
{
	char path[PV_PATH_SIZE], list[1];

	side_path(device, side, path);
	int error = remove_node(transaction, path);
	for (unsigned int i = 0; i < folders[side] && !error; i++) {
		*strrchr(path, '/') = '\0';
		long children = xs_directory(transaction, path, 0, list, sizeof(list), NULL);
		if (children == -ENOMEM)
			return -ENOMEM;
		if (children)
			break;
		error = remove_node(transaction, path);
	}
	return error;
}

static int remove_ends(xs_transaction_t transaction, const void *context)
{
	const struct pv_device *device = context;
	int error = remove_side(transaction, device, FRONTEND);

	return error || device->backend == DOMID_INVALID ? error : remove_side(transaction, device, BACKEND);
}

static int remove_all(xs_transaction_t transaction, const void *context)
{
	int error = remove_ends(transaction, context);

	return error ? error : remove_side(transaction, context, COPY);
}

// As one step for all who watch; where there is no memory for that, step by step.
static int remove_anyhow(store_work *work, const struct pv_device *device)
{
	return store_transact(work, device) ? work(XS_NO_TRANSACTION, device) : 0;
}

int pv_remove(struct pv_device *device)
{
	stop_watching(device);
	return remove_anyhow(remove_all, device);
}

int pv_remove_ends(struct pv_device *device)
{
	stop_watching(device);
	int error = remove_anyhow(remove_ends, device);
	if (!error)
		device->backend = DOMID_INVALID;
	return error;
}
