// SPDX-License-Identifier: Apache-2.0
// The part of a guest's device tree that its configuration brings: nodes for the devices it is given, in the
// format of xl's `device_tree` (Xen, docs/misc/arm/passthrough.txt). The nodes /passthrough and /aliases
// become part of the guest's tree, and those that `dt_passthrough` names; the rest only serves to compile it.
#pragma once

#include "config/domain_config.h"
#include "domain/tree_builder.h"
#include "kernel/failure.h"

// Reads and checks the configuration's partial tree: *tree is the caller's to free, NULL where there is none.
// The tree is well-formed, and all that is to be copied is in it. -EINVAL, -E2BIG, -ENOMEM, or what reading
// says. May wait.
int partial_tree_read(const struct domain_config *config, void **tree, struct failure *failure);

// Writes the nodes to be copied as children of the open node.
void partial_tree_copy(const void *tree, const struct domain_config *config, struct tree_builder *builder);
