// SPDX-License-Identifier: Apache-2.0
// The domains that this control domain has built: creating, finding, pausing and destroying them. Their
// number is bounded by memory alone.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/domain_config.h"
#include "kernel/list.h"
#include "xen/types.h"

struct config_source;
struct console;
struct device_list;

struct domain {
	struct list link; // in the list of domains
	domid_t id;       // DOMID_INVALID: Xen has none for it yet
	char name[DOMAIN_NAME_MAX];
	uint8_t uuid[16];
	uint64_t start_time; // of time_now(): when it was built last
	struct config_source *source;           // what it was built from, its own; NULL: it can't be built again
	struct console *console;                // NULL where the domain has none
	evtchn_port_t console_port, store_port; // in the domain, for this one to bind; 0: none
	gfn_t console_frame, store_frame;       // of the rings
	struct device_list *devices;            // given to it, or NULL
	struct list pv_devices;                 // served by other domains (pv_devices.h)
	struct list pv_kept;                    // its restart is to offer these: not what its source says,
	bool pv_are_kept;                       // while this is set
	bool source_is_new;                     // the source is another than it was built from
	bool being_built, being_destroyed;      // another task is at it
	bool restarting;                        // while destroyed and built again: its name and console stay
	bool ended;                             // it has shut down by itself, and that was told
	enum config_action answer;              // to its end
	unsigned int quick_ends;                // that were answered by a restart, one after the other
	size_t steps_done;                      // of building, to be undone
};

// Builds a domain from the configuration and starts it unless `paused` or config->paused. `wanted` is an id
// from 1 to DOMID_FIRST_RESERVED - 1, or DOMID_ANY. May take long: waits for files, yields. On failure
// everything is as before. *domain is valid until somebody destroys the domain: look it up again by id after
// any wait. However it ends, it stays until it is destroyed.
int domain_create(const struct domain_config *config, domid_t wanted, bool paused, struct domain **domain,
		  struct failure *failure);

// The same from a source, which is the domain's own afterwards; on failure it stays the caller's. Its images
// are open while the domain is built. How it ends is answered as its configuration says (lifecycle.h).
int domain_create_from(struct config_source *source, domid_t wanted, bool paused, struct domain **domain,
		       struct failure *failure);

// What it is built from when it starts again: `source` is its own afterwards, and the one before is released; on
// failure it stays the caller's. -ESRCH, -EPERM (Dom0), -EBUSY, -ENOTSUP: a domain that wasn't created here.
int domain_set_source(domid_t id, struct config_source *source, struct failure *failure);

// Ends the domain and waits until Xen has freed it: -EBUSY when it is being built or destroyed already,
// -ETIMEDOUT when something keeps its memory (it is then left dying, said so, and can be destroyed again).
// Also for domains that this program didn't build; -EPERM for Dom0 itself, -ESRCH.
int domain_destroy(domid_t id, struct failure *failure);

// Also for domains that this program didn't build. -ESRCH, -EPERM (Dom0 itself), -EBUSY while it is built or
// destroyed, -EALREADY when it is (un)paused already.
int domain_pause(domid_t id, struct failure *failure);
int domain_unpause(domid_t id, struct failure *failure);

// Lets a domain that has suspended itself go on. -EINVAL: it hasn't; and as above.
int domain_resume(domid_t id, struct failure *failure);

// NULL when this program didn't build such a domain.
struct domain *domain_find(domid_t id);
struct domain *domain_find_by_name(const char *name);

// A name for the id: "Domain-0", the configuration's name, or "Domain-N" for a domain that others built.
// Writes at most `size` bytes with the NUL.
void domain_name(domid_t id, char *name, size_t size);

// When it was created, as of time_now(); 0, the machine's start, for domains that others built.
uint64_t domain_start_time(domid_t id);

// What a person types: the id or the name of a domain that exists. -ESRCH, -EINVAL (not a number that can be
// an id), or what Xen says, with the reason.
int domain_resolve(const char *text, domid_t *id, struct failure *failure);

// Walks the domains built here, in order of id; one that is being built and has no id yet comes last.
extern struct list domain_list;
#define DOMAIN_FOR_EACH(domain) LIST_FOR_EACH(domain, &domain_list, link)

// Progress of a long creation by the calling task, for a person who watches; called at most ten times a second, may be
// NULL. `total` is 0 while there is nothing to measure: something is waited for.
// Returns true to stop the creation (-EINTR).
struct domain_progress {
	const char *what;     // "memory", "kernel", "ramdisk"
	uint64_t done, total; // bytes of it; of an image, as it is stored
	uint64_t nanoseconds; // since it was begun
};
typedef bool domain_progress_listener(const struct domain_progress *progress);
void domain_set_progress(domain_progress_listener *listener);
