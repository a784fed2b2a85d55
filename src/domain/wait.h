// SPDX-License-Identifier: Apache-2.0
// Waiting for what domains do: a condition of config/condition.h.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/condition.h"
#include "kernel/failure.h"

// Whether it holds now. What a console printed counts as far back as its backlog reaches, also where somebody
// has read it; of a domain that has gone, as long as that is kept (departed.h).
bool wait_condition_holds(const struct condition *condition);

// Waits until `text`, a condition, holds, or `deadline` (TIME_NEVER: none) has passed: -ETIMEDOUT. Asks
// `interrupted` (or NULL) many times a second: true ends it with -EINTR. -EINVAL: it is no condition.
int wait_for(const char *text, uint64_t deadline, bool (*interrupted)(void), struct failure *failure);
