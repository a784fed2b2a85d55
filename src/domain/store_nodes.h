// SPDX-License-Identifier: Apache-2.0
// What a toolstack keeps in the store about a domain, as Xen's own one (libxl) does: the domain's home, its
// /vm and /libxl nodes, and its console's backend. Guests and tools find what they expect
// (docs/misc/xenstore-paths.pandoc).
#pragma once

#include <stdint.h>

#include "config/domain_config.h"
#include "domain/domain.h"
#include "xenstore/store_text.h"

// This program's own nodes, as domain 0. After xenstore_init(). 0, -ENOMEM.
int store_nodes_init(void);

// Writes all of a domain's nodes, in one transaction. Its ports are allocated. What somebody left under its
// id is removed. On failure nothing is written. May wait. -ENOMEM, -EAGAIN when others change the same again
// and again.
int store_nodes_write(const struct domain *domain, const struct domain_config *config);

// Removes them, with all that the domain or others have put below. Removing them again does nothing. It is no
// transaction, and needs no memory unless another one is open. May wait. -ENOMEM; some are left then, and it
// can be repeated.
int store_nodes_remove(const struct domain *domain);

// Gives the domain another name in the store. May wait. -ENOMEM, -EAGAIN.
int store_nodes_rename(const struct domain *domain, const char *name);

// Gives the domain the name and the UUID that it has now. May wait. -ENOMEM, -EAGAIN: nothing is changed.
int store_nodes_set_identity(const struct domain *domain, const uint8_t former_uuid[16]);

// "/local/domain/DOMID/NODE".
void store_home_path(domid_t domid, const char *node, char path[STORE_PATH_SIZE]);
