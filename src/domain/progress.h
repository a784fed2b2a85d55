// SPDX-License-Identifier: Apache-2.0
// Telling a person who waits how far a long creation is, and asking whether to go on (domain_set_progress()).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/failure.h"

// Something begins, whose progress is reported from now on.
void progress_begin(void);

// -EINTR when the person stopped the creation. Asks no more often than ten times a second.
int progress_report(const char *what, uint64_t done, uint64_t total, struct failure *failure);

// For waits without a measure: true when the person wants them to end.
bool progress_is_stopped(void);
