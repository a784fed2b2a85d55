// SPDX-License-Identifier: Apache-2.0
// The PV devices of domains: offered when a domain is built or while it runs, followed until both ends are
// connected, taken down in the order that frees the backend, and offered again when a backend's domain comes
// back.
//
// Functions return 0 or a negative errno with the reason in `failure`, and may wait.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "domain/domain.h"
#include "pv/pv.h"

// Asked while something is waited for, some ten times a second: true gives up, with -EINTR. Or NULL.
typedef bool pv_interrupted(void);

// Starts the task that follows the devices: what becomes of them is logged. After xenstore_init(). -ENOMEM.
int pv_devices_init(void);

// ---- Steps of a domain's life ----

// A domain has the devices of its configuration. When it restarts it has those that it had at its end instead, whatever
// was attached and detached meanwhile, unless it was given a new configuration. This notes what they are: all but those
// that are being detached. May wait. -ENOMEM: none is noted.
int pv_devices_keep(struct domain *domain, struct failure *failure);
void pv_devices_drop_kept(struct domain *domain);

// Waits until all domains are there that have the devices' backends, at most CONFIG_PV_TIMEOUT seconds. -ENOTSUP where
// Xen or the configuration doesn't allow for backends, -ESRCH, -EINTR.
int pv_devices_await_domains(const struct domain *domain, const struct domain_config *config,
			     pv_interrupted *interrupted, struct failure *failure);

// Offers all devices and waits until their backends are ready for the guest (InitWait).
// What it did before it failed is undone by pv_devices_detach_all(). -ENOMEM, -ESRCH, -ETIMEDOUT, -EIO,
// -EINTR.
int pv_devices_attach_all(struct domain *domain, const struct domain_config *config,
			  pv_interrupted *interrupted, struct failure *failure);

// Takes all devices away from a domain that doesn't run any more, and waits until the backends have let go,
// at most CONFIG_PV_TIMEOUT seconds; whoever hasn't by then loses them. On failure (-ENOMEM) it can be
// repeated.
int pv_devices_detach_all(struct domain *domain, struct failure *failure);

// Has the guests let go of the devices that this domain serves, before it is destroyed: so what they have under
// way is finished, since Linux waits for ever for what a dead backend doesn't answer. Waits at most
// CONFIG_PV_TIMEOUT seconds, and not at all for domains that don't run.
void pv_devices_take_leave(domid_t backend);

// The devices that this domain serves know it by its new name.
void pv_devices_renamed(domid_t backend);

// Domains have come or are about to go: their backends and frontends are looked at.
void pv_devices_domains_changed(void);

// ---- A running domain's devices ----

// Adds a device and waits until its backend is ready. -ESRCH, -EBUSY, -EEXIST, and what attach_all says.
int pv_devices_attach_disk(domid_t id, const struct config_disk *disk, pv_interrupted *interrupted,
			   struct failure *failure);
int pv_devices_attach_vif(domid_t id, const struct config_vif *vif, pv_interrupted *interrupted,
			  struct failure *failure);

// Asks both ends to close, and removes the device when they have. A guest that keeps it in use has it still
// after CONFIG_PV_TIMEOUT seconds: -EBUSY; it goes when the guest lets it go. `forced` takes it away without
// asking the guest. -ENOENT: no such device.
int pv_devices_detach(domid_t id, enum pv_kind kind, uint32_t number, bool forced,
		      pv_interrupted *interrupted, struct failure *failure);

// Calls `each` for a domain's devices of a kind, in the order they were added. It must not wait.
int pv_devices_each(domid_t id, enum pv_kind kind,
		    void (*each)(const struct pv_device *device, void *context), void *context,
		    struct failure *failure);
