// SPDX-License-Identifier: Apache-2.0
// All configurations that `xu create` can name: the built-in ones; later those on the card as well.
#pragma once

#include <stddef.h>

#include "config/domain_config.h"

// Reads domain_cfgs[]. A configuration that is wrong is left out with a message in the log.
int catalog_init(void);

// Both in the order in which they were listed. NULL when there is none.
const struct domain_config *catalog_find(const char *name);
size_t catalog_count(void);
const struct domain_config *catalog_at(size_t index);
