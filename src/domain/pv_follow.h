// SPDX-License-Identifier: Apache-2.0
// What the files about PV devices share.
#pragma once

#include "domain/pv_devices.h"
#include "kernel/task.h"

// Woken when nodes of a backend change, when a device isn't busy any more, and when domains come or go.
extern struct wait_queue pv_changes;

// Waits until condition(context), which those events may change. -ETIMEDOUT, -EINTR.
int pv_await(bool (*condition)(const void *context), const void *context, uint64_t deadline,
	     pv_interrupted *interrupted);

// A task that does with a device what may wait has it marked busy, so that nobody else frees it meanwhile; this ends it.
void pv_release(struct pv_device *device);

// The backend of this pv_device has. From a domain that doesn't serve any more there is nothing to wait for.
bool pv_has_let_go(const void *device);

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
