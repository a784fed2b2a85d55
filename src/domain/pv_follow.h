// SPDX-License-Identifier: Apache-2.0
// What the files about PV devices share.
#pragma once

#include "domain/pv_devices.h"
#include "kernel/task.h"

// Woken when nodes of a backend change, when a device isn't busy any more, and when domains come or go.
extern struct wait_queue pv_changes;

// The domain is there, and can answer.
bool pv_is_serving(domid_t id);

// The domain that can be a backend under this name or id. False: there is none, or it is being built, or is
// ending.
bool pv_find_backend(const char *name, domid_t *id);

// Writes the nodes for the domain that is the device's backend now, which goes by its name from then on: an id
// ends with its domain. On failure it has none.
int pv_offer_to(struct pv_device *device, struct failure *failure);

// Removes the device with its nodes. On failure it stays.
int pv_discard(struct pv_device *device, struct failure *failure);
