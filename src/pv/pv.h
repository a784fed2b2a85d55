// SPDX-License-Identifier: Apache-2.0
// PV devices as a toolstack sees them: a frontend in a guest, a backend in another domain, and between them
// nodes of the store, which this room writes and removes. The two ends do the rest by their `state` nodes
// (public/io/xenbus.h). A room of ids and paths: it knows no domains.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/domain_config.h"
#include "kernel/failure.h"
#include "kernel/list.h"
#include "xen/types.h"
#include "xenstore/xenstore.h"

enum pv_kind { PV_DISK, PV_VIF, PV_KINDS };

// What the nodes say of a device, by letter: nodes.c.
#define PV_TEXTS ('z' - 'a' + 1)

struct pv_device {
	struct list link; // its owner's
	enum pv_kind kind;
	uint32_t id;              // a disk's number for the guest (virtual-device), a vif's handle
	domid_t guest, backend;   // backend: DOMID_INVALID while there is none
	char backend_name[DOMAIN_NAME_MAX]; // of the last, or as the configuration has it: a name or an id
	const char *texts[PV_TEXTS];
	struct xs_watch *watch; // on the backend's nodes, for who waits; NULL: none
	XenbusState told;       // of the backend, for who follows it
	bool is_busy;           // some task is at it
	bool is_closing;        // was asked to let go
	bool is_leaving;        // because its backend's domain is about to end
	bool is_unanswered;     // when it was asked, nobody had taken it up
	bool has_agent;         // something in the backend's domain takes its nodes away when that is done
	char storage[];         // of the texts
};

// ---- Devices ----

// What `vdev` means to a guest: the number of "xvda1", "d3p2", "sdb", "hda2" or of a plain number
// (docs/man/xen-vbd-interface.7). False: nothing.
bool pv_disk_number(const char *vdev, uint32_t *number);

// A device of a configuration, for a guest that exists, without any node yet; it keeps nothing of the
// configuration. `place` is what a vif without a devid is numbered; a vif without a MAC gets one that is made
// of the UUID: the same UUID and number give the same. NULL with the reason: -EINVAL, -ENOTSUP, -ENOMEM.
struct pv_device *pv_disk_make(const struct config_disk *disk, domid_t guest, struct failure *failure);
struct pv_device *pv_vif_make(const struct config_vif *vif, uint32_t place, const uint8_t uuid[16],
			      domid_t guest, struct failure *failure);

// The same device for a guest that doesn't exist yet: whoever offers it says which. NULL: -ENOMEM.
struct pv_device *pv_device_copy(const struct pv_device *device, struct failure *failure);

// The nodes stay as they are. NULL is allowed.
void pv_device_free(struct pv_device *device);

// "disk xvda", "vif 0".
#define PV_NAME_SIZE 48
void pv_device_name(const struct pv_device *device, char name[PV_NAME_SIZE]);

// What the nodes say by this letter; NULL where it isn't given. A vif's MAC is 'm'.
static inline const char *pv_device_text(const struct pv_device *device, char letter)
{
	return device->texts[letter - 'a'];
}

// ---- Nodes ----

// Writes the nodes of both ends, with the state Initialising, and this toolstack's copy in /libxl, as one
// transaction; what somebody left there is replaced. `device->backend` is the domain with the backend. Its
// nodes are watched from then on: `changes` is woken. On failure nothing is written. May wait. -ENOMEM,
// -EAGAIN.
int pv_offer(struct pv_device *device, struct wait_queue *changes);

// Asks the backend to let go (online 0, state Closing). `forced` takes the frontend's nodes away at the same
// time: the guest isn't asked. Nothing happens where the backend's nodes are gone. May wait. -ENOMEM,
// -EAGAIN.
int pv_close(struct pv_device *device, bool forced);

// The backend has let go: its nodes are gone, or, where no agent is to take them away, its state is Closed.
// An agent is a script or program in the backend's domain that has set up what is behind the backend, and is
// to take it down.
bool pv_is_closed(const struct pv_device *device);

// Removes the nodes of both ends and of /libxl, and the folders above that are empty then, and stops
// watching. It needs no memory, unless transactions are open. May wait. -ENOMEM; some are left then, and it
// can be repeated.
int pv_remove(struct pv_device *device);

// The same but for /libxl: the backend's domain is gone. `device->backend` becomes DOMID_INVALID.
int pv_remove_ends(struct pv_device *device);

// The backend's state; XenbusStateUnknown when its node is gone, or isn't a number.
XenbusState pv_backend_state(const struct pv_device *device);

// What the agent says: that it has set up what is behind the backend, or that it can't.
bool pv_is_set_up(const struct pv_device *device);
bool pv_is_refused(const struct pv_device *device);

// What the agent, or the backend's or the guest's driver, says went wrong, "" where they say nothing.
// Printable and cut where it is longer, but their words.
void pv_error(const struct pv_device *device, char *text, size_t size);

// A number of the frontend's nodes ("event-channel"), -1 where there is none.
long pv_frontend_number(const struct pv_device *device, const char *node);

// The backend's domain, -1 while there is none.
int pv_backend_id(const struct pv_device *device);

// "/local/domain/1/backend/vbd/2/51712"; while there is no backend, of the last one.
#define PV_PATH_SIZE 96
void pv_backend_path(const struct pv_device *device, char path[PV_PATH_SIZE]);
