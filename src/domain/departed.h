// SPDX-License-Identifier: Apache-2.0
// The consoles of the domains that ended last and are gone: what they printed, and nobody has read yet.
#pragma once

#include <stdint.h>

#include "xen/types.h"

struct console;

// Keeps the console, which has ended, if there is something in it that nobody is about to read. The oldest one goes where there are
// CONFIG_ENDED_CONSOLES of them. Without memory it isn't kept.
void departed_keep(domid_t id, const char *name, struct console *console);

// The newest that has this name, or this id as decimal digits; as long as nothing waits. NULL: none.
const struct console *departed_find(const char *text);

// The same; the caller gets the reference, and it isn't kept any longer.
struct console *departed_take(const char *text);
